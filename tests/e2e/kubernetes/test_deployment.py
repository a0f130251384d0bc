# SPDX-License-Identifier: Apache-2.0
"""muster-controller as users run it: its image in its Deployment, with the definitions and rights of containers/kubernetes as they are. First in
one namespace, and then for all."""
import secrets

import muster_testing
import pages
import pytest
import yaml
from muster_testing import DEADLINE, wait_until
from real_cluster import client, companion
from real_cluster.deployment import NAME, PAGE, YAML, Deployment, customize
from real_cluster.lab import HOLD, Lab

TOKEN = "/var/run/secrets/kubernetes.io"


@pytest.fixture
def elsewhere(kubernetes):
    """The MiniCluster "lab" of another namespace."""
    made = client.Space(kubernetes, f"muster-elsewhere-{secrets.token_hex(3)}")
    yield Lab(made)
    muster_testing.REMEMBERED.extend(made.secrets())
    made.delete()


@pytest.fixture(scope="module")
def for_all(kubernetes, installed, tmp_path_factory):
    """For all namespaces, until the last test of this file has ended."""
    deployment = Deployment(kubernetes, companion.SYSTEM)
    deployment.apply(customize(tmp_path_factory.mktemp("deployment"), YAML, kubernetes.images.controller))
    yield deployment
    deployment.kubectl("delete", "deployment", NAME)


@pytest.fixture
def deployed(for_all, space, output):
    """One replica that leads. What it logs is kept, and searched for what the Secrets of `space` hold."""
    for_all.kubectl("scale", "deployment", NAME, "--replicas=1")
    for_all.wait_available().wait_leader()
    yield for_all
    keep(for_all, output)


def keep(deployment, output):
    for name, text in deployment.logs().items():
        denied = [line for line in text.splitlines() if "answered 403" in line and "the namespace is being deleted" not in line]
        assert text and not denied, text
        (output / f"{name}.log").write_text(text)


def test_in_one_namespace(kubernetes, installed, space, lab, elsewhere, tmp_path, output):
    image = yaml.safe_load(pages.block(PAGE, "patches:").replace("registry.example/muster:0.1.0", kubernetes.images.muster))
    directory = customize(tmp_path, YAML / "namespaced", kubernetes.images.controller, namespace=space.name, **image)
    deployment = Deployment(kubernetes, space.name).apply(directory)
    elsewhere.apply()
    lab.apply(spec={"muster": {"flux": "none", "grace": 3}})
    assert lab.wait_phase("Succeeded", "Failed")["phase"] == "Succeeded", deployment.logs()
    assert space.get("job", "lab")["spec"]["template"]["spec"]["initContainers"][0]["image"] == kubernetes.images.muster
    assert not elsewhere.status() and not elsewhere.space.get("jobs,services,secrets")["items"]
    pod = deployment.wait_leader()
    assert deployment.metrics(pod)["miniclusters"] == 1
    keep(deployment, output)
    kubernetes.kubectl("delete", "-k", directory)
    kinds = "all,roles,rolebindings,serviceaccounts"
    space.wait(lambda: NAME not in space.kubectl("get", kinds, "--output=name").stdout, "the controller is gone")
    assert lab.status()["phase"] == "Succeeded", "the MiniClusters stay"


def leave_job(lab):
    """As the Flux Operator does: the MiniCluster's own, and without a label."""
    lab.apply()
    owner = {"apiVersion": "flux-framework.org/v1alpha2", "kind": "MiniCluster", "name": lab.name, "uid": lab.get()["metadata"]["uid"], "controller": True}
    container = {"name": lab.name, "image": lab.space.kubernetes.images.application, "command": ["sh", "-c", HOLD]}
    lab.space.apply([{"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": lab.name, "ownerReferences": [owner]}, "spec": {
        "completions": 2, "parallelism": 2, "completionMode": "Indexed", "template": {"spec": {
            "restartPolicy": "OnFailure", "terminationGracePeriodSeconds": 1, "containers": [container]}}}}])
    return lab


def test_a_job_that_the_flux_operator_left_goes_on_until_it_ends_or_is_deleted(space, start):
    """As containers/controller/moving.md says."""
    ending, deleted = (leave_job(Lab(space, name)) for name in ("ending", "deleted"))

    def running():
        found = space.pods("job-name")
        return found if [each["status"]["phase"] for each in found.values()] == ["Running"] * 4 else None
    left = space.wait(running, "their pods run")
    start()
    for lab in (ending, deleted):
        lab.wait_for("SpecApplied", f"Job {lab.name} was made by another controller, and goes on as it is: delete the Job")
    assert space.pods("job-name").keys() == left.keys()
    for name in space.pods("job-name=ending"):
        space.exec(name, "touch", "/tmp/go")
    space.kubectl("delete", "job", "deleted")
    for lab in (ending, deleted):
        assert lab.wait_phase("Succeeded", "Failed")["phase"] == "Succeeded", space.told()
    assert not space.pods("app.kubernetes.io/name=ending"), "it is not run again"
    assert [pod["status"]["phase"] for pod in deleted.pods().values()].count("Succeeded") >= 1, "muster's"


