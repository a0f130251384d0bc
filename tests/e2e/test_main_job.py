# SPDX-License-Identifier: Apache-2.0
"""The main job: `muster up` brings an instance up on this machine, runs a program in it, and ends as it did."""
import contextlib
import json
import os
import pathlib
import re
import signal
import stat
import tempfile

import pytest
import secret_scan
from muster_testing import program, remember_secrets, wait_until

# Prints the argument vector as one line of JSON, from any number of tasks.
SHOW = "import json, sys; print('argv=' + json.dumps(sys.argv[1:]))"
AWKWARD = ["", " ", "a b", "it's", 'say "hi"', "$HOME", "${FLUX_TASK_RANK}", "`id`", "a\\b", "line\nbreak", "tab\there",
           "*", "-n", "--", "grün 一 🚀", "#", ";", "a=b", "{}", "%h"]


def up(bench, flux, *arguments, size=4, **options):
    return bench.muster("up", "-n", size, "--flux", flux, *arguments, **options)


@pytest.mark.asan
def test_four_tasks_print_four_lines(bench, flux):
    done = up(bench, flux, "--", "sh", "-c", "echo task $FLUX_TASK_RANK of $FLUX_JOB_SIZE")
    assert done.code == 0, done
    assert sorted(re.findall(r"task \d+ of \d+", done.out)) == [f"task {n} of 4" for n in range(4)], done
    assert len(done.out.splitlines()) == 4, done


@pytest.mark.parametrize("size", [1, 2, 16])
def test_other_sizes(bench, flux, size):
    done = up(bench, flux, "--", "sh", "-c", "echo task $FLUX_TASK_RANK of $FLUX_JOB_SIZE", size=size)
    assert done.code == 0, done
    assert sorted(re.findall(r"task (\d+) of \d+", done.out), key=int) == [str(n) for n in range(size)], done


@pytest.mark.parametrize("command, code", [
    (["sh", "-c", "exit 3"], 3),
    (["sh", "-c", "exit 255"], 255),
    (["/nope"], 127),
    (["no-such-program-anywhere"], 127),
    (["/etc/passwd"], 126),
    (["sh", "-c", "kill -9 $$"], 137),
    (["sh", "-c", "kill -15 $$"], 143),
    (["false"], 1),
    (["sh", "-c", "test $FLUX_TASK_RANK = 2 && exit 9; exit 0"], 9),
])
@pytest.mark.parametrize("mode", ["submit", "launcher"])
def test_the_exit_code_is_the_programs(bench, flux, mode, command, code):
    if mode == "launcher" and "$FLUX_TASK_RANK" in command[-1]:
        pytest.skip("tasks are a job's; the launcher is none")
    done = up(bench, flux, "--mode", mode, "--", *command, size=3)
    assert done.code == code, done


@pytest.mark.parametrize("mode", ["submit", "launcher"])
def test_arguments_arrive_unchanged(bench, flux, mode):
    done = up(bench, flux, "--mode", mode, "--", "/usr/bin/python3", "-I", "-S", "-c", SHOW, *AWKWARD, size=2)
    assert done.code == 0, done
    shown = [json.loads(line) for line in re.findall(r"argv=(.*)$", done.out, re.M)]
    assert shown == [AWKWARD] * (2 if mode == "submit" else 1), done


@pytest.mark.parametrize("mode", ["submit", "launcher"])
@pytest.mark.parametrize("name", ["plain", "a b", "it's $HOME `id` \"x\"", "grün\n一;exit 3"])
def test_a_lone_argument_is_a_program_and_no_shell_text(bench, flux, tmp_path, mode, name):
    script = tmp_path / name
    script.write_text("#!/bin/sh\necho \"alone with $# arguments\"\nexit 5\n")
    script.chmod(0o755)
    done = up(bench, flux, "--mode", mode, "--", script, size=1)
    assert "alone with 0 arguments" in done.out and done.code == 5, done


def test_submit_takes_tasks_and_nodes(bench, flux):
    done = up(bench, flux, "--nodes", 2, "--tasks", 4, "--", "sh", "-c", "echo $FLUX_TASK_RANK/$FLUX_JOB_SIZE/$FLUX_JOB_NNODES",
              size=3)
    assert done.code == 0, done
    assert sorted(re.findall(r"\d/\d/\d", done.out)) == [f"{n}/4/2" for n in range(4)], done


def test_launcher_runs_as_it_is_on_the_leader_and_calls_flux_itself(bench, flux):
    done = up(bench, flux, "--mode", "launcher", "--", "sh", "-c",
              "echo launched; flux submit --watch --quiet -N3 -n3 sh -c 'echo task $FLUX_TASK_RANK'; echo gave $?", size=3)
    assert done.code == 0, done
    assert done.out.count("launched") == 1 and done.out.count("gave 0") == 1, done
    assert sorted(re.findall(r"task (\d)", done.out)) == ["0", "1", "2"], done


def test_wrap_goes_before_the_launcher(bench, flux):
    done = up(bench, flux, "--mode", "launcher", "--wrap", "env WRAPPED=yes", "--", "sh", "-c", "echo wrapped=$WRAPPED", size=1)
    assert done.code == 0 and "wrapped=yes" in done.out, done


def test_batch_runs_each_line_as_a_job(bench, flux, tmp_path):
    script = tmp_path / "jobs.txt"
    script.write_text("# a comment\necho first \"two  blanks\"\n\n   \necho second $((1 + 1))\n  # indented comment\nsh -c 'echo third'\n")
    done = up(bench, flux, "--mode", "batch", "--", script, size=2)
    assert done.code == 0, done
    for line in ("first two  blanks", "second 2", "third"):
        assert len(re.findall(re.escape(line) + "$", done.out, re.M)) == 1, done
    assert "comment" not in done.out, done


