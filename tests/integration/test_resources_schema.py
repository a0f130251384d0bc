# SPDX-License-Identifier: Apache-2.0
"""R as the programs print it: against a schema of ours for RFC 20, and against a second reading of its idsets."""
import copy
import json
import os
import subprocess

import jsonschema
import pytest
from muster_testing import REPOSITORY, plain_environment, program

DATA = REPOSITORY / "tests" / "data"
SCHEMA = json.loads((DATA / "schema" / "R.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
QUICK = ["--rank", "0", "--flux", "none"]

SHAPES = "[0-1]:cores=4;[2-6]:cores=8,gpus=2;7:cores=1"
CASES = {
    "one host": ["--hosts", "a", "--cores", "1", "--gpus", "0"],
    "equal": ["--hosts", "flux-sample-[0-3]", "--cores", "2", "--gpus", "0"],
    "gpus": ["--hosts", "b,a[0-3],c", "--cores", "96", "--gpus", "4"],
    "shapes": ["--hosts", "n[0-7]", "--resources", SHAPES],
    "this pod": ["--hosts", "a[0-3]"],
    "ten thousand": ["--hosts", "flux-sample-[0-9999]", "--cores", "4", "--gpus", "0"],
}


def muster(*words, affinity=None, **environment):
    limit = (lambda: os.sched_setaffinity(0, affinity)) if affinity else None
    return subprocess.run([program("muster"), *words], capture_output=True, text=True, timeout=60, preexec_fn=limit,
                          env=plain_environment(**environment))


def resources(*words, **more):
    done = muster("resources", *QUICK, *words, **more)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def ids(text):
    """The ids of an RFC 22 idset."""
    found = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found


def count_hosts(hostlist):
    """How many hosts an RFC 29 hostlist with at most one bracket a word names."""
    count, rest = 0, hostlist
    while rest:
        word, bracket, rest = rest.partition("[")
        names = [name for name in word.split(",") if name]
        if not bracket:
            return count + len(names)
        count += len(names) - (0 if word.endswith(",") else 1)
        inside, _, rest = rest.partition("]")
        count += len([1 for part in inside.split(",") for _ in range(int(part.split("-")[0]), int(part.split("-")[-1]) + 1)])
        rest = rest.removeprefix(",")
    return count


@pytest.mark.parametrize("case", CASES)
def test_r_is_rfc_20(case):
    r = resources(*CASES[case])
    VALIDATOR.validate(r)
    ranks = [rank for entry in r["execution"]["R_lite"] for rank in ids(entry["rank"])]
    assert sorted(ranks) == list(range(len(ranks))), "every rank from 0 once"
    assert sum(map(count_hosts, r["execution"]["nodelist"])) == len(ranks)


@pytest.mark.parametrize("words", [["--cores", "4", "--gpus", "2"], ["--rank", "1", "--resources", "[0-2]:cores=4,gpus=2"]])
def test_r_needs_no_identity(words):
    done = muster("resources", "--flux", "none", "--size", "3", *words)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == resources("--hosts", "muster-[0-2]", "--cores", "4", "--gpus", "2")
    assert "the pods' names are not known, R calls them muster-[0-2]: --hosts" in done.stderr


def test_what_cannot_be_used_of_the_shapes_is_said_without_an_identity():
    done = muster("resources", "--flux", "none", "--size", "4", "--resources", "[0-3")
    assert done.returncode == 64 and "it is not RANKS:cores=N; write [0-3]:cores=N" in done.stderr and done.stderr.count("\n") == 1


def test_shapes_reach_their_ranks():
    execution = resources(*CASES["shapes"])["execution"]
    children = {rank: entry["children"] for entry in execution["R_lite"] for rank in ids(entry["rank"])}
    assert [len(ids(children[rank]["core"])) for rank in range(8)] == [4, 4, 8, 8, 8, 8, 8, 1]
    assert [len(ids(children[rank]["gpu"])) if "gpu" in children[rank] else 0 for rank in range(8)] == [0, 0, 2, 2, 2, 2, 2, 0]


@pytest.mark.parametrize("case", CASES)
def test_plan_and_resources_print_the_same_r_for_every_rank(case):
    r = resources(*CASES[case])
    for rank in ("0", "0" if case == "one host" else "1"):
        words = ["plan", "--json", "--flux", "none", "--rank", rank, "--mode", "interactive"]
        done = muster(*words, *CASES[case])
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["R"] == r


def test_the_same_r_is_the_same_bytes():
    first, second = (muster("resources", *QUICK, *CASES["shapes"]).stdout for _ in range(2))
    assert first == second and first.endswith("}\n")


def test_a_pod_offers_the_cores_of_its_affinity_mask():
    one = min(os.sched_getaffinity(0))
    r = resources("--hosts", "a", "--gpus", "0", affinity={one})
    assert r["execution"]["R_lite"] == [{"rank": "0", "children": {"core": "0"}}], "core 0, whatever the CPU is called"


def machine_of(**environment):
    """The children of the only rank of a machine that hwloc's variables describe."""
    (entry,) = resources("--hosts", "a", **environment)["execution"]["R_lite"]
    return entry["children"]


@pytest.mark.parametrize("environment, children", [
    ({"HWLOC_SYNTHETIC": "pack:2 core:4 pu:2"}, {"core": "0-7"}),
    ({"HWLOC_XMLFILE": str(DATA / "hwloc" / "smt.xml")}, {"core": "0-3"}),
    ({"HWLOC_XMLFILE": str(DATA / "hwloc" / "allowed-half.xml")}, {"core": "0-1"}),
])
def test_hwlocs_variables_describe_another_machine(environment, children):
    if machine_of(HWLOC_SYNTHETIC="core:64 pu:1") != {"core": "0-63"}:
        pytest.skip("this machine has a CPU quota, which cuts every machine's cores")
    assert machine_of(**environment) == children


REFUSALS = {
    "overlap": ("[0-3]:cores=1;3:cores=2", "rank 3 has a shape already"),
    "gap": ("[0-2]:cores=1", "no shape for rank 3"),
    "out of range": ("[0-4]:cores=1", "rank 4 is out of range"),
    "no cores": ("[0-3]:cores=0", "cores must be a number from 1"),
    "no ranks": ("cores=4", "it names no ranks; write [0-3]:cores=4"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_bad_shapes_are_refused_in_one_sentence(case):
    shapes, reason = REFUSALS[case]
    done = muster("resources", *QUICK, "--hosts", "a[0-3]", "--resources", shapes)
    assert done.returncode == 64
    assert reason in done.stderr and done.stderr.count("\n") == 1
    assert done.stdout == ""


def broken(change):
    """The valid R of two ranks, changed."""
    r = {"version": 1, "execution": {"R_lite": [{"rank": "0-1", "children": {"core": "0-3", "gpu": "0"}}],
                                     "nodelist": ["a[0-1]"], "starttime": 0.0, "expiration": 0.0}}
    VALIDATOR.validate(r)
    r = copy.deepcopy(r)
    change(r, r["execution"], r["execution"]["R_lite"][0])
    return r


@pytest.mark.parametrize("change", [
    lambda r, e, n: r.update(version=2),
    lambda r, e, n: r.update(version="1"),
    lambda r, e, n: r.update(more=1),
    lambda r, e, n: r.pop("execution"),
    lambda r, e, n: e.pop("nodelist"),
    lambda r, e, n: e.update(nodelist="a[0-1]"),
    lambda r, e, n: e.update(nodelist=["a 1"]),
    lambda r, e, n: e.update(R_lite=[]),
    lambda r, e, n: e.update(starttime=-1),
    lambda r, e, n: e.update(properties={"a|b": "0"}),
    lambda r, e, n: e.update(properties={"a": "x"}),
    lambda r, e, n: n.update(rank="[0-1]"),
    lambda r, e, n: n.update(rank=0),
    lambda r, e, n: n.update(rank="01"),
    lambda r, e, n: n.update(rank=""),
    lambda r, e, n: n["children"].pop("core"),
    lambda r, e, n: n["children"].update(core="1-3"),
    lambda r, e, n: n["children"].update(core=""),
    lambda r, e, n: n["children"].update(memory="0"),
], ids=range(19))
def test_the_schema_notices(change):
    assert not VALIDATOR.is_valid(broken(change))
