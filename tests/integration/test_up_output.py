# SPDX-License-Identifier: Apache-2.0
"""`muster up` over stand-ins: what it shows, where, and that a slow reader harms nobody."""
import json
import os
import pty
import re
import signal
import subprocess
import sys
import time

import pytest
import up_driver
from muster_testing import plain_environment, wait_until

# Prints lines "RANK NUMBER xxx...": in pieces, so that whoever mixes streams carelessly mixes lines.
TALK = """
import os, random, sys, time
rank, lines = int(os.environ["MUSTER_RANK"]), int(os.environ["LINES_EACH"])
chance = random.Random(rank)
stream = 1 if rank == 0 else 2
if rank == 0: os.write(2, b"<6>broker.info[0]: x: quorum->run\\n")
for number in range(lines):
    line = f"{rank} {number} {'x' * chance.randrange(300)}|\\n".encode()
    cut = chance.randrange(len(line))
    os.write(stream, line[:cut]); os.write(stream, line[cut:])
# The leader's end is the instance's: who talks for longer than two seconds after it is stopped.
place = os.environ["TALKED"]
open(f"{place}/talked.{rank}", "w").close()
while rank == 0 and sum(name.startswith("talked.") for name in os.listdir(place)) < int(os.environ["MUSTER_SIZE"]): time.sleep(0.01)
"""
TALKERS = ["/usr/bin/python3", "-I", "-S", "-c", TALK]


def up(bench, size, *command, behaviour=None, env=None, **options):
    return bench.run(*up_driver.argv(size, *command, **options), env=up_driver.environment(behaviour, **(env or {})))


def check_talk(text, ranks, lines):
    """Every line of every rank came whole, once and in order."""
    seen = {}
    for line in text.splitlines():
        if line.startswith("muster: "):
            continue
        match = re.fullmatch(r"(?:\[(\d+)\] )?(\d+) (\d+) x*\|", line)
        assert match, line
        assert match[1] in (None, match[2])
        seen.setdefault(int(match[2]), []).append(int(match[3]))
    assert seen == {rank: list(range(lines)) for rank in ranks}


@pytest.mark.asan
def test_the_programs_output_is_left_as_it_is(bench):
    program = r"import os; os.write(1, bytes(range(256)) * 3 + b'no newline'); os.write(2, b'to stderr\nno end')"
    process = bench.start(*up_driver.argv(2, "/usr/bin/python3", "-c", program))
    assert process.wait().code == 0
    assert process.out_path.read_bytes() == bytes(range(256)) * 3 + b"no newline"
    assert process.err().endswith("\nto stderr\nno end\n"), "a broker's line after it is a line of its own"


@pytest.mark.asan
def test_what_pods_log_has_their_rank_before_it_and_only_what_matters_is_shown(bench):
    lines = ["<6>broker.info[1]: chatter", "<4>broker.warning[1]: careful", "<3>overlay.err[1]: broken", "not a log",
             "muster[1]: info: hush", "muster[1]: warning: mind", "muster-init: cannot start"]
    done = up(bench, 2, "echo", "ran", behaviour={1: {"lines": lines}, 0: {"lines": ["<3>broker.err[0]: leader's"]}})
    assert done.out == "ran\n"
    shown = [line for line in done.err.splitlines() if line.startswith("[")]
    assert sorted(shown) == sorted(["[1] broker.warning[1]: careful", "[1] overlay.err[1]: broken", "[1] not a log",
                                    "[1] muster[1]: warning: mind", "[1] muster-init: cannot start", "[0] broker.err[0]: leader's"])
    assert "\x1b" not in done.err
    others = [line for line in done.err.splitlines() if not line.startswith("[")]
    assert others == ["muster: 2 brokers of the rehearsal, muster's stand-in for Flux"]


def test_all_logs_are_shown_when_asked_for(bench):
    done = up(bench, 2, "sh", "-c", "exit 3", logs="all")
    assert done.code == 3
    for text in ("[1] broker.info[1]: rc1-success: init->quorum", "[0] broker.err[0]: rc2.0:", "muster: formed in "):
        assert text in done.err, done


def test_how_the_program_ended_is_not_repeated(bench):
    assert "rc2.0" not in up(bench, 1, "sh", "-c", "exit 3").err


