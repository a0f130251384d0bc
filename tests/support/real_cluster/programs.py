# SPDX-License-Identifier: Apache-2.0
"""The programs of a Kubernetes cluster: built once from the Go modules of kubernetes/go.mod with the Go of PATH (six minutes, four
gigabytes of Go's caches), and kept in the user's cache directory by the hash of what they are built from."""
import dataclasses
import fcntl
import functools
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "muster"
KUBERNETES = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "kubectl", "kubelet")


@dataclasses.dataclass(frozen=True)
class Group:
    """Programs that one go.mod pins: `folder` holds it, `main` is the module whose version they have."""
    folder: str
    main: str
    packages: tuple
    renamed: tuple  # (what go build calls it, what we do)

    @property
    def source(self):
        return pathlib.Path(__file__).with_name(self.folder)

    def version(self):
        return next(line.split()[-1] for line in (self.source / "go.mod").read_text().splitlines() if line.split()[:1] == [self.main])


CLUSTER = Group("kubernetes", "k8s.io/kubernetes", ("go.etcd.io/etcd/server/v3", "./coredns", *(f"k8s.io/kubernetes/cmd/{name}" for name in KUBERNETES)),
                (("server", "etcd"),))
CONTROLLERS = Group("controllers", "sigs.k8s.io/jobset", ("sigs.k8s.io/jobset", "sigs.k8s.io/lws/cmd"), (("cmd", "lws"),))


class CannotBuild(Exception):
    """Why there are no programs here: tests fail with it, they do not skip."""


def _linker_flags():
    """What `kubectl version` says, and the API server compares with a client's: empty without them."""
    version = CLUSTER.version()
    major, minor, _ = version.removeprefix("v").split(".")
    said = {"gitVersion": version, "gitMajor": major, "gitMinor": minor, "gitTreeState": "clean", "buildDate": "2026-01-01T00:00:00Z"}
    return " ".join(["-s -w", *(f"-X {package}.{name}={value}" for package in ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
                                for name, value in said.items())])


def _directory(group):
    sources = b"".join(path.read_bytes() for path in sorted(group.source.rglob("*")) if path.suffix in (".mod", ".sum", ".go"))
    digest = hashlib.sha256(sources + repr((group, _linker_flags())).encode()).hexdigest()[:12]
    return CACHE / f"cluster-{group.folder}-{group.version()}-{digest}"


def is_built(group=CLUSTER):
    return (_directory(group) / "bin").exists()


@functools.cache
def place(group=CLUSTER):
    """The directory of the built programs; builds them where they are missing."""
    built = _directory(group)
    built.mkdir(parents=True, exist_ok=True)
    with open(built / "lock", "wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (built / "bin").exists():
            _build(group, built / "bin")
    return built / "bin"


def program(name, group=CLUSTER):
    return str(place(group) / name)


def _build(group, directory):
    new = directory.with_suffix(".new")
    shutil.rmtree(new, ignore_errors=True)
    print(f"building {directory}: some minutes, once", file=sys.stderr, flush=True)
    run_go(group, "build", "-trimpath", "-ldflags", _linker_flags(), "-o", f"{new}/", *group.packages)
    for old, name in group.renamed:
        (new / old).rename(new / name)
    new.rename(directory)


def run_go(group, *words):
    """`go WORDS` on a group's modules, whose sums are verified; what it prints."""
    go = shutil.which("go")
    if go is None:
        raise CannotBuild("a Kubernetes cluster cannot be built: put Go 1.26 or newer in PATH (https://go.dev/dl)")
    done = subprocess.run([go, *words], cwd=group.source, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env={**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly -buildvcs=false", "GOWORK": "off"}, check=False)
    if done.returncode:
        raise CannotBuild(f"a Kubernetes cluster cannot be built: {go} {words[0]} in {group.source} says\n{done.stdout[-4000:]}")
    return done.stdout


if __name__ == "__main__":
    try:
        for each in (CLUSTER, CONTROLLERS):
            place(each)
    except CannotBuild as error:
        sys.exit(str(error))
