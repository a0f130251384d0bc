# SPDX-License-Identifier: Apache-2.0
"""`muster-init program`, the shim around the leader's program, run as the broker runs it: by itself, with SIGHUP as the request to end."""
import json
import os
import signal
import subprocess

import pods
import pytest
from inits import SIGNALS, TAG, children, parent_of
from muster_testing import plain_environment, program, wait_until
from test_init_child import ARGUMENTS, PRINT


class Shim:
    """Starts the shim; `ended` is what it has recorded."""

    def __init__(self, table, directory):
        self.table = table
        self.status = directory / "program.status"

    def words(self, *command, flags=()):
        return [program("muster-init"), "program", "--status", self.status, *flags, "--", *command]

    def start(self, *command, flags=(), prefix=(), **options):
        env = {TAG: self.table.tag, **options.pop("env", {})}
        return self.table.bench.start(*prefix, *self.words(*command, flags=flags), env=env, **options)

    def run(self, *command, **options):
        return self.start(*command, **options).wait()

    @property
    def ended(self):
        return self.status.read_text(encoding="utf-8") if self.status.exists() else None


@pytest.fixture
def shim(table, tmp_path):
    return Shim(table, tmp_path)


def printed(process):
    return [int(line) for line in process.out().split() if line.isdigit()]


def test_every_exit_code_is_recorded(shim):
    for code in range(256):
        done = subprocess.run(shim.words("sh", "-c", f"exit {code}"), env=plain_environment(), capture_output=True, check=False)
        assert (done.returncode, shim.ended, done.stderr) == (code, f"exit {code}\n", b"")


def test_what_ends_because_its_broker_was_killed_is_no_end_of_the_programs(shim):
    """A `flux run` that has lost its broker ends with 1: that is the broker's end, and the record must not hide it."""
    broker = shim.table.bench.start("sh", "-c", 'exec 3<&0; "$@" <&3 3<&- & echo $!; wait', "broker",
                                    *shim.words("sh", "-c", "read line || exit 1"),
                                    stdin=subprocess.PIPE, env={TAG: shim.table.tag})
    wait_until(lambda: broker.out().strip(), "the shim")
    pid = int(broker.out())
    wait_until(lambda: children(pid), "the program")
    os.kill(broker.pid, signal.SIGKILL)
    broker.popen.wait()
    broker.popen.stdin.close()  # the program's connection to it
    wait_until(lambda: not os.path.exists(f"/proc/{pid}/exe"), "the end of the shim")
    assert shim.ended is None
    assert not [path for path in shim.status.parent.iterdir() if path.name.startswith(shim.status.name)], "no temporary file stays"


def test_every_signal_is_recorded(shim):
    harmless = {signal.SIGCHLD, signal.SIGCONT, signal.SIGURG, signal.SIGWINCH, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU}
    for number in (*SIGNALS, signal.SIGKILL):
        if number in harmless or number in (32, 33):
            continue
        done = subprocess.run(shim.words("sh", "-c", f"kill -{number} $$"), env=plain_environment(), capture_output=True, check=False)
        assert (done.returncode, shim.ended, done.stderr) == (128 + number, f"signal {number}\n", b"")


def test_what_cannot_be_executed_is_recorded_and_said(shim, tmp_path):
    plain = tmp_path / "plain"
    plain.write_text("x", encoding="utf-8")
    for path, code, why in (("/nope", 127, "No such file or directory"), ("no-such-program", 127, "No such file or directory"),
                            (str(tmp_path), 126, "Permission denied"), (str(plain), 126, "Permission denied")):
        done = shim.run(path, "argument", env={"PATH": "/usr/bin:/bin"})
        assert (done.code, shim.ended) == (code, f"exit {code}\n")
        assert done.err == f"muster-init: cannot execute the program {path}: {why}\n"


def test_arguments_arrive_as_they_are(shim):
    done = shim.run(*PRINT, *ARGUMENTS)
    assert json.loads(done.out)[0] == ARGUMENTS and shim.ended == "exit 0\n"


def test_a_lone_argument_with_blanks_is_a_program_and_no_shell_command(shim, tmp_path):
    """Flux would hand it to a shell."""
    path = tmp_path / "echo $HOME; exit 3"
    path.write_text("#!/bin/sh\nexit 6\n", encoding="utf-8")
    path.chmod(0o755)
    assert shim.run(str(path)).code == 6
    assert shim.run("echo hello").code == 127


