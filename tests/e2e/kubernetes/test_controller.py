# SPDX-License-Identifier: Apache-2.0
"""muster-controller on a real cluster, with the rights that containers/kubernetes gives it and no others: what becomes of a MiniCluster, from
its creation to its end."""
import base64
import json
import re
import signal

import muster_testing
import pages
import pytest
import yaml
from muster_testing import REPOSITORY
from real_cluster.companion import SYSTEM, YAML
from real_cluster.lab import HOLD, Lab, versions


def test_a_minicluster_runs_to_its_end(space, start, lab, tmp_path):
    controller = start()
    lab.apply("sh -c 'echo task $FLUX_TASK_RANK of $FLUX_JOB_SIZE'", spec={"tasks": 2})
    status = lab.wait_phase("Succeeded", "Failed")
    assert status["phase"] == "Succeeded", space.told()
    assert sorted(re.findall(r"task (\d) of 2", space.log(lab.leader()))) == ["0", "1"]
    assert lab.condition("Finished")["message"] == "the program ended with exit code 0"
    assert (status["observedGeneration"], status["size"], status["maximumSize"], status["selector"]) == (1, 2, 2, "hpa-selector=lab")
    said = dict(lab.events())
    assert said["Created"].endswith(", Job lab") and said["Succeeded"] == "the program ended with exit code 0", said
    secret, = [each for each in space.get("secrets")["items"] if each["metadata"]["name"].endswith("-curve")]
    certificate = tmp_path / "made.cert"
    certificate.write_bytes(base64.b64decode(secret["data"]["curve.cert"]))
    kept = muster_testing.remember_secrets(certificate)  # and searched for when the test ends
    key = re.search(r'secret-key = "(.*)"', kept)[1]
    told = json.dumps([lab.get(), space.get("events"), space.get("jobs,services,pods")]) + controller.err()
    assert key not in told and "secret-key" not in told


def test_an_image_that_has_muster_needs_no_installation(space, start, lab):
    start()
    lab.apply("sh -c 'echo task $FLUX_TASK_RANK'", spec={"tasks": 2}, image=space.kubernetes.images.muster)
    assert lab.wait_phase("Succeeded", "Failed")["phase"] == "Succeeded", space.told()
    assert "initContainers" not in space.pods()[lab.leader()]["spec"]
    assert sorted(re.findall(r"task (\d)", space.log(lab.leader()))) == ["0", "1"]


def test_what_is_there_is_left_as_it_is(space, start, lab):
    first = start()
    lab.apply(f"sh -c '{HOLD}'")
    lab.wait_phase("Running")
    lab.wait_for("BrokersOnline", "2 of 2")
    first.signal(signal.SIGKILL)
    before = versions(space)
    second = start()
    space.exec(lab.leader(), "touch", "/tmp/go")
    lab.wait_phase("Succeeded")
    after = versions(space)
    assert {key for key in before if before[key] != after[key]} == {("MiniCluster", "lab"), ("Job", "lab")}, "their status"
    assert "create" not in second.err(), second.err()


@pytest.mark.parametrize("command, told", [
    ("sh -c 'exit 3'", "exit code 3"), ("sh -c 'exit 69'", "exit code 69 "), ("sh -c 'kill -TERM $$'", "exit code 143: the program ended with ")])
def test_a_failing_programs_exit_code_is_told_and_it_runs_once(lab, start, command, told):
    start()
    lab.apply(command)
    assert lab.wait_phase("Succeeded", "Failed")["phase"] == "Failed"
    assert told in lab.condition("Finished")["message"], lab.condition("Finished")
    assert lab.leader(), "only one"


def test_a_container_beside_flux_that_fails_is_the_end(space, start, lab):
    start()
    image = space.kubernetes.images.application
    lab.apply(spec={"containers": [{"image": image, "command": "hostname", "runFlux": True}, {"image": image, "command": "sh -c 'exit 7'", "name": "side"}]})
    assert lab.wait_phase("Succeeded", "Failed")["phase"] == "Failed"
    assert re.match("(leader|follower) lab-.*: container side ended with exit code 7", lab.condition("Finished")["message"]), lab.condition("Finished")


@pytest.mark.parametrize("wrong, condition, sentence", [
    ({"command": "no-such-program"}, "Finished", "exit code 127: no-such-program: not found"),
    ({"image": "no.such.registry.invalid/image:1"}, "BrokersOnline", "0 of 2 brokers are online; lab-.*: the image no.such.registry.invalid/image:1 cannot be pulled"),
    ({"volumes": {"data": {"path": "/data", "claimName": "no-such-claim"}}}, "BrokersOnline", "no node takes it: .*no-such-claim"),
    ({"resources": {"requests": {"cpu": "1000"}}}, "BrokersOnline", "no node takes it: .*Insufficient cpu"),
])
def test_what_is_wrong_is_named(lab, start, wrong, condition, sentence):
    start()
    lab.apply(**wrong)
    lab.wait_for(condition, sentence)


