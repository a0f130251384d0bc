# SPDX-License-Identifier: Apache-2.0
"""A project of compose, 1.29 or v2, from containers/compose, in a directory of the test's own."""
import contextlib
import json
import os
import pathlib
import shutil
import subprocess

import compose_v2
from image import IMAGE
from muster_testing import REPOSITORY, end_with_parent, remember_secrets, wait_until

EXAMPLE = REPOSITORY / "containers" / "compose"
VERSIONS = {"1.29": ["docker-compose"], "v2": ["docker", "compose"]}
LABEL = "com.docker.compose"


class Project:
    """An example with a program of the test's: `words`, or None for its own; `more` goes on top of the service."""

    def __init__(self, docker, directory, words, size=4, file="compose.yaml", version="1.29", name=None, env=None, **more):
        self.docker, self.directory, self.version = docker, pathlib.Path(directory), version
        shutil.copytree(EXAMPLE, self.directory, ignore=shutil.ignore_patterns("muster.secret*", ".env"))
        service = {**({"command": [word.replace("$", "$$") for word in words]} if words else {}), **more}
        (self.directory / "override.json").write_text(json.dumps({"services": {"flux": service}}))
        self.name = name or f"mt{os.getpid()}{self.directory.name[-8:].lower().replace('_', '')}"
        self.env = {**docker.env, "N": str(size), "MUSTER_IMAGE": IMAGE, "MUSTER_FLUX": "none", "COMPOSE_PROJECT_NAME": self.name,
                    "COMPOSE_FILE": f"{file}:override.json", **(env or {})}
        if version == "v2":
            self.env["DOCKER_CONFIG"] = str(compose_v2.docker_config())  # `docker compose` is there, and ./run takes it
        self.script("secret")
        remember_secrets(self.directory / "muster.secret")

    def script(self, name, **more):
        """Runs ./name to its end; its completed process, texts."""
        return subprocess.run([f"./{name}"], cwd=self.directory, env={**self.env, **more}, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=180, check=False)

    def change_secret(self):
        """Containers that exist keep the one that they have: the engine binds the file when a container starts."""
        (self.directory / "muster.secret").unlink()
        self.script("secret")
        remember_secrets(self.directory / "muster.secret")

    def start(self, name="run"):
        """Starts ./name; what it prints goes to its file `log`."""
        with open(self.directory / "log", "wb") as log:
            return subprocess.Popen([f"./{name}"], cwd=self.directory, env=self.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                    preexec_fn=end_with_parent)

    def log(self):
        return (self.directory / "log").read_text(encoding="utf-8", errors="replace")

    def compose(self, *words, check=True):
        argv = [*VERSIONS[self.version], *words]
        done = subprocess.run(argv, cwd=self.directory, env=self.env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=180, check=False)
        assert not check or done.returncode == 0, f"{argv}: code {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def containers(self):
        """{replica number: container id}, also of those that have ended."""
        labels = {"project": self.name, "service": "flux", "oneoff": "False"}
        found = self.docker.docker("ps", "--all", "--no-trunc", "--format", f'{{{{.Label "{LABEL}.container-number"}}}} {{{{.ID}}}}',
                                   *(f"--filter=label={LABEL}.{name}={value}" for name, value in labels.items())).stdout.split()
        return dict(zip(map(int, found[::2]), found[1::2]))

    def logs(self, container):
        done = self.docker.docker("logs", container)
        return done.stdout + done.stderr

    def wait_log(self, number, words):
        """The id of a container that has printed `words`."""
        def look():
            container = self.containers().get(number)
            return container if container and words in self.logs(container) else None
        return wait_until(look, lambda: f"{words!r} of number {number}:\n" + "\n".join(map(self.logs, self.containers().values())))

    def code(self, container):
        return int(self.docker.docker("wait", container).stdout)


@contextlib.contextmanager
def project(docker, directory, words, **options):
    """A Project that is gone afterwards, whatever became of it."""
    made = Project(docker, directory, words, **options)
    try:
        yield made
    finally:
        made.compose("down", "--remove-orphans", "--volumes", "--timeout", "1", check=False)
