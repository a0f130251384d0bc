# SPDX-License-Identifier: Apache-2.0
"""How each fault of tests/data/diagnosis is provoked: an instance of pods, brought to the point where one of them has
something to say.

A fault is a function of a Scene; it starts the pods and gives the one whose words the row is about."""
import signal

import dns
import pytest
from authority import Faults
from fault_scene import SLEEP, Quota
from faulty import CLOSING, DEAF, HTTP, REFUSING, SILENT
from muster_testing import remember_secrets
from pods import ARBITRARY_UID, MUSTER_BIN

FAULTS = {}


def fault(name):
    def keep(function):
        FAULTS[name] = function
        return function
    return keep


# The gates.

@fault("the leader's name never appears")
def no_such_name(scene):
    return scene.one()


@fault("the leader's name has no address")
def no_address(scene):
    scene.cluster.authority.set(f"pod-0.{scene.cluster.service}")
    return scene.one()


@fault("the name server fails")
def server_failure(scene):
    pod = scene.pods(2)[1]
    scene.cluster.publish(pod)
    scene.cluster.authority.faults = Faults(rcode=dns.SERVFAIL)
    return pod.start()


@fault("the name server says nothing")
def silent_server(scene):
    pod = scene.pods(2)[1]
    scene.cluster.publish(pod)
    scene.cluster.authority.faults = Faults(silent=True)
    return pod.start()


@fault("another domain than the cluster's")
def wrong_domain(scene):
    return scene.one(domain="cluster.example", namespace="lab", service="muster")


@fault("another host name than the Job's")
def wrong_hostname(scene):
    leader, follower = scene.pods(2)
    follower.hostname = follower.env["HOSTNAME"] = "other-1"
    scene.watch(follower)
    scene.cluster.start([leader, follower])
    return follower


@fault("the leader's address drops packets")
def silent_address(scene):
    return scene.follower_of(DEAF)


@fault("nobody has the leader's address")
def nobody_there(scene):
    scene.cluster.authority.set(f"pod-0.{scene.cluster.service}", "10.77.200.200")
    return scene.one()


@fault("nothing listens on the leader")
def refused(scene):
    return scene.follower_of(SLEEP)


@fault("the listener speaks HTTP")
def http(scene):
    return scene.follower_of(HTTP)


@fault("the listener is silent")
def silent_listener(scene):
    return scene.follower_of(SILENT)


@fault("the listener closes at once")
def closing_listener(scene):
    return scene.follower_of(CLOSING)


@fault("another key pair")
def other_key(scene):
    other = scene.cluster.scratch / "other.cert"
    assert scene.instance.bench.muster("keygen", other).code == 0
    pods = scene.pods(2)
    pods[1].certificate = remember_secrets(other)
    scene.start(pods)
    return pods[1]


@fault("the leader does not authorise the client")
def unauthorised(scene):
    return scene.follower_of(REFUSING)


# Identity and settings.

@fault("the host name is not in the list")
def not_in_list(scene):
    return scene.one(hosts="node-[1-2]")


@fault("two pods with one rank")
def twins(scene):
    pods = scene.running()
    twin = scene.pods(2)[1]
    twin.lives = 10  # its log is another
    scene.messages.joinpath("pod-1").write_text("")
    twin.start()
    pods[1].wait_log("starting it again")
    twin.delete()
    scene.stop(pods[1])
    return pods[1]


@fault("pods of differing sizes")
def sizes(scene):
    scene.running()
    pod = scene.one(rank=3, size=4)
    pod.wait_log("starting it again")
    scene.stop(pod)
    return pod


# Files and programs.

@fault("the certificate cannot be read")
def unreadable_certificate(scene):
    text = scene.cluster.certificate
    return scene.one(uid=ARBITRARY_UID, cert="/etc/private.cert", files={"/etc/private.cert": {"text": text, "mode": 0o600}})


@fault("the certificate may be read by others")
def open_certificate(scene):
    """One that the user's own configuration names is not copied."""
    toml = '[bootstrap]\ncurve_cert = "/etc/open.cert"\nhosts = [ { host = "pod-0", bind = "tcp://*:8050", ' \
           'connect = "tcp://%h:8050" }, { host = "pod-1" } ]\n'
    return scene.one(rank=0, config="/etc/own.toml", files={"/etc/own.toml": {"text": toml}, "/etc/open.cert": {
        "text": scene.cluster.certificate, "mode": 0o644}})


