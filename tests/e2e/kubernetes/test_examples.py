# SPDX-License-Identifier: Apache-2.0
"""The manifests of containers/kubernetes/examples on a real cluster: what they say of themselves, and what the kubelet and the controllers
make of a pod's end."""
import copy
import re
import time
from concurrent.futures import ThreadPoolExecutor

import kubernetes_schemas
import manifests
import pytest
from muster_testing import REPOSITORY, program
from real_cluster import client
from real_cluster.lab import HOLD

EXAMPLES = REPOSITORY / "containers" / "kubernetes" / "examples"
SIZE = 4
KINDS = ["rehearsal", "flux"]
URI = "FLUX_URI=local:///run/muster/run/local"


def example(name, space, *script, flux="none"):
    """Its objects; `script` is its program instead."""
    documents = client.adapt(manifests.load(EXAMPLES / f"{name}.yaml"), space.kubernetes.images, flux)
    if script:
        pod_of(documents)["containers"][0]["args"] = ["sh", "-c", *script]
    return documents


def pod_of(documents):
    return manifests.groups(documents)[0].pods[0].spec


def setting(documents, **named):
    pod_of(documents)["containers"][0]["env"] += [{"name": name, "value": value} for name, value in named.items()]
    return documents


def start(space, documents, certificate):
    space.secret("hello-curve", curve_cert=certificate)
    space.apply(documents)


def leader(space):
    """The pod of index 0, or its last one."""
    found = space.pods("batch.kubernetes.io/job-completion-index=0")
    return sorted(found.values(), key=lambda pod: pod["metadata"]["creationTimestamp"])[-1]


def assert_hello(log, hosts=tuple(f"hello-{rank}" for rank in range(SIZE))):
    said = sorted(re.findall(r"task (\d+) of (\d+) on (\S+)", log))
    assert said == [(str(rank), str(SIZE), host) for rank, host in enumerate(hosts)], log


def ready(space, count):
    def look():
        conditions = [row for pod in space.pods().values() for row in pod["status"].get("conditions", [])]
        return [row["status"] for row in conditions if row["type"] == "Ready"] == ["True"] * count
    space.wait(look, f"{count} pods are ready")


@pytest.fixture(params=KINDS)
def flux(request, kubernetes):
    if request.param == "rehearsal":
        return "none"
    if not kubernetes.images.flux:
        pytest.skip("no real flux: tests/run --flux DIR names one")
    return "flux"


def test_an_indexed_job_runs_its_program_and_ends(space, certificate, flux):
    start(space, example("indexed-job", space, flux=flux), certificate)
    assert space.wait_job("hello", "Complete")["reason"] in ("SuccessPolicy", "CompletionsReached")
    end = client.terminated(leader(space))
    assert (end["exitCode"], end.get("message")) == (0, None)
    assert_hello(space.log(leader(space)["metadata"]["name"]))
    assert space.get("job", "hello")["status"].get("failed", 0) == 0


def test_the_bundle_runs_in_an_image_that_is_left_as_it_is(space, certificate):
    start(space, example("bundle", space), certificate)
    space.wait_job("hello", "Complete")
    assert_hello(space.log(leader(space)["metadata"]["name"]))


def test_what_inject_adds_makes_a_job_an_instance(space, certificate, bench, tmp_path):
    named = space.kubernetes.images
    plain = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "hello"}, "spec": {
        "completionMode": "Indexed", "completions": SIZE, "parallelism": SIZE, "backoffLimit": 0, "template": {"spec": {
            "restartPolicy": "Never", "securityContext": {"runAsUser": 12345, "fsGroup": 12345}, "containers": [{
                "name": "application", "image": named.application, "command": ["sh", "-c"],
                "args": ["echo task $FLUX_TASK_RANK of $FLUX_JOB_SIZE on $(hostname)"]}]}}}}
    (tmp_path / "job.yaml").write_text(kubernetes_schemas.yaml.safe_dump(plain))
    done = bench.run(program("kubectl-muster"), "inject", "--image", named.muster, "--flux", "none", tmp_path / "job.yaml")
    assert done.code == 0, done
    start(space, kubernetes_schemas.load(done.out), certificate)
    space.wait_job("hello", "Complete")
    assert_hello(space.log(leader(space)["metadata"]["name"]))


def test_the_programs_exit_code_is_the_leaders_and_final(space, certificate):
    start(space, example("indexed-job", space, "echo the program fails; exit 3"), certificate)
    assert space.wait_job("hello", "Failed")["reason"] == "PodFailurePolicy"
    assert client.terminated(leader(space))["exitCode"] == 3
    assert len(space.pods("batch.kubernetes.io/job-completion-index=0")) == 1, "it was run again"


def test_a_pod_that_finds_no_name_says_so_and_counts(space, certificate):
    """68: no Service. Its sentence is the termination message; the Job's controller counts it, and does not call it final."""
    documents = setting(example("indexed-job", space), MUSTER_WAIT="2s")
    documents = [each for each in documents if each["kind"] != "Service"]
    manifests.of_kind(documents, "Job")[0]["spec"]["backoffLimit"] = 0
    start(space, documents, certificate)
    assert space.wait_job("hello", "Failed")["reason"] == "BackoffLimitExceeded"
    ends = [client.terminated(pod) for pod in space.pods().values() if "terminated" in pod["status"]["containerStatuses"][0]["state"]]
    said = [end["message"] for end in ends if end["exitCode"] == 68]
    assert said and all("no such name" in each and each.count("\n") <= 1 for each in said), ends