def test_the_environment_is_untouched(shim):
    done = shim.run(*PRINT, env={"A": "b", "MUSTER_GRACE": "4"})
    control = shim.table.bench.run(*PRINT, env={"A": "b", "MUSTER_GRACE": "4", TAG: shim.table.tag})
    found, expected = json.loads(done.out), json.loads(control.out)
    assert found[1] == expected[1] and len(found[3]) == len(expected[3])


def test_a_script_without_its_first_line(shim, tmp_path):
    """As for batch scripts elsewhere: /bin/sh reads the file; the arguments stay as they are."""
    script = tmp_path / "script"
    script.write_text('printf "[%s]" "$@"; exit 7\n', encoding="utf-8")
    script.chmod(0o755)
    done = shim.run(script, "a b", "$HOME")
    assert (done.code, done.out, shim.ended) == (7, "[a b][$HOME]", "exit 7\n")


@pytest.mark.parametrize("request_", [signal.SIGHUP, signal.SIGTERM])
def test_a_request_to_end_is_one_sigterm(shim, request_):
    process = shim.start(program("print-signals"), flags=["--grace", "1h"])
    process.wait_for("^ready$")
    for count in range(1, 4):
        process.signal(request_)
        process.signal(signal.SIGHUP)
        process.signal(signal.SIGUSR1)
        wait_until(lambda: printed(process).count(signal.SIGUSR1) == count, lambda: f"{printed(process)}")
    # And one SIGCONT, in case it is stopped; of those that wait, the smaller number comes first.
    expected = [signal.SIGUSR1] * 3 + [signal.SIGTERM, signal.SIGCONT]
    wait_until(lambda: len(printed(process)) >= len(expected), lambda: f"{printed(process)}")
    assert sorted(printed(process)) == expected
    assert shim.ended is None, "nothing is recorded before the end"


def test_it_reaches_everything_below(shim, tmp_path):
    """Grandchildren in other sessions, too; a stopped one is let go on."""
    script = ("import os, signal, sys\n"
              "signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"  # which the kernel sends to stopped groups that lose their parent
              "for i in range(3):\n"
              "    if os.fork() == 0:\n"
              "        os.setsid()\n"
              "        if os.fork() == 0:\n"
              "            os.setpgrp()\n"
              "        signal.signal(signal.SIGTERM, lambda *_: (open(f'{sys.argv[1]}/told-{os.getpid()}', 'x'), os._exit(0)))\n"
              "        open(f'{sys.argv[1]}/up-{os.getpid()}', 'x')\n"
              "        os.kill(os.getpid(), signal.SIGSTOP)\n"
              "        while True: signal.pause()\n"
              "signal.pause()\n")
    process = shim.start("/usr/bin/python3", "-c", script, tmp_path, flags=["--grace", "1h"])
    up = wait_until(lambda: (found := list(tmp_path.glob("up-*"))) and len(found) == 6 and found, "six grandchildren")
    stopped = [int(path.name[3:]) for path in up]
    wait_until(lambda: all(parent_of(pid)[1] == "T" for pid in stopped), "they stop")
    process.signal(signal.SIGHUP)
    assert process.wait().code == 143 and shim.ended == "signal 15\n"
    wait_until(lambda: len(list(tmp_path.glob("told-*"))) == 6, lambda: f"{list(tmp_path.glob('*'))}")


def test_what_ignores_both_is_killed_after_a_third_of_the_grace(shim):
    process = shim.start("sh", "-c", "trap '' HUP TERM; setsid sleep 1000 & echo up; while :; do sleep 1; done", flags=["--grace", "2400ms"])
    process.wait_for("^up$")
    process.signal(signal.SIGHUP)
    done = process.wait()
    assert (done.code, shim.ended) == (137, "signal 9\n") and done.seconds >= 0.8, done
    wait_until(lambda: shim.table.left() == [], "everything below is killed")


@pytest.mark.parametrize("flags, env", [((), {"MUSTER_GRACE": "900ms"}), (("--grace", "900ms"), {"MUSTER_GRACE": "1h"})])
def test_the_grace_by_flag_and_environment(shim, flags, env):
    process = shim.start(program("print-signals"), flags=flags, env=env)
    process.wait_for("^ready$")
    process.signal(signal.SIGHUP)
    assert process.wait().code == 137


