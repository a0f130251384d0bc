# SPDX-License-Identifier: Apache-2.0
"""The search that follows every test: proven by planting what it must find."""
import os
import pathlib
import subprocess

import muster_testing
import pytest

HEAD = """
import base64, pathlib
from muster_testing import program, remember_secrets

def make(bench, tmp_path):
    path = tmp_path / "c"
    assert bench.run(program("muster"), "keygen", path).code == 0
    return path
"""
TESTS = pathlib.Path(__file__).parents[1]


def play(tmp_path, body):
    """Runs one test in a pytest of its own, with our conftest; (exit code, output)."""
    test = tmp_path / "test_planted.py"
    test.write_text(HEAD + body)
    done = subprocess.run(
        ["/usr/bin/python3", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "conftest", "-c", "/dev/null", test],
        cwd=tmp_path, capture_output=True, text=True, timeout=60,
        env={**os.environ, "PYTHONPATH": f"{TESTS}:{TESTS}/support", "MUSTER_TEST_OUTPUT": str(tmp_path / "output")})
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("leak", [
    'bench.run("cat", path)',
    'bench.run("sh", "-c", f"cat {path} >&2")',
    'bench.run("base64", path)',
    'bench.run("grep", "secret-key", path)',
    'remember_secrets(path); text = path.read_text(); path.unlink(); bench.run("echo", text)',
])
def test_a_leak_fails_the_test_that_made_it(tmp_path, leak):
    code, out = play(tmp_path, f"\ndef test_leak(bench, tmp_path):\n    path = make(bench, tmp_path)\n    {leak}\n")
    assert code == 1 and "a secret was shown" in out and "1 passed, 1 error" in out, out


def test_without_a_leak_it_passes(tmp_path):
    code, out = play(tmp_path, "\ndef test_leak(bench, tmp_path):\n    path = make(bench, tmp_path)\n    bench.run('echo', path)\n")
    assert code == 0, out


@pytest.mark.parametrize("line", ["==1==ERROR: AddressSanitizer: heap-use-after-free on address 0x1",
                                  "a.cpp:1:2: runtime error: signed integer overflow"])
def test_a_sanitizers_report_fails_the_test(tmp_path, line):
    code, out = play(tmp_path, f"\ndef test_report(bench):\n    bench.run('echo', {line!r})\n")
    assert code == 1 and line in out, out


def test_a_process_that_hangs_fails_and_is_killed(bench):
    process = bench.start("sleep", "1000")
    with pytest.raises(AssertionError, match="still running after 0.2 s"):
        process.wait(0.2)
    assert not process.running()


def test_waiting_for_what_never_is_said_fails_early(bench):
    with pytest.raises(AssertionError, match="ended without 'x'"):
        bench.start("true").wait_for("x")
    with pytest.raises(AssertionError, match="not within"):
        muster_testing.wait_until(lambda: False, "never", 0.05)
