# SPDX-License-Identifier: Apache-2.0
"""A Docker engine for tests: the one that answers, or one of our own. `engine.py` alone says why there can be none, or
nothing where there can."""
import contextlib
import ctypes
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

from muster_testing import wait_until

CLIENTS, ITS_OWN = ("docker", "docker-compose", "mmdebstrap"), ("dockerd", "iptables")
CLONE_NEWNS = 0x00020000  # unshare(2)


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


def firewall():
    """{table: rules} of those that engines write to."""
    return {table: subprocess.run(["iptables", "-t", table, "-S"], capture_output=True, text=True, check=True).stdout.splitlines()
            for table in ("filter", "nat")}


def bridges():
    done = subprocess.run(["ip", "-json", "link", "show", "type", "bridge"], capture_output=True, text=True, check=True)
    return {link["ifname"] for link in json.loads(done.stdout or "[]") if link}


def sweep(rules, links):
    """Removes what an engine leaves behind in this network: `rules` and `links` were there before it."""
    for table, now in firewall().items():
        left = [rule for rule in now if rule not in rules[table] and re.search(r"DOCKER|docker0|\bbr-[0-9a-f]{12}", rule)]
        undo = [["-D", *shlex.split(rule)[1:]] for rule in left if rule.startswith("-A")]
        undo += [["-X", rule.split()[1]] for rule in left if rule.startswith("-N")]
        undo += [shlex.split(rule) for rule in rules[table] if rule.startswith("-P")]
        for words in undo:
            subprocess.run(["iptables", "-t", table, *words], stderr=subprocess.DEVNULL, check=False)
    for link in bridges() - links:
        if re.fullmatch(r"docker0|br-[0-9a-f]{12}", link):
            subprocess.run(["ip", "link", "delete", link], check=False)


@contextlib.contextmanager
def engine():
    """The engine that answers, or one that lives as long as the context: own data root, socket and pid file, ended by
    that pid."""
    found = Engine()
    if found.answers():
        yield found
        return
    reason = why_not()
    assert not reason, reason
    rules, links = firewall(), bridges()
    root = pathlib.Path(tempfile.mkdtemp(prefix="muster-docker-", dir="/var/tmp"))
    own = Engine(f"unix://{root}/socket")
    with open(root / "log", "wb") as log:
        daemon = subprocess.Popen(["dockerd", f"--data-root={root}/data", f"--exec-root={root}/exec", f"--pidfile={root}/pid",
                                   f"--host=unix://{root}/socket"], stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    try:
        def started():
            assert daemon.poll() is None, f"dockerd ended with {daemon.returncode}:\n{(root / 'log').read_text()[-4000:]}"
            return own.answers()
        wait_until(started, "an engine that answers")
        yield own
    finally:
        left = own.docker("ps", "-aq", check=False).stdout.split()
        if left:
            own.docker("rm", "-f", *left, check=False)
        daemon.terminate()
        daemon.wait(60)
        for mount in sorted((line.split()[1] for line in open("/proc/mounts", encoding="utf-8") if f" {root}/" in line), reverse=True):
            subprocess.run(["umount", mount], check=False)
        shutil.rmtree(root, ignore_errors=True)
        sweep(rules, links)


if __name__ == "__main__":
    print(why_not() or "", end="")
    sys.exit(0)
