# SPDX-License-Identifier: Apache-2.0
"""The controller's image, built and run as its pages print it; what is in it, and what it can do without."""
import re

import image
import pages
import pytest
from muster_testing import REPOSITORY
from test_pages import printed

ROOM = REPOSITORY / "containers" / "controller"
PAGE = (ROOM / "operating.md").read_text()
DOCKERFILE = (ROOM / "Dockerfile").read_text()
HARDENED = ("--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--network=none")


@pytest.fixture(scope="module")
def built(docker):
    """The image by the first command of the page, and what its second one said."""
    with image.as_the_page_says(docker) as reason:
        if reason:
            pytest.skip(reason)
        build, run = pages.blocks(PAGE)[0].splitlines()
        assert build.startswith("docker build ") and run.startswith("docker run "), (build, run)
        done = printed(docker, build)
        assert done.returncode == 0, done
        assert re.search(r"RUN cmake --preset release.*\n +---> Using cache\n", done.stdout), f"it is compiled once, with the image of muster:\n{done.stdout}"
        done = printed(docker, run)
        assert done.returncode == 0, done
        yield docker, done.stdout


def test_the_pages_first_commands(built):
    _, said = built
    assert f"prints `{said.strip()}`" in PAGE, said


def test_it_is_compiled_once_with_the_image_of_muster():
    def stage(text):
        return text[text.index("FROM ${BUILDER} AS build"):].split("\n\n")[0]
    assert stage(DOCKERFILE) == stage(image.DOCKERFILE.read_text()), "the engine's cache serves both only where they are the same"


def test_the_first_command_of_moving_without_privileges_or_a_writable_root(built):
    docker, _ = built
    command, = pages.blocks((ROOM / "moving.md").read_text())[0].splitlines()
    begin = "docker run --rm "
    assert command.startswith(begin), command
    done = printed(docker, command.replace(begin, f"{begin}{' '.join(HARDENED)} "))
    assert (done.returncode, done.stdout) == (0, (REPOSITORY / "tests/data/minicluster/expected/lammps.yaml").read_text()), done
    config = image.config_of(docker, "muster-controller")
    assert config["User"] == "65532:65532" and config["Entrypoint"] == ["muster-controller"]
    labels = {name.removeprefix("org.opencontainers.image."): text for name, text in config["Labels"].items()}
    assert labels["title"] == "muster-controller" and labels["licenses"] == "Apache-2.0" and labels["version"] in built[1], labels


def test_it_holds_the_program_and_what_that_needs(built, tmp_path):
    docker, _ = built
    size = int(docker.inspect("muster-controller", "{{.Size}}"))
    assert 1e6 < size <= 30e6, size
    container = docker.docker("create", "muster-controller").stdout.strip()
    try:
        docker.docker("export", f"--output={tmp_path}/root.tar", container)
    finally:
        docker.docker("rm", container)
    there = {name for name in image.files_of(tmp_path / "root.tar") if name.startswith(("opt/", "etc/ssl/")) or "/bin/" in name}
    programs = {name for name in there if not name.startswith("opt/muster/lib/")}
    assert programs == {"opt/muster/bin/muster-controller", "opt/muster/libexec/muster-controller", "etc/ssl/certs/ca-certificates.crt"}
