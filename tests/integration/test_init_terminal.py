# SPDX-License-Identifier: Apache-2.0
"""muster-init on a terminal: as PID 1 of `docker run -it`, in a shell on a laptop, and around a leader's program."""
import contextlib
import fcntl
import json
import os
import re
import signal
import struct
import subprocess
import termios

import pytest
from inits import INITS, TAG, command_of, parent_of, unshare
from muster_testing import DEADLINE, plain_environment, program, wait_until

FAKE_AGENT = os.path.join(os.path.dirname(__file__), "..", "support", "fake_agent.py")

# Says who is in the foreground, and answers to lines and to Ctrl-C.
DIALOGUE = ("import os, signal, sys\n"
            "def interrupted(*_):\n    print('interrupted', flush=True)\n    sys.exit(9)\n"
            "signal.signal(signal.SIGINT, interrupted)\n"
            "print('foreground', os.tcgetpgrp(0) == os.getpgrp() == os.getpid(), flush=True)\n"
            "for line in sys.stdin:\n    print('read', line.strip(), flush=True)\n    line.startswith('exit') and sys.exit(int(line.split()[1]))\n")
DIALOGUE_WORDS = ("/usr/bin/python3", "-c", DIALOGUE)


class Terminal:
    """A pseudo-terminal with a session leader on it; what it shows is collected."""

    def __init__(self, table, words, env=None):
        self.master, slave = os.openpty()
        os.set_blocking(self.master, False)
        self.shown = b""
        self.process = subprocess.Popen(words, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
                                        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
                                        env=plain_environment(**{TAG: table.tag}, **(env or {})))
        os.close(slave)

    def text(self):
        with contextlib.suppress(BlockingIOError, OSError):
            while data := os.read(self.master, 65536):
                self.shown += data
        return self.shown.decode(errors="replace").replace("\r\n", "\n")

    def wait_for(self, pattern):
        return wait_until(lambda: re.search(pattern, self.text(), re.M), lambda: f"{pattern!r} in {self.text()!r}")

    def type(self, text):
        os.write(self.master, text.encode())

    def foreground(self):
        return struct.unpack("i", fcntl.ioctl(self.master, termios.TIOCGPGRP, b"\0" * 4))[0]

    def end(self):
        """The exit code of the session leader."""
        code = self.process.wait(DEADLINE)
        self.text()
        return code

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.master)


@pytest.fixture
def terminal(table, tmp_path):
    opened = []

    def make(*words):
        opened.append(Terminal(table, [str(word) for word in words], {"FAKE_AGENT_EXPLAIN": tmp_path}))
        return opened[-1]
    yield make
    for each in opened:
        each.close()


@pytest.mark.parametrize("mode", ["pid1", "session leader"])
@pytest.mark.parametrize("init", INITS)
def test_the_program_has_the_terminal(terminal, init, mode):
    """It may read, and Ctrl-C is its own. In all three."""
    prefix = unshare() if mode == "pid1" else []
    screen = terminal(*prefix, *command_of(init), *DIALOGUE_WORDS)
    # unshare stays between the terminal and PID 1, in the same session and process group.
    screen.wait_for("^foreground True$")
    screen.type("hello\n")
    screen.wait_for("^read hello$")
    screen.type("\x03")
    screen.wait_for("interrupted$")
    assert screen.end() == 9


def test_without_a_terminal_of_ours_nothing_is_taken(terminal, table):
    """Started in the background of a session, as one of many by `muster up`: the foreground stays where it is."""
    script = ("import os, subprocess, sys, time\n"
              "before = os.tcgetpgrp(0)\n"
              "child = subprocess.Popen(sys.argv[1:], preexec_fn=os.setpgrp)\n"
              "code = child.wait()\n"
              "print('same', before == os.tcgetpgrp(0) == os.getpgrp(), 'code', code, flush=True)\n")
    look = "import os; print('foreground', os.tcgetpgrp(0) == os.getpgrp(), flush=True); os._exit(5)"
    words = ["/usr/bin/python3", "-c", script, program("muster-init"), "/usr/bin/python3", "-c", look]
    screen = terminal(*words)
    screen.wait_for("^same True code 5$")
    assert "foreground False" in screen.text()
    # The control: in the foreground group it is handed on, and taken back at the end.
    screen = terminal(*[word.replace("preexec_fn=os.setpgrp", "") for word in words])
    screen.wait_for("^same True code 5$")
    assert "foreground True" in screen.text()