def test_batch_fails_when_a_line_does(bench, flux, tmp_path):
    script = tmp_path / "jobs.txt"
    script.write_text("true\nexit 4\ntrue\n")
    assert up(bench, flux, "--mode", "batch", "--", script, size=2).code == 4


def test_batch_raw_runs_the_script_with_its_arguments(bench, flux, tmp_path):
    script = tmp_path / "script.sh"
    script.write_text("#!/bin/sh\nfor word; do echo \"word=<$word>\"; done\necho size=$(flux getattr size)\nexit 6\n")
    script.chmod(0o755)
    done = up(bench, flux, "--mode", "batch-raw", "--", script, "a b", "$HOME", size=2)
    assert done.code == 6, done
    assert "word=<a b>" in done.out and "word=<$HOME>" in done.out and "size=2" in done.out, done


def test_interactive_waits_for_guests_and_ends_when_told(bench, flux):
    process = bench.start(program("muster"), "up", "-n", 2, "--flux", flux, "--mode", "interactive")
    leader = wait_until(lambda: leader_socket(process.pid), lambda: f"a leader under {process.done()}")
    tool = program("muster-rehearsal") if flux == "none" else flux

    def runs():
        assert process.running(), process.done()
        return " run " in bench.run(tool, "uptime", env={"FLUX_URI": f"local://{leader}"}).out
    wait_until(runs, lambda: f"state run of {process.done()}")
    process.signal(signal.SIGINT)
    assert process.wait().code == 130


def descendants(pid):
    """The living processes below `pid`."""
    children = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found, ahead = [], [pid]
    while ahead:
        below = children.get(ahead.pop(), [])
        found += below
        ahead += below
    return found


def leader_socket(pid):
    """The path of the leader's local socket, once a broker below `pid` has it."""
    for below in descendants(pid):
        try:
            words = pathlib.Path(f"/proc/{below}/cmdline").read_bytes().decode().split("\0")
        except OSError:
            continue
        for word in words:
            path = word.removeprefix("local-uri=local://")
            if path != word and "-0" in " ".join(w for w in words if w.startswith("hostname=")) and os.path.exists(path) \
                    and stat.S_ISSOCK(os.stat(path).st_mode):
                return path
    return None


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_everything_in_order(bench, flux, short, tmp_path, number):
    """All processes are gone, and so is what `up` wrote; the code is that of the signal by which the user ended it."""
    process = bench.start(program("muster"), "up", "-n", 3, "--flux", flux, "--", "sh", "-c",
                          f"touch {tmp_path}/$FLUX_TASK_RANK; exec sleep 600", env={"TMPDIR": short})
    wait_until(lambda: len(list(tmp_path.glob("[0-2]"))) == 3 or not process.running(), "three tasks")
    below = descendants(process.pid)
    assert len(below) >= 6, process.done()
    process.signal(number)
    done = process.wait()
    assert done.code == 128 + number, done
    wait_until(lambda: not [pid for pid in below if os.path.exists(f"/proc/{pid}")], "end of every process")
    assert not list(short.iterdir())


def test_nothing_is_left_behind(bench, flux, short):
    done = up(bench, flux, "--", "true", size=2, env={"TMPDIR": short})
    assert done.code == 0, done
    assert not list(short.iterdir())


def test_the_key_that_up_makes_is_not_shown(bench, flux, short):
    """Not in any output, at the most talkative (the fixture `output` searches), nor in any process's environment or
    arguments."""
    process = bench.start(program("muster"), "up", "--keep", "--verbose", "-n", 2, "--flux", flux, "--log-level", "debug",
                          "--mode", "launcher", "--", "sh", "-c", f"env; until [ -e {short}/go ]; do sleep 0.05; done",
                          env={"TMPDIR": short})
    process.wait_for("^FLUX_URI=")
    certificates = list(short.glob("**/curve.cert"))
    assert len(certificates) >= 3, "the instance's and each pod's"
    remember_secrets(certificates[0])
    scanner = secret_scan.Scanner([secret_scan.secret_in(certificates[0])])
    below = descendants(process.pid)
    assert len(below) >= 4
    for pid in [process.pid, *below]:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            assert not scanner.scan_file(f"/proc/{pid}/environ") and not scanner.scan_file(f"/proc/{pid}/cmdline")
    (short / "go").touch()
    assert process.wait().code == 0
    others = [path for path in short.glob("**/*") if path.is_file() and path.name != "curve.cert"]
    assert others and not scanner.scan(*others)


@pytest.fixture
def short():
    """A directory whose name leaves room for a socket's path."""
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="mu") as place:
        yield pathlib.Path(place)


def test_output_says_which_rank_it_comes_from_and_is_plain_when_not_a_terminal(bench, flux):
    done = up(bench, flux, "--", "sh", "-c", "echo out-$FLUX_TASK_RANK; echo err-$FLUX_TASK_RANK >&2", size=2)
    assert done.code == 0, done
    assert "\x1b" not in done.out + done.err
    assert "err-1" in done.out + done.err, done


def test_the_rehearsal_says_that_it_is_one(bench):
    done = up(bench, "none", "--", "true", size=2)
    assert "rehearsal" in done.err + done.out, done


def test_up_takes_the_rehearsal_by_itself_where_there_is_no_flux_and_says_so(bench):
    done = bench.muster("up", "-n", "2", "--", "sh", "-c", "echo task", env={"PATH": "/usr/bin:/bin"})
    assert done.code == 0 and done.out.count("task") == 2, done
    assert "rehearsal" in done.err, done
