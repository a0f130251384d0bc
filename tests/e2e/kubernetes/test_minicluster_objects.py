# SPDX-License-Identifier: Apache-2.0
"""MiniCluster on a real API server: the definition is established and refuses what is wrong in our words, what `muster-controller --dry-run`
prints is taken as it is, and runs."""
import copy
import re

import kubernetes_schemas
import manifests
import miniclusters
import pytest
from miniclusters import MINIMAL, with_spec
from muster_testing import REPOSITORY, program
from real_cluster import client

CRD = REPOSITORY / "containers" / "kubernetes" / "crd.yaml"
DATA = REPOSITORY / "tests" / "data" / "minicluster"
NAMES = sorted(path.name for path in DATA.glob("*.yaml"))

@pytest.fixture(scope="module")
def definition(kubernetes):
    kubernetes.kubectl("apply", "--validate=strict", "-f", CRD)
    kubernetes.kubectl("wait", "--for=condition=Established", "--timeout=60s", "crd/miniclusters.flux-framework.org")


@pytest.fixture
def dry_run(bench, tmp_path):
    """dry_run(object): what the controller would make of it."""
    def run(given):
        path = tmp_path / "minicluster.yaml"
        path.write_text(kubernetes_schemas.yaml.safe_dump(given))
        done = bench.run(program("muster-controller"), "--dry-run", path)
        assert done.code == 0, done
        return kubernetes_schemas.load(done.out)
    return run


def test_the_definition_shows_what_one_asks_for(space, definition):
    space.apply([MINIMAL])
    assert "lab" in space.kubectl("get", "mc").stdout


@pytest.mark.parametrize("name", NAMES)
def test_the_api_takes_a_minicluster_and_what_it_comes_to(space, definition, dry_run, name):
    for given in manifests.load(DATA / name):
        given["metadata"].pop("namespace", None)
        space.apply([given], "--dry-run=server")
        made = dry_run(given)
        space.apply(made, "--dry-run=server")


def numbered(given):
    """Objects that are all called "lab", each under a name of its own."""
    return [{**each, "metadata": {"name": f"lab-{number}"}} if each["metadata"] == {"name": "lab"} else each for number, each in enumerate(given)]


def test_what_is_wrong_is_refused_with_the_same_sentence(space, definition):
    rows = [row for row in miniclusters.WRONG if row.in_api == miniclusters.SAME]
    given = numbered(row.given for row in rows)
    done = space.apply(given, "--dry-run=server", check=False)
    said = dict(re.findall(r'"(\S*)" is invalid: (.*)', done.stderr))
    missing = [(row, said.get(each["metadata"]["name"])) for row, each in zip(rows, given, strict=True)
               if row.sentence not in said.get(each["metadata"]["name"], "")]
    assert not missing and not done.stdout, missing or done.stdout


def test_what_the_definition_cannot_know_is_taken(space, definition):
    given = [row.given for row in miniclusters.WRONG if row.in_api is miniclusters.NOTHING] + miniclusters.RIGHT
    done = space.apply(numbered(given), "--dry-run=server")
    assert done.stdout.count("created (server dry run)") == len(given), done


@pytest.mark.parametrize("row", [row for row in miniclusters.WRONG if row.in_api not in (miniclusters.SAME, miniclusters.NOTHING)],
                         ids=lambda row: row.in_api)
def test_what_the_api_server_refuses_by_itself(space, definition, row):
    done = space.apply([row.given], check=False)
    assert done.returncode != 0 and row.in_api in done.stderr, done.stderr


RUN = [
    ({"size": 3, "containers": [{"command": 'sh -c "echo the program has $FLUX_JOB_SIZE tasks"'}], "tasks": 3}, ["the program has 3 tasks"] * 3),
    ({"size": 2, "containers": [{"command": "echo 'two  words' $HOME", "commands": {"pre": "echo first of all"}}]}, ["two  words $HOME", "first of all"]),
]


@pytest.mark.parametrize("spec, words", RUN, ids=["program", "shell-text"])
def test_what_it_comes_to_runs(space, definition, dry_run, certificate, spec, words):
    given = copy.deepcopy(MINIMAL)
    named = space.kubernetes.images
    given["spec"] = {**spec, "flux": {"container": {"disable": True}}, "muster": {"image": named.muster, "flux": "none"},
                     "containers": [{"image": named.application, **spec["containers"][0]}]}
    space.secret("lab-curve", curve_cert=certificate)
    space.apply([given])
    space.apply([each for each in dry_run(given) if each["kind"] != "Secret"])
    space.wait_job("lab", "Complete")
    first, = [name for name, pod in space.pods("batch.kubernetes.io/job-completion-index=0").items() if pod["status"]["phase"] == "Succeeded"]
    log = space.log(first)
    assert all(log.count(each) >= words.count(each) for each in words), log


def test_its_programs_exit_code_is_the_jobs_end(space, definition, dry_run, certificate):
    named = space.kubernetes.images
    given = with_spec(size=2, flux={"container": {"disable": True}}, muster={"image": named.muster, "flux": "none"},
                      containers=[{"image": named.application, "command": "sh -c 'exit 3'"}])
    space.secret("lab-curve", curve_cert=certificate)
    space.apply([each for each in dry_run(given) if each["kind"] != "Secret"])
    assert space.wait_job("lab", "Failed")["reason"] == "PodFailurePolicy"
    first, = space.pods("batch.kubernetes.io/job-completion-index=0").values()
    assert client.terminated(first)["exitCode"] == 3
