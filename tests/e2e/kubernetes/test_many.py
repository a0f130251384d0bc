# SPDX-License-Identifier: Apache-2.0
"""Many MiniClusters at once: each ends as it should, and what they cost the API server and the controller is bounded."""
import pathlib

import pytest
from real_cluster.audit import Audit, counted
from real_cluster.lab import Lab

NOWHERE = {"pod": {"nodeSelector": {"no-node-has": "this"}}}


@pytest.fixture
def asked(kubernetes, space, start):
    """(a controller, a function that tells what it has asked in this namespace since it had synced)."""
    if not kubernetes.own:
        pytest.skip("another's audit log is not here to be read")
    process = start()
    audit = Audit(kubernetes.own)
    return process, lambda: [row for row in audit.work() if row["objectRef"].get("namespace") == space.name]


def phases(space):
    return {each["metadata"]["name"]: each.get("status", {}).get("phase") for each in space.get("miniclusters")["items"]}


def memory(process, which):
    """In MiB, as proc(5) has it."""
    rows = dict(line.split(":", 1) for line in pathlib.Path(f"/proc/{process.pid}/status").read_text().splitlines())
    return int(rows[which].split()[0]) / 1024


def test_tens_at_once_end_as_they_should(space, asked):
    ends = {f"lab-{number}": number % 3 == 2 for number in range(24)}
    space.apply([Lab(space, name).described(f"sh -c 'exit {3 if fails else 0}'", size=1) for name, fails in ends.items()])
    wanted = {name: "Failed" if fails else "Succeeded" for name, fails in ends.items()}
    space.wait(lambda: phases(space) == wanted, "all have ended", 600)
    rows = asked[1]()
    # Three objects, a status for each phase, and an Event for what has turned.
    assert len(rows) <= 14 * len(ends), counted(rows)
    assert not [row for row in rows if row["verb"] in ("get", "list", "delete")], counted(rows)


def test_a_hundred_take_little_memory_and_few_requests(space, asked):
    process, rows_now = asked
    before = memory(process, "VmRSS")
    names = [f"lab-{number}" for number in range(100)]
    space.apply([Lab(space, name).described(spec=NOWHERE) for name in names])
    space.wait(lambda: space.kubectl("get", "miniclusters", "--output=jsonpath={.items[*].status.conditions[?(@.reason=='Trouble')].reason}").stdout.split()
               == ["Trouble"] * len(names), "all are told that no node takes their pods", 600)
    grown = memory(process, "VmHWM") - before
    assert grown <= 10, f"{grown:.1f} MiB more than the {before:.1f} before the first"
    rows = rows_now()
    # Three objects, the status before and after the scheduler's word, an Event of each.
    assert len(rows) <= 8 * len(names), counted(rows)
    space.kubectl("delete", "miniclusters", "--all", "--wait=false")
    space.wait(lambda: not space.pods(), "nothing is left of them", 600)
