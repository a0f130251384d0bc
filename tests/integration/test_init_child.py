# SPDX-License-Identifier: Apache-2.0
"""What a program finds when it is started by muster-init: as if nobody stood in between, but for a process group and a pipe."""
import json
import os
import re
import signal
import subprocess

import pytest
from inits import INITS, MODES, children, status_field
from muster_testing import program, wait_until

PRINT = ("/usr/bin/python3", "-c", "import json, os, sys; print(json.dumps([sys.argv[1:], dict(os.environ), os.getpgrp() == os.getpid(), "
         "sorted(os.listdir('/proc/self/fd')), os.getcwd()]))")

ARGUMENTS = ["", " ", "a b", "single 'quotes'", 'double "quotes"', "$HOME ${HOME} $(id) `id`", "line\nline\n", "tab\t", "\\ \\n \\\\",
             "*.c ? [a-z] ~ !", "-n", "--grace", "--", "ünïcödé 漢字 🎵", "\x01\x7f", "x" * 100_000]

# Signals that are blocked in a child though they were not before, and why.
LEAKED = {"muster-init": 0, "tini": 0, "catatonit": sum(1 << (n - 1) for n in (signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU))}


def found_by(table, init="muster-init", mode="subreaper", arguments=(), **options):
    done = table.run(init, mode, *PRINT, *arguments, **options)
    assert done.code == 0, done
    return json.loads(done.out)


@pytest.mark.parametrize("mode", MODES)
def test_arguments_arrive_as_they_are(table, mode):
    assert found_by(table, mode=mode, arguments=ARGUMENTS)[0] == ARGUMENTS


@pytest.mark.parametrize("argument", ["echo one two", "a\nb", "", "$HOME"])
def test_a_lone_argument_arrives_as_it_is(table, argument):
    assert found_by(table, arguments=[argument])[0] == [argument]


def test_a_lone_program_with_blanks_in_its_name(table, tmp_path):
    path = tmp_path / "a program; $(exit 5)"
    path.write_text("#!/bin/sh\nexit 6\n", encoding="utf-8")
    path.chmod(0o755)
    assert table.run("muster-init", "subreaper", str(path)).code == 6


def test_bytes_that_are_no_utf8(table):
    done = subprocess.run([program("muster-init"), "--", "printf", "%s", b"\xff\xfe\x80"], capture_output=True, check=True)
    assert done.stdout == b"\xff\xfe\x80"
    assert table.left() == []


def test_the_environment_gains_the_pipe_and_nothing_else(table):
    given = {"PLAIN": "as it is", "EMPTY": "", "MUSTER_INIT_FD": "99", "MUSTER_INIT_FDX": "kept"}
    environment = found_by(table, env=given)[1]
    control = json.loads(table.bench.run(*PRINT, env={**given, "MUSTER_TEST_TAG": table.tag}).out)[1]
    assert environment.pop("MUSTER_INIT_FD") != "99"
    del control["MUSTER_INIT_FD"]
    assert environment == control


def test_the_grace_of_the_flag_is_handed_on(table):
    assert found_by(table, flags=["--grace", "1.5m"], env={"MUSTER_GRACE": "3"})[1]["MUSTER_GRACE"] == "1.5m"
    assert found_by(table, env={"MUSTER_GRACE": "3"})[1]["MUSTER_GRACE"] == "3"
    assert "MUSTER_GRACE" not in found_by(table)[1]


def test_descriptors(table):
    """stdin, stdout, stderr and the pipe; nothing of ours. (listdir's own descriptor is in every list.)"""
    _, environment, _, descriptors, _ = found_by(table)
    control = json.loads(table.bench.run(*PRINT).out)[3]
    assert len(descriptors) == len(control) + 1
    assert environment["MUSTER_INIT_FD"] in descriptors


def test_closed_standard_descriptors_stay_closed(table):
    """And ours do not take their numbers: a message must not end up in a signalfd."""
    script = f"exec <&- >&-; exec {program('muster-init')} -- sh -c 'ls -l /proc/self/fd >&2; exit 3'"
    done = table.bench.run("sh", "-c", script)
    assert done.code == 3, done
    links = dict(re.findall(r" (\d+) -> (\S+)", done.err))
    assert not re.search("null|signalfd", " ".join(links.values())), done


