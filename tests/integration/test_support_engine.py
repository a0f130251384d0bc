# SPDX-License-Identifier: Apache-2.0
"""Where no engine can be started, the tests that need one say why (tests/support/engine.py)."""
import os
import shutil

import engine
import pytest
from muster_testing import REPOSITORY

ASK = ["/usr/bin/python3", "-B", str(REPOSITORY / "tests" / "support" / "engine.py")]


@pytest.mark.skipif(os.geteuid() != 0, reason="taking rights away needs root")
@pytest.mark.parametrize("without, words", [
    (["setpriv", "--reuid=12345", "--regid=12345", "--clear-groups"], "only root may start one"),
    (["setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin"], "may make no mount namespace"),
    (["unshare", "--mount", "sh", "-c", 'umount -R /sys/fs/cgroup && exec "$@"', "sh"], "no control groups"),
])
def test_why_there_is_no_engine(bench, without, words):
    if not all(map(shutil.which, engine.CLIENTS + engine.ITS_OWN)):
        pytest.skip("no engine is installed: containers/install-packages engine")
    done = bench.run(*without, *ASK, env={"DOCKER_HOST": "unix:///nowhere"})
    assert done.code == 0 and words in done.out and done.out.count("\n") == 0, done


def test_what_is_missing_is_named(bench, tmp_path):
    done = bench.run(*ASK, env={"DOCKER_HOST": "unix:///nowhere", "PATH": str(tmp_path)})
    assert done.out == "docker, docker-compose, mmdebstrap not installed: containers/install-packages engine", done


@pytest.fixture
def fakes(tmp_path):
    """Programs in place of an engine's: they are there, and none answers. Gives (PATH, write another one)."""
    def write(name, script):
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    for name in ("docker-compose", "mmdebstrap", "iptables"):
        write(name, "exit 0")
    write("docker", "exit 1")
    return f"{tmp_path}:{os.environ['PATH']}", write


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may start an engine")
@pytest.mark.parametrize("daemon, words", [
    ("echo no overlay here; exit 3", "dockerd ended with 3: no overlay here"),
    ("echo $$ >{mark}; echo still loading; exec sleep 600", "an engine that answers: still loading"),
    ("echo $$ >{mark}; trap '' TERM; echo deaf; while :; do sleep 600 & wait; done", "an engine that answers: deaf"),
])
def test_trying_says_why_there_is_none_and_leaves_no_engine(bench, fakes, tmp_path, daemon, words):
    if reason := engine.why_not():
        pytest.skip(reason)
    path, write = fakes
    write("dockerd", daemon.format(mark=tmp_path / "pid"))
    for command in ("try", "here"):
        done = bench.run(*ASK, command, "1", env={"DOCKER_HOST": "unix:///nowhere", "PATH": path})
        assert done.code == 0 and "no engine can be had here: " in done.out and words in done.out and "\n" not in done.out, done
    if (tmp_path / "pid").exists():
        assert not os.path.exists(f"/proc/{(tmp_path / 'pid').read_text().strip()}"), "its daemon was ended"


def network(bench):
    """Whether this network has what engines make in theirs."""
    return "docker0" in bench.run("ip", "link").out, "DOCKER" in bench.run("iptables", "-S").out


@pytest.mark.slow
def test_trying_runs_a_container_and_leaves_nothing(bench):
    if reason := engine.why_not():
        pytest.skip(reason)
    before = network(bench)
    done = bench.run(*ASK, "try")
    assert done.code == 0 and "\n" not in done.out, done
    if "an engine can be had here" not in done.out:
        pytest.skip(done.out)
    assert network(bench) == before
    assert bench.run(*ASK, "here").out == ""
