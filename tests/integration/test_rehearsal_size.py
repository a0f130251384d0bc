# SPDX-License-Identifier: Apache-2.0
"""muster-rehearsal: many brokers on one machine. Times and figures are in tests/bench; here only that it works."""
import os
import time

import brokers
import pytest

TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def wakings(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("voluntary_ctxt_switches:"))


def resident_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("RssAnon:"))


@pytest.mark.slow
@pytest.mark.parametrize("parents", [{}, {rank: (rank - 1) // 4 for rank in range(5, 100)}], ids=["flat", "kary4"])
def test_a_hundred_brokers(bench, tmp_path, parents):
    instance = brokers.Instance(bench, tmp_path, "none", 100, parents=parents)
    leader = instance.start_all("flux", "submit", "--watch", "--quiet", "-N100", "-n100", "sh", "-c", "echo $FLUX_TASK_RANK")
    done = leader.wait(120)
    assert done.code == 0, done
    assert sorted(map(int, done.out.split())) == list(range(100))
    for rank in range(1, 100):
        assert instance.brokers[rank].wait().code == 0


def test_an_idle_broker_costs_next_to_nothing(bench, tmp_path):
    """No polling: it wakes a few times a second at most (whatever else the machine does), and a small private memory."""
    instance = brokers.Instance(bench, tmp_path, "none", 3, parents={2: 1})
    leader = instance.start_all("sleep", "600")
    instance.brokers[2].wait_for("quorum->run")
    leader.wait_for("quorum->run")
    pids = [instance.brokers[rank].pid for rank in range(3)]
    before = [(cpu_seconds(pid), wakings(pid)) for pid in pids]
    time.sleep(5)
    for pid, (seconds, times) in zip(pids, before):
        assert wakings(pid) - times <= 50
        assert cpu_seconds(pid) - seconds <= 0.25
        assert resident_kib(pid) < 16 * 1024
