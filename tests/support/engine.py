# SPDX-License-Identifier: Apache-2.0
"""A Docker engine for tests: the one that answers, or one of our own; and the image, built by its Dockerfile without a
registry: what the Dockerfile asks for is made by mmdebstrap (kept in the user's cache) and imported under its name."""
import contextlib
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

from muster_testing import REPOSITORY, wait_until

CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "muster"
BASE = "debian:bookworm-slim"
IMAGE = "muster-test"
DOCKERFILE = REPOSITORY / "containers" / "images" / "Dockerfile"


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
        return self.docker("info", check=False).returncode == 0

    def inspect(self, thing, template):
        return self.docker("inspect", "--format", template, thing).stdout.strip()

    def processes(self, container):
        """The command lines in a container."""
        return [line.split(None, 1)[1] for line in self.docker("top", container, "-eo", "pid,args").stdout.splitlines()[1:]]


@contextlib.contextmanager
def engine():
    """The engine that answers, or one that lives as long as the context: own data root, socket and pid file, ended by
    that pid."""
    found = Engine()
    if found.answers():
        yield found
        return
    missing = [name for name in ("docker", "dockerd") if not shutil.which(name)]
    assert not missing, f"no Docker engine answers, and {missing} is not installed: containers/install-packages test"
    assert os.geteuid() == 0, "no Docker engine answers (DOCKER_HOST names one), and only root may start one"
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


def base_archive():
    """A Debian root for BASE, from the machine's own package source; a month's names differ, so an old one is made anew."""
    sources = b"".join(sorted(path.read_bytes() for path in pathlib.Path("/etc/apt").rglob("*.list")) +
                       sorted(path.read_bytes() for path in pathlib.Path("/etc/apt").rglob("*.sources")))
    archive = CACHE / f"bookworm-{hashlib.sha256(sources).hexdigest()[:12]}.tar"
    if not archive.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        partial = archive.with_name(f".{os.getpid()}-{archive.name}")
        try:
            subprocess.run(["mmdebstrap", "--quiet", "--variant=minbase", "--include=ca-certificates", "bookworm", partial],
                           check=True, stdin=subprocess.DEVNULL, timeout=900)
            partial.rename(archive)
        finally:
            partial.unlink(missing_ok=True)
    return archive


def build(docker):
    """IMAGE, by the Dockerfile."""
    if docker.docker("image", "inspect", BASE, check=False).returncode != 0:
        docker.docker("import", "--change", 'CMD ["bash"]', base_archive(), BASE)
    docker.docker("build", "--quiet", "--network=host", "--file", DOCKERFILE, "--tag", IMAGE, REPOSITORY, timeout=1800)


def config_of(docker, image):
    return json.loads(docker.docker("image", "inspect", image).stdout)[0]["Config"]
