# SPDX-License-Identifier: Apache-2.0
"""Pods of a hand-written Indexed Job that are evicted through the API, as a drained node's are: what replaces them finds the others."""
import json

from real_cluster.lab import HOLD
from test_examples import SIZE, example, leader, pod_of, ready, setting, start

PROGRAM = f"echo begun on $(hostname); {HOLD}; echo done on $(hostname)"


def evict(space, pod):
    """As `kubectl drain` does; returns when another pod has its index and runs."""
    index = pod["metadata"]["annotations"]["batch.kubernetes.io/job-completion-index"]
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod["metadata"]["name"], "namespace": space.name}}
    space.kubernetes.kubectl("create", "--raw", f"/api/v1/namespaces/{space.name}/pods/{pod['metadata']['name']}/eviction", "-f", "-", given=json.dumps(body))

    def replaced():
        return [each for each in of_index(space, index) if each["metadata"]["uid"] != pod["metadata"]["uid"] and each["status"]["phase"] == "Running"]
    return space.wait(replaced, f"a pod replaces {pod['metadata']['name']}")[0]


def of_index(space, index):
    return list(space.pods(f"batch.kubernetes.io/job-completion-index={index}").values())


def release(space):
    for name in space.pods():
        space.exec(name, "touch", "/tmp/go")


def names(space):
    return set(space.pods())


def test_the_replacement_of_an_evicted_leader_finds_its_followers_and_runs_the_program_again_once(space, certificate):
    start(space, example("indexed-job", space, PROGRAM), certificate)
    ready(space, SIZE)
    space.wait(lambda: space.log(leader(space)["metadata"]["name"]).count("begun on") == SIZE, "the program runs")
    followers = names(space) - {leader(space)["metadata"]["name"]}
    replacement = evict(space, leader(space))
    ready(space, SIZE)
    assert names(space) == followers | {replacement["metadata"]["name"]}, "the followers stayed"
    release(space)
    space.wait_job("hello", "Complete")
    log = space.log(replacement["metadata"]["name"])
    assert sorted(line for line in log.splitlines() if line.startswith(("begun", "done"))) == sorted(
        f"{word} on hello-{rank}" for word in ("begun", "done") for rank in range(SIZE)), log


def test_the_replacement_of_a_leader_evicted_before_the_quorum_runs_the_program(space, certificate):
    documents = example("indexed-job", space, "echo begun on $(hostname)")
    for row in pod_of(documents)["containers"][0]["env"]:
        if row["name"] == "MUSTER_SIZE":
            row["value"] = str(SIZE + 1)  # whose last pod is not there yet
    start(space, documents, certificate)
    space.wait(lambda: [each["status"]["phase"] for each in space.pods().values()] == ["Running"] * SIZE, "the pods run")
    space.wait(lambda: f"online: hello-[0-{SIZE - 1}]" in space.log(leader(space)["metadata"]["name"]), "all but one are there")
    evict(space, leader(space))
    space.kubectl("patch", "job", "hello", "--type=merge", "--patch", json.dumps({"spec": {"completions": SIZE + 1, "parallelism": SIZE + 1}}))
    space.wait_job("hello", "Complete")
    log = space.log(leader(space)["metadata"]["name"])
    assert sum(line.startswith("begun on") for line in log.splitlines()) == SIZE + 1, log


def test_an_evicted_follower_comes_back_under_a_new_address(space, certificate):
    """Its ranks' work is lost with it; a program on the leader alone goes on, and then has all of them again."""
    run = f"muster-rehearsal run -N{SIZE} -n{SIZE} sh -c 'echo task on $(hostname)'"
    documents = setting(example("indexed-job", space, f"{HOLD}; {run}"), MUSTER_MODE="launcher")
    start(space, documents, certificate)
    ready(space, SIZE)
    follower, = of_index(space, 2)
    replacement = evict(space, follower)
    ready(space, SIZE)
    assert replacement["status"]["podIP"] != follower["status"]["podIP"]
    space.exec(leader(space)["metadata"]["name"], "touch", "/tmp/go")
    space.wait_job("hello", "Complete")
    log = space.log(leader(space)["metadata"]["name"])
    assert sorted(line.split()[-1] for line in log.splitlines() if line.startswith("task on")) == [f"hello-{rank}" for rank in range(SIZE)], log
