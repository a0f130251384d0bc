# SPDX-License-Identifier: Apache-2.0
"""What an engine allows a container shows in R."""
import contextlib
import json
import os
import subprocess

import pytest
from image import IMAGE
from muster_testing import program, remember_secrets

pytestmark = pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one core cannot be limited")
NETWORK = "muster-test-limits"


def rows(text):
    """{ranks: cores} of an R."""
    return {row["rank"]: row["children"]["core"] for row in json.loads(text)["execution"]["R_lite"]}


@pytest.mark.parametrize("limits, cores", [
    (["--cpuset-cpus=0,1"], "0-1"),
    (["--cpuset-cpus=0,1", "--cpus=1.5"], "0"),
    (["--cpuset-cpus=0,1", "--cpus=0.5"], "0"),
    (["--cpuset-cpus=1"], "0"),
    (["--cpuset-cpus=0,1", "--cpu-shares=2"], "0-1"),  # a share is no limit
])
def test_a_containers_limits(docker, limits, cores):
    done = docker.docker("run", "--rm", *limits, "--entrypoint=muster", IMAGE, "resources", "--size=1")
    assert rows(done.stdout) == {"0": cores}, done


@pytest.mark.parametrize("shapes, wanted", [
    (None, {"0-1": "0-1"}),  # the leader's, for all
    ("0:cores=2;1:cores=1", {"0": "0-1", "1": "0"}),
])
def test_containers_with_different_limits(docker, tmp_path, output, shapes, wanted):
    secret = tmp_path / "secret"
    subprocess.run([program("muster"), "keygen", "--secret", secret], check=True, stdout=subprocess.DEVNULL)
    remember_secrets(secret)
    os.chown(secret, 1000, 1000)
    settings = {"MUSTER_HOSTS": "two-cores,one-core", "MUSTER_SECRET": "/secret", "MUSTER_FLUX": "none", "MUSTER_MODE": "launcher",
                **({"MUSTER_RESOURCES": shapes} if shapes else {})}
    common = [f"--network={NETWORK}", f"--volume={secret}:/secret:ro", *(f"--env={name}={value}" for name, value in settings.items())]
    script = 'cat /run/muster/R.json; exec flux run -n2 -N2 sh -c "echo task >&2"'
    docker.docker("network", "create", NETWORK)
    with contextlib.ExitStack() as stack:
        stack.callback(docker.docker, "network", "rm", NETWORK)

        def start(name, limits, *command):
            container = docker.docker("run", "--detach", f"--hostname={name}", f"--network-alias={name}", *limits, *common, IMAGE, *command).stdout.strip()
            stack.callback(docker.docker, "rm", "-f", container)
            return container
        leader = start("two-cores", ["--cpuset-cpus=0,1"], "sh", "-c", script)
        start("one-core", ["--cpuset-cpus=0,1", "--cpus=1"], "sh", "-c", script)
        code, said = int(docker.docker("wait", leader).stdout), docker.docker("logs", leader)
        (output / "leader").write_text(said.stdout + said.stderr)
        assert code == 0, said
        assert rows(said.stdout) == wanted and said.stderr.count("task\n") == 2, said
