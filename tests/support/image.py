# SPDX-License-Identifier: Apache-2.0
"""The image of containers/images/Dockerfile, built without a registry. What the Dockerfile asks for is made by
mmdebstrap, once a month, and imported under its name; the build stage's BUILDER is such a root with the packages of
containers/packages in it already, and a ccache that is taken out again afterwards. All that is kept in the user's cache."""
import contextlib
import datetime
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import tarfile
import tempfile

from muster_testing import REPOSITORY

CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "muster" / "images"
SUITE = "bookworm"
BASE, OUR_BASE = "debian:bookworm-slim", "muster-test-base"
FLUX_BASE = "fluxrm/flux-core:bookworm"  # of the Dockerfile's example
OLD_SUITE, OLD = "bullseye", "muster-test-old-debian"  # the oldest that has packages still
BUILDER = "muster-test-builder"
IMAGE = "muster-test"
OF_PAGES = ("muster", "muster-flux", "muster-controller")  # what pages name what they build
REVISION = "of-a-test"
DOCKERFILE = REPOSITORY / "containers" / "images" / "Dockerfile"
CCACHE_ENV = ("CMAKE_CXX_COMPILER_LAUNCHER=ccache", "CCACHE_DIR=/ccache", "CCACHE_COMPILERCHECK=content", "CCACHE_MAXSIZE=200M")
SLIM = [f"path-exclude=/usr/share/{kind}/*" for kind in ("doc", "man", "info", "locale")]  # as in the image of that name


def packages(group):
    """The packages of a group of containers/packages."""
    rows = (line.split() for line in (REPOSITORY / "containers" / "packages").read_text().splitlines())
    return [row[1] for row in rows if len(row) == 2 and row[0] == group]


def root_archive(name, include, suite=SUITE):
    """A Debian root with these packages, as a tar file. Made anew each month; then the ones before it are removed."""
    key = hashlib.sha256(json.dumps([sorted(include), SLIM]).encode()).hexdigest()[:12]
    archive = CACHE / f"{suite}-{name}-{datetime.date.today():%Y-%m}-{key}.tar"
    if not archive.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        partial = archive.with_name(f".{os.getpid()}-{archive.name}")
        try:
            subprocess.run(["mmdebstrap", "--quiet", "--variant=minbase", *([f"--include={','.join(include)}"] if include else []),
                            *(f"--dpkgopt={option}" for option in SLIM), suite, partial],
                           check=True, stdin=subprocess.DEVNULL, timeout=900)
            for old in CACHE.glob(f"{suite}-{name}-*.tar"):
                old.unlink()
            partial.rename(archive)
        finally:
            partial.unlink(missing_ok=True)
    return archive


def build(docker):
    """IMAGE, by the Dockerfile."""
    if not docker.has(BASE):
        docker.docker("import", "--change", 'CMD ["bash"]', root_archive("base", ["ca-certificates"]), OUR_BASE)
        docker.docker("tag", OUR_BASE, BASE)
    docker.docker("import", root_archive("builder", [*packages("build"), "ccache"]), f"{BUILDER}-root")
    with compiled_before() as directory:
        docker.docker("build", "--quiet", "--tag", BUILDER, directory)
    wanted = ("build", "--quiet", "--network=host", f"--build-arg=BUILDER={BUILDER}", f"--file={DOCKERFILE}")
    docker.docker(*wanted, "--target=build", "--tag", f"{IMAGE}-build", REPOSITORY, timeout=1800)
    keep_compiled(docker, f"{IMAGE}-build")
    docker.docker(*wanted, f"--build-arg=REVISION={REVISION}", "--tag", IMAGE, REPOSITORY)


