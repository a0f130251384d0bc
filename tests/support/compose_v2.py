# SPDX-License-Identifier: Apache-2.0
"""Compose v2, `docker compose`: built once with the Go of PATH out of the Go module that its makers publish, and kept in the
user's cache directory by version. The docker client finds it where DOCKER_CONFIG says."""
import fcntl
import functools
import os
import pathlib
import subprocess

import go_module

PATH, VERSION, CHECKSUM = "github.com/docker/compose/v2", "v2.40.3", "h1:XeYkQu1svDtyfZPv5nTwFryQ25ZJMkIlc4pz9HalMPI="
OWN_VERSION = "github.com/docker/compose/v2/internal.Version"  # what `docker compose version` prints


def _cache():
    return pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "muster"


@functools.cache
def docker_config():
    """The directory that DOCKER_CONFIG names to have `docker compose`; builds it where it is missing (three minutes)."""
    place = _cache() / f"compose-{VERSION}"
    plugin = place / "cli-plugins" / "docker-compose"
    plugin.parent.mkdir(parents=True, exist_ok=True)
    with open(place / "lock", "wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not plugin.exists():
            _build(go_module.download(PATH, VERSION, CHECKSUM), plugin)
    return place


def _build(source, plugin):
    new = plugin.with_name("new")
    done = subprocess.run([go_module.go(), "build", "-trimpath", "-ldflags", f"-s -w -X {OWN_VERSION}={VERSION}", "-o", new, "./cmd"],
                          cwd=source, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env={**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly -buildvcs=false"})
    if done.returncode:
        raise go_module.CannotFetch(f"compose {VERSION} cannot be built: go build in {source} says\n{done.stdout[-4000:]}")
    new.rename(plugin)


if __name__ == "__main__":
    import sys
    try:
        docker_config()
    except go_module.CannotFetch as why:
        sys.exit(str(why))
