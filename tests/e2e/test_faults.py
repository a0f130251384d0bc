# SPDX-License-Identifier: Apache-2.0
"""Faults of the name service, the network and the peers: what is mended in time is survived, and soon; what is not is told,
with its cause and its exit code.

A row of RECOVERS is a generator: until its `yield` the follower waits for its leader, after it the fault is mended. The
program must then run within SOON (30 s is what a cache would take, 5, 10 and 15 s what a dial or a resolver that waits).
"""
import re
import time

import dns
import pods as pods_module
import pytest
from authority import Authority, Faults
from faulty import CLOSING, DEAF, HTTP, NOBODY, REFUSING, REPLICAS, SILENT, FaultyCluster
from instance import Instance
from muster_testing import remember_secrets, wait_until

SOON = 4.5
CACHE = 30.0
NOTICED = 25.0
FLUX = 3.0  # two brokers of Flux and its job, on a machine that does other things, too
CHANGED = 5.0  # an address that has changed behind a cache is found out so much later; a name, where it denies what exists
NOTHING = ["sleep", "600"]  # a pod that listens nowhere
PROGRAM = ["sh", "-c", "echo program-runs"]


class Scene:
    """A leader and a follower; a place where the leader's name may lead instead."""

    def __init__(self, instance, flux):
        self.instance, self.cluster, self.flux = instance, instance.cluster, flux
        self.leader, self.follower = instance.pods(2, *PROGRAM, flux=flux, wait="60s")
        self.authority = self.cluster.authority

    def stranger(self, argv, certificate=None):
        """A pod that is no leader, listening at the leader's port (or not, as it likes); the leader's name leads there."""
        pod = self.cluster.pod(9, argv)
        pod.certificate = certificate
        pod.start()
        if argv != NOTHING:
            self.wait_listening(pod)
        self.lead_to(pod.address)
        return pod

    def other_instance(self):
        """A broker of somebody else's, with another key."""
        path = self.cluster.scratch / "other.cert"
        assert self.instance.bench.muster("keygen", path).code == 0
        pod = self.instance.pods(2, *PROGRAM, flux=self.flux)[0]
        pod.certificate = remember_secrets(path)
        pod.start()
        self.wait_listening(pod)
        self.lead_to(pod.address)

    def wait_listening(self, pod):
        wait_until(lambda: pod.exec("grep", "-q", ":1F72 .* 0A ", "/proc/net/tcp", "/proc/net/tcp6").code == 0,
                   lambda: f"a listener at port 8050 of {pod.hostname}\n{pod.log()}")

    def lead_to(self, *addresses):
        """The leader's name leads there now."""
        self.authority.set(self.leader.name, *addresses)

    def start_leader(self):
        self.leader.start()
        self.wait_listening(self.leader)

    def publish_leader(self):
        self.cluster.publish(self.leader)

    def start_follower(self):
        self.follower.start()
        self.follower.wait_log(r"waiting for rank 0 \(pod-0\) since 1.0 s")


def late_name(scene):
    scene.start_leader()
    scene.start_follower()
    yield SOON
    scene.publish_leader()


def refused_then_listening(scene):
    nobody = scene.stranger(NOTHING)
    scene.start_follower()
    nobody.delete()
    scene.start_leader()
    yield SOON
    scene.publish_leader()


def fails_then_good(faults):
    def row(scene):
        scene.start_leader()
        scene.publish_leader()
        scene.authority.faults = faults
        scene.start_follower()
        yield SOON
        scene.authority.faults = Faults()
    return row


def works_all_the_time(faults, soon=SOON):
    """The name server is odd, and the name is late."""
    def row(scene):
        scene.authority.faults = faults
        for _ in late_name(scene):
            yield soon
    return row


def first_server_dead(address):
    def row(scene):
        scene.cluster.nameservers = (address, pods_module.GATEWAY)
        yield from late_name(scene)
    return row


def first_server_denies(scene):
    """It does so for ever, as one that does not know the cluster's zone; libc takes its word."""
    with pods_module.network_of(scene.cluster.pid):
        other = Authority((REPLICAS[0], 53), scene.cluster.domain)
    with other:
        scene.cluster.nameservers = (REPLICAS[0], pods_module.GATEWAY)
        yield from late_name(scene)
        scene.leader.wait_log("^.*program-runs$")
        assert other.count(name=scene.leader.name) > 0


