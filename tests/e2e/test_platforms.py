# SPDX-License-Identifier: Apache-2.0
"""Every platform's pods become one instance: what they are called, under which addresses they are found, and which
rank each of them is. Where they cannot, each says why before anything starts."""
import contextlib
import re

import pytest
from dockers_dns import DockersDns
from instance import MUSTER_RUN
from pods import CERTIFICATE, MUSTER_BIN

SIZE = 4
HELLO = ["sh", "-c", "echo task $FLUX_TASK_RANK of $FLUX_JOB_SIZE on $(hostname)"]
BOTH = "46"


def make_pod(instance, flux, hostname, name=None, files=None, **env):
    """A pod of a platform; nothing but `env` tells it who it is. A value of None removes a variable."""
    environment = {"MUSTER_SIZE": SIZE, "MUSTER_CERT": CERTIFICATE, "MUSTER_FLUX": flux, "MUSTER_WAIT": "1m", **env}
    return instance.cluster.pod(None, [*MUSTER_RUN, "--", *HELLO], env=environment, hostname=hostname, name=name, files=files)


def assert_one_instance(instance, pods):
    """All end in order, and the task of each rank ran in the pod of that rank."""
    assert [pod.wait() for pod in pods] == [0] * len(pods), instance.logs()
    said = sorted(re.findall(r"task (\d+) of (\d+) on (\S+)", pods[0].log()), key=lambda row: int(row[0]))
    assert said == [(str(rank), str(len(pods)), pod.hostname) for rank, pod in enumerate(pods)], instance.logs()


def job_set(instance, flux):
    return [make_pod(instance, flux, f"set-workers-1-{n}", JOB_COMPLETION_INDEX=n) for n in range(SIZE)]


def fully_qualified_job(instance, flux):
    names = [f"pod-{n}.{instance.cluster.service}" for n in range(SIZE)]
    return [make_pod(instance, flux, name, name, JOB_COMPLETION_INDEX=n) for n, name in enumerate(names)]


def stateful_set(instance, flux):
    return [make_pod(instance, flux, f"db-{n}") for n in range(SIZE)]


def stateful_set_from_5(instance, flux):
    return [make_pod(instance, flux, f"db-{5 + n}", MUSTER_ORDINALS_START=5) for n in range(SIZE)]


def leader_worker_set(instance, flux):
    subdomain = instance.cluster.service.split(".")[0]
    return [make_pod(instance, flux, "model-1" if n == 0 else f"model-1-{n}", MUSTER_SIZE=None, LWS_WORKER_INDEX=n,
                     LWS_GROUP_SIZE=SIZE, LWS_LEADER_ADDRESS=f"model-1.{subdomain}.{instance.cluster.namespace}")
            for n in range(SIZE)]


def longest_names(instance, flux):
    """Labels of 63 characters, the most that DNS has."""
    return [make_pod(instance, flux, f"{'j' * 61}-{n}", JOB_COMPLETION_INDEX=n) for n in range(SIZE)]


def list_of_services(instance, flux):
    """Short names, each that of a Service: the search list completes them."""
    return [make_pod(instance, flux, f"node{n}", f"node{n}.{instance.cluster.service.split('.', 1)[1]}",
                     MUSTER_HOSTS=f"node[0-{SIZE - 1}]", MUSTER_SIZE=None) for n in range(SIZE)]


def list_of_the_hosts_file(instance, flux):
    """Names that no name server knows."""
    pods = [make_pod(instance, flux, f"node{n}", "nobody.elsewhere.test", MUSTER_HOSTS=f"node[0-{SIZE - 1}]",
                     MUSTER_SIZE=None) for n in range(SIZE)]
    for pod in pods:
        pod.files = {"/etc/hosts": {"text": "".join(f"{each.address}\t{each.hostname}\n" for each in pods)}}
    return pods


@pytest.mark.parametrize("platform", [job_set, fully_qualified_job, stateful_set, stateful_set_from_5, leader_worker_set,
                                      longest_names, list_of_services, list_of_the_hosts_file], ids=lambda make: make.__name__)
def test_pods_of_a_platform_are_one_instance(make_instance, flux, platform):
    instance = make_instance()
    pods = platform(instance, flux)
    instance.cluster.start(pods)
    assert_one_instance(instance, pods)


@pytest.mark.parametrize("families", ["6", BOTH, "64"])
@pytest.mark.parametrize("platform", [job_set, fully_qualified_job], ids=lambda make: make.__name__)
def test_pods_with_ipv6_are_one_instance(make_instance, flux, families, platform):
    """IPv6 only, and dual stack with either family first."""
    instance = make_instance(families=families)
    pods = platform(instance, flux)
    instance.cluster.start(pods)
    assert_one_instance(instance, pods)


