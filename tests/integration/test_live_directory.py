# SPDX-License-Identifier: Apache-2.0
"""A directory in which a broker lives is nobody else's; once it is dead, however it died, the directory can be used again."""
import re
import signal

import pytest
from muster_testing import program


@pytest.fixture
def run(bench, tmp_path, flux):
    """Starts `muster run` of an instance of one broker in the test's directory."""
    def start(*program_and_arguments):
        return bench.start(program("muster"), "run", "--mode", "launcher", *settings(tmp_path, flux), "--", *program_and_arguments)
    return start


def settings(tmp_path, flux):
    return ["--dir", tmp_path / "m", "--flux", flux, "--hosts", "here", "--rank", "0"]


def content(directory):
    return {path.name: path.read_bytes() for path in directory.iterdir() if path.is_file()}


def test_a_broker_that_lives_is_left_alone(bench, run, tmp_path, flux):
    first = run("sh", "-c", "echo runs; sleep 600")
    first.wait_for("runs")
    before = content(tmp_path / "m")
    second = run("true").wait()
    assert second.code == 78, second
    pid = re.search(rf"a broker lives in {re.escape(str(tmp_path))}/m already \(process (\d+)\): .*--dir", second.err)
    assert pid and int(pid[1]) == first.pid, second
    third = bench.muster("run", *settings(tmp_path, flux), "--mode", "launcher")  # without a program
    assert third.code == 64, third
    assert content(tmp_path / "m") == before, "not even the report"
    done = bench.muster("check", *settings(tmp_path, flux))
    assert done.code == 0, done


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_dead_brokers_directory_is_free(run, number):
    first = run("sh", "-c", "echo runs; exec sleep 600")
    first.wait_for("runs")
    first.signal(number)
    first.wait()
    again = run("echo", "again").wait()
    assert again.code == 0 and "again" in again.out, again
