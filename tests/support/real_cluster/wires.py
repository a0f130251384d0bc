# SPDX-License-Identifier: Apache-2.0
"""The cluster's network: a bridge on the control plane's machine, to which the nodes are wired, routes between their pods, and one wire
from here to the API server. No route leads out: the control plane forwards nothing."""
import ipaddress
import subprocess

from real_cluster import control

HERE = ipaddress.ip_network("10.200.255.0/24")  # of this machine, four addresses a cluster


def _ip(*words, check=True):
    done = subprocess.run(["ip", *map(str, words)], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert not check or done.returncode == 0, f"ip {' '.join(map(str, words))}: {done.stderr.strip()}"
    return done.stdout


def connect(machine, nodes):
    """Wires the control plane's machine to the nodes'."""
    machine.run("ip", "link", "add", "nodes", "type", "bridge")
    machine.run("ip", "address", "add", f"{control.ADDRESS}/24", "dev", "nodes")
    machine.run("ip", "link", "set", "nodes", "up")
    for node in nodes:
        _ip("link", "add", "eth0", "netns", node.machine.pid, "type", "veth", "peer", "name", node.name, "netns", machine.pid)
        machine.run("ip", "link", "set", node.name, "master", "nodes", "up")
        node.machine.run("ip", "address", "add", f"{node.address}/24", "dev", "eth0")
        node.machine.run("ip", "link", "set", "eth0", "up")
        node.machine.run("ip", "route", "add", control.SERVICES, "dev", "eth0")  # so that a Service's address gets as far as the rules that change it
        node.machine.run("sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward")
        for other in nodes:
            if other is not node:
                node.machine.run("ip", "route", "add", other.pods, "via", other.address)
    for node in nodes:
        machine.run("ip", "route", "add", node.pods, "via", node.address)


def open_to_here(machine):
    """Wires this machine to the control plane's; the address of the API server as seen from here."""
    used = _ip("-o", "address", "show")
    for pair in HERE.subnets(new_prefix=30):
        ours, theirs = pair.hosts()
        if f" {ours}/" not in used:
            break
    else:
        raise AssertionError(f"all of {HERE} is in use: end a cluster (tests/e2e/kubernetes/cluster down)")
    name = f"muster-{int(ours) & 0xff}"
    _ip("link", "add", name, "type", "veth", "peer", "name", "here", "netns", machine.pid)
    _ip("address", "add", f"{ours}/30", "dev", name)
    _ip("link", "set", name, "up")
    machine.run("ip", "address", "add", f"{theirs}/30", "dev", "here")
    machine.run("ip", "link", "set", "here", "up")
    return str(theirs)
