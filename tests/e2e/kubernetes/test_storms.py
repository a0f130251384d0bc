# SPDX-License-Identifier: Apache-2.0
"""muster-controller while the cluster has bad days: an API server that is killed, forgets, refuses, or loses its answers; a controller that
is killed; users who delete in the middle. The world ends as if nothing had been."""
import json
import signal
import threading
import time

import pytest
from real_cluster import companion
from real_cluster.companion import SYSTEM
from real_cluster.lab import HOLD, Lab, versions

ACCOUNT = f"system:serviceaccount:{SYSTEM}:muster-controller"
HPA = "system:serviceaccount:kube-system:horizontal-pod-autoscaler"


@pytest.fixture
def own(kubernetes):
    """The cluster, where it is one that a test may treat as it likes."""
    if not kubernetes.own:
        pytest.skip("this is the user's cluster: its control plane is left alone")
    return kubernetes.own


def go(space, lab):
    """Wherever its program is, it may end; pods that are going need no word."""
    for name in lab.pods():
        space.exec(name, "touch", "/tmp/go", check=False)


def said(space, lab, line):
    """How often its program has said this."""
    return space.log(lab.leader()).splitlines().count(line)


def succeeds(space, lab):
    assert lab.wait_phase("Succeeded", "Failed")["phase"] == "Succeeded", space.told()


def uids(space):
    found = space.get("jobs,services,secrets")["items"]
    return {(each["kind"], each["metadata"]["name"]): each["metadata"]["uid"] for each in found}


def made(proxy):
    """The paths of what was really created, but for Events."""
    return sorted(path.rsplit("/", 1)[1] for method, path, code in proxy.seen if method == "POST" and code == 201 and not path.endswith("/events"))


def test_answers_that_are_lost_and_refusals_that_pass(space, start, lab, proxy):
    proxy.meet("POST", "/secrets$", proxy.lose_answer)
    proxy.meet("POST", "/services$", proxy.refuse(429, "TooManyRequests", retry_after=1))
    proxy.meet("POST", "/services$", proxy.refuse(500, "InternalError"))
    proxy.meet("POST", "/jobs$", proxy.lose_answer)
    proxy.meet("PATCH", "/miniclusters/lab/status$", proxy.refuse(409, "Conflict"))
    proxy.meet("PATCH", "/miniclusters/lab/status$", proxy.lose_answer)
    proxy.meet("PATCH", "/miniclusters/lab/status$", proxy.refuse(429, "TooManyRequests", retry_after=1))
    start(through=proxy)
    lab.apply("echo once")
    succeeds(space, lab)
    assert not proxy.rules, proxy.rules
    assert made(proxy) == ["jobs", "secrets", "services"]
    assert said(space, lab, "once") == 1
    assert lab.condition("Finished")["message"] == "the program ended with exit code 0"
    assert lab.status()["observedGeneration"] == 1


def test_watches_that_are_cut_and_a_server_out_of_reach(space, start, lab, proxy):
    controller = start(through=proxy)
    lab.apply(f"sh -c '{HOLD}'", spec={"maxSize": 3})
    lab.wait_phase("Running")
    for connection in proxy.connections:
        connection.cut()
    controller.wait_for("watch kind=Job error=")
    space.kubectl("scale", "minicluster", "lab", "--replicas=3")
    lab.wait_for("BrokersOnline", "3 of 3")
    proxy.stop()
    go(space, lab)  # and all changes meanwhile go unseen
    space.wait_job("lab", "Complete")
    proxy.listen()
    succeeds(space, lab)
    assert made(proxy) == ["jobs", "secrets", "services"]