def replicas_disagree(scene):
    """One of two replicas denies the name to those who ask as libc does; the other has not been asked yet."""
    assert scene.cluster.query((REPLICAS[0], 53), scene.leader.name).rcode == dns.NXDOMAIN
    yield from late_name(scene)


def leads_elsewhere(argv, soon=SOON):
    """The name leads to something else at first."""
    def row(scene):
        scene.stranger(argv)
        scene.start_leader()
        scene.start_follower()
        yield soon
        scene.publish_leader()
    return row


def leads_to_another_instance(soon=SOON):
    def row(scene):
        scene.other_instance()
        scene.start_leader()
        scene.start_follower()
        yield soon
        scene.publish_leader()
    return row


def leader_moves_while_followers_wait(soon):
    """Its pod is there and does not listen yet; then it is replaced, under another address."""
    def row(scene):
        argv, scene.leader.argv = scene.leader.argv, list(NOTHING)
        scene.leader.start()
        scene.publish_leader()
        scene.start_follower()
        scene.leader.argv = argv
        scene.leader.replace(publish=False)
        scene.wait_listening(scene.leader)
        yield soon
        scene.publish_leader()
    return row


BEHIND = CHANGED + SOON
RECOVERS = [
    ("late-name", "plain", late_name),
    ("late-name", "cached", late_name),
    ("SERVFAIL-then-good", "plain", fails_then_good(Faults(rcode=dns.SERVFAIL))),
    ("REFUSED-then-good", "plain", fails_then_good(Faults(rcode=dns.REFUSED))),
    ("silent-server-then-good", "plain", fails_then_good(Faults(silent=True))),
    ("denials-without-SOA-and-of-unknown-types", "plain", works_all_the_time(Faults(without_soa=True, denies_unknown_types=True))),
    ("denials-of-unknown-types", "cached", works_all_the_time(Faults(denies_unknown_types=True), CHANGED + SOON)),
    ("no-SRV", "cached", works_all_the_time(Faults(without_srv=True))),
    ("truncated", "plain", works_all_the_time(Faults(truncates=True))),
    ("truncated", "cached", works_all_the_time(Faults(truncates=True))),
    ("first-server-dead", "plain", first_server_dead(NOBODY)),
    ("first-server-nowhere", "plain", first_server_dead("10.77.200.200")),
    ("first-server-denies", "plain", first_server_denies),
    ("replicas-disagree", "replicas", replicas_disagree),
    ("silent-address-then-corrected", "plain", leads_elsewhere(DEAF)),
    ("silent-address-then-corrected", "cached", leads_elsewhere(DEAF, BEHIND)),
    ("another-host-then-corrected", "plain", leads_elsewhere(HTTP)),
    ("another-host-then-corrected", "cached", leads_elsewhere(HTTP, BEHIND)),
    ("another-instance-then-corrected", "plain", leads_to_another_instance()),
    ("another-instance-then-corrected", "cached", leads_to_another_instance(BEHIND)),
    ("refused-then-listening", "plain", refused_then_listening),
    ("leader-moves-while-followers-wait", "plain", leader_moves_while_followers_wait(SOON)),
    ("leader-moves-while-followers-wait", "cached", leader_moves_while_followers_wait(BEHIND)),
]


@pytest.fixture
def stage(output, tmp_path, bench):
    """Makes an Instance whose pods have this kind of name server."""
    if reason := pods_module.why_not():
        pytest.skip(reason)
    made = []

    def make(kind):
        cluster = FaultyCluster(output, tmp_path / "cluster", kind=kind)
        cluster.__enter__()
        made.append(cluster)
        return Instance(cluster, bench)
    yield make
    for cluster in made:
        cluster.__exit__()


def named(rows):
    return [f"{row[0]}-{row[1]}" for row in rows]


@pytest.mark.parametrize("name, kind, row", RECOVERS, ids=named(RECOVERS))
def test_what_is_mended_is_survived(stage, flux, name, kind, row):
    scene = Scene(stage(kind), flux)
    steps = row(scene)
    soon = next(steps)
    assert scene.follower.running() and "program-runs" not in scene.leader.log(), scene.instance.logs()
    begin = time.monotonic()
    next(steps, None)
    scene.leader.wait_log("^.*program-runs$", soon + 10)
    took = time.monotonic() - begin
    print(f"recovered {took:.2f} s after the mend")
    assert [scene.leader.wait(), scene.follower.wait()] == [0, 0], scene.instance.logs()
    assert took < soon + (0 if flux == "none" else FLUX), f"{took:.1f} s\n{scene.instance.logs()}"


