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
