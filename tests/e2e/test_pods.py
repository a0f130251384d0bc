# SPDX-License-Identifier: Apache-2.0
"""Pods become the right brokers: any order, any user, flat and tree, restarted followers and leaders."""
import json
import re

import pytest
import secret_scan
from muster_testing import remember_secrets
from pods import MUSTER_BIN

BROKER = r"\bbroker --config-path"  # its command line, Flux's or the rehearsal's
HELLO = ["sh", "-c", "echo task $FLUX_TASK_RANK of $FLUX_JOB_SIZE on $(hostname)"]
# A launcher that waits to be told, then runs on all nodes.
WHEN_TOLD = "echo waiting; until [ -e /tmp/go ]; do sleep 0.1; done; " \
            "flux submit --watch --quiet -N{n} -n{n} sh -c 'echo task $FLUX_TASK_RANK of $FLUX_JOB_SIZE on $(hostname)'"


def assert_all_said_hello(instance, leader, size):
    found = sorted(re.findall(r"task (\d+) of (\d+) on (\S+)", leader.log()), key=lambda row: int(row[0]))
    assert [(int(rank), int(of)) for rank, of, _ in found] == [(n, size) for n in range(size)], instance.logs()
    assert {host for _, _, host in found} == {f"pod-{n}" for n in range(size)}, instance.logs()


def assert_ended(instance, pods, codes):
    assert [pod.wait() for pod in pods] == codes, instance.logs()


@pytest.mark.parametrize("size, topology", [(1, "flat"), (4, "flat"), (4, "kary:2"), (16, "flat"), (16, "kary:2")])
def test_pods_form_an_instance_and_run_a_program(instance, flux, user, size, topology):
    pods = instance.start(size, *HELLO, flux=flux, topology=topology, **user)
    assert_ended(instance, pods, [0] * size)
    assert_all_said_hello(instance, pods[0], size)


def test_every_pod_asks_for_its_own_parent_only(instance, flux):
    """kary:2: rank 3's parent is rank 1, and 1's is 0; the name server heard exactly that."""
    pods = instance.start(7, *HELLO, flux=flux, topology="kary:2")
    assert_ended(instance, pods, [0] * 7)
    asked = {(source, name) for name, source in re.findall(
        r"query\[\w+\] (pod-\d+)\.\S+ from (\S+)", (instance.cluster.directory / "dnsmasq.log").read_text())}
    for rank, pod in enumerate(pods):
        parents = {name for source, name in asked if source == pod.address} - {pod.hostname}
        assert parents == ({f"pod-{(rank - 1) // 2}"} if rank else set()), asked


def test_children_wait_on_the_doorstep_of_a_parent_that_waits(instance, flux):
    """kary:2, the leader last: rank 3 is told by rank 1's pod that it waits, asks for no more, and joins once that is a broker."""
    pods = instance.pods(4, "sh", "-c", WHEN_TOLD.format(n=4), flux=flux, topology="kary:2", mode="launcher")
    instance.cluster.start(pods[1:])
    pods[1].wait_log(r"waiting for rank 0 \(pod-0\)")
    pods[3].wait_log(r"waiting for rank 1 \(pod-1\) since 5.0 s: dial \S+ port \d+: its pod waits for its own parent")
    checked = pods[3].exec(f"{MUSTER_BIN}/muster", "check", "--for=2s")
    assert checked.code == 69 and "its pod waits for its own parent" in checked.out and "muster check in it" in checked.out, checked
    instance.cluster.start(pods[:1])
    pods[0].wait_log("^waiting$")
    gates = json.loads(pods[3].read("/run/muster/report.json"))["gates"]
    assert gates["dials"] < 100, gates
    pods[0].exec("touch", "/tmp/go")
    assert_ended(instance, pods, [0] * 4)
    assert_all_said_hello(instance, pods[0], 4)


def test_the_exit_code_of_a_pod_is_the_programs(instance, flux, user):
    pods = instance.start(3, "sh", "-c", "exit 3", flux=flux, **user)
    assert_ended(instance, pods, [3, 0, 0])


def test_followers_before_the_leader(instance, flux, user):
    pods = instance.pods(4, *HELLO, flux=flux, **user)
    instance.cluster.start(pods[1:])
    for pod in pods[1:]:
        pod.wait_log(r"waiting for rank 0 \(pod-0\)")
    assert not any(pod.find(BROKER) for pod in pods[1:]), "a broker must not start before its parent can be reached"
    instance.cluster.start(pods[:1])
    assert_ended(instance, pods, [0] * 4)
    assert_all_said_hello(instance, pods[0], 4)