def test_an_api_server_that_is_killed_and_has_forgotten(space, start, lab, own, tmp_path):
    control, (url, _) = own.control, companion.server(space.kubernetes, tmp_path / "authority")
    controller = start()
    lab.apply(f"sh -c '{HOLD}'", spec={"maxSize": 3})
    lab.wait_phase("Running")
    before = uids(space)
    control.machine.signal("apiserver", signal.SIGKILL)
    controller.wait_for("watch kind=MiniCluster error=")
    control.start_api(url)
    space.kubectl("scale", "minicluster", "lab", "--replicas=3")
    lab.wait_for("BrokersOnline", "3 of 3")
    assert uids(space) == before
    controller.signal(signal.SIGSTOP)
    service, = [name for kind, name in before if kind == "Service"]
    space.kubectl("delete", "service", service)
    space.kubectl("scale", "minicluster", "lab", "--replicas=2")
    control.machine.signal("apiserver", signal.SIGKILL)
    control.start_api(url)
    controller.signal(signal.SIGCONT)
    controller.wait_for("too old resource version")
    space.wait(lambda: uids(space).keys() == before.keys(), "the Service is there again")
    lab.wait_for("BrokersOnline", "2 of 2")
    go(space, lab)
    succeeds(space, lab)
    now = uids(space)
    assert {key for key in before if before[key] != now[key]} == {("Service", service)}


def rows(own, space):
    """Of the API server's audit log, about this namespace or the controller's own."""
    found = map(json.loads, (own.control.directory / "audit.log").read_text().splitlines())
    return [each for each in found if each.get("objectRef", {}).get("namespace") in (space.name, SYSTEM)]


def asked(own, space):
    """What the controller has asked."""
    return [each for each in rows(own, space) if each["user"]["username"] == ACCOUNT]


def test_nothing_is_asked_while_nothing_changes(space, start, lab, own):
    start("--leader-elect", "--lease-namespace", SYSTEM).wait_for("synced miniclusters=")
    lab.apply("sleep inf")
    Lab(space, "ended").apply()
    succeeds(space, Lab(space, "ended"))
    lab.wait_for("BrokersOnline", "2 of 2")
    space.wait(lambda: space.get("job", "lab")["status"].get("ready") == 2, "the Job controller, too, knows of them")
    before, done = versions(space), len(asked(own, space))
    time.sleep(60)  # the budget is of a minute
    more = asked(own, space)[done:]
    assert {(each["verb"], each["objectRef"]["resource"]) for each in more if each["objectRef"]["resource"] != "leases"} <= {
        ("watch", resource) for resource in ("pods", "services", "jobs", "miniclusters")}, more
    assert len([each for each in more if each["verb"] == "watch"]) <= 4
    lab.apply("sleep inf")
    assert versions(space) == before


def test_a_controller_that_is_killed_after_each_of_its_writes(space, start, lab, proxy, bench):
    """It never hears what came of them."""
    proxy.after_write = lambda _: bench.processes[-1].signal(signal.SIGKILL)
    lab.apply("sh -c 'echo once; sleep 2'")

    def ended():
        return lab.status().get("phase") == "Succeeded"
    while not ended():
        start(through=proxy).wait()
    assert made(proxy) == ["jobs", "secrets", "services"]
    assert len(bench.processes) == len([code for method, _, code in proxy.seen if method != "GET" and code < 300]) >= 5
    assert said(space, lab, "once") == 1
    assert lab.condition("Finished")["message"] == "the program ended with exit code 0"


def test_deleted_at_each_stage_it_leaves_nothing(space, start, proxy):
    """All at once: one MiniCluster of each stage."""
    held = threading.Event()
    proxy.meet("POST", "/jobs$", proxy.hold(held))
    start(through=proxy)
    labs = {}

    def begin(name, *words, **more):
        labs[name] = Lab(space, name).apply(*words, **more)
        return labs[name]
    begin("objects")
    space.wait(lambda: len(uids(space)) == 2 and not proxy.rules, "Secret and Service are made, the Job is not")
    begin("pending", spec={"pod": {"nodeSelector": {"no": "such-node"}}}).wait_for("BrokersOnline", "no node takes it")
    begin("quorum", commands={"workerPre": HOLD})
    begin("running", "sleep inf")
    begin("ending", f"sh -c 'trap : TERM; {HOLD}'", commands={"workerPre": "trap 'sleep 5' EXIT"})
    labs["quorum"].wait_for("BrokersOnline", "1 of 2")
    for name in ("running", "ending"):
        labs[name].wait_for("BrokersOnline", "2 of 2")
    go(space, labs["ending"])
    labs["ending"].wait_phase("Ending", "Succeeded")
    begin("created")
    space.kubectl("delete", "miniclusters", "--all")
    held.set()
    space.wait(lambda: not space.pods() and not versions(space), "nothing is left")


def scale_path(space):
    return f"/apis/flux-framework.org/v1alpha2/namespaces/{space.name}/miniclusters/lab/scale"


