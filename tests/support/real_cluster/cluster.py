# SPDX-License-Identifier: Apache-2.0
"""A cluster by its name: up, down, and what a user asks of it. All that it is lies in one directory, which is also the record by
which `down`, or the next `up`, ends what a crash has left."""
import contextlib
import fcntl
import os
import pathlib
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor

from muster_testing import DEADLINE, wait_until
from real_cluster import cgroups, images, programs, wires
from real_cluster.control import ADDRESS, FIRST_SERVICE, PORT, Control
from real_cluster.keys import Keys
from real_cluster.machine import Machine
from real_cluster.node import Node

NEEDED = ("containerd", "ctr", "runc", "iptables", "conntrack", "mmdebstrap", "openssl", "tini", "nsenter", "musl-gcc", "ip")


def why_not():
    """Why there can be no cluster here, or None."""
    if os.geteuid() != 0:
        return "only root may start a Kubernetes cluster: run as root, or set KUBECONFIG to one that is there"
    missing = [name for name in NEEDED if not shutil.which(name)] + [path for path in ("/usr/lib/cni/ptp",) if not os.path.exists(path)]
    if missing:
        return f"{', '.join(missing)} not installed: containers/install-packages cluster"
    if not shutil.which("go") and not programs.is_built():
        return "no Go in PATH to build a Kubernetes cluster with: install Go 1.26 or newer (https://go.dev/dl)"
    tried = subprocess.run(["unshare", "--net", "--mount", "--pid", "--fork", "true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        return f"this root may make no namespaces ({tried.stderr.strip()}): use a machine or a privileged container"
    return cgroups.why_not()


def why_not_tried():
    """Why none comes up here, tried, or None."""
    if reason := why_not():
        return reason
    try:
        with spare():
            return None
    except (AssertionError, OSError, programs.CannotBuild, subprocess.SubprocessError) as why:
        return f"no cluster can be had here: {' '.join(str(why).split())[-600:]}"


@contextlib.contextmanager
def locked(name, how=fcntl.LOCK_EX):
    programs.CACHE.mkdir(parents=True, exist_ok=True)
    with open(programs.CACHE / f"cluster-{name}.lock", "wb") as file:
        fcntl.flock(file, how)
        yield


@contextlib.contextmanager
def spare():
    """A cluster that is up while the context lasts, and nobody else's. What a crash has left of it is ended first."""
    for number in range(1, 10):
        with contextlib.ExitStack() as held:
            try:
                held.enter_context(locked(f"spare{number}.taken", fcntl.LOCK_EX | fcntl.LOCK_NB))
            except BlockingIOError:
                continue
            one = Cluster(f"spare{number}")
            try:
                one.down()
                one.up()
                yield one
            finally:
                one.down()
            return
    raise AssertionError("nine clusters are up on this machine: wait for one to end")


class Cluster:
    """`name` tells clusters on one machine apart."""

    def __init__(self, name="tests", nodes=2):
        assert re.fullmatch("[a-z0-9]{1,12}", name), f"MUSTER_TEST_CLUSTER: '{name}' is no name for a cluster: at most 12 of a-z and 0-9"
        self.name = name
        self.place = pathlib.Path("/var/tmp") / f"muster-cluster-{name}"
        self.keys = Keys(self.place / "keys")
        self.control = Control(Machine("control", self.place / "control"), self.keys)
        self.nodes = [Node(Machine(f"node{number}", self.place / f"node{number}"), self.keys, number, f"muster-{name}-node{number}")
                      for number in range(1, nodes + 1)]
        self.kubeconfig = self.place / "kubeconfig"

    def _alone(self):
        """Nobody else brings this cluster up or down meanwhile."""
        return locked(f"{self.name}.change")

    def machines(self):
        """Those that its record names."""
        found = [record.parent for record in self.place.glob("*/first-process")]
        return [Machine(directory.name, directory) for directory in found]

    def is_up(self):
        return (self.place / "up").exists() and all(machine.runs() for machine in self.machines())

    def up(self, dns="cache-30"):
        """Returns when all nodes are ready and pods can be made. Where it is up, nothing is done."""
        with self._alone():
            if self.is_up():
                return
            self._clean()
            programs.place()
            try:
                self._start(dns)
            except BaseException:
                self._end_machines()  # what they said stays, until the next `up` or `down`
                raise
            (self.place / "up").touch()

    def _start(self, dns):
        self.place.mkdir(mode=0o700)
        with ThreadPoolExecutor() as pool:
            archive = pool.submit(images.build, self.place / "images")
            for booted in [pool.submit(machine.boot) for machine in (self.control.machine, *(node.machine for node in self.nodes))]:
                booted.result()
            wires.connect(self.control.machine, self.nodes)
            with locked("wires"):  # which are chosen by what is there
                here = wires.open_to_here(self.control.machine)
            self.keys.make({node.name: node.address for node in self.nodes}, [ADDRESS, FIRST_SERVICE, "127.0.0.1", here])
            url = f"https://{here}:{PORT}"
            self.keys.kubeconfig("admin", url, self.kubeconfig)
            nodes = [pool.submit(self._start_node, node, archive) for node in self.nodes]
            self.control.start(url, dns)
            for node in nodes:
                node.result()
        self.wait_ready()

    def _start_node(self, node, archive):
        node.start_containerd()
        node.load(archive.result())
        wait_until(lambda: self.control.machine.runs_program("kube-scheduler") if (self.control.directory / "kube-scheduler.pid").exists() else False,
                   "the control plane runs")
        node.start_proxy()
        node.start_kubelet()

    def wait_ready(self, deadline=DEADLINE):
        def ready():
            said = self.kubectl("get", "nodes", "-o", 'jsonpath={range .items[*]}{.status.conditions[?(@.type=="Ready")].status} {end}', check=False)
            return said.split() == ["True"] * len(self.nodes) and "default" in self.kubectl("get", "serviceaccounts", "-o", "name", check=False)
        wait_until(ready, lambda: f"all nodes are ready:\n{self.kubectl('get', 'nodes', check=False)}\n"
                   + "\n".join(f"{node.name}: {node.machine.log('kubelet')}" for node in self.nodes), deadline, rest=0.1)

    def kubectl(self, *words, check=True, **options):
        """Runs `kubectl WORDS` on it; what it prints."""
        done = subprocess.run([programs.program("kubectl"), f"--kubeconfig={self.kubeconfig}", *map(str, words)], capture_output=True, text=True,
                              timeout=options.pop("timeout", 300), check=False, **options)
        assert not check or done.returncode == 0, f"kubectl {words}: code {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout if done.returncode == 0 else done.stderr

    def load(self, archive):
        """Gives all nodes the images of an archive."""
        with ThreadPoolExecutor() as pool:
            for loaded in [pool.submit(node.load, pathlib.Path(archive).resolve()) for node in self.nodes]:
                loaded.result()

    def load_own_images(self):
        """Muster's images anew, with the programs of MUSTER_BIN."""
        self.load(images.build(self.place / "images"))

    def down(self):
        """Ends all of it and leaves nothing. True if there was something."""
        with self._alone():
            return self._clean()

    def _end_machines(self):
        return [machine.name for machine in self.machines() if machine.end()]

    def _clean(self):
        if not self.place.exists():
            return False
        self._end_machines()
        for machine in self.machines():
            cgroups.remove(f"muster-{self.name}-{machine.name}")
        shutil.rmtree(self.place)
        return True
