# SPDX-License-Identifier: Apache-2.0
"""tests/data/flux-contract: every refusal, message and exit code of Flux that the rehearsal imitates, a row each; the
same rows against the rehearsal and against real Flux.

A row changes the configuration of an instance that works (brokers.BASE), starts brokers, and says how they end:

  name        what the row is about
  flux        the version that showed it
  size        brokers configured (2)
  toml        the whole broker.toml; or
  replace     [[from, to], ...] in the usual one; append: text after it
  config      a path in place of broker.toml
  files       {name: text} written beside it; @dir@, @cert@, @R@, @address@ stand for themselves everywhere
  cert        {"mode": "0644"}, {"missing": true}, {"text": ...} or {"replace": [[from, to]]} (regular expressions)
  R           arguments of Instance.write_R, or {"text": ...}, or {"missing": true}
  options     of every broker; program: of the leader (default: ["true"])
  hostname    {rank: name} given to a broker instead of its own
  steps       what to do, in this order (default: start every rank in `expect`, the highest first):
              ["start", rank], ["wait", rank, regex], ["signal", rank, "TERM"], ["end", rank], ["ask", rank, words...],
              ["cert", rank]: another key for the brokers that start from now on
  expect      {rank: {"code": N, "stderr": [regex, ...], "stdout": [...], "never": [...]}}; the last life of the rank,
              or the Nth one for "rank:N"
  rehearsal   what the rehearsal does otherwise: {"why": ..., "expect": {...}}; null for an end that is not looked at
"""
import json
import os
import re
import signal

import brokers
import muster_testing
import pytest

DATA = muster_testing.REPOSITORY / "tests" / "data" / "flux-contract"
KEYS = {"name", "flux", "size", "toml", "replace", "append", "config", "files", "cert", "R", "options", "program", "hostname",
        "steps", "expect", "rehearsal", "parents"}


def rows():
    for path in sorted(DATA.glob("*.json")):
        if path.stem == "commands":
            continue
        for row in json.loads(path.read_text(encoding="utf-8")):
            yield pytest.param(row, id=f"{path.stem}:{row['name']}".replace(" ", "-"))


def prepare(instance, row, directory):
    text = row.get("toml", brokers.BASE)
    for old, new in row.get("replace", []):
        assert old in text, f"the row replaces {old!r}, which is not there"
        text = text.replace(old, new)
    instance.write_toml(text + row.get("append", ""))
    for name, content in row.get("files", {}).items():
        place = directory / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(instance.fill(content))
    spoil_certificate(instance.cert, row.get("cert", {}))
    spoil_R(instance, row.get("R", {}))


def spoil_certificate(cert, change):
    text = cert.read_text()
    for pattern, replacement in change.get("replace", []):
        text, count = re.subn(pattern, replacement, text, flags=re.M)
        assert count, f"the row replaces {pattern!r}, which is not there"
    cert.write_text(change.get("text", text))
    cert.chmod(int(change.get("mode", "0600"), 8))
    if change.get("missing"):
        cert.unlink()


def spoil_R(instance, change):
    if change.get("missing"):
        instance.R.unlink()
    elif "text" in change:
        instance.R.write_text(change["text"])
    elif change:
        instance.write_R(**change)


def play(instance, row, expect):
    """Takes the row's steps; gives how each expected broker ended, by the key in `expect`."""
    ranks = sorted((int(rank) for rank in row["expect"] if rank.isdigit()), reverse=True)
    steps = row.get("steps") or [["start", rank] for rank in ranks]
    lives = {}
    for what, rank, *rest in steps:
        if what == "start":
            program = [instance.fill(word) for word in row.get("program", ["true"])] if rank == 0 else []
            config = row.get("config")
            instance.start(rank, *program, options=row.get("options", []), config=config and instance.fill(config),
                           name=row.get("hostname", {}).get(str(rank)))
            lives.setdefault(rank, []).append(instance.brokers[rank])
        elif what == "wait":
            instance.brokers[rank].wait_for(rest[0])
        elif what == "signal":
            instance.brokers[rank].signal(getattr(signal, f"SIG{rest[0]}"))
        elif what == "end":
            instance.brokers[rank].wait()
        elif what == "ask":
            instance.ask(*rest, rank=rank)
        elif what == "cert":
            brokers.make_certificate(instance.cert)
        else:
            raise AssertionError(f"the row has a step {what!r}")
    ends = {}
    for key in (key for key, end in expect.items() if end):
        rank, _, life = key.partition(":")
        ends[key] = lives[int(rank)][int(life or 0) - 1].wait()
    return ends


