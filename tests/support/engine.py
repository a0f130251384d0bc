# SPDX-License-Identifier: Apache-2.0
"""A Docker engine for tests: the one that answers, or one of our own. `engine.py` alone says why there can be none, or
nothing where there can; `engine.py try [SECONDS]` says what came of trying it, and `engine.py here [SECONDS]` only why it
failed."""
import contextlib
import ctypes
import functools
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from muster_testing import DEADLINE, end_with_parent, wait_until

CLIENTS, ITS_OWN = ("docker", "docker-compose", "mmdebstrap"), ("dockerd", "iptables")
OWN_NETWORK = ("unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh")  # bridges and firewall go with it
CLONE_NEWNS = 0x00020000  # unshare(2)
HERE = "an engine can be had here"


class Engine:
    """The docker client, pointed at one engine."""

    def __init__(self, host=None):
        self.env = {**os.environ, **({"DOCKER_HOST": host} if host else {}), "DOCKER_BUILDKIT": "0", "HOME": "/nonexistent"}

    def docker(self, *words, check=True, env=None, cwd=None, timeout=900):
        """Runs `docker WORDS`; its completed process, texts."""
        done = subprocess.run(["docker", *map(str, words)], env={**self.env, **(env or {})}, cwd=cwd, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=timeout, check=False)
        assert not check or done.returncode == 0, f"docker {words}: code {done.returncode}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        return done

    def answers(self):
        return bool(shutil.which("docker")) and self.docker("info", check=False).returncode == 0

    def has(self, image):
        return self.docker("image", "inspect", image, check=False).returncode == 0

    def inspect(self, thing, template):
        return self.docker("inspect", "--format", template, thing).stdout.strip()

    def processes(self, container):
        """The command lines in a container."""
        return [line.split(None, 1)[1] for line in self.docker("top", container, "-eo", "pid,args").stdout.splitlines()[1:]]


def why_not():
    """Why there can be no engine here, or None."""
    if missing := not_installed(CLIENTS):
        return missing
    if Engine().answers():
        return None
    if os.geteuid() != 0:
        return "no Docker engine answers (DOCKER_HOST names one), and only root may start one"
    if missing := not_installed(ITS_OWN):
        return missing
    if not any(path.exists() for path in map(pathlib.Path, ("/sys/fs/cgroup/cgroup.controllers", "/sys/fs/cgroup/memory"))):
        return "no Docker engine answers, and none can be started: no control groups in /sys/fs/cgroup"
    if may_not_mount():
        return "no Docker engine answers, and none can be started: this root may make no mount namespace"
    return None


def not_installed(programs):
    missing = [name for name in programs if not shutil.which(name)]
    return f"{', '.join(missing)} not installed: containers/install-packages engine" if missing else None


def may_not_mount():
    """Whether unshare(CLONE_NEWNS) is denied; tried in a child."""
    child = os.fork()
    if child == 0:
        os._exit(1 if ctypes.CDLL(None).unshare(CLONE_NEWNS) else 0)
    return os.waitpid(child, 0)[1] != 0


@contextlib.contextmanager
def engine(deadline=DEADLINE):
    """The engine that answers, or one that lives as long as the context: own network, data root, socket and pid file, ended
    by that pid. It has `deadline` seconds to answer, and as many to end, 30 at most."""
    found = Engine()
    if found.answers():
        yield found
        return
    reason = why_not()
    assert not reason, reason
    root = pathlib.Path(tempfile.mkdtemp(prefix="muster-docker-", dir="/var/tmp"))
    own = Engine(f"unix://{root}/socket")
    with open(root / "log", "wb") as log:
        daemon = subprocess.Popen([*OWN_NETWORK, "dockerd", f"--data-root={root}/data", f"--exec-root={root}/exec", f"--pidfile={root}/pid",
                                   f"--host=unix://{root}/socket"], stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                                  preexec_fn=functools.partial(end_with_parent, signal.SIGTERM))
    try:
        def started():
            assert daemon.poll() is None, f"dockerd ended with {daemon.returncode}:\n{(root / 'log').read_text()[-4000:]}"
            return own.answers()
        wait_until(started, lambda: f"an engine that answers:\n{(root / 'log').read_text()[-4000:]}", deadline)
        yield own
    finally:
        left = own.docker("ps", "-aq", check=False).stdout.split()
        if left:
            own.docker("rm", "-f", *left, check=False)
        daemon.terminate()
        try:
            daemon.wait(min(deadline, 30))
        except subprocess.TimeoutExpired:
            daemon.kill()  # its containerd ends with it
            daemon.wait()
        for mount in sorted((line.split()[1] for line in open("/proc/mounts", encoding="utf-8") if f" {root}/" in line), reverse=True):
            subprocess.run(["umount", mount], check=False)
        shutil.rmtree(root, ignore_errors=True)


def tried(seconds=30):
    """One sentence: which engine could be had here and what it took, or why there is none. A container runs on it as
    those of containers/compose do, in a network of its own. Ends within about `seconds`, whatever the engine does."""
    reason = why_not()
    if reason:
        return reason
    begun = time.monotonic()

    def late(*_):
        raise TimeoutError(f"no container ran within {seconds} s")
    signal.signal(signal.SIGALRM, late)
    try:
        with engine(seconds / 2) as found:
            signal.alarm(seconds)
            try:
                version = found.docker("version", "--format", "{{.Server.Version}}").stdout.strip()
                driver = found.docker("info", "--format", "{{.Driver}}, cgroup {{.CgroupVersion}}").stdout.strip()
                run_one(found)
            finally:
                signal.alarm(0)
        return f"{HERE}: Docker {version}, {driver}; {time.monotonic() - begun:.0f} s with one container"
    except (AssertionError, OSError, subprocess.SubprocessError) as why:
        return f"no engine can be had here: {' '.join(str(why).split())[-600:]}"


def run_one(docker, name="muster-test-try"):
    """Runs a static program in a container and asserts that it ran; nothing of it is left."""
    with tempfile.TemporaryDirectory() as directory:
        archive = pathlib.Path(directory) / "image.tar"
        subprocess.run(["tar", "-C", "/bin", "-cf", archive, "busybox"], check=True)
        docker.docker("import", archive, name)
    try:
        docker.docker("network", "create", name)
        done = docker.docker("run", "--rm", f"--network={name}", "--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--user=12345",
                             name, "/busybox", "cat", "/etc/resolv.conf")
        assert "127.0.0.11" in done.stdout, f"the container has not Docker's name server: {done.stdout}"
    finally:
        docker.docker("network", "rm", name, check=False)
        docker.docker("rmi", name, check=False)


if __name__ == "__main__":
    command, seconds = sys.argv[1:2], map(int, sys.argv[2:])
    said = tried(*seconds) if command else why_not() or ""
    print("" if command == ["here"] and said.startswith(HERE) else said, end="")
