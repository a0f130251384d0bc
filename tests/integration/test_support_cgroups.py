# SPDX-License-Identifier: Apache-2.0
"""Control groups of the tests' Kubernetes nodes: made so that a pod's processes may enter, and removed with what is below."""
import os
import subprocess

import pytest
from real_cluster import cgroups

NAME = f"muster-test-cgroups-{os.getpid()}"


@pytest.fixture
def group():
    if os.geteuid() != 0 or cgroups.why_not():
        pytest.skip("only root makes control groups, and not on every machine")
    cgroups.make(NAME)
    yield NAME
    cgroups.remove(NAME)


@pytest.mark.skipif(cgroups.is_v2(), reason="hierarchies are cgroup v1's")
def test_a_process_may_enter_a_group_of_every_hierarchy(group):
    entered = [each / group / "cgroup.procs" for each in cgroups._hierarchies()]
    assert len(entered) > 4
    for path in entered:
        subprocess.run(["sh", "-c", f"echo $$ >{path}"], check=True)


def test_what_is_below_goes_with_it_once_its_processes_have_ended(group):
    below = [each / group / "kubepods" / "pod1" for each in cgroups._hierarchies()]
    for path in below:
        path.mkdir(parents=True)
    staying = below[-1] / "cgroup.procs"
    process = subprocess.Popen(["sh", "-c", f"echo $$ >{staying}; echo in; read line"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"in\n"
    with pytest.raises(AssertionError, match=f"the control group {NAME} is empty"):
        cgroups.remove(NAME, 0.1)
    process.communicate(b"\n")
    cgroups.remove(NAME)
    assert not any((each / NAME).exists() for each in cgroups._hierarchies())


@pytest.fixture
def v2(tmp_path, monkeypatch):
    """What make() sees of a machine with cgroup v2."""
    monkeypatch.setattr(cgroups, "ROOT", tmp_path)
    (tmp_path / "cgroup.controllers").write_text("cpuset cpu io memory hugetlb pids rdma misc\n")
    (tmp_path / "cgroup.subtree_control").write_text("")
    return tmp_path


def test_on_cgroup_v2_the_controllers_are_given_down(v2):
    assert cgroups.why_not() is None
    cgroups.make(NAME)
    for path in (v2, v2 / NAME):
        assert (path / "cgroup.subtree_control").read_text() == "+cpu +cpuset +memory +pids"


def test_on_cgroup_v2_a_missing_controller_is_named(v2):
    (v2 / "cgroup.controllers").write_text("cpuset cpu memory\n")
    assert "lacks the controllers pids: use a machine" in cgroups.why_not()


def test_on_cgroup_v2_a_group_that_may_not_give_them_says_what_to_do(v2):
    (v2 / "cgroup.subtree_control").unlink()
    (v2 / "cgroup.subtree_control").mkdir()
    with pytest.raises(AssertionError, match="start it with --cgroupns=host"):
        cgroups.make(NAME)
