# SPDX-License-Identifier: Apache-2.0
"""check, peers, status, probe and leave in pods, as the pod's user by `kubectl exec`: before the broker runs, while it
waits, while it runs, while it goes."""
import json
import signal

import jsonschema
import pytest
from muster_testing import REPOSITORY, remember_secrets, wait_until
from pods import MUSTER_BIN

BROKER = r"\bbroker --config-path"
SCHEMAS = {name: json.loads((REPOSITORY / "tests" / "data" / "schema" / f"{name}.schema.json").read_text())
           for name in ("check", "peers", "status", "probe", "leave", "report")}


def muster(pod, *words):
    return pod.exec(f"{MUSTER_BIN}/muster", *words)


def ask(pod, command, *words, code=0):
    """The object that a command prints, which fits its schema; it ends with `code`."""
    done = muster(pod, command, *words, "--json")
    assert done.code == code and done.out, done
    found = json.loads(done.out)
    jsonschema.validate(found, SCHEMAS[command])
    return found


def steps(found):
    """The names of the steps, a failed one with its code."""
    return [step["step"] if step["outcome"] == "passed" else (step["step"], step["code"]) for step in found["steps"]]


ALL_STEPS = ["identity", "certificate", "directory", "name", "address", "listener", "curve", "broker", "resources"]


def wait_well(pod):
    wait_until(lambda: muster(pod, "check").code == 0, lambda: muster(pod, "check"))


def test_of_an_instance_that_is_well(instance, flux, user):
    pods = instance.start(3, "sleep", "600", flux=flux, mode="launcher", **user)
    for pod in pods:
        wait_well(pod)
    assert steps(ask(pods[1], "check")) == ALL_STEPS
    assert steps(ask(pods[0], "check")) == ALL_STEPS  # the leader reaches itself, by its name
    assert "all is well" in muster(pods[2], "check").out

    for pod in pods:
        for probe in ("startup", "ready", "live"):
            ask(pod, "probe", probe)
        peers = ask(pod, "peers")["ranks"]
        assert [(peer["rank"], peer["reached"], peer["gate"], peer["broker"]) for peer in peers] == [
            (0, True, "curve", "full"), (1, True, "address", "full"), (2, True, "address", "full")], peers
        assert [peer["address"] for peer in peers] == [pod.address for pod in pods]
        status = ask(pod, "status")
        assert (status["state"], status["size"]) == ("run", 3)
        for rank in status["ranks"]:
            jsonschema.validate(rank["report"], SCHEMAS["report"])
            assert (rank["broker"], rank["resources"], rank["pod"], rank["note"]) == ("full", "avail", rank["r"], "")


def test_the_settings_are_those_of_the_entrypoint(instance):
    """What PID 1 was told by flags, an exec does not have."""
    pods = instance.pods(2, "sleep", "600", mode="launcher", run=["--size", "2", "--port", "8060"])
    for pod in pods:
        for name in ("MUSTER_SIZE", "MUSTER_PORT"):
            pod.env.pop(name, None)
    instance.cluster.start(pods)
    wait_well(pods[1])
    peers = ask(pods[1], "peers")["ranks"]
    assert [peer["port"] for peer in peers] == [8060, 8060]


def test_peers_of_a_tree(instance, flux):
    """kary:2: ranks 0 and 1 have children and listen; an elastic rank that is absent is no fault."""
    pods = instance.pods(4, "sleep", "600", flux=flux, mode="launcher", topology="kary:2", max_size=5)
    instance.cluster.start(pods)
    wait_well(pods[3])
    found = ask(pods[3], "peers")
    assert [(peer["listens"], peer.get("parent"), peer["reached"], peer["gate"]) for peer in found["ranks"]] == [
        (True, None, True, "curve"), (True, 0, True, "curve"), (False, 0, True, "address"), (False, 1, True, "address"),
        (False, 1, False, "name")], found
    assert "(may be absent)" in muster(pods[0], "peers").out
    pods[1].delete()
    found = ask(pods[2], "peers", "--for=3s", code=69)
    reached = [peer["reached"] for peer in found["ranks"]]
    del reached[3]  # its parent was rank 1: Flux loses it, sooner or later
    assert reached == [True, False, True, False], found