@pytest.mark.parametrize("init, taken_back", [("muster-init", True), ("tini", False), ("catatonit", False)])
def test_the_terminal_is_given_back_at_the_end(terminal, init, taken_back):
    """The references leave it with a process group that has gone; whoever started them takes it back (a shell does)."""
    script = ("import os, signal, subprocess, sys\n"
              "signal.signal(signal.SIGTTOU, signal.SIG_IGN)\n"
              "code = subprocess.call(sys.argv[1:])\n"
              "print('same', os.tcgetpgrp(0) == os.getpgrp(), 'code', code, flush=True)\n")
    screen = terminal("/usr/bin/python3", "-c", script, *command_of(init), "sh", "-c", "exit 6")
    screen.wait_for(f"^same {taken_back} code 6$")


# A shell with job control, on a laptop: prints what its job does, and lets it go on.
SHELL = """
import os, signal, sys
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
child = os.fork()
if child == 0:
    os.setpgrp()
    os.tcsetpgrp(0, os.getpid())
    signal.signal(signal.SIGTTOU, signal.SIG_DFL)
    os.execvp(sys.argv[1], sys.argv[1:])
while True:
    _, status = os.waitpid(child, os.WUNTRACED)
    if not os.WIFSTOPPED(status):
        break
    os.tcsetpgrp(0, os.getpgrp())
    print("job stopped", flush=True)
    sys.stdin.readline()
    os.tcsetpgrp(0, child)
    os.killpg(child, signal.SIGCONT)
os.tcsetpgrp(0, os.getpgrp())
print("job ended", os.waitstatus_to_exitcode(status), flush=True)
"""


def test_ctrl_z_and_fg_under_a_shell(terminal):
    """The program stops, so we stop, so the shell notices; and all go on. (tini and catatonit do not stop: the terminal hangs.)"""
    screen = terminal("/usr/bin/python3", "-c", SHELL, program("muster-init"), *DIALOGUE_WORDS)
    screen.wait_for("^foreground True$")
    for count in (1, 2):
        screen.type("\x1a")
        wait_until(lambda: screen.text().count("job stopped") == count, lambda: screen.text())
        screen.type("fg\n")
        screen.type(f"word{count}\n")
        screen.wait_for(f"^read word{count}$")
    screen.type("exit 4\n")
    screen.wait_for("^job ended 4$")


def test_ctrl_z_where_no_shell_waits(terminal, table):
    """As PID 1 or session leader there is nobody to go on from: only the program stops, and SIGCONT to us lets it go on."""
    screen = terminal(program("muster-init"), "sh", "-c", "echo up; read line; exit 8")
    screen.wait_for("^up$")
    child = screen.foreground()
    screen.type("\x1a")
    wait_until(lambda: parent_of(child)[1] == "T", "the program stops")
    assert parent_of(screen.process.pid)[1] != "T"
    os.kill(screen.process.pid, signal.SIGCONT)
    wait_until(lambda: parent_of(child)[1] != "T", "it goes on")
    screen.type("line\n")
    assert screen.end() == 8


def agent_words(directory, life, *flags):
    directory.mkdir(exist_ok=True)
    os.mkfifo(directory / "control")
    (directory / "plan.json").write_text(json.dumps([life]), encoding="utf-8")
    return program("muster-init"), *flags, FAKE_AGENT, "run", directory