def test_a_dual_stack_leader_that_answers_on_ipv4_only(make_instance, flux):
    """Its AAAA record leads nowhere; libzmq would dial it and never the other, so the brokers get the number."""
    instance = make_instance(families=BOTH)
    pods = [make_pod(instance, flux, f"pod-{n}", JOB_COMPLETION_INDEX=n) for n in range(SIZE)]
    instance.cluster.publish(*pods)
    pods[0].start()
    pods[0].enter_network("ip", "addr", "del", f"{pods[0].more_addresses[0]}/64", "dev", "eth0")
    for pod in pods[1:]:
        pod.start()
    assert_one_instance(instance, pods)


@pytest.mark.parametrize("ip", ["4", "6"])
def test_a_dual_stack_pod_can_be_told_its_family(make_instance, flux, ip):
    instance = make_instance(families=BOTH)
    pods = [make_pod(instance, flux, f"pod-{n}", JOB_COMPLETION_INDEX=n, MUSTER_IP=ip) for n in range(SIZE)]
    instance.cluster.start(pods)
    assert_one_instance(instance, pods)


@pytest.mark.parametrize("families", ["4", "6", BOTH])
def test_brokers_that_listen_on_an_interface(make_instance, flux, families):
    """libzmq then takes one of its addresses: IPv4 with both, since all pods must mean the same one."""
    instance = make_instance(families=families)
    pods = [make_pod(instance, flux, f"pod-{n}", JOB_COMPLETION_INDEX=n, MUSTER_BIND="eth0") for n in range(SIZE)]
    instance.cluster.start(pods)
    assert_one_instance(instance, pods)


def test_pods_in_a_cluster_of_another_domain_and_namespace(make_instance, flux):
    instance = make_instance(service="flux", namespace="hpc", domain="k8s.example.org")
    pods = stateful_set(instance, flux)
    instance.cluster.start(pods)
    assert_one_instance(instance, pods)


@pytest.mark.parametrize("families, address", [("4", "10.77.200.1"), ("6", "fd77::cafe")])
def test_followers_dial_the_leaders_address(make_instance, flux, families, address):
    """A second address of the leader, as a ClusterIP is one; its name is never published."""
    instance = make_instance(families=families)
    pods = [make_pod(instance, flux, f"pod-{n}", JOB_COMPLETION_INDEX=n, MUSTER_LEADER_ADDRESS=address)
            for n in range(SIZE)]
    for pod in pods:
        pod.start(wait=False)
    for pod in pods:
        pod.wait_started()
    pods[0].enter_network("ip", "addr", "add", f"{address}/{16 if families == '4' else 64}", "dev", "eth0",
                          *(["nodad"] if families == "6" else []))
    assert_one_instance(instance, pods)


def test_followers_dial_the_leaders_other_name(make_instance, flux):
    """A Service of its own for the leader, by its short name."""
    instance = make_instance()
    pods = [make_pod(instance, flux, f"pod-{n}", JOB_COMPLETION_INDEX=n, MUSTER_LEADER_ADDRESS="rendezvous")
            for n in range(SIZE)]
    pods[0].name = f"rendezvous.{instance.cluster.namespace}.svc.{instance.cluster.domain}"
    pods[0].files = {"/etc/hosts": {"text": f"{pods[0].address}\tpod-0.{instance.cluster.service}\tpod-0\n"}}
    instance.cluster.start(pods)
    assert_one_instance(instance, pods)


# --- compose

RESOLV_CONF = "nameserver 127.0.0.11\nsearch example.org\noptions edns0 trust-ad ndots:0\n"


def compose(instance, flux, names, **env):
    """Containers with these names; their hostnames are ids, as Docker makes them."""
    pods = []
    for n, _ in enumerate(names):
        pod = make_pod(instance, flux, f"0123456789{n:02x}", KUBERNETES_SERVICE_HOST=None, KUBERNETES_SERVICE_PORT=None, **env)
        pod.files = {"/etc/resolv.conf": {"text": RESOLV_CONF},
                     "/etc/hosts": {"text": f"127.0.0.1\tlocalhost\n{pod.address}\t{pod.hostname}\n"}}
        pods.append(pod)
    return pods


@contextlib.contextmanager
def docker(pods, names, network="lab_default"):
    """Starts the containers one after the other, each with Docker's server a moment later."""
    with DockersDns(network, {name: pod.addresses for name, pod in zip(names, pods)}) as server:
        for pod in pods:
            pod.start()
            server.serve_in(pod.pid)
        yield server


@pytest.mark.parametrize("names", [[f"lab-web-{n + 1}" for n in range(SIZE)], [f"lab_web_{n + 1}" for n in range(SIZE)]],
                         ids=["v2", "v1"])
