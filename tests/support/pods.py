# SPDX-License-Identifier: Apache-2.0
"""Pods as Linux namespaces, on one bridge in a network namespace of their own, with a real DNS server.

    with Cluster(directory) as cluster:
        pod = cluster.pod(0, ["/opt/muster/bin/muster-init", "muster", "run"])
        pod.start()                                  # its name is published, as with publishNotReadyAddresses
        assert pod.wait() == 0

A pod is what a container of an Indexed Job sees: hostname `<job>-<index>`, JOB_COMPLETION_INDEX, the
resolv.conf and hosts file that the kubelet writes, PID 1, /dev, /proc, /sys, no other mount of the host's
than /usr (and the programs, read-only), a container's capabilities. Needs root. Nothing leaves the machine:
the cluster's network has no way out. reference: namespaces(7), Kubernetes "DNS for Services and Pods".
"""
import contextlib
import ctypes
import dataclasses
import functools
import json
import os
import pathlib
import re
import select
import shlex
import signal
import socket
import subprocess
import sys

import dns
from muster_testing import BIN, DEADLINE, Done, Process, real_flux, wait_until

LAUNCHER = str(pathlib.Path(__file__).with_name("pod_launcher.py"))
LIBC = ctypes.CDLL(None, use_errno=True)
GATEWAY, GATEWAY6 = "10.77.0.1", "fd77::1"
MUSTER_BIN = "/opt/muster/bin"
CERTIFICATE = "/etc/muster/curve.cert"  # in a Secret volume: a read-only tmpfs
ARBITRARY_UID = 1000650000
PATH = f"{MUSTER_BIN}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@functools.cache
def why_not():
    """Why pods cannot be made here, or None."""
    if os.geteuid() != 0:
        return "needs root: pods are network, mount and pid namespaces"
    done = subprocess.run(["unshare", "--net", "--mount", "--pid", "--uts", "--ipc", "--fork", "sh", "-c",
                           "mount -t tmpfs pod /mnt && ip link add x type bridge && ip link add y type veth peer name z"],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return f"no namespaces for pods here: {done.stderr.strip().splitlines()[-1]}" if done.returncode else None


@contextlib.contextmanager
def network_of(pid):
    """Sockets made inside belong to the network namespace of process `pid`."""
    with open("/proc/thread-self/ns/net", "rb") as home, open(f"/proc/{pid}/ns/net", "rb") as there:
        assert LIBC.setns(there.fileno(), 0x40000000) == 0, os.strerror(ctypes.get_errno())
        try:
            yield
        finally:
            assert LIBC.setns(home.fileno(), 0x40000000) == 0


class Launched:
    """A process of pod_launcher.py and what it says on its status pipe."""

    def __init__(self, argument, log):
        self._status, other = os.pipe()
        with open(log, "ab") as file:
            self._popen = subprocess.Popen([sys.executable, "-I", "-S", LAUNCHER, str(other), argument],
                                           stdin=subprocess.DEVNULL, stdout=file, stderr=file, pass_fds=[other])
        os.close(other)
        self._text = ""

    def say(self, pattern, deadline):
        """The match of `pattern` in what it has said; raises AssertionError when it says `failed` or nothing."""
        def look():
            while select.select([self._status], [], [], 0)[0]:
                more = os.read(self._status, 4096).decode()
                if not more:
                    assert re.search(pattern, self._text, re.M), f"launcher ended, saying {self._text!r}"
                    break
                self._text += more
            assert not self._text.startswith("failed"), self._text
            return re.search(pattern, self._text, re.M)
        return wait_until(look, lambda: f"{pattern} from the pod launcher, which said {self._text!r}", deadline)

    def close(self):
        self._popen.kill()
        self._popen.wait()
        if self._status >= 0:
            os.close(self._status)
            self._status = -1


@dataclasses.dataclass
class Member:
    """A process in a pod: its pid on the host, its pid in the pod, its argument vector."""
    pid: int
    inside: int
    argv: list

    def send(self, number):
        os.kill(self.pid, number)


class Pod:
    """One pod; started, ended and started again (each time from a fresh root, under a new address if told)."""

    def __init__(self, cluster, index, argv, env, uid, read_only, files, hostname, name):
        self.cluster, self.index, self.argv = cluster, index, [str(word) for word in argv]
        self.hostname, self.name = hostname, name or f"{hostname}.{cluster.service}"
        self.uid, self.gid, self.read_only = uid, 0, read_only
        self.env = {"PATH": PATH, "HOSTNAME": self.hostname, "HOME": "/root" if uid == 0 else "/",
                    "KUBERNETES_SERVICE_HOST": "10.96.0.1", "KUBERNETES_SERVICE_PORT": "443",
                    **({} if index is None else {"JOB_COMPLETION_INDEX": str(index)}),
                    **{name: str(value) for name, value in env.items() if value is not None}}
        self.files, self.certificate, self.secret_mode = files, None, 0o644
        self.label = hostname  # of its log and its root; another one where a container shares a pod's hostname
        self.binds = None  # [[on the host, in the pod, is read-only], ...]; None: muster, and Flux
        self.tmpfs = [["/tmp", "mode=1777"], ["/run/muster", "mode=0777"]]
        self.address, *self.more_addresses = cluster.next_addresses()
        self.lives = 0
        self._launched, self.pid, self._veth = None, None, None

    @property
    def addresses(self):
        return [self.address, *self.more_addresses]

    def log_path(self, life=None):
        return self.cluster.directory / f"{self.label}.{self.lives if life is None else life}.log"

    def log(self):
        """What its processes printed in this life."""
        with contextlib.suppress(FileNotFoundError):
            return self.log_path().read_text(encoding="utf-8", errors="replace")
        return ""

    def start(self, wait=True):
        """Starts PID 1 and, unless the cluster says otherwise, publishes its name."""
        assert self._launched is None, f"{self.hostname} runs already"
        self.lives += 1
        self._veth = self.cluster.next_interface()
        root = self.cluster.scratch / f"{self.label}.root"
        root.mkdir(exist_ok=True)
        spec = {"hostname": self.hostname, "root": str(root), "cluster_pid": self.cluster.pid, "veth": self._veth,
                "addresses": self.addresses, "gateways": self.cluster.gateways, "argv": self.argv, "env": self.env, "cwd": "/",
                "uid": self.uid, "gid": self.gid, "read_only": self.read_only, "log": str(self.log_path()),
                "tmpfs": self.tmpfs,
                "binds": self.cluster.binds if self.binds is None else self.binds, "files": {**self.cluster.files_of(self), **self.files},
                "secrets": self._secrets()}
        path = self.cluster.scratch / f"{self.label}.{self.lives}.json"
        path.write_text(json.dumps(spec))
        self._launched = Launched(str(path), self.log_path())
        if wait:
            self.wait_started()
        return self

    def _secrets(self):
        text = self.certificate or self.cluster.certificate
        place, name = CERTIFICATE.rsplit("/", 1)
        return {place: {name: {"text": text, "mode": self.secret_mode, "gid": self.gid}}} if text else {}

    def wait_started(self, deadline=DEADLINE):
        self.pid = int(self._launched.say(r"^pid (\d+)", deadline).group(1))

    def running(self):
        return self._launched is not None and not self._ended(0.0)

    def _ended(self, deadline):
        try:
            return self._launched.say(r"^(exit|signal) (\d+)$", deadline)
        except AssertionError:
            return None

    def wait(self, deadline=DEADLINE):
        """Its exit code as Kubernetes shows it (128 + n for signal n), once PID 1 has ended."""
        found = self._ended(deadline)
        assert found, f"{self.hostname} still runs after {deadline} s: {self.processes()}\n{self.log()}"
        return int(found.group(2)) + (128 if found.group(1) == "signal" else 0)

    def wait_log(self, pattern, deadline=DEADLINE):
        """The match of a regular expression in its log; fails early when the pod has ended without it."""
        def look():
            ended = self._ended(0.0)
            found = re.search(pattern, self.log(), re.M)
            assert found or not ended, f"{self.hostname} ended ({ended.group(0)}) without {pattern!r}:\n{self.log()}"
            return found
        return wait_until(look, lambda: f"{pattern!r} in the log of {self.hostname}:\n{self.log()}", deadline)

    def signal(self, number):
        """A signal to PID 1, as the container runtime sends it: none when the pod has just ended."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def processes(self):
        """The living processes of the pod, PID 1 first; zombies have an empty argv and are listed, too."""
        if self.pid is None:
            return []
        try:
            namespace = os.readlink(f"/proc/{self.pid}/ns/pid")
        except OSError:
            return []
        found = []
        for entry in os.listdir("/proc"):
            if not entry.isdigit():
                continue
            with contextlib.suppress(OSError):
                if os.readlink(f"/proc/{entry}/ns/pid") != namespace:
                    continue
                status = pathlib.Path(f"/proc/{entry}/status").read_text()
                inside = int(re.search(r"^NSpid:.*\s(\d+)$", status, re.M).group(1))
                argv = pathlib.Path(f"/proc/{entry}/cmdline").read_bytes().split(b"\0")[:-1]
                found.append(Member(int(entry), inside, [os.fsdecode(word) for word in argv]))
        return sorted(found, key=lambda member: member.inside)

    def find(self, pattern):
        """The first process whose command line matches, or None."""
        return next((p for p in self.processes() if re.search(pattern, " ".join(p.argv))), None)

    def wait_process(self, pattern, deadline=DEADLINE):
        def look():
            found = self.find(pattern)
            assert found or self.running(), f"{self.hostname} ended without a process {pattern!r}:\n{self.log()}"
            return found
        return wait_until(look, lambda: f"process {pattern!r} among {self.processes()}\n{self.log()}", deadline)

    def exec(self, *argv, deadline=DEADLINE, env=None):
        """Runs a command in the pod as its user, as `kubectl exec` does."""
        environment = {**self.env, **(env or {})}
        command = ["nsenter", "-t", str(self.pid), "-m", "-u", "-i", "-n", "-p", "-r", "-w", "-G", str(self.gid),
                   "-S", str(self.uid), "--", "env", "-i", *(f"{k}={v}" for k, v in environment.items()), *argv]
        self.cluster.execs += 1
        return Process(command, self.cluster.directory, f"{self.label}.exec{self.cluster.execs}", dict(os.environ),
                       "/", subprocess.DEVNULL).wait(deadline)

    def enter_network(self, *argv):
        """Runs a command of the host in the pod's network namespace, with the host's rights."""
        done = subprocess.run(["nsenter", "-t", str(self.pid), "-n", "--", *argv], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=DEADLINE)
        assert done.returncode == 0, f"{shlex.join(argv)}: {done.stderr}"
        return done.stdout

    def read(self, path):
        """A file of the pod as the host's root sees it."""
        return pathlib.Path(f"/proc/{self.pid}/root{path}").read_text()

    def unplug(self):
        """Its network vanishes without a word: frames are dropped, nobody is told."""
        self.cluster.run("ip", "link", "set", self._veth, "down")

    def delete(self):
        """Gone at once, with its network: SIGKILL, no grace."""
        if self._launched is None:
            return
        if self.pid is not None and not self._ended(0.0):
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            self._ended(10.0)
        self._launched.close()
        self._launched, self.pid = None, None
        with contextlib.suppress(AssertionError):
            self.cluster.run("ip", "link", "del", self._veth)

    def replace(self, publish=True):
        """Deleted, and started again as Kubernetes does it: a fresh root and another address."""
        self.delete()
        self.address, *self.more_addresses = self.cluster.next_addresses()
        if publish:
            self.cluster.publish(self)
        return self.start()


class Cluster:
    """The pods' network and name server. Everything in it ends with close(), or with this process.
    `families`: "4", "6" or "46", the pods' addresses and those in DNS, the first one as Pod.address."""

    def __init__(self, directory, scratch, service="muster", namespace="lab", domain="cluster.test", job="pod",
                 families="4"):
        self.directory, self.scratch = pathlib.Path(directory), pathlib.Path(scratch)
        self.namespace, self.domain, self.job = namespace, domain, job
        self.service = f"{service}.{namespace}.svc.{domain}"
        self.pods, self.records, self.execs = [], {}, 0
        self.families, self._addresses = families, iter(range(50000))
        self.gateways = [GATEWAY if family == "4" else GATEWAY6 for family in families]
        self.nameservers = (self.gateways[0],)
        self._interfaces = iter(f"pod{n}" for n in range(100000))
        self.certificate = None
        self.binds = [[str(BIN), MUSTER_BIN, True]]
        flux = real_flux()
        if flux and not flux.startswith("/usr/"):
            prefix = os.path.dirname(os.path.dirname(flux))
            self.binds.append([prefix, prefix, True])

    def __enter__(self):
        self.scratch.mkdir(parents=True, exist_ok=True)
        self._launched = Launched("cluster", self.directory / "cluster.log")
        self.pid = int(self._launched.say(r"^pid (\d+)", DEADLINE).group(1))
        if "6" in self.families:
            self.run("ip", "-6", "addr", "add", f"{GATEWAY6}/64", "dev", "cluster0", "nodad")
            # The kernel makes it its own a moment later. A socket that is connected to it before that never reaches it.
            wait_until(lambda: self.run("ip", "-6", "route", "get", GATEWAY6).startswith("local"), "the gateway's own route")
        self.start_names()
        return self

    def _enter(self):
        """In the child before exec: into the cluster's network, and dying with the test process."""
        with open(f"/proc/{self.pid}/ns/net", "rb") as there:
            LIBC.setns(there.fileno(), 0x40000000)
        LIBC.prctl(1, signal.SIGKILL, 0, 0, 0)

    def __exit__(self, *_):
        for pod in self.pods:
            pod.delete()
        self.stop_names()
        self._launched.close()

    def run(self, *argv):
        """Runs a command in the cluster's network namespace."""
        done = subprocess.run(argv, preexec_fn=self._enter, capture_output=True, text=True, timeout=DEADLINE)
        assert done.returncode == 0, f"{shlex.join(argv)}: {done.stderr}"
        return done.stdout

    def next_addresses(self):
        n = next(self._addresses)
        return [f"10.77.{1 + n // 250}.{1 + n % 250}" if family == "4" else f"fd77::{0x100 + n:x}"
                for family in self.families]

    def next_interface(self):
        return next(self._interfaces)

    def pod(self, index, argv, env=None, uid=0, read_only=False, files=None, hostname=None, name=None):
        """A pod, not yet started, its name not yet published. `files`: {path: {"text", "mode", "uid", "gid"}}.
        Without an index it is of no Indexed Job; `name` is the one in DNS, where it is not below the cluster's Service."""
        pod = Pod(self, index, argv, env or {}, uid, read_only, files or {}, hostname or f"{self.job}-{index}", name)
        self.pods.append(pod)
        return pod

    def files_of(self, pod):
        """The files in /etc that the kubelet and the image give a pod."""
        search = f"{self.namespace}.svc.{self.domain} svc.{self.domain} {self.domain}"
        servers = "".join(f"nameserver {server}\n" for server in self.nameservers)
        files = {
            "/etc/hostname": {"text": pod.hostname + "\n"},
            "/etc/hosts": {"text": "127.0.0.1\tlocalhost\n::1\tlocalhost\n" + "".join(
                f"{address}\t{pod.name}\t{pod.hostname}\n" for address in pod.addresses)},
            "/etc/resolv.conf": {"text": f"search {search}\n{servers}options ndots:5\n"},
            "/etc/nsswitch.conf": {"text": "passwd: files\ngroup: files\nhosts: files dns\n"},
            "/etc/passwd": {"text": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n"},
            "/etc/group": {"text": "root:x:0:\nnogroup:x:65534:\n"},
        }
        return files

    def start(self, pods):
        """Publishes and starts pods together; returns when all run."""
        self.publish(*pods)
        for pod in pods:
            pod.start(wait=False)
        for pod in pods:
            pod.wait_started()

    def publish(self, *pods):
        """The names of these pods lead to their present addresses; returns when the server says so."""
        self.records.update({pod.name: pod.addresses for pod in pods})
        self.serve({pod.name: pod.addresses for pod in pods})

    def withdraw(self, *pods):
        """The names of these pods do not exist any more."""
        for pod in pods:
            self.records.pop(pod.name, None)
        self.serve({pod.name: [] for pod in pods})

    # The name server. A cluster with another one overrides these three, and names its servers in `nameservers`.

    def start_names(self):
        self._hosts = self.scratch / "hosts"
        self._hosts.write_text("")
        with open(self.directory / "dnsmasq.log", "ab") as log:
            self._dnsmasq = subprocess.Popen(
                ["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts",
                 "--bind-interfaces", *(f"--listen-address={gateway}" for gateway in self.gateways), f"--local=/{self.domain}/", "--pid-file=",
                 f"--addn-hosts={self._hosts}", "--user=root", "--group=root", "--log-facility=-", "--log-queries"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=self._enter)
        with network_of(self.pid):
            self._question = socket.socket(socket.AF_INET6 if ":" in self.gateways[0] else socket.AF_INET,
                                           socket.SOCK_DGRAM)
            self._question.connect((self.gateways[0], 53))
        wait_until(lambda: self.resolve(self.service) is not None, "dnsmasq answers")

    def stop_names(self):
        self._dnsmasq.kill()
        self._dnsmasq.wait()
        self._question.close()

    def serve(self, expected):
        lines = [f"{address} {name}\n{address} {self.service}\n" for name, addresses in self.records.items()
                 for address in addresses]
        temporary = self._hosts.with_suffix(".new")
        temporary.write_text("".join(lines))
        temporary.replace(self._hosts)
        self._dnsmasq.send_signal(signal.SIGHUP)
        wait_until(lambda: all(self.resolve(name) == addresses for name, addresses in expected.items()),
                   f"dnsmasq says {expected}")

    def resolve(self, name):
        """The addresses of `name`, [] when it does not exist, None when the server does not answer."""
        try:
            kinds = [dns.TYPE_A if family == "4" else dns.TYPE_AAAA for family in self.families]
            return [address for kind in kinds for address in dns.ask(self._question, name, kind, timeout=5.0)[1]]
        except OSError:
            return None