@pytest.mark.parametrize("options, words", [
    ({}, "muster: 1 broker of the rehearsal, muster's stand-in for Flux\n"),
    ({"flux_reason": "no flux is in PATH"}, "muster: 1 broker of the rehearsal, muster's stand-in for Flux: no flux is in PATH\n"),
    ({"flux": "/opt/x/flux"}, "muster: 1 broker of /opt/x/flux\n")])
def test_it_says_which_flux(bench, options, words):
    done = up(bench, 1, "sh", "-c", "echo $MUSTER_FLUX", **options)
    assert done.err == words and done.out.strip() == options.get("flux", "none"), done


@pytest.mark.asan
def test_lines_stay_whole_when_both_streams_are_one_file(bench, tmp_path):
    with open(tmp_path / "log", "wb") as log:
        code = subprocess.run(up_driver.argv(8, pod=TALKERS), stdout=log, stderr=log, timeout=60,
                              env=plain_environment(LINES_EACH=2000, TALKED=tmp_path)).returncode
    assert code == 0
    check_talk((tmp_path / "log").read_text(), range(8), 2000)


@pytest.mark.asan
def test_a_slow_reader_gets_everything_and_costs_no_memory(tmp_path):
    process = subprocess.Popen(up_driver.argv(6, pod=TALKERS), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               env=plain_environment(LINES_EACH=40000, TALKED=tmp_path))
    time.sleep(1)  # nobody reads: 30 MB want to come
    text = process.stdout.read(1 << 20)
    with open(f"/proc/{process.pid}/status") as status:
        resident = int(re.search(r"VmHWM:\s+(\d+)", status.read())[1])
    text += process.stdout.read()
    assert process.wait(60) == 0
    check_talk(text.decode(), range(6), 40000)
    if "asan" not in up_driver.program("up-driver"):
        assert resident < 24 << 10, f"{resident} KiB"


def test_a_reader_that_sleeps_does_not_keep_a_signal_away():
    process = subprocess.Popen(up_driver.argv(3, "sh", "-c", "yes; true"), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                               env=plain_environment())
    process.stdout.read(100000)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)

    def ended():
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)  # kills them, and then for what is still to be written
        return process.poll() is not None
    wait_until(ended, "the end", 20)
    assert process.returncode in (130, 137)
    process.stdout.close()


@pytest.mark.asan
def test_a_reader_that_leaves_ends_the_program_as_in_a_shell(bench):
    """`up -- yes | head` is no failure: it ends as yes does in a pipeline, and without a word."""
    process = subprocess.Popen(up_driver.argv(2, "sh", "-c", "yes; true"), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               env=plain_environment())
    process.stdout.read(10)
    process.stdout.close()
    said = process.stderr.read().decode()
    assert process.wait(20) == 128 + signal.SIGPIPE, said
    assert "Broken pipe" not in said and "error" not in said, said


@pytest.mark.asan
@pytest.mark.parametrize("end", ["exit 0", "exit 3", "sleep 600"])
@pytest.mark.parametrize("place, reason", [(">/dev/full", "No space left on device"), (">&-", "Bad file descriptor")])
def test_output_that_cannot_be_written_is_an_error_whatever_the_programs_code(bench, place, reason, end):
    driver = up_driver.argv(2, "sh", "-c", f"echo hi; {end}")
    done = bench.run("sh", "-c", f'exec "$@" {place}', "sh", *driver)
    assert done.code == 73 and done.err.count(f"muster: error: standard output: write: {reason}\n") == 1, done


@pytest.mark.parametrize("place", [">/dev/full", ">&-", ">&- 2>&-", ">/dev/full 2>&1"])
def test_output_that_nothing_is_written_to_may_be_what_it_will(bench, place):
    done = bench.run("sh", "-c", f'exec "$@" {place}', "sh", *up_driver.argv(2, "sh", "-c", "exit 4"))
    assert done.code == 4, done


def test_without_standard_streams(bench):
    done = bench.run("sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", *up_driver.argv(2, "sh", "-c", "echo x; echo y >&2; exit 4"))
    assert done.code == 73, done


def test_a_very_long_line_of_a_pod_is_cut_into_lines(bench):
    line = "".join(chr(ord("a") + i % 26) for i in range(100_000))
    done = up(bench, 2, "true", behaviour={1: {"lines": [line]}})
    pieces = [text[4:] for text in done.err.splitlines() if text.startswith("[1] ")]
    assert "".join(pieces) == line and max(map(len, pieces)) == 16384


