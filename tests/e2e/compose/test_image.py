# SPDX-License-Identifier: Apache-2.0
"""The image: what it adds to its base, whom it runs as, what it says, and what is left of it while it runs."""
import engine as engines
import pytest
from engine import BASE, IMAGE
from muster_testing import wait_until

ALONE = ("-e", "MUSTER_SIZE=1", "-e", "MUSTER_FLUX=none")
HARDENED = ("--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--tmpfs=/run/muster:mode=1777", "--tmpfs=/tmp")


def test_what_it_says_of_itself(docker):
    config = engines.config_of(docker, IMAGE)
    assert config["Entrypoint"] == ["muster-init", "muster", "run", "--"]
    assert config["User"] == "1000:1000"
    labels = {name.removeprefix("org.opencontainers.image."): text for name, text in config["Labels"].items()}
    assert labels["title"] == "muster" and labels["licenses"] == "Apache-2.0" and labels["version"], labels


def test_what_it_adds_is_at_most_20_MB(docker):
    sizes = [int(docker.inspect(image, "{{.Size}}")) for image in (IMAGE, BASE)]
    listed = docker.docker("run", "--rm", "--entrypoint", "du", IMAGE, "-sb", "/opt/muster").stdout
    assert sizes[0] - sizes[1] <= 20e6 and int(listed.split()[0]) <= 20e6, (sizes, listed)


def test_without_flux_it_says_so(docker):
    done = docker.docker("run", "--rm", "-e", "MUSTER_SIZE=1", IMAGE, "true", check=False)
    assert done.returncode == 127, done
    assert "flux is not in PATH: use an image with Flux" in done.stderr, done


@pytest.mark.parametrize("program, code", [("exit 0", 0), ("exit 3", 3), ("kill -9 $$", 137)])
def test_the_programs_end_is_the_containers(docker, program, code):
    done = docker.docker("run", "--rm", *ALONE, IMAGE, "sh", "-c", program, check=False)
    assert done.returncode == code, done


def test_it_needs_no_privilege_no_passwd_entry_and_no_writable_root(docker):
    done = docker.docker("run", "--rm", *HARDENED, "-u", "12345", *ALONE, IMAGE, "sh", "-c", "id -u; ls /run/muster")
    assert "12345\n" in done.stdout and "curve.cert" in done.stdout, done


def test_only_muster_init_and_the_broker_are_left(docker):
    container = docker.docker("run", "--detach", *ALONE, "-e", "MUSTER_MODE=interactive", IMAGE).stdout.strip()
    try:
        wait_until(lambda: docker.docker("exec", container, "muster-rehearsal", "uptime", check=False,
                                         env={"FLUX_URI": "local:///run/muster/run/local"}) and len(docker.processes(container)) == 2
                   and any("muster-rehearsal broker" in words for words in docker.processes(container)), "two processes")
        first, second = docker.processes(container)
        assert first.startswith("muster-init ") and "broker" in second, (first, second)
        docker.docker("stop", "--time", "5", container)
        assert docker.inspect(container, "{{.State.ExitCode}}") == "143"  # ended in order, not killed after the 5 s
    finally:
        docker.docker("rm", "-f", container)
