# SPDX-License-Identifier: Apache-2.0
"""The manifests of containers/kubernetes/examples run: every pod as its manifest says, under the names that its workload's
controller gives it, without a cluster. The program runs on every rank, and its exit code is the leader's pod's."""
import copy
import dataclasses
import pathlib
import re

import kubelet
import kubernetes_schemas
import manifests
import pages
import pytest
from muster_testing import REPOSITORY, real_flux, remember_secrets, program as built

EXAMPLES = REPOSITORY / "containers" / "kubernetes" / "examples"
PAGE = (EXAMPLES / "README.md").read_text()
SIZE = 4
JOBS = ["indexed-job", "job-set", "bundle", "sidecar"]
STAYS = ["leader-worker-set", "stateful-set"]  # until deleted
HOLD = "until [ -e /tmp/go ]; do sleep 0.1; done"


def group_of(name, change=None):
    """The instance of an example; `change` is done to the spec of its pods."""
    group = manifests.groups(copy.deepcopy(manifests.load(EXAMPLES / f"{name}.yaml")))[0]
    if change:
        change(group.pods[0].spec)  # which is that of all
    return group


def program(script):
    """The program of an example becomes `sh -c script` on every rank."""
    def change(spec):
        container = spec["containers"][0]
        if "FLUX_URI" in manifests.environment(container):
            lines = container["args"][0].rstrip("\n").split("\n")
            container["args"] = ["\n".join([*lines[:-1], f"flux run -N{SIZE} -n{SIZE} sh -c '{script}'"])]
        else:
            container["args"] = ["sh", "-c", script]
    return change


def assert_hello(instance, group, log):
    said = sorted(re.findall(r"task (\d+) of (\d+) on (\S+)", log))
    assert said == [(str(rank), str(SIZE), pod.hostname) for rank, pod in enumerate(group.pods)], instance.logs()


def start(make_instance, group, flux):
    instance = make_instance(**kubelet.network_of(group))
    return instance, kubelet.start(instance, group, flux)


def assert_deleted(instance, pods):
    """SIGTERM has ended them. A follower holds its signal back while the instance ends in order, which is 0."""
    assert pods[0].main.wait() == 143, instance.logs()
    assert {pod.main.wait() for pod in pods[1:]} <= {0, 143}, instance.logs()


def end_of_job(pods):
    """The leader's code, which is its Job's end (successPolicy): its followers have stayed, and are stopped then."""
    code = pods[0].main.wait()
    assert all(pod.muster.running() for pod in pods[1:])
    for pod in pods:
        pod.stop()
    return code


def test_every_example_is_run():
    assert sorted([*JOBS, *STAYS]) == sorted(path.stem for path in EXAMPLES.glob("*.yaml"))


@pytest.mark.parametrize("name", JOBS)
def test_a_job_runs_its_program_and_ends(make_instance, flux, name):
    group = group_of(name)
    instance, pods = start(make_instance, group, flux)
    assert end_of_job(pods) == 0, instance.logs()
    assert_hello(instance, group, pods[0].main.log())


@pytest.mark.parametrize("name", JOBS)
def test_the_programs_exit_code_is_the_leaders(make_instance, flux, name):
    instance, pods = start(make_instance, group_of(name, program("exit 3")), flux)
    assert end_of_job(pods) == 3, instance.logs()


@pytest.mark.parametrize("name", ["indexed-job", "bundle"])
def test_the_probes_of_a_running_pod_pass(make_instance, flux, name):
    instance, pods = start(make_instance, group_of(name, program(HOLD)), flux)
    for pod in pods:
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            pod.wait_probe(probe)
    for pod in pods:
        assert pod.main.exec("touch", "/tmp/go").code == 0
    assert end_of_job(pods) == 0, instance.logs()


@pytest.mark.parametrize("name", ["indexed-job", "bundle"])
def test_an_evicted_leaders_replacement_finds_its_followers(make_instance, flux, name):
    """A completed index never comes back: a follower that left in order with its leader would be missed for ever."""
    instance, pods = start(make_instance, group_of(name, program("echo begun; " + HOLD)), flux)
    leader = pods[0].main
    everyone = rf"(begun[^$]*){{{SIZE}}}"
    leader.wait_log(everyone)
    pods[0].stop()
    leader.replace()
    leader.wait_log(everyone)
    for pod in pods:
        assert pod.main.exec("touch", "/tmp/go").code == 0
    assert end_of_job(pods) == 0, instance.logs()


