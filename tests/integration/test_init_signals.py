# SPDX-License-Identifier: Apache-2.0
"""Every signal to a plain program under muster-init, tini and catatonit, as PID 1 and as subreaper."""
import os
import signal
import subprocess

import pytest
from inits import INITS, MODES, SIGNALS, TAG, children, parent_of
from muster_testing import program, wait_until

CRASHES = {signal.SIGILL, signal.SIGTRAP, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGSEGV, signal.SIGSYS}
TERMINAL = {signal.SIGTTIN, signal.SIGTTOU}
LIBC = {32, 33}

# Signals that a reference does not pass on, and why. muster-init passes on every one of SIGNALS.
DIFFERENCES = {
    "tini": {
        **dict.fromkeys(CRASHES, "left unblocked, so that a crash of tini itself dumps core: it dies, or as PID 1 ignores them"),
        **dict.fromkeys(TERMINAL, "ignored, so that it can hand over the terminal; muster-init blocks them instead"),
        **dict.fromkeys(LIBC, "sigfillset(3) leaves out the two that libc keeps: it dies, or as PID 1 ignores them"),
    },
    "catatonit": {
        **dict.fromkeys(CRASHES, "left unblocked, as in tini"),
        **dict.fromkeys(TERMINAL | {signal.SIGTSTP}, "blocked and never read: a stop from outside does not arrive"),
        **dict.fromkeys(LIBC, "sigfillset(3), as in tini"),
    },
}
SURVIVED = TERMINAL | {signal.SIGTSTP}
MARKERS = (signal.SIGUSR1, signal.SIGUSR2)


def printed(process):
    return [int(line) for line in process.out().split() if line.isdigit()]


def started(table, init, mode, *arguments, **options):
    process = table.start(init, mode, program("print-signals"), *arguments, **options)
    process.wait_for("^ready$")
    return process


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("init", INITS)
def test_passes_signals_on(table, init, mode):
    flags = ["--grace", "1h"] if init == "muster-init" else []
    process = started(table, init, mode, flags=flags)
    pid = process.init_pid()
    expected = []
    for number in SIGNALS:
        if number in DIFFERENCES.get(init, {}):
            continue
        expected.append(number)
        os.kill(pid, number)
        wait_until(lambda: printed(process) == expected, lambda: f"signal {number}: {printed(process)} is not {expected}")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("init", sorted(DIFFERENCES))
def test_the_differences_are_as_they_are_explained(table, init, mode):
    survived = started(table, init, mode)
    for number in DIFFERENCES[init]:
        if mode == "subreaper" and number not in SURVIVED:
            process = started(table, init, mode)
            os.kill(process.init_pid(), number)
            assert process.wait().code == -number
            assert printed(process) == []
            continue
        os.kill(survived.init_pid(), number)
    # Each marker is sent when the one before it has arrived, so whatever was sent earlier has been handled.
    for count, number in enumerate(MARKERS, 1):
        os.kill(survived.init_pid(), number)
        wait_until(lambda: printed(survived)[:count] == list(MARKERS[:count]), lambda: f"{printed(survived)}")
    assert printed(survived) == list(MARKERS)


@pytest.mark.parametrize("mode", MODES)
def test_sigchld_from_outside_is_not_passed_on(table, mode):
    process = started(table, "muster-init", mode)
    os.kill(process.init_pid(), signal.SIGCHLD)
    for count, number in enumerate(MARKERS, 1):
        os.kill(process.init_pid(), number)
        wait_until(lambda: len(printed(process)) >= count, lambda: f"{printed(process)}")
    assert printed(process) == list(MARKERS)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("init", INITS)
def test_a_signal_before_the_child_exists_is_not_lost(table, init, mode):
    """Signals are blocked before anything else, so one that is pending at exec waits for the child. (It is sent by the process
    that becomes the init and has it blocked; exec keeps both. tini and catatonit pass this too.)"""
    script = ("import os, signal, sys\n"
              "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])\n"
              "os.kill(os.getpid(), signal.SIGUSR1)\n"
              "os.execvp(sys.argv[1], sys.argv[1:])\n")
    process = started(table, init, mode, prefix=["/usr/bin/python3", "-c", script])
    wait_until(lambda: printed(process) == [signal.SIGUSR1], lambda: f"{printed(process)}")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("init", ["muster-init", "tini"])  # catatonit does not pass SIGTSTP on