def test_an_autoscaler_of_the_cluster_scales_it(space, start, lab):
    """A real HorizontalPodAutoscaler, which needs no metrics to see that it is too small; then a write like its own."""
    start()
    lab.apply(f"sh -c '{HOLD}'", spec={"maxSize": 3})
    lab.wait_for("BrokersOnline", "2 of 2")
    hpa = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "lab"}, "spec": {
        "scaleTargetRef": {"apiVersion": "flux-framework.org/v1alpha2", "kind": "MiniCluster", "name": "lab"}, "minReplicas": 3, "maxReplicas": 3}}
    space.apply([hpa])
    lab.wait_for("BrokersOnline", "3 of 3")
    space.kubectl("delete", "hpa", "lab")
    scale = json.loads(space.kubectl("get", f"--as={HPA}", "--raw", scale_path(space)).stdout)
    assert (scale["spec"]["replicas"], scale["status"]["replicas"]) == (3, 3)
    assert set(space.pods(scale["status"]["selector"])) == set(lab.pods())
    scale["spec"]["replicas"] = 2
    space.kubectl("replace", f"--as={HPA}", "--raw", scale_path(space), "-f", "-", given=json.dumps(scale))
    lab.wait_for("BrokersOnline", "2 of 2")
    assert space.get("job", "lab")["spec"]["completions"] == 2
    go(space, lab)
    succeeds(space, lab)


def test_a_queue_suspends_admits_and_evicts_it(space, start, lab, proxy):
    """As Kueue does: its webhook suspends a Job that has its label; when there is room it says where, and lets it run; it may take that back."""
    def suspend(job):
        assert job["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] == "lab"
        job["spec"]["suspend"] = True
    proxy.meet("POST", "/jobs$", proxy.change(suspend))
    start(through=proxy)
    lab.apply(f"sh -c 'echo begun; {HOLD}'", spec={"jobLabels": {"kueue.x-k8s.io/queue-name": "lab"}})
    lab.wait_phase("Suspended")
    assert not lab.pods()

    def admit(where):
        place = {"template": {"spec": {"nodeSelector": {"kubernetes.io/os": where}}}} if where else {}
        space.kubectl("patch", "job", "lab", "--type=merge", "-p", json.dumps({"spec": {"suspend": not where, **place}}))
    admit("linux")
    lab.wait_phase("Running")
    assert {pod["spec"]["nodeSelector"]["kubernetes.io/os"] for pod in lab.pods().values()} == {"linux"}
    admit(None)
    lab.wait_phase("Suspended")
    space.wait(lambda: not lab.pods(), "its pods go")
    admit("linux")
    lab.wait_for("BrokersOnline", "2 of 2")
    go(space, lab)
    succeeds(space, lab)
    assert space.get("job", "lab")["spec"]["suspend"] is False
    assert [code for method, path, code in proxy.seen if method == "PATCH" and path.endswith("/jobs/lab")] == [], "nobody contradicts the queue"


def test_what_others_change_is_set_right(space, start, lab):
    """A Service that finds nobody any more, and a pod of services that its node has evicted."""
    start()
    listener = {"image": space.kubernetes.images.application, "name": "listener", "command": "sleep inf"}
    lab.apply("sleep inf", spec={"services": [listener]})
    lab.wait_phase("Running")
    service, = [name for kind, name in uids(space) if kind == "Service"]
    pod, = [each for name, each in lab.pods().items() if name.endswith("-services")]
    change = {"spec": {"selector": {"app": "theirs"}, "publishNotReadyAddresses": False}}
    space.kubectl("patch", "service", service, "--type=merge", "-p", json.dumps(change))
    space.kubectl("patch", "pod", pod["metadata"]["name"], "--subresource=status", "--type=merge", "-p", json.dumps({"status": {"phase": "Failed", "reason": "Evicted"}}))

    def is_right():
        spec, now = space.get("service", service)["spec"], lab.pods().get(pod["metadata"]["name"])
        return list(spec["selector"]) == ["muster.flux-framework.org/instance"] and spec["publishNotReadyAddresses"] and (
            now and now["metadata"]["uid"] != pod["metadata"]["uid"] and now["status"]["phase"] == "Running")
    space.wait(is_right, "both are as they were")