def test_followers_whose_names_exist_before_anything_listens(instance, flux):
    """The leader's name leads to an address where nobody is, then to a pod that refuses, then to the leader."""
    pods = instance.pods(2, *HELLO, flux=flux)
    instance.cluster.publish(*pods)
    pods[1].start()
    pods[1].wait_log(r"waiting for rank 0 \(pod-0\)")
    pods[0].start()
    assert_ended(instance, pods, [0, 0])


def test_followers_after_the_leader(instance, flux, user):
    pods = instance.pods(4, *HELLO, flux=flux, **user)
    instance.cluster.start(pods[:1])
    pods[0].wait_process(BROKER)
    pods[0].wait_log(r"quorum")
    instance.cluster.start(pods[1:])
    assert_ended(instance, pods, [0] * 4)
    assert_all_said_hello(instance, pods[0], 4)


def test_a_follower_restarted_under_a_new_address_comes_back(instance, flux, user):
    pods = instance.start(4, "sh", "-c", WHEN_TOLD.format(n=4), flux=flux, mode="launcher", **user)
    pods[0].wait_log("^.*waiting$")
    old = pods[2].address
    pods[2].replace()
    assert pods[2].address != old
    pods[2].wait_process(BROKER)
    assert pods[0].exec("touch", "/tmp/go").code == 0
    assert_ended(instance, pods, [0] * 4)
    assert_all_said_hello(instance, pods[0], 4)


def test_a_leader_restarted_under_a_new_address_finds_its_followers(instance, flux, user):
    pods = instance.start(3, "sh", "-c", WHEN_TOLD.format(n=3), flux=flux, mode="launcher", **user)
    pods[0].wait_log("^.*waiting$")
    first = {pod.hostname: pod.pid for pod in pods[1:]}
    pods[0].replace()
    pods[0].wait_log("^.*waiting$", 120)
    assert {pod.hostname: pod.pid for pod in pods[1:] if pod.running()} == first, "followers' pods live on"
    assert pods[0].exec("touch", "/tmp/go").code == 0
    assert_ended(instance, pods, [0] * 3)
    assert_all_said_hello(instance, pods[0], 3)


def test_a_follower_with_another_key_is_told_so_and_the_others_are_not_disturbed(instance, bench, flux):
    other = instance.cluster.scratch / "other.cert"
    assert bench.muster("keygen", other).code == 0
    pods = instance.pods(3, "sh", "-c", WHEN_TOLD.format(n=2), flux=flux, mode="launcher", min_size=2)
    pods[2].certificate = remember_secrets(other)
    instance.cluster.start(pods)
    pods[0].wait_log("waiting$")
    assert pods[2].wait() == 76, instance.logs()
    assert re.search("another certificate", pods[2].log()), pods[2].log()
    assert pods[0].exec("touch", "/tmp/go").code == 0
    assert_ended(instance, pods[:2], [0, 0])
    assert_all_said_hello(instance, pods[0], 2)


def test_no_process_of_a_pod_shows_the_key(instance, flux, user):
    """No environment and no argument vector holds it; nor do the files beside the certificate. (What the processes
    printed is searched after every test.)"""
    pods = instance.start(2, "sh", "-c", WHEN_TOLD.format(n=2), flux=flux, mode="launcher", log_level="debug", **user)
    pods[0].wait_log("waiting$")
    scanner = secret_scan.Scanner([secret_scan.secret_of(instance.cluster.certificate.encode(), "the instance")])
    for pod in pods:
        members = pod.processes()
        assert len(members) >= 2
        for member in members:
            for name in ("environ", "cmdline"):
                assert not scanner.scan_file(f"/proc/{member.pid}/{name}"), member
        listing = pod.exec("find", "/run/muster", "-maxdepth", "1", "-type", "f").out.split()
        assert {"/run/muster/broker.toml", "/run/muster/R.json", "/run/muster/curve.cert"} <= set(listing)
        for path in listing:
            found = scanner.scan_bytes(pod.read(path).encode())
            assert bool(found) == (path == "/run/muster/curve.cert"), path
        assert pod.exec("stat", "-c", "%a", "/run/muster/curve.cert").out == "600\n"
        for arguments in (["plan", "--", "true"], ["plan", "--json", "--", "true"]):
            done = pod.exec(f"{MUSTER_BIN}/muster", *arguments)
            assert done.code == 0 and not scanner.scan_bytes((done.out + done.err).encode()), done
    assert pods[0].exec("touch", "/tmp/go").code == 0
    assert_ended(instance, pods, [0, 0])