def test_a_program_that_is_not_there_is_final(space, certificate):
    documents = example("indexed-job", space)
    pod_of(documents)["containers"][0]["args"] = ["/no/such/program"]
    start(space, documents, certificate)
    assert space.wait_job("hello", "Failed")["reason"] == "PodFailurePolicy"
    end = client.terminated(leader(space))
    assert end["exitCode"] == 127 and end["message"].startswith("muster: /no/such/program: not found"), end


def test_a_stateful_set_takes_jobs_grows_and_is_deleted_within_its_grace(space, certificate):
    documents = example("stateful-set", space)
    start(space, documents, certificate)
    ready(space, SIZE)
    client_of = ["env", URI, "muster-rehearsal", "run"]
    run = [*client_of, f"-N{SIZE}", f"-n{SIZE}", "sh", "-c"]
    assert_hello(space.exec("hello-0", *run, "echo task $FLUX_TASK_RANK of $FLUX_JOB_SIZE on $(hostname)").stdout)
    assert space.exec("hello-0", *run, "exit 3", check=False).returncode == 3
    space.kubectl("scale", "statefulset", "hello", f"--replicas={SIZE + 1}")
    ready(space, SIZE + 1)
    said = space.exec("hello-0", *client_of, f"-N{SIZE + 1}", f"-n{SIZE + 1}", "hostname").stdout
    assert sorted(said.split()) == [f"hello-{n}" for n in range(SIZE + 1)]
    space.kubectl("scale", "statefulset", "hello", f"--replicas={SIZE}")
    space.wait(lambda: len(space.pods()) == SIZE, "the last pod has left")
    assert_hello(space.exec("hello-0", *run, "echo task $FLUX_TASK_RANK of $FLUX_JOB_SIZE on $(hostname)").stdout)
    space.kubectl("delete", "statefulset", "hello")
    space.wait(lambda: not space.pods(), "all pods have ended", 45)


def test_a_pod_that_leaves_waits_for_its_jobs_and_its_replacement_joins(space, certificate):
    """preStop's `muster leave`: what runs on its rank ends by itself, within two thirds of MUSTER_GRACE."""
    start(space, example("stateful-set", space), certificate)
    ready(space, SIZE)
    script = f"touch /tmp/begun; {HOLD}; echo task $FLUX_TASK_RANK of $FLUX_JOB_SIZE on $(hostname)"
    last = f"hello-{SIZE - 1}"
    with ThreadPoolExecutor() as pool:
        job = pool.submit(space.exec, "hello-0", "env", URI, "muster-rehearsal", "run", f"-N{SIZE}", f"-n{SIZE}", "sh", "-c", script, check=False)
        space.wait(lambda: space.exec(last, "ls", "/tmp/begun", check=False).returncode == 0, "the job runs")
        before = space.pods()[last]["metadata"]["uid"]
        space.kubectl("delete", "pod", last, "--wait=false")
        space.wait(lambda: "1 drained" in space.exec("hello-0", "env", URI, "muster-rehearsal", "uptime").stdout, "its rank is drained", 15)
        for name in space.pods():
            space.exec(name, "touch", "/tmp/go")
        done = job.result()
    assert done.returncode == 0, done
    assert_hello(done.stdout)
    space.wait(lambda: space.pods().get(last, {"metadata": {"uid": before}})["metadata"]["uid"] != before, "it is replaced")
    ready(space, SIZE)
    done = space.exec("hello-0", "env", URI, "muster-rehearsal", "run", f"-N{SIZE}", f"-n{SIZE}", "hostname")
    assert sorted(done.stdout.split()) == [f"hello-{rank}" for rank in range(SIZE)]


def test_the_pods_of_a_deleted_job_end_in_order(space, certificate):
    """SIGTERM behind preStop's `muster leave`: no pod waits until it is killed (terminationGracePeriodSeconds 45)."""
    start(space, example("indexed-job", space, HOLD), certificate)
    ready(space, SIZE)
    space.kubectl("delete", "job", "hello", "--cascade=foreground", "--wait=false")
    begun = time.monotonic()
    space.wait(lambda: not space.pods(), "all pods have ended", 40)
    print(f"4 pods were gone {time.monotonic() - begun:.1f} s after the delete")


def test_a_pod_has_no_token_and_no_service_variables(space, certificate):
    start(space, example("indexed-job", space, HOLD), certificate)
    ready(space, SIZE)
    name = leader(space)["metadata"]["name"]
    said = space.exec(name, "sh", "-c", "ls /var/run/secrets 2>&1; env").stdout
    assert "No such file" in said and "HELLO_" not in said, said


def test_a_field_that_the_api_does_not_know_is_refused(space):
    """The control of every `apply` here."""
    documents = copy.deepcopy(example("indexed-job", space))
    pod_of(documents)["containers"][0]["livenessprobe"] = {}
    done = space.apply(documents, check=False)
    assert done.returncode != 0 and 'unknown field "spec.template.spec.containers[0].livenessprobe"' in done.stderr, done.stderr