@fault("a read-only directory")
def read_only(scene):
    return scene.one(rank=0, read_only=True, dir="/var/lib/muster")


@fault("a full directory")
def full(scene):
    pod = scene.pods(2, dir="/full")[0]
    pod.tmpfs.append(["/full", "mode=0777,size=4k"])
    scene.cluster.start([pod])
    return pod


@fault("no flux")
def no_flux(scene):
    pod = scene.pods(2, flux="flux")[0]
    pod.env["PATH"] = "/usr/bin:/bin"
    scene.cluster.start([pod])
    return pod


@fault("a library of flux is missing")
def no_library(scene):
    real = f"{MUSTER_BIN}/muster-rehearsal" if scene.flux == "none" else scene.flux
    wrapper = f'#!/bin/sh\nLD_LIBRARY_PATH=/etc/broken exec {real} "$@"\n'
    return scene.one(rank=0, flux="/etc/flux", files={"/etc/flux": {"text": wrapper, "mode": 0o755},
                                                      "/etc/broken/libzmq.so.5": {"text": ""}})


@fault("the port is taken")
def port_taken(scene):
    pod = scene.pods(2)[0]
    taken = "import os, socket, sys; s = socket.create_server(('', 8050)); s.set_inheritable(True); os.execvp(sys.argv[1], sys.argv[1:])"
    pod.argv = ["python3", "-I", "-c", taken, *pod.argv]
    scene.cluster.start([pod])
    return pod


# What Flux itself refuses.

@fault("an attribute that Flux does not know")
def unknown_attribute(scene):
    return scene.one(rank=0, run=["--option", "foo.bar=1"])


@fault("rc1 fails")
def rc1_fails(scene):
    return scene.one(rank=0, size=1, run=["--option", "broker.rc1_path=/etc/rc1"], files={"/etc/rc1": {
        "text": "#!/bin/sh\necho no licence today >&2\nexit 3\n", "mode": 0o755}})


@fault("no room for the state")
def no_room(scene):
    pod = scene.pods(1, statedir="/full")[0]
    pod.tmpfs.append(["/full", "mode=0777,size=64k"])
    pod.argv = ["sh", "-c", 'head -c 60000 /dev/zero > /full/ballast; exec "$@"', "sh", *pod.argv]
    scene.cluster.start([pod])
    return pod


# The end.

@fault("the leader's network dies")
def dead_leader(scene):
    toml = '[heartbeat]\ntimeout = "4s"\n'
    pods = scene.running(config="/etc/own.toml", files={"/etc/own.toml": {"text": toml}})
    pods[0].unplug()
    return pods[1]


@fault("the leader's broker is killed")
def killed_leader(scene):
    pods = scene.running()
    pods[0].wait_process(r"\bbroker --config-path").send(signal.SIGKILL)
    return pods[0]


@fault("the grace is too short")
def short_grace(scene):
    pods = scene.pods(2, "sh", "-c", "trap '' TERM HUP; echo program-runs; while :; do sleep 0.1; done", grace="15s")
    scene.start(pods)
    pods[0].wait_log("program-runs$")
    scene.stop(pods[0])
    return pods[0]


@fault("less than a core")
def quota(scene):
    """A quota of half a core; the pod starts below it."""
    group = Quota.make(scene.closing) or pytest.skip("no cpu controller to be had here")
    scene.cluster.binds.append(["/sys/fs/cgroup", "/sys/fs/cgroup", True])
    pod = scene.pods(1)[0]
    pod.argv = ["sh", "-c", 'until [ -e /tmp/go ]; do sleep 0.05; done; exec "$@"', "sh", *pod.argv]
    scene.cluster.start([pod])
    group.add(pod.pid)
    assert pod.exec("touch", "/tmp/go").code == 0
    pod.wait_log("program-runs$")
    with group.joined():
        scene.answers = scene.ask(pod)
    scene.stop(pod)
    return pod
