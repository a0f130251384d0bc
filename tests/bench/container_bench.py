# SPDX-License-Identifier: Apache-2.0
"""What muster adds to an image, and to the start of a container: the image of containers/images/Dockerfile beside the bare image
that it is built on, on the Docker engine that answers or one of our own (tests/support/engine.py)."""
import pathlib
import subprocess
import sys
import tempfile
import time

from bench_support import in_turn, program, spread

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import engine  # noqa: E402
import image  # noqa: E402

ALONE = ("-e", "MUSTER_SIZE=1", "-e", "MUSTER_FLUX=none")


def containers(table, runs):
    """Rows of sizes and of a container's start; one row with the reason where there is no engine."""
    bundle_size(table)
    if reason := engine.why_not():
        table.add("image and container", f"not run: {reason}", "-", "-")
        return
    with engine.engine() as docker:
        image.build(docker)
        image_size(table, docker)
        start(table, docker, runs)


def bundle_size(table):
    with tempfile.TemporaryDirectory(prefix="mb-", dir="/tmp") as directory:
        said = subprocess.run([program("muster"), "install", directory], check=True, capture_output=True, text=True).stdout
    table.add("`muster install`", said.split(", in ")[0], "-", "<= 20 MB")


def image_size(table, docker):
    whole, base = (int(docker.inspect(name, "{{.Size}}")) for name in (image.IMAGE, image.BASE))
    table.add("image: what muster adds to its base", f"{(whole - base) / 1e6:.1f} MB", f"{base / 1e6:.1f} MB, {image.BASE} without it", "<= 20 MB")


def start(table, docker, runs):
    """From `docker run` to the end of `true`: as a task of an instance of one, and as the bare image's only process."""
    def timed(*words):
        begin = time.monotonic()
        docker.docker("run", "--rm", "--network=none", *words, "true")
        return time.monotonic() - begin

    muster, bare = in_turn(runs, lambda: timed(*ALONE, image.IMAGE), lambda: timed(image.BASE))
    table.add("`docker run` of `true`, an instance of one, rehearsal", spread(muster), f"{spread(bare)}, the bare base image", "-")
    entered, bare = in_turn(runs, lambda: timed("--entrypoint=muster-init", image.IMAGE, "--"), lambda: timed(image.BASE))
    table.add("the same, muster-init alone", spread(entered), f"{spread(bare)}, the bare base image", "-")