@pytest.mark.parametrize("kind, soon", [("plain", NOTICED), ("cached", CACHE + NOTICED)], ids=["plain", "cached"])
def test_followers_find_a_leader_that_moves_while_they_run(stage, flux, kind, soon):
    """Its second life runs the program to its end. The brokers that run look the name up themselves, as libzmq does before
    each attempt to connect again: behind a cache they are led to the old address for as long as it keeps it. Connected to a
    new leader, they learn that it is one when they next speak to it (after 5 to 10 s)."""
    instance = stage(kind)
    leader, *followers = instance.pods(3, "sh", "-c", "echo program-runs; until [ -e /tmp/go ]; do sleep 0.1; done", flux=flux, mode="launcher")
    instance.cluster.start([leader, *followers])
    leader.wait_log("^.*program-runs$")
    begin = time.monotonic()
    leader.replace()
    leader.wait_log("^.*program-runs$", soon + 10)
    print(f"recovered {time.monotonic() - begin:.2f} s after the new leader was started")
    assert time.monotonic() - begin < soon, instance.logs()
    assert leader.exec("touch", "/tmp/go").code == 0
    assert [pod.wait() for pod in (leader, *followers)] == [0, 0, 0], instance.logs()


def no_name(scene):
    """Nobody publishes it."""


def with_faults(faults):
    def row(scene):
        scene.publish_leader()
        scene.authority.faults = faults
    return row


def leads_to(argv):
    def row(scene):
        pod = scene.stranger(argv, scene.cluster.certificate)
        scene.place = pod.address
    return row


def leads_to_nobody(scene):
    scene.lead_to("10.77.200.200")


def exists_without_address(scene):
    scene.lead_to()


def other_key(scene):
    scene.other_instance()


NAME = r"resolve pod-0\.muster\.lab\.svc\.cluster\.test\.: "
DIAL = r"dial 10\.77\.\d+\.\d+ port 8050: "
SHAKE = r"shake hands with 10\.77\.\d+\.\d+ port 8050: "
# fault, kind of name server, how, exit code, what the last line says: gate, evidence, and the beginning of the mend
TOLD = [
    ("no-such-name", "plain", no_name, 68, NAME + "no such name.*start that pod"),
    ("no-such-name", "cached", no_name, 68, NAME + "no such name.*start that pod"),
    ("no-address", "plain", exists_without_address, 68, NAME + ".*no address.*--ip"),
    ("SERVFAIL", "plain", with_faults(Faults(rcode=dns.SERVFAIL)), 68, NAME + ".*SERVFAIL.*CoreDNS"),
    ("REFUSED", "plain", with_faults(Faults(rcode=dns.REFUSED)), 68, NAME + ".*refused.*--domain"),
    ("silent-server", "plain", with_faults(Faults(silent=True)), 68, NAME + ".*(does not|nothing|no) answer.*port 53"),
    ("silent-address", "plain", leads_to(DEAF), 69, DIAL + ".*no answer.*drops the packets"),
    ("nobody-there", "plain", leads_to_nobody, 69, DIAL),
    ("refusing-address", "plain", leads_to(NOTHING), 69, DIAL + ".*refused.*has not started"),
    ("HTTP", "plain", leads_to(HTTP), 76, SHAKE + ".*another program"),
    ("silent-listener", "plain", leads_to(SILENT), 76, SHAKE + ".*says nothing.*no Flux broker"),
    ("closing-listener", "plain", leads_to(CLOSING), 76, SHAKE + ".*clos.*no Flux broker"),
    ("another-key", "plain", other_key, 76, SHAKE + ".*another certificate.*same certificate"),
    ("client-not-authorized", "plain", leads_to(REFUSING), 76, SHAKE + ".*client key.*same certificate"),
]


@pytest.mark.parametrize("name, kind, row, code, sentence", TOLD, ids=named(TOLD))
def test_what_is_not_mended_is_told(stage, flux, name, kind, row, code, sentence):
    scene = Scene(stage(kind), flux)
    row(scene)
    scene.follower.env["MUSTER_WAIT"] = "3s"
    scene.follower.start()
    assert scene.follower.wait(30) == code, scene.instance.logs()
    last = [line for line in scene.follower.log().splitlines() if line.startswith("muster: error: ")][-1]
    print(last)
    assert re.search("reach rank 0 \\(pod-0\\): " + sentence, last), f"{last}\n{scene.instance.logs()}"
