# SPDX-License-Identifier: Apache-2.0
"""report.json as real pods leave it: against its schema, and against what is known of them."""
import copy
import json
import os
import pathlib
import signal

import jsonschema
import pytest
import up_driver
from muster_testing import REPOSITORY, program, wait_until

SCHEMA = json.loads((REPOSITORY / "tests" / "data" / "schema" / "report.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
FOLLOWERS_GATES = ["name", "address", "listener", "curve"]


def read(path):
    """The report at `path`; a copy of it is searched for secrets when the test ends."""
    text = pathlib.Path(path).read_text()
    assert text.endswith("}\n") and text.count("\n") == 1, "flux exec passes whole lines on"
    report = json.loads(text)
    VALIDATOR.validate(report)
    return report


def names(report):
    return [phase["name"] for phase in report["phases"]]


@pytest.fixture(name="pods")
def _pods(bench):
    """The reports of an instance of three, in rank order."""
    with up_driver.place() as place:
        done = bench.muster("up", "--flux", "none", "-n", "3", "--keep", "--dir", place / "new", "--", "true")
        assert done.code == 0, done
        paths = [next((place / "new").glob(f"muster-*/pods/{rank}/report.json")) for rank in range(3)]
        for rank, path in enumerate(paths):
            (bench.directory / f"report-{rank}.json").write_bytes(path.read_bytes())
        yield [read(path) for path in paths]


def test_every_pod_reports(pods):
    assert [(report["rank"], report["host"], report["size"]) for report in pods] == [(0, "up-0", 3), (1, "up-1", 3), (2, "up-2", 3)]
    assert len({report["key"] for report in pods}) == 1
    assert len({report["lives"]["supervisor"] for report in pods}) == 3, "each has a muster-init of its own"
    for report in pods:
        assert report["rehearsal"] and report["flux"].endswith("/muster-rehearsal")
        assert 1 <= report["resources"]["cores"] <= os.cpu_count()
        assert report["lives"]["count"] == 1 and "error" not in report


def test_phases_have_no_gaps(pods):
    for report in pods:
        assert names(report)[:4] == ["start", "identify", "plan", "write"] and names(report)[-1] == "exec"
        for phase, after in zip(report["phases"], report["phases"][1:]):
            assert phase["took_us"] == pytest.approx(after["monotonic_us"] - phase["monotonic_us"], abs=1)


def test_only_followers_have_gates(pods):
    leader, *followers = pods
    assert not set(names(leader)) & set(FOLLOWERS_GATES) and "gates" not in leader and "parent" not in leader
    for report in followers:
        assert "name" in names(report)
        assert report["parent"] == {"rank": 0, "host": "up-0", "name": "up-0.up.muster.internal.", "port": report["parent"]["port"]}
        # A phase for each gate that stood in the way; which attempts were made, the gates say.
        assert set(names(report)[4:-1]) <= set(FOLLOWERS_GATES)
        assert [attempt["gate"] for attempt in report["gates"]["attempts"] if attempt["passed"]][-1] == "curve"
        assert report["gates"]["address"].startswith("127.") and report["gates"]["questions"] >= 1 and report["gates"]["dials"] >= 1


def brokers(directory):
    """The PIDs of brokers whose configuration lies in `directory`."""
    found = []
    for entry in os.listdir("/proc"):
        try:
            words = pathlib.Path("/proc", entry, "cmdline").read_bytes().split(b"\0")
        except (OSError, ValueError):
            continue
        if words[1:2] == [b"broker"] and f"--config-path={directory}/broker.toml".encode() in words:
            found.append(int(entry))
    return found


def test_a_restarted_follower_counts_its_lives(bench):
    with up_driver.place() as place:
        process = bench.start(program("muster"), "up", "--flux", "none", "-n", "2", "--dir", place / "new")
        process.wait_for("ready: ")
        directory = next((place / "new").glob("muster-*/pods/1"))
        first = read(directory / "report.json")
        os.kill(wait_until(lambda: brokers(directory), "the follower's broker")[0], signal.SIGKILL)
        second = wait_until(lambda: (report := read(directory / "report.json"))["lives"]["count"] == 2 and report, "a second life")
        assert second["lives"]["supervisor"] == first["lives"]["supervisor"]
        assert second["lives"]["first_wall_us"] == first["lives"]["first_wall_us"] < second["phases"][0]["wall_us"]
        process.signal(signal.SIGINT)
        process.wait()


def failed(bench, tmp_path, *flags):
    done = bench.muster("run", f"--dir={tmp_path}", "--flux=none", *flags)
    return done, tmp_path / "report.json"


@pytest.mark.parametrize("flags, code, last", [
    (["--hosts=a,b", "--rank=2"], 78, "plan"),
    (["--hosts=a,b", "--rank=0", "--flux=/nowhere/flux", "--mode=interactive"], 127, "plan"),
    (["--hosts=a,b", "--rank=0", "--cert=/nowhere/curve.cert", "--mode=interactive"], 73, "write"),
])
def test_a_failure_is_reported_with_its_phase(bench, tmp_path, flags, code, last):
    done, path = failed(bench, tmp_path, *flags)
    assert done.code == code, done
    report = read(path)
    assert report["error"]["code"] == code and report["error"]["message"] in done.err
    assert names(report)[-1] == last


def test_a_gate_that_never_opened_is_reported(bench, tmp_path):
    bench.muster("keygen", tmp_path / "curve.cert")
    done, path = failed(bench, tmp_path, "--hosts=a,b", "--rank=1", f"--cert={tmp_path}/curve.cert", "--wait=50ms",
                        "--dns=127.0.0.1:9")
    report = read(path)
    assert report["error"]["code"] == done.code and report["error"]["message"] in done.err, done
    assert names(report)[-1] in FOLLOWERS_GATES and report["phases"][-1]["took_us"] >= 50_000


def test_no_directory_is_made_for_a_failure(bench, tmp_path):
    assert bench.muster("run", f"--dir={tmp_path}/new", "--flux=none", "--hosts=a,b", "--rank=2").code == 78
    assert not (tmp_path / "new").exists()


VALID = {
    "version": 1, "muster": "0.1.0", "platform": "a host list", "instance": "a", "rank": 1, "size": 2, "max_size": 2, "host": "a1",
    "flux": "/usr/bin/flux", "rehearsal": False, "resources": {"cores": 4, "gpus": 0},
    "parent": {"rank": 0, "host": "a0", "name": "a0.s.ns.svc.cluster.local.", "port": 8050}, "key": "0123abcd",
    "addresses": ["10.0.0.1", "fd00::1"], "lives": {"count": 1, "first_wall_us": 5, "supervisor": "7@9"},
    "phases": [{"name": "start", "wall_us": 5, "monotonic_us": 5, "took_us": 1}, {"name": "exec", "wall_us": 6, "monotonic_us": 6, "took_us": 0}],
    "gates": {"address": "10.0.0.1", "questions": 1, "dials": 1, "handshakes": 1, "left_out": 0, "attempts": [
        {"gate": "name", "passed": False, "asked": "a0", "answered": "no such name", "begun_us": 0, "took_us": 1}]},
    "error": {"code": 68, "message": "no name"},
}


@pytest.mark.parametrize("change", [
    lambda r: r.update(version=2),
    lambda r: r.update(secret="x"),
    lambda r: r.pop("lives"),
    lambda r: r.pop("host"),
    lambda r: r.pop("parent"),
    lambda r: r.update(key="0123ABCD"),
    lambda r: r.update(rank=-1),
    lambda r: r.update(addresses=["fe80::1%eth0"]),
    lambda r: r["lives"].update(count=0),
    lambda r: r["lives"].update(supervisor="init"),
    lambda r: r["phases"].pop(),
    lambda r: r["phases"][0].update(name="nap"),
    lambda r: r["phases"][0].update(took_us=-1),
    lambda r: r["phases"][0].update(took_us=0.5),
    lambda r: r["gates"].pop("attempts"),
    lambda r: r["gates"]["attempts"].extend(r["gates"]["attempts"] * 64),
    lambda r: r["gates"]["attempts"][0].update(gate="exec"),
    lambda r: r["error"].update(code=0),
    lambda r: r["error"].update(message=""),
], ids=range(19))
def test_the_schema_notices(change):
    VALIDATOR.validate(VALID)
    report = copy.deepcopy(VALID)
    change(report)
    assert not VALIDATOR.is_valid(report)
