# SPDX-License-Identifier: Apache-2.0
"""What goes with a MiniCluster that is deleted, while the cluster's garbage collector does nothing: it may be busy, and learns of a kind that is
new to the cluster only within half a minute."""
import contextlib
import signal

import pytest
from real_cluster.lab import HOLD


@pytest.fixture
def own(kubernetes):
    """The cluster, where it is one that a test may treat as it likes."""
    if not kubernetes.own:
        pytest.skip("this is the user's cluster: its control plane is left alone")
    return kubernetes.own


@contextlib.contextmanager
def collector_stopped(own):
    """It is a part of kube-controller-manager."""
    own.control.machine.signal("kube-controller-manager", signal.SIGSTOP)
    try:
        yield
    finally:
        own.control.machine.signal("kube-controller-manager", signal.SIGCONT)


def job_uid(space):
    found = space.get("jobs")["items"]
    return found[0]["metadata"]["uid"] if found else None


def test_created_again_at_once_it_waits_for_no_collector(space, start, lab, own):
    start()
    lab.apply(f"sh -c '{HOLD}'")
    lab.wait_for("BrokersOnline", "2 of 2")
    first = job_uid(space)
    with collector_stopped(own):
        space.kubectl("delete", "minicluster", "lab")
        lab.apply("echo again")
        space.wait(lambda: job_uid(space) not in (None, first), "it has a Job of its own")
    assert lab.wait_phase("Succeeded", "Failed")["phase"] == "Succeeded", space.told()
    assert "again" in space.log(lab.leader())
    assert "NameTaken" not in [reason for reason, _ in lab.events()]


def test_deleted_with_orphans_its_job_stays(space, start, lab):
    controller = start()
    lab.apply(f"sh -c '{HOLD}'")
    lab.wait_for("BrokersOnline", "2 of 2")
    first = job_uid(space)
    space.kubectl("delete", "minicluster", "lab", "--cascade=orphan")
    lab.apply("hostname")
    lab.wait_for("ObjectsCreated", "Job lab is there already, and is not this MiniCluster's")
    assert job_uid(space) == first
    assert len(space.pods()) == 2
    assert "delete Job" not in controller.err()
