# SPDX-License-Identifier: Apache-2.0
"""The golden table of tests/data/diagnosis: what a person reads when something is wrong. A row:

  name         the fault; tests/support/faults.py provokes it under this name
  how          the same for people
  log          lines that the log of the pod must have, in this order; others may stand between them
  termination  the pod's termination message; null: none
  exit         the pod's exit code; null: it is ended by the test
  check        "says": the line with which `muster check` ends its walk in a pod of these settings, and its "exit" code
  probe        the same of `muster probe startup`
  brokers      what of this holds only for one kind of broker: {"flux" or "rehearsal": {"log": ..., ...}, or null: no row}

{n} stands for a number, {path} for a path, {address} for an IP address."""
import contextlib
import json
import re

import muster_testing
import pods
import pytest
from fault_scene import Scene
from faults import FAULTS
from faulty import FaultyCluster
from instance import Instance

DATA = muster_testing.REPOSITORY / "tests" / "data" / "diagnosis"
PLACEHOLDERS = {"{n} times": r"\d+ times?", "{n}": r"\d+(?:\.\d+)?", "{path}": r"/[\w./@-]+", "{address}": r"[\d.:a-f]+"}
COLUMNS = {"name", "how", "log", "termination", "exit", "check", "probe", "brokers"}


def rows():
    return [row for path in sorted(DATA.glob("*.json")) for row in json.loads(path.read_text(encoding="utf-8"))]


def expression(sentence):
    """A regular expression of a golden sentence."""
    parts = re.split("(" + "|".join(map(re.escape, PLACEHOLDERS)) + ")", sentence)
    return "".join(PLACEHOLDERS.get(part) or re.escape(part) for part in parts)


def of_kind(row, flux):
    kind = "rehearsal" if flux == "none" else "flux"
    other = row.get("brokers", {}).get(kind, {})
    if other is None:
        pytest.skip(f"not with the {kind}")
    return {**row, **other}


@pytest.fixture
def scene(output, tmp_path, bench, flux):
    if reason := pods.why_not():
        pytest.skip(reason)
    with contextlib.ExitStack() as closing, FaultyCluster(output, tmp_path / "cluster") as cluster:
        yield Scene(Instance(cluster, bench), flux, closing)


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["name"].replace(" ", "-"))
def test_a_fault_is_named(scene, row):
    row = of_kind(row, scene.flux)
    pod = FAULTS[row["name"]](scene)
    code = scene.wait(pod)
    shown = f"exit {code}\n{scene.message(pod)}\n{pod.log()}"
    assert row["exit"] in (None, code), shown
    lines = iter(pod.log().splitlines())
    for sentence in row["log"]:
        assert any(re.fullmatch(expression(sentence), line) for line in lines), f"no line {sentence!r}, or not in this order:\n{shown}"
    if row["termination"] is None:
        assert scene.message(pod) == "", shown
    else:
        assert re.fullmatch(expression(row["termination"]) + "\n", scene.message(pod)), f"{row['termination']!r} is not:\n{shown}"
    for command, done in (scene.answers or scene.ask(pod)).items():
        lines = [re.sub(" +", " ", line).strip() for line in done.out.splitlines()]
        assert done.code == row[command]["exit"], done
        assert any(re.fullmatch(expression(row[command]["says"]), line) for line in lines), f"no {row[command]['says']!r} in {done}"


def test_every_fault_has_its_row():
    assert sorted(row["name"] for row in rows()) == sorted(FAULTS)


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["name"].replace(" ", "-"))
def test_a_row_is_whole(row):
    """And its sentences are sentences: they say what, why and what to do, for people."""
    assert set(row) <= COLUMNS and COLUMNS - {"brokers"} <= set(row)
    assert row["log"] and all(isinstance(line, str) for line in row["log"])
    for text in [*row["log"], row["termination"] or "", row["check"]["says"], row["probe"]["says"]]:
        assert set(re.findall(r"\{\w*\}", text)) <= set(PLACEHOLDERS), text
        assert not re.search(r"errno|0x|nullptr|basic_string|\(null\)", text), text
