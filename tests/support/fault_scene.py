# SPDX-License-Identifier: Apache-2.0
"""Where the faults of tests/data/diagnosis take place: an instance of pods whose containers outlive muster-init, so that one
can look around in them afterwards, and a cgroup with a quota."""
import contextlib
import os
import pathlib
import signal

from muster_testing import wait_until
from pods import MUSTER_BIN

WAIT = "3s"
SLEEP = ["sleep", "600"]
RUNS = "echo program-runs; exec sleep 600"
INIT = rf"^{MUSTER_BIN}/muster-init -- "
# The container outlives muster-init, so that one can look around in it.
STAYS = ["sh", "-c", '"$@"; echo $? > $TERMINATION_LOG.code; exec sleep 600', "sh"]
LISTENS = ["grep", "-q", ":1F72 .* 0A ", "/proc/net/tcp", "/proc/net/tcp6"]


class Scene:
    """The instance of a row, and where its pods leave their termination messages. `closing`: an ExitStack."""

    def __init__(self, instance, flux, closing):
        self.instance, self.flux, self.closing = instance, flux, closing
        self.cluster = instance.cluster
        self.answers = None  # a fault may ask the doctor itself, when the time is right
        self.messages = self.cluster.scratch / "termination"
        self.messages.mkdir()
        self.cluster.binds.append([str(self.messages), "/termination", False])

    def pods(self, size, *command, flux=None, **options):
        """Pods of an Indexed Job, not started."""
        pods = self.instance.pods(size, *(command or ["sh", "-c", RUNS]), flux=flux or self.flux,
                                  **{"mode": "launcher", "wait": WAIT, **options})
        for pod in pods:
            pod.argv = [*STAYS, *pod.argv]
            self.watch(pod)
        return pods

    def watch(self, pod):
        """Gives the pod a file for its termination message, as the kubelet does: any user of the pod may write it."""
        for name in (pod.hostname, f"{pod.hostname}.code"):
            (self.messages / name).touch()
            (self.messages / name).chmod(0o666)
        pod.env["TERMINATION_LOG"] = f"/termination/{pod.hostname}"

    def message(self, pod):
        return (self.messages / pod.hostname).read_text(encoding="utf-8")

    def wait(self, pod):
        """The exit code of the pod's muster-init."""
        file = self.messages / f"{pod.hostname}.code"
        return int(wait_until(file.read_text, lambda: f"the end of {pod.hostname}:\n{pod.log()}"))

    def stop(self, pod):
        pod.wait_process(INIT).send(signal.SIGTERM)

    def ask(self, pod):
        """What the doctor says in a pod: {"check": Done, "probe": Done}."""
        muster = f"{MUSTER_BIN}/muster"
        return {"check": pod.exec(muster, "check"), "probe": pod.exec(muster, "probe", "startup")}

    def one(self, rank=1, size=2, **options):
        """A single pod of an instance, started."""
        pod = self.pods(size, **options)[rank]
        self.cluster.start([pod])
        return pod

    def follower_of(self, argv, **options):
        """A follower whose leader's pod runs something else."""
        leader, follower = self.pods(2, **options)
        leader.argv = argv
        self.start([leader, follower], listens=argv != SLEEP)
        return follower

    def start(self, pods, listens=True):
        """The leader first: its followers wait for no longer than WAIT."""
        leader, *followers = pods
        self.cluster.start([leader])
        if listens:
            wait_until(lambda: leader.exec(*LISTENS).code == 0, lambda: f"a listener: {leader.log()}")
        self.cluster.start(followers)

    def running(self, size=2, **options):
        """An instance whose program runs."""
        pods = self.pods(size, **options)
        self.start(pods)
        pods[0].wait_log("program-runs$")
        return pods


class Quota:
    """A cgroup with half a core, of whatever version the machine has; None where none can be made."""

    def __init__(self, place):
        self.place = place

    @classmethod
    def make(cls, closing):
        root = pathlib.Path("/sys/fs/cgroup")
        name = f"muster-test-{os.getpid()}"
        for place, file, text in ((root / "cpu" / name, "cpu.cfs_quota_us", "50000"), (root / name, "cpu.max", "50000 100000")):
            try:
                place.mkdir()
            except OSError:
                continue
            if (place / file).exists():
                (place / file).write_text(text)
                closing.callback(lambda: wait_until(lambda: _remove(place), f"{place} is empty"))
                return cls(place)
            place.rmdir()
        return None

    def add(self, pid):
        (self.place / "cgroup.procs").write_text(str(pid))

    @contextlib.contextmanager
    def joined(self):
        """This process is in it as well, and what it starts: as `kubectl exec` runs a command in the pod's cgroup."""
        lines = dict(line.split(":", 2)[1:] for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines())
        version1 = self.place.parent.name == "cpu"
        home = self.place.parent / lines[next(key for key in lines if "cpu" in key.split(",")) if version1 else ""].strip("/")
        self.add(os.getpid())
        try:
            yield
        finally:
            (home / "cgroup.procs").write_text(str(os.getpid()))


def _remove(place):
    try:
        place.rmdir()
    except OSError:
        return False
    return True