def test_while_the_leader_is_absent(instance, flux):
    """No name, then an address without a listener; the probes say what check says, and live leaves the pod alone."""
    leader, follower = instance.pods(2, "sleep", "600", flux=flux, mode="launcher")
    follower.start()
    follower.wait_log("waiting for rank 0")
    found = ask(follower, "check", "--for=3s", code=68)
    assert steps(found) == ["identity", "certificate", "directory", ("name", 68)], found
    sentence = found["steps"][-1]["text"]
    assert "rank 0 (pod-0)" in sentence and found["steps"][-1]["evidence"], found
    probed = ask(follower, "probe", "startup", code=68)
    assert probed["text"].startswith("name: ") and "rank 0 (pod-0)" in probed["text"]
    ask(follower, "probe", "ready", code=68)
    ask(follower, "probe", "live")
    peers = ask(follower, "peers", "--for=3s", code=68)["ranks"]
    assert [(peer["reached"], peer["gate"]) for peer in peers] == [(False, "name"), (False, "name")], peers

    # Somebody else has the leader's address and does not listen.
    stranger = instance.cluster.pod(9, ["sleep", "600"])
    leader.address = stranger.address
    stranger.start()
    instance.cluster.publish(leader)
    found = ask(follower, "check", "--for=3s", code=69)
    assert steps(found) == ["identity", "certificate", "directory", "name", "address", ("listener", 69)], found
    assert muster(follower, "status").code == 69


def test_of_another_certificate(instance, flux):
    leader, follower = instance.pods(2, "sleep", "600", flux=flux, mode="launcher")
    other = instance.cluster.scratch / "other.cert"
    assert instance.bench.muster("keygen", other).code == 0
    follower.certificate = remember_secrets(other)
    instance.cluster.start([leader, follower])
    leader.wait_process(BROKER)
    wait_until(lambda: muster(follower, "check", "--for=3s").code == 76, lambda: muster(follower, "check", "--for=3s"))
    assert steps(ask(follower, "check", "--for=3s", code=76))[-1] == ("curve", 76)
    # The leader waits for its quorum, and says for whom.
    wait_until(lambda: "absent: rank 1 (pod-1)" in muster(leader, "check").out, lambda: muster(leader, "check"))
    assert steps(ask(leader, "check", code=69))[-1] == ("broker", 69)
    for probe in ("startup", "ready", "live"):
        ask(leader, "probe", probe)


def test_the_leader_names_two_pods_of_one_rank(instance, flux):
    """They throw each other out, and the third is missing: where it is known, it is in the leader's sentence."""
    leader, follower, _ = instance.pods(3, "true", flux=flux, mode="launcher")
    twin = instance.pods(3, "true", flux=flux, mode="launcher")[1]
    twin.lives = 10  # its log is another
    instance.cluster.start([leader, follower, twin])
    wait_until(lambda: "rank 1 (pod-1) has come anew" in muster(leader, "check").out, lambda: muster(leader, "check"), 90)
    found = ask(leader, "check", code=69)
    assert "absent: " in found["steps"][-1]["text"] and "two pods have this rank" in found["steps"][-1]["text"], found


def test_of_a_pod_that_does_not_know_itself(instance):
    (pod,) = instance.pods(1, flux="none", mode="interactive")
    instance.cluster.start([pod])
    wait_well(pod)
    done = pod.exec(f"{MUSTER_BIN}/muster", "check", "--size=4", "--hosts=a,b,c,d", "--json")
    found = json.loads(done.out)
    jsonschema.validate(found, SCHEMAS["check"])
    assert done.code == 78 and steps(found) == [("identity", 78)], done
    assert "rank" not in found


def test_a_pod_with_fewer_cores_than_r_says(instance, flux):
    pods = instance.pods(2, "sleep", "600", flux=flux, mode="launcher")
    pods[1].argv = ["taskset", "-c", "0", *pods[1].argv]
    instance.cluster.start(pods)

    def drained():
        return "this pod may use 1 core" in pods[1].exec("taskset", "-c", "0", f"{MUSTER_BIN}/muster", "check").out
    wait_until(drained, lambda: pods[1].exec("taskset", "-c", "0", f"{MUSTER_BIN}/muster", "check"))
    done = pods[1].exec("taskset", "-c", "0", f"{MUSTER_BIN}/muster", "check", "--json")
    assert done.code == 78 and steps(json.loads(done.out))[-1] == ("resources", 78), done
    ranks = ask(pods[0], "status")["ranks"]
    assert [rank.get("too_small") for rank in ranks] == [False, True]


def test_live_fails_only_for_a_broker_that_hangs(instance, flux):
    pods = instance.start(2, "sleep", "600", flux=flux, mode="launcher")
    for pod in pods:
        wait_well(pod)
    leader, follower = (pod.find(BROKER) for pod in pods)
    follower.send(signal.SIGSTOP)
    assert "stopped" in ask(pods[1], "probe", "live", code=69)["text"]
    follower.send(signal.SIGCONT)
    wait_until(lambda: muster(pods[1], "probe", "live").code == 0, "the follower lives again")
    # A leader that hangs does not kill its follower.
    leader.send(signal.SIGSTOP)
    ask(pods[1], "probe", "live")
    ask(pods[1], "probe", "startup")
    assert "leader does not answer" in ask(pods[1], "probe", "ready", code=69)["text"]
    leader.send(signal.SIGCONT)


