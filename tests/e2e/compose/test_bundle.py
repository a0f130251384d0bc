# SPDX-License-Identifier: Apache-2.0
"""The bundle in images that exist, from a volume: an older Debian, nothing at all; and nothing of it shows."""
import subprocess

import image
import pytest
import roots
from image import IMAGE

VOLUME = "muster-test-bundle"
HARDENED = ("--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--tmpfs=/run/muster:mode=1777", "--tmpfs=/tmp:mode=1777", "--user=12345")
RUN = ("-e", "MUSTER_SIZE=1", "-e", "MUSTER_FLUX=none", "--entrypoint", "/opt/muster/bin/muster-init")
INIT = ("/opt/muster/bin/muster", "run", "--")


@pytest.fixture(scope="module")
def bundle(docker):
    """The options that put a bundle into a container, read-only."""
    docker.docker("run", "--rm", "--user=0", f"--volume={VOLUME}:/bundle", "--entrypoint=muster", IMAGE, "install", "--verify", "/bundle")
    yield f"--volume={VOLUME}:/opt/muster:ro"
    docker.docker("volume", "rm", VOLUME)


def test_in_an_old_debian(docker, bundle):
    old = image.old_debian(docker)
    version = docker.docker("run", "--rm", old, "ldd", "--version").stdout
    ours = docker.docker("run", "--rm", "--entrypoint=ldd", IMAGE, "--version").stdout
    assert version.splitlines()[0].split()[-1] < ours.splitlines()[0].split()[-1], "it has an older glibc than the bundle"
    # The negative control: without the bundle's loader and libraries the agent does not start there.
    bare = docker.docker("run", "--rm", bundle, "--entrypoint=/opt/muster/libexec/muster", old, "--version", check=False)
    assert bare.returncode not in (0, 64) and "/opt/muster/libexec/muster: " in bare.stderr, bare
    done = docker.docker("run", "--rm", *HARDENED, bundle, *RUN, old, *INIT, "env")
    assert "FLUX_TASK_RANK=0" in done.stdout, done
    assert not [line for line in done.stdout.splitlines() if line.startswith(("LD_", "MUSTER_")) or "/opt/muster/lib" in line], done


def test_in_an_image_without_a_shell_or_glibc(docker, bundle, output, tmp_path):
    root, archive = roots.hello_root(tmp_path / "root", output), tmp_path / "root.tar"
    subprocess.run(["tar", "-C", root, "-cf", archive, "."], check=True)
    docker.docker("import", archive, "muster-test-hello")
    done = docker.docker("run", "--rm", *HARDENED, bundle, *RUN, "muster-test-hello", *INIT, "/hello")
    assert done.stdout == "hello from 0\n", done
