# SPDX-License-Identifier: Apache-2.0
"""Orphans, zombies and what is left when the program has ended: under muster-init and the references, as PID 1 and as subreaper."""
import os
import shutil
import signal
import subprocess

import pytest
from inits import INITS, MODES, TAG, children, parent_of, unshare, zombies
from muster_testing import program, wait_until

# Forks COUNT children; each forks (DEPTH times) and ends, so that the last of each line is an orphan, which then ends as well. When its
# own children are reaped it prints "ready", and then ends with 7 when its stdin does.
ORPHANS = """
import os, sys
count, depth = int(sys.argv[1]), int(sys.argv[2])
gate, release = os.pipe()
for _ in range(count):
    if os.fork() == 0:
        os.close(release)
        for _ in range(depth):
            if os.fork() != 0:
                os._exit(0)
            os.setsid()
        os.read(gate, 1)
        os._exit(5)
    os.wait()
os.close(release)
print("ready", flush=True)
sys.stdin.read()
sys.exit(7)
"""
# The control: takes orphans in as a subreaper (or is PID 1) and does not reap; ends with its child's code.
CARELESS = """
import ctypes, os, sys
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
child = os.fork()
if child == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
COUNT = 20


def orphans(depth):
    return "/usr/bin/python3", "-c", ORPHANS, str(COUNT), str(depth)


@pytest.mark.parametrize("depth", [1, 2, 5])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("init", INITS)
def test_orphans_are_reaped(table, init, mode, depth):
    process = table.start(init, mode, *orphans(depth), stdin=subprocess.PIPE)
    process.wait_for("^ready$")
    pid = process.init_pid()
    wait_until(lambda: list(children(pid).values()) == ["S"], lambda: f"{children(pid)}")
    process.popen.stdin.close()
    assert process.wait().code == 7
    # The references do not wait for what is just ending.
    assert table.left() == [] if init == "muster-init" else wait_until(lambda: table.left() == [], "the last orphans end")


@pytest.mark.parametrize("mode", MODES)
def test_the_control_leaves_zombies(table, mode):
    """The test above fails for something that does not reap."""
    prefix = unshare() if mode == "pid1" else []
    process = table.bench.start(*prefix, "/usr/bin/python3", "-c", CARELESS, *orphans(2), stdin=subprocess.PIPE, env={TAG: table.tag})
    process.wait_for("^ready$")
    pid = next(iter(children(process.pid))) if mode == "pid1" else process.pid
    wait_until(lambda: len(zombies(pid)) == 2 * COUNT, lambda: f"{children(pid)}")
    process.popen.stdin.close()
    assert process.wait().code == 7


def test_a_thousand_orphans_do_not_hide_the_programs_end(table):
    script = "import os\nfor _ in range(1000):\n    if os.fork() == 0:\n        os.fork()\n        os._exit(0)\nos._exit(11)\n"
    for mode in MODES:
        assert table.run("muster-init", mode, "/usr/bin/python3", "-c", script).code == 11
    assert table.left() == []


# A program that leaves COUNT processes behind, in sessions of their own, in several states, and ends with 3.
LEAVES = """
import os, signal, sys, time
how = sys.argv[1]
for _ in range(3):
    ready, up = os.pipe()
    if os.fork() == 0:
        os.setsid()
        if how == "stubborn":
            signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
        if how == "stopped":
            signal.signal(signal.SIGTERM, lambda *_: (open(sys.argv[2] + str(os.getpid()), "x"), os._exit(0)))
        if how == "nested" and os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                os.setpgrp()
        os.write(up, b"1")
        if how == "stopped":
            os.kill(os.getpid(), signal.SIGSTOP)
        while True:
            signal.pause() if how != "stubborn" else time.sleep(1000)
    os.read(ready, 1)
