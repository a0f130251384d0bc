# SPDX-License-Identifier: Apache-2.0
"""`muster leave` of a bundle has the leader run the same bundle: its launcher, not the loader that it was started by."""
import socket
import subprocess

import pytest
from muster_testing import program

# Logs its words, and answers as a broker in run whose rank is drained as soon as that is asked for.
FLUX = """#!/bin/sh
echo "$*" >>{log}
case "$*" in
*uptime) echo " 02:37:01 run 19s,  owner root,  depth 0,  size 2" ;;
"resource status"*) echo "drained|1|muster leave" ;;
esac
"""


@pytest.fixture
def broker(tmp_path):
    """The directory of a pod in which somebody listens on the broker's socket."""
    directory = tmp_path / "m"
    (directory / "run").mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(directory / "run" / "local"))
        listener.listen(16)
        yield directory


@pytest.mark.parametrize("bundled", [True, False])
def test_the_leader_is_asked_to_undrain_by_the_program_that_left(bench, broker, tmp_path, bundled):
    muster = program("muster")
    if bundled:
        subprocess.run([muster, "install", tmp_path / "bundle"], check=True, stdout=subprocess.DEVNULL)
        muster = tmp_path / "bundle" / "bin" / "muster"
    flux, log = tmp_path / "flux", tmp_path / "log"
    flux.write_text(FLUX.format(log=log))
    flux.chmod(0o755)
    done = bench.run(muster, "leave", "--dir", broker, "--flux", flux, "--hosts", "a,b", "--rank", "1")
    assert done.code == 0 and "no job is left on it" in done.out, done
    asked = [line for line in log.read_text().splitlines() if "--when-gone" in line]
    assert len(asked) == 1 and asked[0].startswith(f"exec -n -r 0 {muster} leave --when-gone 1 "), asked