def test_it_answers(deployed):
    name = deployed.wait_leader()
    assert (deployed.page(name, "livez"), deployed.page(name, "readyz")) == ("ok\n", "ok\n")
    metrics = deployed.metrics(name)
    assert metrics["leader"] == 1 and metrics["api_connections_total"] == 1, metrics
    pod = deployed.pods()[name]
    assert pod["status"]["containerStatuses"][0]["restartCount"] == 0
    assert pod["spec"]["containers"][0]["securityContext"]["readOnlyRootFilesystem"] and pod["spec"]["securityContext"]["runAsUser"] == 65532


@pytest.mark.parametrize("asked, found", [(None, False), (True, True)], ids=["as-it-is", "asked-for"])
def test_a_minicluster_runs_and_its_pods_have_a_token_only_where_it_is_asked_for(deployed, space, lab, asked, found):
    lab.apply(f"sh -c 'test {'' if found else '!'} -e {TOKEN}'", spec={} if asked is None else {"pod": {"automountServiceAccountToken": asked}})
    assert lab.wait_phase("Succeeded", "Failed")["phase"] == "Succeeded", deployed.logs()
    assert {pod["spec"]["automountServiceAccountToken"] for pod in lab.pods().values()} == {found}



def uids(lab):
    return {name: pod["metadata"]["uid"] for name, pod in lab.pods().items()}


@pytest.mark.parametrize("way", ["deleted", "killed"])
def test_its_successor_goes_on(deployed, space, lab, way):
    lab.apply(f"sh -c '{HOLD}'", spec={"maxSize": 3})
    lab.wait_for("BrokersOnline", "2 of 2")
    before, first = uids(lab), deployed.wait_leader()
    if way == "deleted":
        deployed.kubectl("delete", "pod", first, "--grace-period=0", "--force")
        deployed.wait_leader(other_than=[first])
    elif deployed.kubernetes.own is None:
        pytest.skip("only a cluster of this machine's has processes that a test may kill")
    else:
        deployed.kill(first)
    space.kubectl("scale", "minicluster", "lab", "--replicas=3")
    lab.wait_for("BrokersOnline", "3 of 3")
    assert before.items() <= uids(lab).items(), "the pods that were there are"
    space.exec(lab.leader(), "touch", "/tmp/go")
    assert lab.wait_phase("Succeeded", "Failed")["phase"] == "Succeeded", deployed.logs()


def test_of_two_replicas_one_acts(deployed, lab):
    first = deployed.wait_leader()
    deployed.kubectl("scale", "deployment", NAME, "--replicas=2")
    deployed.wait_available()
    second, = set(deployed.pods()) - {first}
    wait_until(lambda: "waiting leader=" in deployed.log(second), deployed.logs)
    lab.apply()
    assert lab.wait_phase("Succeeded", "Failed")["phase"] == "Succeeded", deployed.logs()
    assert "minicluster=" in deployed.log(first) and "minicluster=" not in deployed.log(second), deployed.logs()
    assert (deployed.metrics(first)["leader"], deployed.metrics(second)["leader"]) == (1, 0)
    assert deployed.page(second, "readyz") == "ok\n", "one that waits is as it should be"
    assert "writes_total" not in deployed.metrics(second)


def test_a_rollout_loses_nothing(deployed, space, lab, elsewhere):
    lab.apply(f"sh -c '{HOLD}'", spec={"maxSize": 3})
    lab.wait_for("BrokersOnline", "2 of 2")
    before, first = uids(lab), deployed.wait_leader()
    deployed.kubectl("rollout", "restart", f"deployment/{NAME}")
    space.kubectl("scale", "minicluster", "lab", "--replicas=3")
    elsewhere.apply()
    deployed.wait_available()
    deployed.wait_leader(other_than=[first])
    lab.wait_for("BrokersOnline", "3 of 3")
    assert before.items() <= uids(lab).items(), "the pods that were there are"
    assert elsewhere.wait_phase("Succeeded", "Failed")["phase"] == "Succeeded", deployed.logs()
    space.exec(lab.leader(), "touch", "/tmp/go")
    assert lab.wait_phase("Succeeded", "Failed")["phase"] == "Succeeded", deployed.logs()
    wait_until(lambda: list(deployed.pods()) and first not in deployed.pods(), "the old one is gone", DEADLINE)