sys.exit(3)
"""


@pytest.mark.parametrize("how", ["plain", "nested", "stopped", "stubborn"])
@pytest.mark.parametrize("mode", MODES)
def test_nothing_is_left_behind(table, mode, how, tmp_path):
    """SIGTERM to all that remains, also to what is stopped or in another session; SIGKILL after a third of the grace."""
    grace = "1500ms" if how == "stubborn" else "90"  # the others end by themselves
    done = table.run("muster-init", mode, "/usr/bin/python3", "-c", LEAVES, how, f"{tmp_path}/told-", flags=["--grace", grace])
    assert done.code == 3, done
    assert table.left() == []
    if how == "stopped":
        assert len(list(tmp_path.glob("told-*"))) >= 1, "a stopped process is let go on to hear SIGTERM"


@pytest.mark.parametrize("init", ["tini", "catatonit"])
def test_the_references_leave_it_to_the_kernel(table, init):
    """The difference: as PID 1 the kernel kills the namespace when they exit, without SIGTERM; as subreaper orphans live on."""
    assert table.run(init, "pid1", "/usr/bin/python3", "-c", LEAVES, "plain").code == 3
    wait_until(lambda: table.left() == [], "the kernel kills the namespace")
    assert table.run(init, "subreaper", "/usr/bin/python3", "-c", LEAVES, "plain").code == 3
    assert len(table.left()) == 3


def test_strangers_are_left_alone(table):
    """In a shared process namespace: neighbours in our process group and session, and our parent."""
    script = f"sleep 1000 & {program('muster-init')} sh -c '(sleep 1001 &) ; exit 4'; echo code $?; kill -0 $! && echo lives; kill $!; wait"
    done = table.bench.run("sh", "-c", script, env={TAG: table.tag})
    assert done.out == "code 4\nlives\n", done
    assert table.left() == []


@pytest.mark.parametrize("mode", MODES)
def test_what_an_entrypoint_script_started_before_us_is_not_the_commands(table, mode):
    """Its processes are our children after exec; they live as long as we do, and do not hold us up."""
    script = f"(sleep 1000 & exec sleep 1002) & exec {program('muster-init')} -- sh -c '(sleep 1001 &) ; exit 4'"
    prefix = unshare() if mode == "pid1" else []
    done = table.bench.run(*prefix, "sh", "-c", script, env={TAG: table.tag})
    assert done.code == 4 and "left behind" not in done.err, done
    if mode == "pid1":
        wait_until(lambda: table.left() == [], "the kernel kills the namespace")
    else:
        def left():
            return sorted(" ".join(command(pid)) for pid in table.left())
        # They become what they are when they get to it; the command's own would be among them from the beginning.
        wait_until(lambda: left() == ["sleep 1000", "sleep 1002"], lambda: f"{left()}")


def command(pid):
    with open(f"/proc/{pid}/cmdline", encoding="utf-8") as file:
        return file.read().rstrip("\0").split("\0")


def test_a_child_from_before_us_is_reaped(table):
    script = f"sh -c 'exit 0' & exec {program('muster-init')} -- {program('print-signals')}"
    process = table.start("tini", "subreaper", "sh", "-c", script)
    process.wait_for("^ready$")
    pid = next(iter(children(process.init_pid())))
    wait_until(lambda: list(children(pid).values()) == ["S"], lambda: f"{children(pid)}")


def test_another_proc_is_not_believed(table):
    """Without --mount-proc /proc numbers other processes: ours are found by process group, and no stranger is signalled."""
    prefix = [word for word in unshare() if word != "--mount-proc"]
    stranger = table.bench.start("sleep", "1000", env={TAG: table.tag})
    process = table.bench.start(*prefix, program("muster-init"), "--grace", "600ms", program("print-signals"), env={TAG: table.tag})
    process.wait_for("^ready$")
    os.kill(next(iter(children(process.pid))), signal.SIGTERM)
    assert process.wait().code == 137
    assert stranger.running() and table.left() == [stranger.pid]


@pytest.mark.parametrize("mode", MODES)
def test_it_does_not_end_before_its_child(table, mode):
    process = table.start("muster-init", mode, program("print-signals"), flags=["--grace", "1h"])
    process.wait_for("^ready$")
    child = next(iter(children(process.init_pid())))
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGTERM, signal.SIGSEGV, signal.SIGPIPE):
        os.kill(process.init_pid(), number)
        wait_until(lambda: process.out().split()[-1] == str(int(number)), "the signal arrives")
    assert process.running() and parent_of(child)
    os.kill(child, signal.SIGKILL)
    assert process.wait().code == 137


def test_nothing_is_allocated_once_the_child_exists(table, tmp_path):
    """By the system calls that it takes to get memory; what posix_spawn(3) maps as a stack is not heap."""
    strace = shutil.which("strace") or pytest.skip("no strace")
    trace = tmp_path / "trace"
    agent = os.path.join(os.path.dirname(os.path.dirname(__file__)), "support", "fake_agent.py")
    directory = tmp_path / "agent"
    directory.mkdir()
    (directory / "plan.json").write_text('[{"role": "follower", "broker": {"ends": 9}}, {"role": "follower", "broker": {"ends": 9}}, {"exit": 6}]',
                                         encoding="utf-8")
    done = table.bench.run(strace, "-o", trace, "-e", "trace=brk,mmap,mremap,clone,clone3,vfork,fork,exit_group",
                           program("muster-init"), agent, "run", directory)
    if "PTRACE" in done.err or "ptrace" in done.err:
        pytest.skip("processes cannot be traced here")
    assert done.code == 6, done
    calls = trace.read_text(encoding="utf-8").splitlines()
    first = next(i for i, call in enumerate(calls) if call.startswith(("clone", "vfork", "fork")))
    heap = [call for call in calls[first:] if call.startswith(("brk", "mmap", "mremap")) and "MAP_STACK" not in call]
    assert sum(call.startswith(("clone", "vfork", "fork")) for call in calls) == 5, "three lives and two explains"
    assert heap == [], heap
    assert any(call.startswith("brk") for call in calls[:first]), "the control: it does allocate before"
