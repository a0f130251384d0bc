# SPDX-License-Identifier: Apache-2.0
"""Flux's column of tests/data/flux-contract/broker-config.cases, and Flux's reading of the files that muster writes."""
import dataclasses
import json
import pathlib
import re
import socket
import subprocess
import tomllib

import muster_testing
import pytest

DATA = pathlib.Path(__file__).parent.parent / "data"
GOLDEN = sorted((DATA / "broker-config").glob("*.toml"))
TOPOLOGIES = {"flat": "kary:0", "kary": "kary:2", "mincrit": "mincrit:2", "binomial": "binomial"}


@dataclasses.dataclass
class Case:
    name: str
    keys: dict
    toml: str


def read_cases():
    cases, in_toml = [], False
    for line in (DATA / "flux-contract/broker-config.cases").read_text().splitlines():
        if line.startswith("== "):
            cases.append(Case(line[3:], {}, ""))
            in_toml = False
        elif cases and in_toml:
            cases[-1].toml += line + "\n"
        elif cases and line == "--":
            in_toml = True
        elif cases and ": " in line:
            key, _, value = line.partition(": ")
            cases[-1].keys[key] = value
    return cases


@pytest.fixture
def flux():
    found = muster_testing.real_flux()
    if not found:
        pytest.skip("no real flux: tests/run --flux DIR names one")
    return found


class Leader:
    """Starts one broker of real Flux with a configuration; the workbench kills it."""

    def __init__(self, flux, bench, directory):
        self.flux, self.bench, self.directory = flux, bench, directory
        self.certificate = directory / "curve.cert"

    def start(self, toml, hostname, *program):
        if "CERT" in toml:
            self.bench.run(self.flux, "keygen", "--name=contract", self.certificate)
        config = self.directory / "broker.toml"
        config.write_text(toml.replace("HOSTNAME", socket.gethostname()).replace("CERT", str(self.certificate)))
        (self.directory / "state").mkdir(exist_ok=True)
        attributes = ["log-stderr-mode=local", "broker.quorum=1", f"rundir={self.directory}/run",
                      f"statedir={self.directory}/state"]
        if hostname:
            attributes.append(f"hostname={hostname}")
        settings = [word for attribute in attributes for word in ("-S", attribute)]
        return self.bench.start(self.flux, "broker", "-c", config, *settings, *program)


@pytest.fixture
def leader(flux, bench, tmp_path):
    return Leader(flux, bench, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("case", [case for case in read_cases() if "flux" in case.keys], ids=lambda case: case.name)
def test_flux_says_what_the_table_says(case, leader):
    hostname = case.keys.get("hostname", "a0") if "bootstrap" in case.toml else None
    broker = leader.start(case.toml, hostname, "echo", "ACCEPTED")
    if case.keys["flux"] == "accepted":
        broker.wait_for("^ACCEPTED$")  # it may never end: R is undefined while hosts are missing
        return
    done = broker.wait()
    assert done.code == 1, done
    assert case.keys["flux"] in done.err and "ACCEPTED" not in done.out, done


def parents_that_flux_computes(leader, toml):
    """The parents of ranks 1 to 7, asked of a leader that waits for nobody."""
    ranks = "for rank in 1 2 3 4 5 6 7; do flux overlay parentof $rank; done; echo END"
    broker = leader.start(toml, "flux-sample-0", "sh", "-c", ranks)
    broker.wait_for("^END$")
    broker.kill()
    return [int(rank) for rank in re.findall(r"^\d+$", broker.out(), re.MULTILINE)]


@pytest.mark.slow
@pytest.mark.parametrize("name", TOPOLOGIES)
def test_flux_finds_the_parents_of_the_topology_in_the_golden_file(name, leader):
    bootstrap = ('[bootstrap]\ncurve_cert = "CERT"\ndefault_bind = "tcp://127.0.0.1:0"\n'
                 'default_connect = "tcp://127.0.0.1:0"\n')
    own = parents_that_flux_computes(
        leader, f'{bootstrap}hosts = [ {{ host = "flux-sample-[0-7]" }} ]\n[tbon]\ntopo = "{TOPOLOGIES[name]}"\n')
    hosts = re.search(r"^hosts = .*?\]$", (DATA / f"broker-config/{name}.toml").read_text(), re.MULTILINE | re.DOTALL)
    assert len(own) == 7
    assert parents_that_flux_computes(leader, f"{bootstrap}{hosts.group()}\n") == own


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda path: path.stem)
def test_flux_reads_the_golden_files_as_python_does(golden, flux):
    read = subprocess.run([flux, "config", "get", f"--config-path={golden}"], check=True, stdout=subprocess.PIPE,
                          env=muster_testing.plain_environment())
    assert json.loads(read.stdout) == tomllib.loads(golden.read_text())


def test_the_table_and_the_golden_files_are_there():
    assert len(read_cases()) > 140
    assert len(GOLDEN) >= 5
