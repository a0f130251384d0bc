# SPDX-License-Identifier: Apache-2.0
"""The image: what it adds to its base, whom it runs as, what it says, and what is left of it while it runs."""
import contextlib
import re
import time

import image
import pytest
from image import BASE, IMAGE
from muster_testing import wait_until

ALONE = ("-e", "MUSTER_SIZE=1", "-e", "MUSTER_FLUX=none")
HARDENED = ("--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--tmpfs=/run/muster:mode=1777", "--tmpfs=/tmp")
SOON = ("--health-interval=1s", "--health-retries=2", "--health-start-period=1s")


@pytest.fixture
def start(docker):
    """Starts containers, which are gone afterwards: start(*options, command=[...]) -> id."""
    with contextlib.ExitStack() as stack:
        def make(*options, command=()):
            container = docker.docker("run", "--detach", *options, IMAGE, *command).stdout.strip()
            stack.callback(docker.docker, "rm", "-f", container)
            return container
        yield make


def wait_for(docker, container, template, wanted):
    """Until `docker inspect` says `wanted`; what it said before that."""
    seen = []

    def look():
        seen.append(docker.inspect(container, template))
        return seen[-1] == wanted
    wait_until(look, lambda: f"{template} {wanted}, not {seen[-1]}:\n{docker.docker('logs', container).stderr}\n"
               + docker.inspect(container, "{{json .State}}"))
    return seen


def test_what_it_says_of_itself(docker):
    config = image.config_of(docker, IMAGE)
    assert config["Entrypoint"] == ["muster-init", "muster", "run", "--"]
    assert config["User"] == "1000:1000"
    labels = {name.removeprefix("org.opencontainers.image."): text for name, text in config["Labels"].items()}
    assert labels["title"] == "muster" and labels["licenses"] == "Apache-2.0" and labels["base.name"] == BASE, labels
    said = docker.docker("run", "--rm", "--entrypoint", "muster", IMAGE, "--version").stdout
    assert labels["version"] in said.split() and labels["revision"] == image.REVISION and "Flux" in labels["description"], (labels, said)


def test_what_it_adds_is_at_most_20_MB_and_a_command_lists_it(docker):
    added = int(docker.inspect(IMAGE, "{{.Size}}")) - int(docker.inspect(BASE, "{{.Size}}"))
    assert 1e6 < added <= 20e6, added
    listed = docker.docker("run", "--rm", "--read-only", "--tmpfs=/tmp:mode=1777", "--entrypoint", "muster", IMAGE, "install", "--list", "/tmp/copy").stdout
    sizes = {path: int(size) for size, path in re.findall(r"^ *(\d+) ((?:bin|lib|libexec)/\S+)$", listed, re.M)}
    there = docker.docker("run", "--rm", "--entrypoint", "find", IMAGE, "/opt/muster", "-type", "f", "-printf", "%P\n").stdout.split()
    assert sorted(sizes) == sorted(there) and sum(sizes.values()) == added, (listed, there, added)


def test_without_flux_it_says_so(docker):
    done = docker.docker("run", "--rm", "-e", "MUSTER_SIZE=1", IMAGE, "true", check=False)
    assert done.returncode == 127, done
    assert "flux is not in PATH: use an image with Flux" in done.stderr and "--flux none" in done.stderr, done


@pytest.mark.parametrize("program, code", [("exit 0", 0), ("exit 3", 3), ("kill -9 $$", 137)])
def test_the_programs_end_is_the_containers(docker, program, code):
    done = docker.docker("run", "--rm", *ALONE, IMAGE, "sh", "-c", program, check=False)
    assert done.returncode == code, done


def test_it_needs_no_privilege_no_passwd_entry_and_no_writable_root(docker):
    program = "id -u; ls /run/muster; touch /usr/nothing || grep -E '^(CapEff|NoNewPrivs|Seccomp):' /proc/self/status"
    done = docker.docker("run", "--rm", *HARDENED, "-u", "12345", *ALONE, IMAGE, "sh", "-c", program)
    assert "12345\n" in done.stdout and "curve.cert" in done.stdout, done
    status = dict(re.findall(r"^(\w+):\s+(\w+)$", done.stdout, re.M))
    assert int(status["CapEff"], 16) == 0 and (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2"), done


def test_the_programs_environment_says_nothing_of_the_bundle(docker):
    said = docker.docker("run", "--rm", *ALONE, IMAGE, "env").stdout.splitlines()
    assert [line for line in said if line.startswith("FLUX_TASK_RANK=")] == ["FLUX_TASK_RANK=0"], said
    assert not [line for line in said if line.startswith(("LD_", "MUSTER_", "GLIBC_"))], said
    path, = [line.removeprefix("PATH=") for line in said if line.startswith("PATH=")]
    assert "/opt/muster/lib" not in path, path


def test_only_muster_init_and_the_broker_are_left(docker, start):
    container = start(*ALONE, "-e", "MUSTER_MODE=interactive")
    wait_until(lambda: len(docker.processes(container)) == 2 and "muster-rehearsal broker" in docker.processes(container)[1],
               lambda: f"two processes: {docker.processes(container)}")
    first, second = docker.processes(container)
    assert first.startswith("muster-init ") and "broker" in second, (first, second)
    begun = time.monotonic()
    docker.docker("stop", "--time", "5", container)
    assert docker.inspect(container, "{{.State.ExitCode}}") == "143"  # ended in order, not killed after the 5 s
    assert time.monotonic() - begun < 5


def test_it_is_healthy_while_the_broker_is_online(docker, start):
    container = start(*ALONE, *SOON, "-e", "MUSTER_MODE=interactive")
    wait_for(docker, container, "{{.State.Health.Status}}", "healthy")
    broker, = docker.docker("exec", container, "cat", "/proc/1/task/1/children").stdout.split()
    docker.docker("exec", container, "sh", "-c", f"kill -STOP {broker}")
    wait_for(docker, container, "{{.State.Health.Status}}", "unhealthy")
    docker.docker("exec", container, "sh", "-c", f"kill -CONT {broker}")
    wait_for(docker, container, "{{.State.Health.Status}}", "healthy")


def test_it_is_unhealthy_while_it_waits_for_its_parent(docker, start):
    container = start(*SOON, "-e", "MUSTER_FLUX=none", "-e", "MUSTER_HOSTS=nobody,here", "--hostname=here", "-e", "MUSTER_DOMAIN=invalid",
                      "-e", "MUSTER_SECRET=/tmp/secret", "--entrypoint=sh",
                      command=["-c", "muster keygen --secret /tmp/secret && exec muster-init muster run"])
    seen = wait_for(docker, container, "{{.State.Health.Status}}", "unhealthy")
    assert "healthy" not in seen
    said = docker.inspect(container, "{{(index .State.Health.Log 0).Output}}")
    assert "ready: failed: " in said, said
