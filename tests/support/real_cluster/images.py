# SPDX-License-Identifier: Apache-2.0
"""Images without a registry: archives that containerd imports. `muster` is what containers/images/Dockerfile describes, with the programs of
MUSTER_BIN, and `muster-controller` that of containers/controller/Dockerfile; `application` is its Debian alone; `muster-flux` has a Flux, too,
where MUSTER_TEST_FLUX names one."""
import dataclasses
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import tarfile

import image
from muster_testing import program, real_flux
from real_cluster.node import PAUSE

APPLICATION, CONTROLLER, MUSTER, MUSTER_FLUX = (f"localhost/{name}:test" for name in ("application", "muster-controller", "muster", "muster-flux"))
ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, os.uname().machine)  # as Go calls it
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PAUSE_SOURCE = "#include <unistd.h>\n#include <signal.h>\nint main(void) { signal(SIGTERM, _exit); for (;;) pause(); }\n"


@dataclasses.dataclass
class Layer:
    """A tar file and its digest."""
    path: pathlib.Path

    def __post_init__(self):
        with open(self.path, "rb") as file:
            self.digest = hashlib.file_digest(file, "sha256").hexdigest() if hasattr(hashlib, "file_digest") else hashlib.sha256(file.read()).hexdigest()


def write(archive, images):
    """A docker-archive of {name: (layers, config)}."""
    manifest = []
    with tarfile.open(archive, "w") as tar:
        written = set()
        for name, (layers, config) in images.items():
            described = json.dumps({"architecture": ARCHITECTURE, "os": "linux", "config": config,
                                    "rootfs": {"type": "layers", "diff_ids": [f"sha256:{each.digest}" for each in layers]}}).encode()
            place = archive.with_name(hashlib.sha256(described).hexdigest() + ".json")
            place.write_bytes(described)
            manifest.append({"Config": place.name, "RepoTags": [name], "Layers": [f"{each.digest}/layer.tar" for each in layers]})
            tar.add(place, place.name)
            for layer in layers:
                if layer.digest not in written:
                    tar.add(layer.path, f"{layer.digest}/layer.tar")
                    written.add(layer.digest)
        listing = archive.with_name("manifest.json")
        listing.write_text(json.dumps(manifest))
        tar.add(listing, listing.name)


def _layer(directory):
    """What lies below a directory, as root's."""
    made = directory.with_suffix(".tar")
    subprocess.run(["tar", "--owner=0", "--group=0", "--numeric-owner", "--sort=name", "--mtime=@0", "-C", directory, "-cf", made, "."], check=True)
    return Layer(made)


def _pause(place):
    (place / "pause").mkdir()
    (place / "pause.c").write_text(PAUSE_SOURCE)
    subprocess.run(["musl-gcc", "-static", "-Os", "-s", "-o", place / "pause" / "pause", place / "pause.c"], check=True)
    return _layer(place / "pause")


def _bundle(place, name, *options):
    """muster in /opt/muster, and what it writes to."""
    root = place / name
    (root / "run" / "muster").mkdir(parents=True)
    (root / "run" / "muster").chmod(0o1777)
    done = subprocess.run([program("muster"), "install", *options, root / "opt" / "muster"], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, check=False)
    assert done.returncode == 0, f"muster install: {done.stderr}"
    for each in (root / "opt" / "muster" / "libexec").iterdir():
        subprocess.run(["strip", "--strip-debug", each], check=True)
    for each in (root, root / "opt", root / "run"):
        each.chmod(0o755)
    return root


def build(place):
    """The archive of all of them, in the directory `place`; it is named images.tar."""
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    try:
        debian = Layer(image.root_archive("base", ["ca-certificates"]))
    except subprocess.SubprocessError as why:
        raise AssertionError(f"the images' Debian cannot be made ({why}): is a mirror of it within reach? "
                             f"`mmdebstrap --variant=minbase {image.SUITE} x.tar` says more") from None
    config = {"Env": [f"PATH=/opt/muster/bin:{PATH}"], "User": "1000:1000", "Entrypoint": ["muster-init", "muster", "run", "--"]}
    images = {PAUSE: ([_pause(place)], {"Entrypoint": ["/pause"]}),
              APPLICATION: ([debian], {"Env": [f"PATH={PATH}"], "Cmd": ["bash"]}),
              CONTROLLER: ([_layer(_bundle(place, "muster-controller", "--only", "muster-controller"))],
                           {"Env": ["PATH=/opt/muster/bin"], "User": "65532:65532", "Entrypoint": ["muster-controller"]}),
              MUSTER: ([debian, _layer(_bundle(place, "muster"))], config)}
    if real_flux():
        prefix = pathlib.Path(real_flux()).parent.parent
        root = _bundle(place, "muster-flux", "--flux", prefix)
        flux = root / prefix.relative_to("/")  # where it was built for
        flux.parent.mkdir(parents=True, exist_ok=True)
        (root / "opt" / "muster" / "flux").rename(flux)
        images[MUSTER_FLUX] = ([debian, _layer(root)], {**config, "Env": [f"PATH=/opt/muster/bin:{prefix}/bin:{PATH}"]})
    write(place / "images.tar", images)
    return place / "images.tar"