def test_notices_at_few_moments_where_there_is_no_terminal(bench):
    process = bench.start(*up_driver.argv(3, pod=["sh", "-c", 'echo "<6>broker.info[$MUSTER_RANK]: x: init->quorum" >&2;'
                                                  'exec sleep 600']))
    process.wait_for(r"^muster: 3 of 3 brokers online after 5 s; not yet: rank $", 20)
    process.signal(signal.SIGINT)
    done = process.wait(20)
    assert done.err.count("brokers online") == 1, done


def test_the_timeline(bench, tmp_path):
    done = up(bench, 3, "sleep", "0.2", timeline=tmp_path / "t.json")
    assert done.code == 0, done
    timeline = json.loads((tmp_path / "t.json").read_text())
    assert timeline["size"] == 3 and timeline["code"] == 0 and timeline["flux"] == "none"
    assert 0 < timeline["formed"] < timeline["ended"]
    for rank, row in enumerate(timeline["ranks"]):
        assert row["rank"] == rank and row["started"] < row["states"]["join"] <= row["states"]["quorum"] < row["ended"]
    assert timeline["ranks"][0]["states"]["run"] == pytest.approx(timeline["formed"], abs=1e-3)


def test_interactive_says_how_to_attach(bench):
    process = bench.start(*up_driver.argv(1, runs_program="no", flux="/x/flux"))
    process.wait_for(r"^muster: ready: `/x/flux proxy local:///\S+/pods/0/run/local` attaches to it; Ctrl-C ends it$")
    process.signal(signal.SIGINT)
    assert process.wait().code == 130


class Terminal:
    """A process on a terminal of its own."""

    def __init__(self, argv, **environment):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvpe(argv[0], argv, plain_environment(TERM="xterm", **environment))
        self.shown = ""

    def read(self):
        """True while there may be more."""
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            data = b""
        self.shown += data.decode(errors="replace")
        return bool(data)

    def wait(self):
        while self.read():
            pass
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


LABELLED = "import sys; [print(f'ƒVaVA4X: {n}: task {n}', file=sys.stderr if n == 2 else sys.stdout, flush=True) for n in range(4)]"


def test_on_a_terminal_lines_are_labelled_in_colour_and_progress_is_one_line():
    terminal = Terminal(up_driver.argv(4, "/usr/bin/python3", "-c", LABELLED), PYTHONUTF8=1)
    assert terminal.wait() == 0, terminal.shown
    for n, colour in enumerate((36, 33, 32, 35)):
        assert f"\x1b[{colour}m[{n}]\x1b[0m task {n}\r\n" in terminal.shown
    assert re.search(r"\r\x1b\[Kmuster: \[[#.]+\] \d of 4 brokers online, \d+\.\d s\r\x1b\[K", terminal.shown)
    lines = [re.sub(r".*\r\x1b\[K", "", line) for line in terminal.shown.replace("\r\n", "\n").rstrip("\n").split("\n")]
    assert len(lines) == 5 and lines[0].startswith("muster: 4 brokers"), lines


def test_colour_is_left_out_where_it_is_not_wanted():
    terminal = Terminal(up_driver.argv(4, "/usr/bin/python3", "-c", LABELLED), PYTHONUTF8=1, NO_COLOR=1)
    assert terminal.wait() == 0
    assert "[3] task 3\r\n" in terminal.shown and "\x1b[3" not in terminal.shown


def test_a_terminal_asks_for_labels_in_mode_submit_only():
    show = ["sh", "-c", "echo flags=$MUSTER_FLAGS."]
    assert "flags=--label-io -c2.\r\n" in run_in_terminal(up_driver.argv(1, *show, flags="-c2"))
    assert "flags=-c2.\r\n" in run_in_terminal(up_driver.argv(1, *show, flags="-c2", mode="launcher"))


def run_in_terminal(argv):
    terminal = Terminal(argv)
    assert terminal.wait() == 0, terminal.shown
    return terminal.shown


def test_ctrl_c_at_the_terminal_reaches_up_and_nobody_else():
    terminal = Terminal(up_driver.argv(3, "sh", "-c", "trap 'echo interrupted' INT; echo begun; sleep 600"))
    while "begun" not in terminal.shown:
        assert terminal.read(), terminal.shown
    os.write(terminal.fd, b"\x03")
    assert terminal.wait() == 130, terminal.shown
    assert "interrupted" not in terminal.shown and "once more kills it" in terminal.shown


if __name__ == "__main__":
    sys.exit(pytest.main([__file__]))