def test_who_takes_too_long_is_named(space, start):
    """Only Events say why, which nobody watches: people are told where they are."""
    start()
    mounts, account, waits = (Lab(space, name) for name in ("mounts", "account", "waits"))
    mounts.apply(volumes={"data": {"path": "/data", "secretName": "no-such-secret"}})
    account.apply(spec={"pod": {"serviceAccountName": "no-such-account"}})
    waits.apply(spec={"muster": {**waits.described()["spec"]["muster"], "domain": "no.such.domain"}})
    mounts.wait_for("BrokersOnline", "0 of 2 brokers are online; (mounts-0-.*) has not started: kubectl describe pod mounts-0-.* says why")
    account.wait_for("BrokersOnline", "0 of 2 brokers are online; 2 of 2 pods could not be made: kubectl describe job account says why")
    waits.wait_for("BrokersOnline", "1 of 2 brokers are online; (waits-1-.*) is not online: kubectl logs waits-1-.* says what it waits for")
    assert waits.status()["phase"] == "Starting", "the quorum is missing"


def test_services_run_in_a_pod_of_their_own(space, start, lab):
    start()
    service = {"image": space.kubernetes.images.application, "name": "listener", "command": "sh -c 'cat /tmp/said; sleep inf'",
               "commands": {"servicePre": "echo before the service > /tmp/said"}}
    lab.apply("sleep inf", spec={"services": [service], "network": {"headlessName": "flux-service"}})
    lab.wait_phase("Running")
    for dialled in ("lab-services.flux-service", "lab-services.$(hostname -d)", "lab-1.$(hostname -d)"):
        space.wait(lambda dialled=dialled: space.kubectl("exec", lab.leader(), "--", "sh", "-c", f"getent hosts {dialled}", check=False).stdout, dialled)
    name, = [name for name in lab.pods() if name.endswith("-services")]
    space.wait(lambda: space.log(name) == "before the service\n", "the service speaks")
    space.kubectl("delete", "pod", name, "--grace-period=1")
    space.wait(lambda: lab.pods().get(name, {}).get("status", {}).get("phase") == "Running", "it comes again")


@pytest.mark.parametrize("field, who", [("workerPre", "follower lab-1-.*"), ("pre", ".*")])
def test_shell_text_that_fails_is_named(start, lab, field, who):
    start()
    lab.apply("hostname", commands={field: "echo before; exit 7"})
    assert lab.wait_phase("Succeeded", "Failed")["phase"] == "Failed"
    assert re.fullmatch(f"{who}: exit code 7: commands.{field} failed", lab.condition("Finished")["message"]), lab.condition("Finished")


def test_a_container_beside_flux_that_does_not_end_is_named(space, start, lab):
    start()
    image = space.kubernetes.images.application
    flux, web = {"image": image, "command": "hostname", "runFlux": True}, {"image": image, "command": f"sh -c '{HOLD}'", "name": "web"}
    lab.apply(spec={"containers": [flux, web]})
    lab.wait_for("Running", f"leader {lab.name}-0-.* has ended with exit code 0.*; its pod waits for container web to end, too")
    assert lab.status()["phase"] == "Ending"
    space.kubectl("exec", lab.leader(), "--container=web", "--", "touch", "/tmp/go")
    assert lab.wait_phase("Succeeded", "Failed")["phase"] == "Succeeded", space.told()


@pytest.mark.parametrize("command, message", [("hostname", "the program ended with exit code 0"), ("sh -c 'exit 3'", "leader .*: exit code 3")])
def test_a_native_sidecar_ends_with_flux(space, start, lab, command, message):
    """As containers/controller/moving.md shows it."""
    start()
    shown = yaml.safe_load(pages.block((REPOSITORY / "containers" / "controller" / "moving.md").read_text(), "muster:"))["muster"]["podTemplate"]
    shown["spec"]["initContainers"][0].update(image=space.kubernetes.images.application, command=["sh", "-c", "trap 'exit 1' TERM; while :; do sleep 0.1; done"])
    lab.apply(command, spec={"muster": {"image": space.kubernetes.images.muster, "flux": "none", "grace": 3, "podTemplate": shown}})
    assert lab.wait_phase("Succeeded", "Failed")
    assert re.match(message, lab.condition("Finished")["message"]), lab.condition("Finished")
    assert "Trouble" not in dict(lab.events()) or "exit code 3" in dict(lab.events())["Trouble"], lab.events()