def test_stop_and_continue(table, init, mode):
    """A stopped child is no ended child: the init stays, and passes SIGCONT on."""
    process = table.start(init, mode, "sh", "-c", "echo ready; read line; exit 3", stdin=subprocess.PIPE)
    process.wait_for("^ready$")
    pid = process.init_pid()
    child = next(iter(children(pid)))
    os.kill(pid, signal.SIGTSTP)
    wait_until(lambda: parent_of(child)[1] == "T", "the child stops")
    process.popen.stdin.write(b"\n")
    process.popen.stdin.flush()
    assert parent_of(child)[1] == "T" and process.running()
    os.kill(pid, signal.SIGCONT)
    assert process.wait().code == 3


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("init", INITS)
def test_a_child_stopped_by_somebody_else(table, init, mode):
    process = started(table, init, mode, "--until", str(int(signal.SIGUSR1)))
    child = next(iter(children(process.init_pid())))
    for _ in range(3):
        os.kill(child, signal.SIGSTOP)
        wait_until(lambda: parent_of(child)[1] == "T", "the child stops")
        os.kill(child, signal.SIGCONT)
        wait_until(lambda: parent_of(child)[1] != "T", "the child goes on")
    os.kill(process.init_pid(), signal.SIGUSR1)
    assert process.wait().code == 0


def test_only_the_child_is_signalled_and_not_its_children(table):
    """As tini and catatonit without -g: a supervisor below us decides for its own children."""
    script = f"{program('print-signals')} & trap 'echo trapped' USR1; while :; do wait && exit; done"
    process = table.start("muster-init", "subreaper", "sh", "-c", script)
    process.wait_for("^ready$")
    os.kill(process.init_pid(), signal.SIGUSR1)
    process.wait_for("^trapped$")
    assert printed(process) == []


@pytest.mark.parametrize("mode", MODES)
def test_a_program_that_ignores_sigterm_ends_with_the_grace(table, mode):
    """tini and catatonit wait without limit, and are killed by the kubelet with whatever else runs. Other signals set no limit."""
    process = started(table, "muster-init", mode, flags=["--grace", "700ms"])
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1):
        os.kill(process.init_pid(), number)
    wait_until(lambda: len(printed(process)) == 4, lambda: f"{printed(process)}")
    with pytest.raises(AssertionError, match="still running"):
        wait_until(lambda: not process.running(), "still running", deadline=1.5)
    os.kill(process.init_pid(), signal.SIGTERM)
    done = process.wait()
    assert (done.code, printed(process)[-1]) == (137, signal.SIGTERM), done
    assert table.left() == []


def test_a_second_sigterm_reaches_a_plain_program(table):
    process = started(table, "muster-init", "subreaper")
    for count in (1, 2, 3):
        os.kill(process.init_pid(), signal.SIGTERM)
        wait_until(lambda: printed(process) == [signal.SIGTERM] * count, lambda: f"{printed(process)}")


@pytest.mark.parametrize("stderr", ["2>&-", "2>/dev/full", "2>&1 | exit"])
def test_messages_that_nobody_can_read_change_nothing(table, stderr):
    """A closed stderr, a full one, a pipe without a reader: the exit code is as it would be, and SIGPIPE is not passed on."""
    script = f"set -o pipefail; {program('muster-init')} --nonsense {stderr}; echo $?; {program('muster-init')} /nope {stderr}; echo $?"
    assert table.bench.run("bash", "-c", script).out == "64\n127\n"


def test_no_end_is_missed_among_signals(table):
    """A child that ends while others are read off the queue: its SIGCHLD lies among them. Real-time signals queue up."""
    script = ("import os, signal\n"
              "signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())\n"
              "for _ in range(3000): os.kill(os.getppid(), signal.SIGRTMIN)\n"
              "os._exit(3)\n")
    init, status = program("muster-init"), table.bench.directory / "status"
    for words in ([init], [init, "program", "--status", status]):
        for _ in range(5):
            done = table.bench.run(*words, "/usr/bin/python3", "-c", script, env={TAG: table.tag})
            assert done.code == 3, done


@pytest.mark.parametrize("role", ["init", "program"])
def test_a_flood_of_signals_does_not_hold_up_the_grace(table, role):
    script = ("import os, signal\n"
              "signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())\n"
              "parent = os.getppid()\n"
              "print('up', flush=True)\n"
              "while True: os.kill(parent, signal.SIGRTMIN)\n")
    words = [program("muster-init"), *(["program", "--status", table.bench.directory / "status"] if role == "program" else [])]
    process = table.bench.start(*words, "--grace", "1200ms", "/usr/bin/python3", "-c", script, env={TAG: table.tag})
    process.wait_for("^up$")
    process.signal(signal.SIGTERM)
    assert process.wait().code == 137
    assert table.left() == []
