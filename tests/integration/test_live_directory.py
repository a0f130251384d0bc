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
def test_a_run_that_waits_is_left_alone_until_it_is_dead(bench, tmp_path, number):
    """It has written its files and is no broker yet: nothing listens that would tell."""
    def run(**settings):
        words = [word for name, value in settings.items() for word in (f"--{name}", value)]
        return bench.start(program("muster"), "run", "--dir", tmp_path / "m", "--flux", "none", *words)

    assert bench.muster("keygen", tmp_path / "cert").code == 0
    waits = {"hosts": "127.0.0.1,127.0.0.2", "rank": 1, "cert": tmp_path / "cert", "wait": "10m"}
    first = run(**waits)
    first.wait_for("since 1.0 s")
    before = content(tmp_path / "m")
    for settings in (waits, {"hosts": "here", "rank": 0}):
        second = run(**settings).wait()
        assert second.code == 78, second
        assert f"another muster run uses {tmp_path}/m" in second.err and "--dir" in second.err, second
        assert content(tmp_path / "m") == before, "not even the report"
    first.signal(number)
    first.wait()
    again = run(**{**waits, "wait": "1ms"}).wait()
    assert again.code == 69 and content(tmp_path / "m") != before, again


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_dead_brokers_directory_is_free(run, number):
    first = run("sh", "-c", "echo runs; exec sleep 600")
    first.wait_for("runs")
    first.signal(number)
    first.wait()
    again = run("echo", "again").wait()
    assert again.code == 0 and "again" in again.out, again