def test_status_keeps_the_answers_that_came(instance, flux):
    pods = instance.start(3, "sleep", "600", flux=flux, mode="launcher")
    for pod in pods:
        wait_well(pod)
    hangs = pods[1].find(BROKER)
    hangs.send(signal.SIGSTOP)
    found = ask(pods[0], "status", "--for=4s", code=69)
    assert [("report" in rank, rank["answered"]) for rank in found["ranks"]] == [(True, True), (False, False), (True, True)]
    assert found["code"] == 69 and found["error"].startswith("rank 1 (pod-1) did not answer in 4 s"), found
    done = muster(pods[0], "status", "--for=4s")
    assert done.code == 69 and "rank 1 (pod-1) did not answer" in done.err and "it did not answer\n" in done.out, done
    hangs.send(signal.SIGCONT)
    wait_until(lambda: muster(pods[0], "status").code == 0, lambda: muster(pods[0], "status"))


def flux_ask(pod, *words):
    """A flux command for the pod's broker."""
    program = pod.env["MUSTER_FLUX"]
    program = f"{MUSTER_BIN}/muster-rehearsal" if program == "none" else program
    return pod.exec(program, *words, env={"FLUX_URI": "local:///run/muster/run/local"})


def drained(pod):
    done = flux_ask(pod, "resource", "drain", "-n", "-o", "{ranks} {state} {reason}")
    return done.out.strip() if done.code == 0 else str(done)


def test_a_rank_leaves_and_comes_back(instance, flux, user):
    """leave waits for the job, the leader undrains the rank when it is gone, and its next life gets jobs."""
    pods = instance.start(3, "sleep", "600", flux=flux, mode="launcher", **user)
    for pod in pods:
        wait_well(pod)
    job = flux_ask(pods[0], "submit", "-N3", "-n3", "--input=/dev/null", "sleep", "3")
    assert job.code == 0, job
    wait_until(lambda: "allocated|3" in flux_ask(pods[0], "resource", "list", "-n", "-o", "{state}|{nnodes}").out, "the job runs")
    left = ask(pods[2], "leave")
    assert left["outcome"] == "left", left
    assert drained(pods[0]) == "2 drained muster leave"
    assert "this rank is leaving" in muster(pods[2], "check").out
    assert pods[2].exec("test", "-e", "/run/muster/leaving").code == 0
    assert ask(pods[2], "leave")["outcome"] == "left"  # once more does no harm
    pods[2].signal(signal.SIGTERM)
    assert pods[2].wait() == 143
    wait_until(lambda: drained(pods[0]) == "", lambda: drained(pods[0]))
    pods[2].replace()
    wait_well(pods[2])
    done = flux_ask(pods[0], "run", "-N3", "-n3", "true")
    assert done.code == 0, done
    assert not pods[0].find(r"--when-gone"), "the leader's watch is over"


def test_leave_gives_up_within_the_grace(instance, flux):
    pods = instance.start(2, "sleep", "600", flux=flux, mode="launcher")
    for pod in pods:
        wait_well(pod)
    assert flux_ask(pods[0], "submit", "-N2", "-n2", "--input=/dev/null", "sleep", "600").code == 0
    wait_until(lambda: "allocated|2" in flux_ask(pods[0], "resource", "list", "-n", "-o", "{state}|{nnodes}").out, "the job runs")
    assert ask(pods[1], "leave", "--for=1s")["outcome"] == "busy"
    assert drained(pods[0]) == "1 draining muster leave"


def test_leave_returns_when_the_whole_instance_ends(instance, flux):
    pods = instance.start(2, "sh", "-c", "trap '' HUP TERM; sleep 600", flux=flux, mode="launcher", grace="24s")
    for pod in pods:
        wait_well(pod)
    assert ask(pods[0], "leave")["outcome"] == "ending"
    assert drained(pods[0]) == ""
    # The program is deaf: the leader's cleanup takes a third of the grace, long enough to be seen.
    assert flux_ask(pods[0], "submit", "-N2", "-n2", "--input=/dev/null", "sh", "-c", "trap '' TERM; sleep 600").code == 0
    wait_until(lambda: "allocated|2" in flux_ask(pods[0], "resource", "list", "-n", "-o", "{state}|{nnodes}").out, "the job runs")
    pods[0].signal(signal.SIGTERM)
    left = ask(pods[1], "leave", "--for=60s")
    assert left["outcome"] == "ending", left
    assert pods[1].exec("test", "-e", "/run/muster/leaving").code != 0


def test_the_schemas_refuse(instance):
    """Negative controls: a wrong object is not what a command prints."""
    for name, wrong in (("check", {"command": "check"}), ("probe", {"command": "probe", "probe": "x"}),
                        ("peers", {"ranks": []}), ("status", {"state": ""}), ("leave", {"outcome": "gone"})):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, SCHEMAS[name])