def log(directory):
    path = directory / "log"
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def test_ctrl_c_to_a_leader_is_a_request_to_stop(terminal, tmp_path):
    """Once it is a broker the terminal is ours again. Its one SIGTERM comes from us, and 130 is the truth although it says 0."""
    screen = terminal(*agent_words(tmp_path / "pod", {"role": "leader", "broker": {}}))
    wait_until(lambda: any(line.startswith("broker") for line in log(tmp_path / "pod")), lambda: f"{log(tmp_path / 'pod')}")
    wait_until(lambda: screen.foreground() == screen.process.pid, "the terminal comes back")
    screen.type("\x03")
    assert screen.end() == 130
    assert [line for line in log(tmp_path / "pod") if "got" in line] == ["broker got 15"]


def test_ctrl_c_in_the_gates(terminal, tmp_path):
    screen = terminal(*agent_words(tmp_path / "pod", {"role": "leader", "gates": True}))
    wait_until(lambda: any(line.startswith("agent") for line in log(tmp_path / "pod")), lambda: f"{log(tmp_path / 'pod')}")
    screen.type("\x03")
    assert screen.end() == 130
    assert not any(line.startswith("broker") for line in log(tmp_path / "pod"))


def test_a_hangup_stops_a_leader(terminal, tmp_path):
    """The terminal goes: the kernel sends SIGHUP to the session leader, us, and writing fails from then on."""
    screen = terminal(*agent_words(tmp_path / "pod", {"role": "leader", "broker": {}}))
    wait_until(lambda: any(line.startswith("broker") for line in log(tmp_path / "pod")), lambda: f"{log(tmp_path / 'pod')}")
    wait_until(lambda: screen.foreground() == screen.process.pid, "the terminal comes back")
    os.close(screen.master)
    screen.master = os.open(os.devnull, os.O_RDONLY)
    assert screen.process.wait(DEADLINE) == 129
    assert [line for line in log(tmp_path / "pod") if "got" in line] == ["broker got 15"]


def test_an_interactive_program_of_the_leader_has_the_terminal(terminal, tmp_path):
    """`launcher -- bash`: the shim takes it from the broker's muster-init, and Ctrl-C is the program's."""
    pod = tmp_path / "pod"
    words = [program("muster-init"), "program", "--status", str(pod / "program.status"), "--", *DIALOGUE_WORDS]
    screen = terminal(*agent_words(pod, {"role": "leader", "broker": {"program": words}}))
    screen.wait_for("^foreground True$")
    screen.type("hello\n")
    screen.wait_for("^read hello$")
    screen.type("\x03")
    screen.wait_for("interrupted$")
    assert screen.end() == 9
    assert (pod / "program.status").read_text(encoding="utf-8") == "exit 9\n"


def test_the_shim_takes_no_terminal_from_strangers(terminal, tmp_path):
    """In the background of somebody else's session it leaves the foreground alone."""
    script = ("import os, subprocess, sys\n"
              "middle = 'import os, subprocess, sys; os.setpgrp(); sys.exit(subprocess.call(sys.argv[1:]))'\n"
              "outer = 'import os, subprocess, sys; os.setpgrp(); sys.exit(subprocess.call([sys.executable, \"-c\", sys.argv[1], *sys.argv[2:]]))'\n"
              "code = subprocess.call([sys.executable, '-c', outer, middle, *sys.argv[1:]])\n"
              "print('same', os.tcgetpgrp(0) == os.getpgrp(), 'code', code, flush=True)\n")
    look = "import os; print('foreground', os.tcgetpgrp(0) == os.getpgrp(), flush=True); os._exit(3)"
    screen = terminal("/usr/bin/python3", "-c", script, program("muster-init"), "program", "--status", tmp_path / "s", "--",
                      "/usr/bin/python3", "-c", look)
    screen.wait_for("^same True code 3$")
    assert "foreground False" in screen.text()
