# SPDX-License-Identifier: Apache-2.0
"""R against real Flux: it reads what muster writes, and it sees the cores and GPUs that muster sees."""
import json
import os
import subprocess

import pytest
from muster_testing import REPOSITORY, plain_environment, program, real_flux

MACHINES = REPOSITORY / "tests" / "data" / "hwloc"


@pytest.fixture
def flux_r():
    """`flux R` with words and an input: its standard output."""
    flux = real_flux()
    if not flux:
        pytest.skip("no real flux: tests/run --flux DIR names one")

    def run(*words, text="", affinity=None, **environment):
        limit = (lambda: os.sched_setaffinity(0, affinity)) if affinity else None
        done = subprocess.run([flux, "R", *words], input=text, capture_output=True, text=True, timeout=60,
                              preexec_fn=limit, env=plain_environment(**environment))
        assert done.returncode == 0, done.stderr
        return done.stdout
    return run


def resources(*words, affinity=None, **environment):
    limit = (lambda: os.sched_setaffinity(0, affinity)) if affinity else None
    done = subprocess.run([program("muster"), "resources", "--rank", "0", "--flux", "none", *words], preexec_fn=limit,
                          capture_output=True, text=True, timeout=60, env=plain_environment(**environment))
    assert done.returncode == 0, done.stderr
    return done.stdout


def children(text):
    """The children of the only entry of an R."""
    (entry,) = json.loads(text)["execution"]["R_lite"]
    return entry["children"]


def test_flux_reads_r_as_it_was_meant(flux_r):
    shapes = "[0-1]:cores=4;[2-6]:cores=8,gpus=2;7:cores=1"
    text = resources("--hosts", "b,n[0-5],a01", "--resources", shapes)
    assert flux_r("decode", "--short", text=text).strip() == "rank[0-1]/core[0-3] rank[2-6]/core[0-7],gpu[0-1] rank7/core0"
    assert flux_r("decode", "--nodelist", text=text).strip() == "b,n[0-5],a01"
    assert json.loads(flux_r("decode", text=text)) == json.loads(text)


def test_flux_reads_r_of_ten_thousand_hosts(flux_r):
    text = resources("--hosts", "flux-sample-[0-9999]", "--cores", "4", "--gpus", "0")
    assert flux_r("decode", "--count=core", text=text).strip() == "40000"


def test_flux_encodes_equal_hosts_alike(flux_r):
    ours = resources("--hosts", "n[0-3]", "--cores", "2", "--gpus", "1")
    assert json.loads(flux_r("encode", "-r0-3", "-c0-1", "-g0", "-Hn[0-3]")) == json.loads(ours)


@pytest.mark.parametrize("machine", sorted(path.name for path in MACHINES.glob("*.xml")))
def test_flux_sees_the_same_machine(flux_r, machine):
    ours = resources("--hosts", "a", HWLOC_XMLFILE=str(MACHINES / machine))
    theirs = children(flux_r("encode", f"--xml={MACHINES / machine}"))
    if children(resources("--hosts", "a", HWLOC_SYNTHETIC="core:64 pu:1")) != {"core": "0-63"}:
        pytest.skip("this machine has a CPU quota, which Flux does not see")
    assert children(ours) == theirs


def test_flux_sees_the_same_cores_in_an_affinity_mask(flux_r):
    for cpu in sorted(os.sched_getaffinity(0))[:4]:
        ours = resources("--hosts", "a", "--gpus", "0", affinity={cpu})
        assert children(ours)["core"] == children(flux_r("encode", "--local", affinity={cpu}))["core"]