def check(rank, done, expected):
    assert done.code == expected["code"], f"rank {rank}: code {done.code}, not {expected['code']}: {done}"
    for stream, text in (("stderr", done.err), ("stdout", done.out)):
        for pattern in expected.get(stream, []):
            assert re.search(pattern, text, re.M), f"rank {rank}: no {pattern!r} in {stream}: {done}"
    for pattern in expected.get("never", []):
        assert not re.search(pattern, done.err, re.M), f"rank {rank}: {pattern!r} in {done}"


def run_row(row, flux, bench, tmp_path):
    unknown = set(row) - KEYS
    assert not unknown, f"the row has keys {unknown}"
    expect = dict(row["expect"])
    if flux == "none" and "rehearsal" in row:
        expect.update(row["rehearsal"]["expect"])
    instance = brokers.Instance(bench, tmp_path, flux, row.get("size", 2),
                                parents={int(rank): parent for rank, parent in row.get("parents", {}).items()})
    prepare(instance, row, tmp_path)
    for rank, done in play(instance, row, expect).items():
        check(rank, done, expect[rank])


@pytest.mark.asan
@pytest.mark.parametrize("row", rows())
def test_row(row, flux, bench, tmp_path):
    run_row(row, flux, bench, tmp_path)


def complaints(row, done):
    """What is wrong with the end of a command, in sentences."""
    if done.code != row["code"]:
        yield f"code {done.code}, not {row['code']}"
    for stream, text in (("stdout", done.out), ("stderr", done.err)):
        for pattern in row.get(stream, []):
            if not re.search(pattern, text, re.M):
                yield f"no {pattern!r} in {stream}"
    if "sorted" in row and sorted(done.out.splitlines()) != sorted(row["sorted"]):
        yield "other lines"
    if "text" in row and done.out != row["text"]:
        yield "another text"


def command_rows():
    return json.loads((DATA / "commands.json").read_text(encoding="utf-8"))


@pytest.mark.asan
def test_commands(flux, bench, tmp_path):
    """commands.json: what a command of an instance of four brokers, two cores each, prints and ends with.

    words: the command; code; stdout and stderr: regular expressions; sorted: all lines of its output in any order;
    text: its output; env, cwd: where it runs; files: as in the other rows."""
    instance = brokers.Instance(bench, tmp_path, flux, 4)
    instance.start_all("sleep", "600")
    instance.brokers[0].wait_for("quorum->run")
    wrong = []
    for row in command_rows():
        unknown = set(row) - {"name", "flux", "words", "code", "stdout", "stderr", "sorted", "text", "env", "cwd", "files"}
        assert not unknown, f"{row['name']}: keys {unknown}"
        for name, content in row.get("files", {}).items():
            (tmp_path / name).write_text(content)
            (tmp_path / name).chmod(0o755)
        done = instance.ask(*[instance.fill(word) for word in row["words"]], env=row.get("env", {}), cwd=row.get("cwd"))
        wrong += [f"{row['name']}: {what}: {done}" for what in complaints(row, done)]
    assert not wrong, "\n".join(wrong)


def test_a_wrong_command_fails():
    """The negative control of commands.json."""
    done = muster_testing.Done(["x"], 0, "a\nb\n", "", 0.0)
    assert not list(complaints({"code": 0, "stdout": ["^a$"], "sorted": ["b", "a"], "text": "a\nb\n"}, done))
    assert len(list(complaints({"code": 1, "stdout": ["^c$"], "stderr": ["x"], "sorted": ["a"], "text": "a"}, done))) == 5


def test_a_wrong_expectation_fails(bench, tmp_path):
    """The negative control of the whole table: a working instance is no refusal."""
    row = {"name": "control", "flux": "0.88.0", "program": ["true"],
           "expect": {"0": {"code": 1, "stderr": ["not found in hosts"]}, "1": {"code": 0}}}
    with pytest.raises(AssertionError, match="code 0, not 1"):
        run_row(row, "none", bench, tmp_path)


def test_the_table_names_its_witness():
    """Every row says which Flux showed it, and no name is used twice in a file."""
    for path in DATA.glob("*.json"):
        table = json.loads(path.read_text(encoding="utf-8"))
        names = [row["name"] for row in table]
        assert len(names) == len(set(names)), path
        assert all(re.fullmatch(r"0\.\d+\.\d+", row["flux"]) for row in table), path
