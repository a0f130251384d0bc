# SPDX-License-Identifier: Apache-2.0
"""A machine of the tests' Kubernetes cluster: nothing of what it starts or mounts outlives it, and its record ends nobody else."""
import os
import pathlib
import subprocess

import pods
import pytest
from muster_testing import DEADLINE, wait_until
from real_cluster import machine
from real_cluster.machine import Ended, Machine


@pytest.fixture
def made(tmp_path):
    if reason := pods.why_not():
        pytest.skip(reason)
    one = Machine("lab-machine", tmp_path / "one")
    one.boot()
    yield one
    one.end()


def mounts():
    return pathlib.Path("/proc/mounts").read_text()


def test_it_has_a_network_processes_mounts_and_a_name_of_its_own(made):
    said = made.run("sh", "-c", "hostname; ls /sys/class/net /run/netns; ip -o link | wc -l; echo $$ >/run/mine; touch /var/lib/mine; cat /proc/1/comm")
    assert said.split()[0] == "lab-machine" and said.split()[-1] == "tini"
    assert made.run("sh", "-c", "ip -o link | wc -l").split() == ["1"]  # its own loopback
    assert not pathlib.Path("/run/mine").exists() and not pathlib.Path("/var/lib/mine").exists()


def test_what_it_started_and_mounted_ends_with_it(made, tmp_path):
    (tmp_path / "place").mkdir()
    before = mounts()
    made.run("mount", "-t", "tmpfs", "tmpfs", tmp_path / "place")
    made.start("sleeper", "sh", "-c", "setsid sleep 98765")  # its grandchild, as a shim is
    assert wait_until(lambda: "sleep 98765" in made.run("ps", "ax"), "it runs")
    seen = [pid for pid in os.listdir("/proc") if pid.isdigit() and b"98765" in command_line(pid)]
    assert seen and mounts() == before
    assert made.end()
    wait_until(lambda: not [pid for pid in seen if b"98765" in command_line(pid)], "all of it has ended")
    assert not made.runs() and not made.end()


def command_line(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def test_a_record_whose_process_has_ended_ends_nobody(made, tmp_path):
    """A pid comes round again, and a crash leaves its record."""
    other = subprocess.Popen(["sleep", "1000"])
    try:
        (tmp_path / "two").mkdir()
        (tmp_path / "two" / "first-process").write_text(f"{other.pid} 1")
        stale = Machine("two", tmp_path / "two")
        assert not stale.runs() and not stale.end() and other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_a_program_is_signalled_by_its_own_record(made):
    made.start("sleeper", "sleep", "98764")
    assert made.runs_program("sleeper")
    made.signal("sleeper")
    assert not made.runs_program("sleeper") and made.runs()


def test_a_program_ignores_no_signal(made):
    """What it ignored, all of a node's pods would."""
    made.start("sleeper", "sleep", "98763")
    pid = (made.directory / "sleeper.pid").read_text().strip()
    wait_until(lambda: made.run("cat", f"/proc/{pid}/comm") == "sleep\n", "it runs")
    assert [row.split()[1] for row in made.run("cat", f"/proc/{pid}/status").splitlines() if row.startswith("SigIgn")] == ["0" * 16]


def test_who_waits_for_a_program_that_has_ended_reads_what_it_said(made):
    made.start("failing", "sh", "-c", "echo no such flag; exit 3")
    with pytest.raises(Ended, match="failing of lab-machine has ended:\nno such flag"):
        made.wait_for("failing", lambda: False, "it serves", DEADLINE)


def test_a_process_that_is_not_there_has_not_started():
    assert machine.started_at(2**22 + 1) is None and machine.started_at(os.getpid()) > 0
