# SPDX-License-Identifier: Apache-2.0
"""The programs of a Kubernetes cluster: built once from the Go modules of go/go.mod with the Go of PATH (six minutes, four
gigabytes of Go's caches), and kept in the user's cache directory by the hash of what they are built from."""
import fcntl
import functools
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

SOURCE = pathlib.Path(__file__).with_name("go")
KUBERNETES = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "kubectl", "kubelet")
PACKAGES = ("go.etcd.io/etcd/server/v3", "./coredns", *(f"k8s.io/kubernetes/cmd/{name}" for name in KUBERNETES))
RENAMED = {"server": "etcd"}  # go build names a program after the last word of its path that is no version


class CannotBuild(Exception):
    """Why there are no programs here: tests fail with it, they do not skip."""


def _cache():
    return pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "muster"


def version_of(module):
    return next(line.split()[-1] for line in (SOURCE / "go.mod").read_text().splitlines() if line.split()[:1] == [module])


def _linker_flags():
    """What `kubectl version` says, and the API server compares with a client's: empty without them."""
    version = version_of("k8s.io/kubernetes")
    major, minor, _ = version.removeprefix("v").split(".")
    said = {"gitVersion": version, "gitMajor": major, "gitMinor": minor, "gitTreeState": "clean", "buildDate": "2026-01-01T00:00:00Z"}
    return " ".join(["-s -w", *(f"-X {package}.{name}={value}" for package in ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
                                for name, value in said.items())])


def _directory():
    sources = b"".join((SOURCE / name).read_bytes() for name in ("go.mod", "go.sum", "coredns/main.go"))
    digest = hashlib.sha256(sources + repr((PACKAGES, _linker_flags())).encode()).hexdigest()[:12]
    return _cache() / f"cluster-{version_of('k8s.io/kubernetes')}-{digest}"


def is_built():
    return (_directory() / "bin").exists()


@functools.cache
def place():
    """The directory of the built programs; builds them where they are missing."""
    built = _directory()
    built.mkdir(parents=True, exist_ok=True)
    with open(built / "lock", "wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (built / "bin").exists():
            _build(built / "bin")
    return built / "bin"


def program(name):
    return str(place() / name)


def _build(directory):
    go = shutil.which("go")
    if go is None:
        raise CannotBuild("a Kubernetes cluster cannot be built: put Go 1.26 or newer in PATH (https://go.dev/dl)")
    new = directory.with_suffix(".new")
    shutil.rmtree(new, ignore_errors=True)
    print(f"building a Kubernetes cluster in {directory}: some minutes, once", file=sys.stderr, flush=True)
    done = subprocess.run([go, "build", "-trimpath", "-ldflags", _linker_flags(), "-o", f"{new}/", *PACKAGES], cwd=SOURCE, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env={**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly -buildvcs=false", "GOWORK": "off"})
    if done.returncode:
        raise CannotBuild(f"a Kubernetes cluster cannot be built: {go} build in {SOURCE} says\n{done.stdout[-4000:]}")
    for old, name in RENAMED.items():
        (new / old).rename(new / name)
    new.rename(directory)
