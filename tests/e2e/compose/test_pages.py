# SPDX-License-Identifier: Apache-2.0
"""The pages of the image and of compose: their first commands work as printed, and `muster check` says what they show."""
import contextlib
import os
import pathlib
import re
import subprocess

import compose
import image
import pages
import pytest
from muster_testing import REPOSITORY, real_flux, wait_until
from slow_dns import SlowDns

IMAGE_PAGE = (REPOSITORY / "containers" / "images" / "README.md").read_text()
COMPOSE_PAGE = (compose.EXAMPLE / "README.md").read_text()


def printed(docker, command, cwd=REPOSITORY, **env):
    """Runs a command of a page in a shell; its completed process, texts."""
    return subprocess.run(["sh", "-ec", command], cwd=cwd, env={**docker.env, **env}, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=1200, check=False)


@pytest.fixture(scope="module")
def named(docker):
    """The image `muster`, made by the first command of its page."""
    with image.as_the_page_says(docker) as reason:
        if reason:
            pytest.skip(reason)
        build, *_ = pages.blocks(IMAGE_PAGE)[0].splitlines()
        assert build.startswith("docker build "), build
        done = printed(docker, build)
        assert done.returncode == 0, done
        yield docker


def test_the_images_first_commands(named):
    _, run = pages.blocks(IMAGE_PAGE)[0].splitlines()
    done = printed(named, run)
    assert done.returncode == 0 and done.stdout == "task 0 of 1\n" and "prints `task 0 of 1`" in IMAGE_PAGE, done


@pytest.mark.parametrize("command, shown", pages.shown_commands(IMAGE_PAGE), ids=lambda text: re.sub(r"\W+", "-", text)[-40:])
def test_the_images_page_shows_what_check_says(named, command, shown):
    done = printed(named, command)
    assert f"exit code {done.returncode}:" in done.stdout and pages.comparable(done.stdout) == pages.comparable(shown), done.stdout


def test_three_causes_are_shown():
    assert len(pages.shown_commands(IMAGE_PAGE)) == 3


def project(docker, directory, words=None, **options):
    return compose.project(docker, directory, words, name="demo", **options)


@pytest.mark.parametrize("version", compose.VERSIONS)
@pytest.mark.parametrize("block", [0, 1])
def test_the_first_commands_of_compose(named, tmp_path, version, block):
    """In the directory as it is; the user's settings are those of the page alone."""
    commands = pages.blocks(COMPOSE_PAGE)[block]
    assert "N=4" in commands, commands
    with project(named, tmp_path / "demo", version=version) as made:
        for name in ("N", "MUSTER_IMAGE", "MUSTER_FLUX", "COMPOSE_FILE"):
            del made.env[name]
        done = printed(named, commands.replace("docker compose", " ".join(compose.VERSIONS[version])), cwd=made.directory, **made.env)
        assert done.returncode == 0, done
        assert sorted(re.findall(r"task (\d) of 4 on \S+$", done.stdout, re.M)) == list("0123"), done


# --- "When it does not come up"

@pytest.fixture
def demo(docker, tmp_path):
    """A project of v2 as on the page: demo(**options)."""
    with contextlib.ExitStack() as stack:
        yield lambda **options: stack.enter_context(project(docker, tmp_path / "demo", version="v2", size=3, **options))


def check(docker, container):
    return docker.docker("exec", container, "muster", "check", check=False)


def test_without_flux_compose_says_so(demo):
    made = demo(env={"MUSTER_FLUX": "flux"})
    done = made.script("run")
    assert done.returncode == 127, done
    pages.assert_shown(COMPOSE_PAGE, [re.search(r"muster: error: .*", done.stdout).group()])


def test_check_with_another_secret(demo, docker):
    made = demo(words=["sleep", "600"], environment={"MUSTER_MODE": "launcher", "MUSTER_MIN_SIZE": "2"})
    made.compose("up", "-d", "--scale", "flux=2")
    made.wait_log(2, "quorum->run")
    made.change_secret()
    made.compose("up", "-d", "--scale", "flux=3", "--no-recreate")
    done = check(docker, wait_until(lambda: made.containers().get(3), "number 3"))
    assert done.returncode == 76, done
    pages.assert_check_shown(COMPOSE_PAGE, done.stdout, "curve")


@pytest.mark.skipif(os.geteuid() != 0, reason="a proxy in a container's network needs root")
def test_check_without_a_number_1(demo, docker):
    made = demo()
    made.compose("up", "--no-start")
    leader, *others = [container for _, container in sorted(made.containers().items())]
    docker.docker("rm", leader)
    for container in others:
        docker.docker("start", container)
    with SlowDns(0.0, denies=True) as host:
        host.stand_before(int(docker.inspect(others[0], "{{.State.Pid}}")))
        done = check(docker, others[0])
    assert done.returncode == 68, done
    pages.assert_check_shown(COMPOSE_PAGE, done.stdout, "name")


# --- a BASE with Flux

@pytest.fixture(scope="module")
def with_flux(named):
    """The image `muster-flux`, made by the page's command from a base with this machine's Flux."""
    if not (flux := real_flux()):
        pytest.skip("no real flux: tests/run --flux DIR names one")
    image.flux_base(named, pathlib.Path(flux).parent.parent)
    command, = pages.blocks(IMAGE_PAGE)[1].splitlines()
    done = printed(named, command)
    assert done.returncode == 0, done
    return "muster-flux"


@pytest.mark.parametrize("version", compose.VERSIONS)
def test_four_containers_with_flux(named, with_flux, tmp_path, version):
    script = 'echo "task $FLUX_TASK_RANK of $FLUX_JOB_SIZE, $(flux getattr version)"; exit 3'
    with compose.project(named, tmp_path / "demo", ["sh", "-c", script], version=version, env={"MUSTER_IMAGE": with_flux, "MUSTER_FLUX": "flux"}) as made:
        done = made.script("run")
        assert done.returncode == 3, done
        version_of_flux = subprocess.run([real_flux(), "version"], capture_output=True, text=True, check=True).stdout
        said = sorted(re.findall(r"task (\d) of 4, (\S+)$", done.stdout, re.M))
        assert [rank for rank, _ in said] == list("0123") and all(version in version_of_flux for _, version in said), done