def test_followers_dial_the_leaders_address(space, start, lab):
    start()
    lab.apply("sh -c 'echo task $FLUX_TASK_RANK'", spec={"tasks": 2, "flux": {"container": {"disable": True}, "minimalService": True}})
    assert lab.wait_phase("Succeeded", "Failed")["phase"] == "Succeeded", space.told()
    assert sorted(re.findall(r"task (\d)", space.log(lab.leader()))) == ["0", "1"]
    service, = [each for each in space.get("services")["items"] if each["metadata"]["name"].endswith("-leader")]
    environment = space.get("job", "lab")["spec"]["template"]["spec"]["containers"][0]["env"]
    assert {"name": "MUSTER_LEADER_ADDRESS", "value": service["spec"]["clusterIP"]} in environment


def test_it_grows_and_shrinks(space, start, lab):
    start()
    lab.apply(f"sh -c '{HOLD}'", spec={"maxSize": 3})
    lab.wait_for("BrokersOnline", "2 of 2")
    space.kubectl("scale", "minicluster", "lab", "--replicas=3")
    lab.wait_for("BrokersOnline", "3 of 3")
    space.kubectl("scale", "minicluster", "lab", "--replicas=2")
    lab.wait_for("BrokersOnline", "2 of 2")
    space.wait(lambda: len(lab.pods()) == 2, "the third pod goes")
    assert "spec.maxSize: Invalid value: this is less than spec.size" in space.kubectl("scale", "minicluster", "lab", "--replicas=4", check=False).stderr
    space.kubectl("patch", "minicluster", "lab", "--type=merge", "-p", '{"spec": {"size": 4, "maxSize": 4}}')
    lab.wait_for("SpecApplied", "spec.size: 4 is more than the 3 ranks")
    assert space.get("job", "lab")["spec"]["parallelism"] == 2
    space.exec(lab.leader(), "touch", "/tmp/go")
    lab.wait_phase("Succeeded")


def test_deleted_it_leaves_nothing_and_its_name_is_free_at_once(space, start, lab):
    start()
    lab.apply("sleep inf")
    lab.wait_phase("Running")
    first = set(versions(space))
    space.kubectl("delete", "minicluster", "lab")
    lab.apply()
    assert lab.wait_phase("Succeeded", "Failed")["phase"] == "Succeeded", space.told()
    space.wait(lambda: set(versions(space)) & first == {("MiniCluster", "lab"), ("Job", "lab")} | {
        key for key in first if key[1] == "kube-root-ca.crt"}, "what the first one had is gone")
    space.kubectl("delete", "minicluster", "lab")
    space.wait(lambda: not lab.pods() and not versions(space), "nothing is left")


def test_cleanup_deletes_it_when_it_has_ended(space, start, lab):
    start()
    lab.apply(spec={"cleanup": True})
    space.wait(lambda: not versions(space) and not lab.pods(), "it has cleaned up")
    assert ("Succeeded", "the program ended with exit code 0") in lab.events()


def test_suspended_by_another_it_stays_suspended(space, start, lab):
    start()
    lab.apply("sleep inf")
    lab.wait_phase("Running")
    space.kubectl("patch", "job", "lab", "--type=merge", "-p", '{"spec": {"suspend": true}}')
    lab.wait_phase("Suspended")
    space.wait(lambda: not lab.pods(), "its pods go")
    assert space.get("job", "lab")["spec"]["suspend"] is True
    space.kubectl("patch", "job", "lab", "--type=merge", "-p", '{"spec": {"suspend": false}}')
    lab.wait_phase("Running")


def test_a_stranger_of_that_name_is_left_alone(space, start, lab):
    start()
    space.kubectl("create", "service", "clusterip", "brokers", "--tcp=80")
    before = versions(space)["Service", "brokers"]
    lab.apply(spec={"network": {"headlessName": "brokers"}})
    lab.wait_for("ObjectsCreated", "Service brokers is there already, and is not this MiniCluster's")
    assert lab.status()["phase"] == "Refused" and versions(space)["Service", "brokers"] == before
    space.kubectl("delete", "service", "brokers")
    lab.wait_phase("Succeeded")


def test_of_two_controllers_one_acts_and_the_other_takes_over(space, start, lab, installed):
    installed.kubectl("delete", "lease", "muster-controller", f"--namespace={SYSTEM}", "--ignore-not-found")
    flags = ("--leader-elect", "--lease-namespace", SYSTEM)
    first = start(*flags)
    first.wait_for("leading lease")
    second = start(*flags)
    second.wait_for("waiting leader=")
    lab.apply()
    lab.wait_phase("Succeeded")
    assert "minicluster=" not in second.err()
    first.signal(signal.SIGTERM)
    assert first.wait().code == 0
    second.wait_for("leading lease")
    space.kubectl("delete", "minicluster", "lab")
    lab.apply()
    lab.wait_phase("Succeeded")


def test_the_api_takes_what_is_applied_to_run_it(installed):
    for directory in (YAML, YAML / "namespaced"):
        done = installed.kubectl("apply", "--dry-run=server", "--validate=strict", "-k", directory)
        assert "deployment.apps/muster-controller" in done.stdout and "Warning" not in done.stderr, done
