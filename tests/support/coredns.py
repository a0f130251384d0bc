# SPDX-License-Identifier: Apache-2.0
"""A real CoreDNS: built once from tests/support/coredns with the Go of PATH, kept in the user's cache directory, and
started with the Corefile of the tests: `cache 30` before another server."""
import fcntl
import functools
import hashlib
import os
import pathlib
import shutil
import subprocess

import dns
from muster_testing import end_with_parent, wait_until

SOURCE = pathlib.Path(__file__).with_name("coredns")
COREFILE = """\
.:{port} {{
    bind {address}
    errors
    cache {seconds}
    forward . {upstream} {{
        max_fails 0
    }}
}}
"""


class CannotBuild(Exception):
    """Why there is no CoreDNS here: tests fail with it, they do not skip."""


def _cache():
    return pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "muster"


@functools.cache
def program():
    """The path of the built CoreDNS; builds it where it is missing (a minute or two)."""
    sources = [SOURCE / name for name in ("go.mod", "go.sum", "main.go")]
    version = next(line.split()[-1] for line in sources[0].read_text().splitlines() if "coredns/coredns " in line)
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:12]
    place = _cache() / f"coredns-{version}-{digest}"
    place.mkdir(parents=True, exist_ok=True)
    built = place / "coredns"
    with open(place / "lock", "wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not built.exists():
            _build(built)
    return str(built)


def _build(path):
    go = shutil.which("go")
    if go is None:
        raise CannotBuild("CoreDNS cannot be built: there is no `go` (1.24 or newer) in PATH")
    new = path.with_suffix(".new")
    done = subprocess.run([go, "build", "-trimpath", "-ldflags", "-s -w", "-o", str(new), "."], cwd=SOURCE, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env={**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly -buildvcs=false"})
    if done.returncode:
        raise CannotBuild(f"CoreDNS cannot be built: {go} build in {SOURCE} says\n{done.stdout[-4000:]}")
    new.rename(path)


class CoreDNS:
    """A CoreDNS at `address`, an (address, port), with a cache of `seconds` before `upstream`. `enter` runs in the child
    before exec (to enter a network, say); by default it only makes it end with this process."""

    def __init__(self, address, upstream, directory, seconds=30, name="coredns", enter=None):
        self.address, self.directory, self.name = address, pathlib.Path(directory), name
        self._enter = enter or end_with_parent
        self.corefile = self.directory / f"{name}.Corefile"
        self.corefile.write_text(COREFILE.format(address=address[0], port=address[1], seconds=seconds,
                                                 upstream=f"{upstream[0]}:{upstream[1]}"))

    def start(self, query=dns.query):
        """Returns when it answers; `query` asks from the network in which it runs."""
        with open(self.directory / f"{self.name}.log", "ab") as log:
            self.process = subprocess.Popen([program(), "-conf", str(self.corefile)], stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, preexec_fn=self._enter)

        def answers():
            assert self.process.poll() is None, (self.directory / f"{self.name}.log").read_text()
            try:
                return query(self.address, "is-it-up.invalid", timeout=1.0)
            except OSError:
                return None
        wait_until(answers, "CoreDNS answers")
        return self

    def stop(self):
        self.process.kill()
        self.process.wait()

    __enter__ = start

    def __exit__(self, *_):
        self.stop()


if __name__ == "__main__":
    import sys
    try:
        program()
    except CannotBuild as why:
        sys.exit(str(why))