@contextlib.contextmanager
def compiled_before():
    """The directory that BUILDER is built from: its root, and what ccache kept of the last build."""
    with tempfile.TemporaryDirectory(prefix="muster-builder-") as name:
        directory = pathlib.Path(name)
        (directory / "ccache").mkdir()
        with contextlib.suppress(FileNotFoundError):
            shutil.copytree(CACHE / "ccache", directory / "ccache", dirs_exist_ok=True)
        (directory / "Dockerfile").write_text(f"FROM {BUILDER}-root\nENV {' '.join(CCACHE_ENV)}\nCOPY ccache /ccache\n")
        yield directory


def keep_compiled(docker, image):
    """Takes the ccache out of an image."""
    container = docker.docker("create", image, "none").stdout.strip()
    fresh = pathlib.Path(tempfile.mkdtemp(prefix=".ccache-", dir=CACHE))
    try:
        docker.docker("cp", f"{container}:/ccache/.", fresh)
        shutil.rmtree(CACHE / "ccache", ignore_errors=True)
        with contextlib.suppress(OSError):  # another run was first: its is as good
            fresh.rename(CACHE / "ccache")
    finally:
        docker.docker("rm", "-f", container)
        shutil.rmtree(fresh, ignore_errors=True)


@contextlib.contextmanager
def as_the_page_says(docker):
    """As long as the context lives, `docker build` as a page prints it needs neither a registry nor packages: under the name
    BASE is the BUILDER. Gives the reason why not where the names belong to somebody else."""
    names = {name: docker.docker("image", "inspect", "--format", "{{.Id}}", name, check=False).stdout for name in (BASE, OUR_BASE, *OF_PAGES)}
    if names[BASE] != names[OUR_BASE] or any(names[name].strip() for name in OF_PAGES):
        yield f"the engine has a {BASE} or a muster of its own, which stay as they are"
        return
    try:
        docker.docker("tag", BUILDER, BASE)
        yield None
    finally:
        docker.docker("tag", OUR_BASE, BASE)
        docker.docker("rmi", "--force", *OF_PAGES, check=False)


def flux_base(docker, prefix):
    """FLUX_BASE: a Debian with the Flux of this machine at its prefix, and the packages that it uses."""
    include = sorted(packages_of(prefix) | {"python3", "python3-cffi-backend", "python3-ply", "python3-yaml"})
    docker.docker("import", root_archive("flux", include), f"{OUR_BASE}-flux")
    with tempfile.NamedTemporaryFile("w", prefix="Dockerfile-") as recipe:
        recipe.write(f"FROM {OUR_BASE}-flux\nCOPY . {prefix}\nENV PATH={prefix}/bin:/usr/sbin:/usr/bin:/sbin:/bin\n")
        recipe.flush()
        docker.docker("build", "--quiet", f"--file={recipe.name}", "--tag", FLUX_BASE, prefix)


def packages_of(prefix):
    """The Debian packages of the libraries that the programs below `prefix` are linked with."""
    elves = [path for path in pathlib.Path(prefix).rglob("*") if path.is_file() and not path.is_symlink() and path.open("rb").read(4) == b"\x7fELF"]
    said = subprocess.run(["ldd", *elves], capture_output=True, text=True, check=False).stdout
    libraries = {path for path in re.findall(r" => (/\S+) ", said) if not path.startswith(f"{prefix}/")}
    named = {os.path.realpath(path).removeprefix("/usr") for path in libraries}  # dpkg knows /lib/... or /usr/lib/...
    owners = subprocess.run(["dpkg", "--search", *(f"*{path}" for path in sorted(named))], capture_output=True, text=True, check=True).stdout
    return set(re.findall(r"(?m)^([a-z0-9.+-]+):", owners))


def old_debian(docker):
    """The name of an image with an old glibc."""
    if not docker.has(OLD):
        docker.docker("import", root_archive("base", [], OLD_SUITE), OLD)
    return OLD


def files_of(archive):
    """The regular files of a tar file, by their paths."""
    with tarfile.open(archive) as tar:
        return {member.name for member in tar if member.isfile()}


def config_of(docker, image):
    return json.loads(docker.docker("image", "inspect", image).stdout)[0]["Config"]