def test_the_directory_stays(table, tmp_path):
    assert found_by(table, cwd=tmp_path)[4] == str(tmp_path)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("init", INITS)
def test_a_process_group_of_its_own(table, init, mode):
    """All three do so: it can be given the terminal, and Ctrl-C reaches it once."""
    assert found_by(table, init=init, mode=mode)[2] is True


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("init", INITS)
def test_signal_mask_and_dispositions(table, init, mode):
    """As they were before the init: all default, and where some were blocked and ignored."""
    plain = table.run(init, mode, "cat", "/proc/self/status")
    odd = ("import os, signal, sys\n"
           "signal.pthread_sigmask(signal.SIG_SETMASK, [signal.SIGUSR2, signal.SIGALRM])\n"
           "for name in ('SIGHUP', 'SIGINT', 'SIGTTIN', 'SIGTTOU', 'SIGPIPE'): signal.signal(getattr(signal, name), signal.SIG_IGN)\n"
           "os.execvp(sys.argv[1], sys.argv[1:])\n")
    prefix = ["/usr/bin/python3", "-c", odd]
    strange = table.run(init, mode, "cat", "/proc/self/status", prefix=prefix)
    control = table.bench.run(*prefix, "cat", "/proc/self/status")

    def masks(done):
        return {name: int(re.search(rf"^{name}:\s*(\w+)$", done.out, re.M).group(1), 16) for name in ("SigBlk", "SigIgn", "SigCgt")}
    assert masks(plain) == {"SigBlk": LEAKED[init], "SigIgn": 0, "SigCgt": 0}
    if init == "muster-init":
        assert masks(strange) == masks(control)
        assert masks(control)["SigBlk"] == 1 << (signal.SIGUSR2 - 1) | 1 << (signal.SIGALRM - 1)


def test_sigchld_ignored_by_whoever_started_us(table):
    """Then the kernel would reap in our place, and the exit code would be lost."""
    script = ("import os, signal, sys\n"
              "signal.signal(signal.SIGCHLD, signal.SIG_IGN)\n"
              "os.execvp(sys.argv[1], sys.argv[1:])\n")
    assert table.run("muster-init", "subreaper", "sh", "-c", "exit 5", prefix=["/usr/bin/python3", "-c", script]).code == 5


def test_output_is_the_programs_own(table):
    done = table.run("muster-init", "subreaper", "sh", "-c", "echo out; echo err >&2")
    assert (done.out, done.err) == ("out\n", "err\n")


@pytest.mark.parametrize("noise", ["hello\n", "leader\n", "leader", "follower", "x" * 70_000 + "\n", "y" * 10_000 + "\nfollower\n", "\0\n"])
def test_a_program_that_says_something_else_in_the_pipe_is_plain(table, noise):
    script = "import os, sys; os.write(int(os.environ['MUSTER_INIT_FD']), sys.argv[1].encode().replace(b'%0', bytes(1))); sys.exit(1)"
    done = table.run("muster-init", "subreaper", "/usr/bin/python3", "-c", script, noise.replace("\0", "%0"))
    assert (done.code, done.err) == (1, ""), done


def test_a_program_that_keeps_the_pipe_open_is_plain(table):
    process = table.start("muster-init", "pid1", program("print-signals"), "--until", "10")
    process.wait_for("^ready$")
    os.kill(process.init_pid(), signal.SIGUSR1)
    assert process.wait().code == 0


@pytest.mark.parametrize("mode", MODES)
def test_resident_size(table, mode):
    """<= 1 MiB (design section 11), once it has done all it does at a start: also measured in tests/bench."""
    process = table.start("muster-init", mode, program("print-signals"))
    process.wait_for("^ready$")
    pid = process.init_pid()
    os.kill(pid, signal.SIGUSR1)
    wait_until(lambda: "10\n" in process.out(), "the signal arrives")
    assert int(status_field(pid, "VmHWM").split()[0]) <= 1024
    # The control: the measure is of the right process and of real size.
    assert int(status_field(next(iter(children(pid))), "VmHWM").split()[0]) > 1024
