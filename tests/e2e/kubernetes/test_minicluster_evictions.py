# SPDX-License-Identifier: Apache-2.0
"""Pods of a MiniCluster that are evicted through the API, as a drained node's are, while muster-controller looks after it."""
from real_cluster import client
from real_cluster.lab import HOLD
from test_evictions import evict, of_index

SIZE = 3


def online(lab, count=SIZE):
    lab.wait_for("BrokersOnline", f"{count} of {count} brokers")


def lines(space, pod, *words):
    return sorted(line for line in space.log(pod).splitlines() if line.startswith(words))


def names_of(space, index):
    return [each["metadata"]["name"] for each in of_index(space, index)]


def test_the_replacement_of_an_evicted_leader_finds_its_followers_and_runs_the_program_again_once(space, start, lab):
    start()
    lab.apply(f"sh -c 'echo begun on $(hostname); {HOLD}; echo done on $(hostname)'", size=SIZE, spec={"tasks": SIZE})
    online(lab)
    space.wait(lambda: len(lines(space, lab.leader(), "begun")) == SIZE, "the program runs")
    leader = lab.leader()
    followers = set(lab.pods()) - {leader}
    replacement = evict(space, lab.pods()[leader])["metadata"]["name"]
    online(lab)
    assert set(lab.pods()) == followers | {replacement}, "the followers stayed"
    space.wait(lambda: len(lines(space, lab.leader(), "begun")) == SIZE, "the program runs again")
    lab.release()
    assert lab.wait_phase("Succeeded", "Failed")["phase"] == "Succeeded", space.told()
    assert lines(space, lab.leader(), "begun", "done") == sorted(f"{word} on lab-{rank}" for word in ("begun", "done") for rank in range(SIZE))


def test_the_replacement_of_a_leader_evicted_before_the_quorum_runs_the_program(space, start, lab):
    start()
    lab.apply("sh -c 'echo begun on $(hostname)'", size=SIZE, spec={"tasks": SIZE},
              commands={"workerPre": f"case $(hostname) in lab-{SIZE - 1}) {HOLD} ;; esac"})
    lab.wait_for("BrokersOnline", f"{SIZE - 1} of {SIZE}")
    space.wait(lambda: f"online: lab-[0-{SIZE - 2}]" in space.log(lab.leader()), "all but one are there")
    evict(space, lab.pods()[lab.leader()])
    late, = of_index(space, SIZE - 1)
    space.exec(late["metadata"]["name"], "touch", "/tmp/go")
    assert lab.wait_phase("Succeeded", "Failed")["phase"] == "Succeeded", space.told()
    assert lines(space, lab.leader(), "begun") == [f"begun on lab-{rank}" for rank in range(SIZE)]


def test_a_follower_is_evicted_while_a_launcher_runs(space, start, lab):
    """Under a new address it is there again for the program, which was on the leader alone."""
    start()
    run = f"/muster/bin/muster-rehearsal run -N{SIZE} -n{SIZE} sh -c 'echo task on $(hostname)'"
    lab.apply(f'sh -c "echo begun; {HOLD}; {run}"', size=SIZE, launcher=True)
    online(lab)
    follower, = of_index(space, SIZE - 1)
    replacement = evict(space, follower)
    assert replacement["status"]["podIP"] != follower["status"]["podIP"]
    online(lab)
    lab.release()
    assert lab.wait_phase("Succeeded", "Failed")["phase"] == "Succeeded", space.told()
    assert lines(space, lab.leader(), "task on") == [f"task on lab-{rank}" for rank in range(SIZE)]


def test_the_program_of_an_evicted_follower_runs_again(space, start, lab):
    """Its task is lost, and so the program; the leader's end by a signal is no failure of the program's, which its replacement starts anew."""
    start()
    lab.apply(f"sh -c 'echo begun on $(hostname); {HOLD}'", size=SIZE, spec={"tasks": SIZE})
    online(lab)
    first = lab.leader()
    space.wait(lambda: len(lines(space, first, "begun")) == SIZE, "the program runs")
    evict(space, of_index(space, SIZE - 1)[0])
    second, = space.wait(lambda: set(names_of(space, 0)) - {first}, "another leader")
    online(lab)
    message = client.terminated(lab.pods()[first])["message"]
    assert "rank 2 (lab-2) was lost while the program ran" in message and "its own status" not in message
    space.wait(lambda: len(lines(space, second, "begun")) == SIZE, "the program runs again")
    lab.release()
    assert lab.wait_phase("Succeeded", "Failed")["phase"] == "Succeeded", space.told()