def test_a_leader_worker_sets_program_stays_until_the_set_is_deleted(make_instance, flux):
    group = group_of("leader-worker-set")
    instance, pods = start(make_instance, group, flux)
    pods[0].main.wait_log(rf"(task \d of {SIZE}[^$]*){{{SIZE}}}")
    assert_hello(instance, group, pods[0].main.log())
    for pod in pods:
        pod.wait_probe("readinessProbe")
    for pod in pods:
        pod.main.signal(15)
    assert_deleted(instance, pods)


def test_a_leader_worker_sets_leader_is_started_again_among_its_followers(make_instance, flux):
    """As kubelet does it: the container anew, its volumes as it left them. The followers' pods live on."""
    group = group_of("leader-worker-set")
    instance, pods = start(make_instance, group, flux)
    everyone = rf"(task \d of {SIZE}[^$]*){{{SIZE}}}"
    pods[0].main.wait_log(everyone)
    first = [pod.main.pid for pod in pods[1:]]
    pods[0].main.signal(15)
    assert pods[0].main.wait() == 143, instance.logs()
    pods[0].main.delete()
    pods[0].main.start()
    pods[0].main.wait_log(everyone, 120)
    assert_hello(instance, group, pods[0].main.log())
    assert [pod.main.pid for pod in pods[1:] if pod.main.running()] == first, instance.logs()


def test_a_stateful_set_grows(make_instance, flux):
    """`kubectl scale --replicas=5`: within MUSTER_MAX_SIZE nothing else is to be said."""
    group = group_of("stateful-set")
    instance, pods = start(make_instance, group, flux)
    more = manifests.Group("more", [dataclasses.replace(group.pods[0], hostname=f"hello-{SIZE}")])
    pods += kubelet.start(instance, more, flux)
    for pod in pods:
        pod.wait_probe("readinessProbe")
    client = pods[0].main.env["MUSTER_FLUX"] if flux != "none" else "muster-rehearsal"
    done = pods[0].main.exec(client, "run", f"-N{SIZE + 1}", f"-n{SIZE + 1}", "hostname", env={"FLUX_URI": "local:///run/muster/run/local"})
    assert done.code == 0 and sorted(done.out.split()) == [f"hello-{n}" for n in range(SIZE + 1)], done


def test_jobs_are_submitted_to_a_stateful_set(make_instance, flux):
    group = group_of("stateful-set")
    instance, pods = start(make_instance, group, flux)
    for pod in pods:
        pod.wait_probe("readinessProbe")
    client = pods[0].main.env["MUSTER_FLUX"] if flux != "none" else "muster-rehearsal"
    run = [client, "run", f"-N{SIZE}", f"-n{SIZE}", "sh", "-c"]
    uri = {"FLUX_URI": "local:///run/muster/run/local"}
    done = pods[0].main.exec(*run, "echo task $FLUX_TASK_RANK of $FLUX_JOB_SIZE on $(hostname)", env=uri)
    assert done.code == 0, done
    assert_hello(instance, group, done.out)
    assert pods[0].main.exec(*run, "exit 3", env=uri).code == 3
    left = pods[3].call("preStop")
    assert left.code == 0, left
    for pod in reversed(pods):
        pod.main.signal(15)
    assert_deleted(instance, pods)


def without(where, name):
    return lambda spec: spec["containers"][0].update({where: [each for each in spec["containers"][0][where]
                                                              if name not in each.values()]})


@pytest.mark.parametrize("change, code, words", [
    (without("env", "MUSTER_SIZE"), 64, "MUSTER_SIZE"),
    (without("env", "MUSTER_CERT"), 78, "MUSTER_CERT"),
    (without("volumeMounts", "/run/muster"), 73, "/run/muster"),
    (without("volumeMounts", "/etc/muster"), 73, "/etc/muster/curve.cert"),
])
def test_what_the_manifest_says_is_what_makes_it_work(make_instance, change, code, words):
    """The control: without it the pods say what is missing."""
    instance, pods = start(make_instance, group_of("indexed-job", change), "none")
    assert [pod.main.wait() for pod in pods] == [code] * SIZE, instance.logs()
    assert words in pods[0].main.log()