def test_containers_of_compose_are_one_instance(make_instance, flux, names):
    instance = make_instance()
    pods = compose(instance, flux, names)
    with docker(pods, names):
        assert_one_instance(instance, pods)


def test_containers_in_any_order_and_a_reverse_record_that_lags(make_instance, flux):
    instance = make_instance()
    names = [f"lab-web-{n + 1}" for n in range(SIZE)]
    pods = compose(instance, flux, names)
    with docker(pods[::-1], names[::-1]) as server:
        assert_one_instance(instance, pods)
        assert {asked.name for asked in server.asked if asked.kind == 12} == {
            ".".join(reversed(pod.address.split("."))) + ".in-addr.arpa" for pod in pods}, "each asks for itself only"


@pytest.mark.parametrize("name, sentence", [
    ("lab-web-5", "container lab-web-5 is number 5 of its service, but max-size is 4: raise --max-size"),
    ("lab-web-run-0123456789ab", "container 'lab-web-run-0123456789ab' is a one-off of `docker compose run`"),
    ("flux-leader", "container 'flux-leader' has no number: remove container_name from the compose file"),
])
def test_a_container_that_is_none_of_the_instance_says_why(make_instance, name, sentence):
    instance = make_instance()
    pods = compose(instance, "none", [name])
    with docker(pods, [name]):
        assert pods[0].wait() == 78, instance.logs()
        assert sentence in pods[0].log()


def test_a_container_without_a_reverse_record_says_so_in_time(make_instance):
    instance = make_instance()
    pods = compose(instance, "none", ["lab-web-1"], MUSTER_WAIT="4s")
    with docker(pods, []):
        assert pods[0].wait() == 78, instance.logs()
    assert re.search(rf"does not say which container this is \({re.escape(pods[0].address)}: no such name", pods[0].log())


# --- refused before anything starts

@pytest.mark.parametrize("hostname, env, code, sentence", [
    ("custom", {"JOB_COMPLETION_INDEX": 1}, 78, "hostname 'custom' does not end in -1"),
    ("pod-2", {"JOB_COMPLETION_INDEX": 1}, 78, "hostname 'pod-2' does not end in -1"),
    ("db-5", {}, 78, "or give the StatefulSet's spec.ordinals.start as --ordinals-start"),
    ("db-5", {"MUSTER_ORDINALS_START": 7}, 78, "has ordinal 5, below --ordinals-start (MUSTER_ORDINALS_START) 7"),
    ("pod-4", {"JOB_COMPLETION_INDEX": 4}, 78, "rank 4 of an Indexed Job is beyond max-size 4"),
    ("j" * 63, {"JOB_COMPLETION_INDEX": 1}, 78, "has 63 characters, where Kubernetes cuts it"),
    ("pod-1", {"MUSTER_HOSTS": "a[0-3]"}, 78, "this host, 'pod-1', is not in --hosts (MUSTER_HOSTS) 'a[0-3]'"),
    ("pod-1", {"MUSTER_HOSTS": "pod-[0-3]", "MUSTER_RANK": 2}, 78, "two pods must not have one rank"),
    ("pod-1", {"JOB_COMPLETION_INDEX": 1, "MUSTER_IP": "6"}, 78, "--ip (MUSTER_IP) is 6, but this pod has no such address"),
    ("model-1-2", {"LWS_LEADER_ADDRESS": "model-1.muster.lab", "LWS_WORKER_INDEX": 3}, 78,
     "hostname 'model-1-2' is not 'model-1-3'"),
    ("pod-1", {"JOB_COMPLETION_INDEX": 1, "MUSTER_DOMAIN": "cluster.local", "MUSTER_WAIT": "1s"}, 68,
     "--domain (MUSTER_DOMAIN) says 'cluster.local', but resolv.conf says 'cluster.test'"),
])
def test_a_pod_that_cannot_be_a_broker_says_why(make_instance, hostname, env, code, sentence):
    instance = make_instance()
    pod = make_pod(instance, "none", hostname, **env)
    instance.cluster.start([pod])
    assert pod.wait() == code, pod.log()
    assert sentence in pod.log().splitlines()[-1], pod.log()


def test_what_contradicts_the_pod_is_told_by_all_that_fail_for_it(make_instance):
    """The name of another domain never appears: run while it waits, check, and the table of peers say why."""
    instance = make_instance()
    pod = make_pod(instance, "none", "pod-1", JOB_COMPLETION_INDEX=1, MUSTER_DOMAIN="cluster.local")
    instance.cluster.start([pod])
    sentence = "--domain (MUSTER_DOMAIN) says 'cluster.local', but resolv.conf says 'cluster.test'"
    pod.wait_log(re.escape(sentence))
    for command in ("check", "peers"):
        done = pod.exec(f"{MUSTER_BIN}/muster", command)
        assert done.code != 0 and sentence in done.out + done.err, done
