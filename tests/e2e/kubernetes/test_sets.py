# SPDX-License-Identifier: Apache-2.0
"""The examples for JobSet and LeaderWorkerSet, under their own controllers."""
import pytest
from real_cluster import controllers
from test_examples import SIZE, assert_hello, example, ready, start

JOB_OF_SET = "hello-flux-0"


@pytest.fixture(scope="module")
def sets(kubernetes):
    if kubernetes.own:
        controllers.start(kubernetes.own)
    elif kubernetes.kubectl("get", "crd", "jobsets.jobset.x-k8s.io", "leaderworkersets.leaderworkerset.x-k8s.io", check=False).returncode:
        pytest.skip("this cluster has no JobSet and no LeaderWorkerSet")


def terminal_state(space):
    return space.get("jobset", "hello").get("status", {}).get("terminalState")


def first_log(space, job=JOB_OF_SET):
    name, = space.pods(f"batch.kubernetes.io/job-name={job},batch.kubernetes.io/job-completion-index=0")
    return space.log(name)


def test_a_job_set_runs_its_program_and_ends(space, sets, certificate):
    start(space, example("job-set", space), certificate)
    space.wait(lambda: terminal_state(space) == "Completed", "the JobSet has completed")
    assert_hello(first_log(space), [f"{JOB_OF_SET}-{rank}" for rank in range(SIZE)])


def test_what_is_final_is_final_for_the_job_set(space, sets, certificate):
    start(space, example("job-set", space, "exit 3"), certificate)
    space.wait(lambda: terminal_state(space) == "Failed", "the JobSet has failed")
    assert space.get("jobset", "hello")["status"].get("restarts", 0) == 0


def test_a_leader_worker_set_stays_and_its_leader_is_started_again(space, sets, certificate):
    start(space, example("leader-worker-set", space), certificate)
    hosts = ["hello-0", *(f"hello-0-{rank}" for rank in range(1, SIZE))]
    space.wait(lambda: space.pods().keys() == set(hosts), "the pods are made")
    ready(space, SIZE)
    space.wait(lambda: space.log("hello-0").count(f" of {SIZE} on hello-0") >= SIZE, "the program runs")
    assert_hello(space.log("hello-0"), hosts)
    space.exec("hello-0", "sh", "-c", "kill 1")
    space.wait(lambda: space.pods()["hello-0"]["status"]["containerStatuses"][0]["restartCount"] == 1, "the kubelet starts it again")
    ready(space, SIZE)
    space.wait(lambda: space.log("hello-0").count(f" of {SIZE} on hello-0") >= SIZE, "the program runs again")
    assert [pod["status"]["containerStatuses"][0]["restartCount"] for _, pod in sorted(space.pods().items())] == [1, 0, 0, 0], "its followers stayed"
    space.kubectl("delete", "leaderworkerset", "hello")
    space.wait(lambda: not space.pods(), "all pods have ended", 45)