def test_without_a_subdomain_the_pods_say_so(make_instance):
    group = group_of("indexed-job")
    for pod in group.pods:
        pod.subdomain = None
    instance, pods = start(make_instance, group, "none")
    assert [pod.main.wait() for pod in pods] == [78] * SIZE, instance.logs()
    assert "MUSTER_SERVICE" in pods[0].main.log()


def test_flux_comes_along_into_an_image_without_it(make_instance):
    """What the README says to change in bundle.yaml."""
    if not (flux := real_flux()):
        pytest.skip("no real flux: tests/run --flux DIR names one")
    prefix = str(pathlib.Path(flux).parent.parent)

    def change(spec):
        spec["initContainers"][0]["command"] = ["muster", "install", "--flux", prefix, "/muster"]
        application = spec["containers"][0]
        application["image"] = "bare-application"
        application["volumeMounts"].append({"name": "bundle", "mountPath": prefix, "subPath": "flux", "readOnly": True})
    group = group_of("bundle", change)
    instance, pods = start(make_instance, group, flux)
    assert end_of_job(pods) == 0, instance.logs()
    assert_hello(instance, group, pods[0].main.log())
    assert "command: [muster, install, --flux, /opt/flux, /muster]" in PAGE and "subPath: flux" in PAGE


# --- the README's "When it does not come up"

def made_pods(make_instance):
    group = group_of("indexed-job")
    instance = make_instance(**kubelet.network_of(group))
    return instance, [kubelet.ManifestPod(instance, of, "none").main for of in group.pods]


@pytest.mark.parametrize("failing, code", [("name", 68), ("listener", 69), ("curve", 76)])
def test_the_readme_shows_what_check_says(make_instance, bench, failing, code):
    instance, pods = made_pods(make_instance)
    pods[2].argv = ["sleep", "infinity"]
    if failing == "curve":
        other = instance.cluster.scratch / "other.cert"
        assert bench.muster("keygen", other).code == 0
        pods[2].certificate = remember_secrets(other)
        instance.cluster.start([pods[0], pods[2]])
        pods[0].wait_log("->init")
    else:
        pods[0].argv = ["sleep", "infinity"]
        pods[0].start()
        pods[2].start()
        if failing == "listener":
            instance.cluster.publish(pods[0])
    done = pods[2].exec("muster", "check", "--for", "2s")
    assert done.code == code, done
    pages.assert_check_shown(PAGE, done.out, failing)


# --- what `kubectl muster inject` makes of a workload

PLAIN = """\
apiVersion: batch/v1
kind: Job
metadata:
  name: plain
spec:
  completionMode: Indexed
  completions: 4
  parallelism: 4
  template:
    spec:
      restartPolicy: Never
      securityContext: {runAsUser: 12345, fsGroup: 12345}
      containers:
        - name: application
          image: my-application
          command: [sh, -c]
          args: ["echo task $FLUX_TASK_RANK of $FLUX_JOB_SIZE on $(hostname); exit $CODE"]
          env:
            - name: CODE
              value: "3"
"""


def test_an_injected_job_runs_on_every_rank(make_instance, bench, tmp_path, flux):
    (tmp_path / "job.yaml").write_text(PLAIN)
    done = bench.run(built("kubectl-muster"), "inject", "--flux", flux, tmp_path / "job.yaml")
    assert done.code == 0, done
    group = manifests.groups(kubernetes_schemas.load(done.out))[0]
    instance, pods = start(make_instance, group, flux)
    # It has no successPolicy: it is complete when all have ended.
    assert [pod.main.wait() for pod in pods] == [3, 0, 0, 0], instance.logs()
    assert_hello(instance, group, pods[0].main.log())


def test_before_it_was_injected_it_was_no_instance(make_instance):
    """The control: the same Job as it was."""
    instance = make_instance(service="nobody")
    pod = instance.cluster.pod(0, ["sh", "-c", "echo task $FLUX_TASK_RANK of $FLUX_JOB_SIZE; exit 3"])
    pod.start()
    assert pod.wait() == 3 and pod.log() .split() == ["task", "of"]