def test_nothing_is_killed_without_a_request(shim):
    process = shim.start(program("print-signals"), flags=["--grace", "300ms"])
    process.wait_for("^ready$")
    for number in (signal.SIGUSR1, signal.SIGINT, signal.SIGQUIT, signal.SIGALRM):
        process.signal(number)
    wait_until(lambda: len(printed(process)) == 4, lambda: f"{printed(process)}")
    with pytest.raises(AssertionError, match="ended"):
        wait_until(lambda: not process.running(), "ended", deadline=1)


def test_other_signals_pass(shim):
    process = shim.start(program("print-signals"), flags=["--grace", "1h"])
    process.wait_for("^ready$")
    expected = []
    for number in SIGNALS:
        if number not in (signal.SIGHUP, signal.SIGTERM):
            expected.append(number)
            process.signal(number)
            wait_until(lambda: printed(process) == expected, lambda: f"signal {number}: {printed(process)}")


def test_interrupts_go_to_the_process_group_and_others_to_the_program(shim):
    """SIGINT and SIGQUIT as a terminal would send them."""
    helper = program("print-signals")
    process = shim.start("sh", "-c", f"trap : INT QUIT USR1; {helper} & echo up; while :; do wait && exit; done")
    process.wait_for("^ready$")
    for number in (signal.SIGUSR1, signal.SIGINT, signal.SIGQUIT):
        process.signal(number)
    wait_until(lambda: printed(process) == [signal.SIGINT, signal.SIGQUIT], lambda: f"{printed(process)}")


def test_orphans_are_reaped_while_the_program_runs(shim):
    script = "import os\nfor _ in range(20):\n    if os.fork() == 0:\n        os.fork()\n        os._exit(0)\n    os.wait()\nprint('ready', flush=True)\nimport sys; sys.stdin.read()"
    process = shim.start("/usr/bin/python3", "-c", script, stdin=subprocess.PIPE)
    process.wait_for("^ready$")
    wait_until(lambda: list(children(process.pid).values()) == ["S"], lambda: f"{children(process.pid)}")
    process.popen.stdin.close()
    assert process.wait().code == 0


def test_an_old_record_is_replaced_at_the_end_and_not_before(shim):
    shim.status.write_text("exit 99\n", encoding="utf-8")
    process = shim.start("sh", "-c", "echo up; read line; exit 5", stdin=subprocess.PIPE)
    process.wait_for("^up$")
    assert shim.ended == "exit 99\n"
    process.popen.stdin.close()
    assert process.wait().code == 5 and shim.ended == "exit 5\n"
    assert [path.name for path in shim.status.parent.iterdir()] == ["program.status"], "no temporary file stays"


def test_a_directory_that_cannot_be_written_is_said_before_the_program_runs(shim):
    """73: the truth could not be told at its end."""
    for place, why in (("/nowhere/status", "No such file or directory"), ("/proc/status-of-program", "No such file or directory")):
        done = shim.table.bench.run(program("muster-init"), "program", "--status", place, "--", "touch", shim.status.parent / "ran")
        assert (done.code, done.err) == (73, f"muster-init: cannot write {place}: {why}\n")
    assert list(shim.status.parent.iterdir()) == []


def test_a_full_disk_is_said_before_the_program_runs(shim, tmp_path):
    if pods.why_not():
        pytest.skip(pods.why_not())
    mount = tmp_path / "full"
    mount.mkdir()
    script = (f"mount -t tmpfs -o size=16k none {mount} && head -c 16384 /dev/zero > {mount}/zeros;"
              f"{program('muster-init')} program --status {mount}/status -- touch {tmp_path}/ran; echo $? $(ls -A {mount})")
    done = shim.table.bench.run("unshare", "--mount", "sh", "-c", script)
    assert done.out == "73 zeros\n" and f"cannot write {mount}/status: No space left on device" in done.err, done
    assert not (tmp_path / "ran").exists()


def test_a_directory_that_goes_away_does_not_change_the_exit_code(shim, tmp_path):
    """Then only the broker knows; the shim's own code tells it."""
    place = tmp_path / "gone"
    place.mkdir()
    done = shim.table.bench.run(program("muster-init"), "program", "--status", place / "status", "--", "sh", "-c", f"rm -r '{place}'; exit 4")
    assert done.code == 4 and done.err == f"muster-init: record the program's end in {place}/status: No such file or directory\n"


def test_a_shim_that_is_killed_records_nothing(shim):
    """The truth is then the broker's."""
    process = shim.start(program("print-signals"))
    process.wait_for("^ready$")
    process.signal(signal.SIGKILL)
    assert process.wait().code == -signal.SIGKILL
    assert shim.ended is None
