# SPDX-License-Identifier: Apache-2.0
"""`muster timeline`: instances of real pods with a rehearsal, asked while they run and read from files afterwards."""
import html.parser
import json
import os
import re
import sys
import xml.etree.ElementTree

import pytest
import up_driver
from inits import unshare
from muster_testing import program, real_flux

sys.path.append(os.path.dirname(__file__))
from test_report_schema import VALIDATOR  # noqa: E402



class Page(html.parser.HTMLParser):
    """An HTML page's tags, which have to be balanced, and its words by tag."""

    VOID = {"meta", "rect", "line"}

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.words = [], [], {}
        self.feed(text)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        assert len(dict(attrs)) == len(attrs), (tag, attrs)
        self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        assert tag in self.VOID, tag
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        for tag in self.open[-1:]:
            self.words.setdefault(tag, []).append(data)

    def of(self, tag, **attributes):
        return [found for name, found in self.tags if name == tag and attributes.items() <= found.items()]


def read_page(path):
    text = path.read_text(encoding="utf-8")
    xml.etree.ElementTree.fromstring(text.replace("<!DOCTYPE html>", ""))
    page = Page(text)
    assert not page.of("script") and "javascript:" not in text and "http://" not in re.sub(r'xmlns="[^"]*"', "", text)
    return page


def up(bench, *arguments, **options):
    return bench.muster("up", "--flux", "none", *arguments, **options)




@pytest.mark.asan
def test_up_draws_what_happened(bench, tmp_path):
    done = up(bench, "-n", "4", "--timeline", tmp_path / "t.html", "--", "true")
    assert done.code == 0, done
    page = read_page(tmp_path / "t.html")
    assert re.fullmatch(r"4 brokers formed in \d+ ms|4 brokers formed in [\d.]+ s", page.words["h1"][0])
    titles = [text.split("\n")[0] for text in page.words["title"]]
    for rank in range(4):
        assert any(title.startswith(f"rank {rank} (up-{rank})") for title in titles), titles
    assert len(page.of("rect", **{"class": "track"})) == 4
    assert page.words["li"] and "rc1" in page.words["li"]


def test_the_data_has_reports_and_states(bench, tmp_path):
    done = up(bench, "-n", "3", "--timeline", tmp_path / "t.json", "--", "true")
    assert done.code == 0, done
    timeline = json.loads((tmp_path / "t.json").read_text())
    assert timeline["headline"].startswith("3 brokers formed in ") and timeline["notes"] == []
    for rank, row in enumerate(timeline["ranks"]):
        VALIDATOR.validate(row["report"])
        assert row["host"] == f"up-{rank}" and row["code"] == 0
        begun = (row["report"]["phases"][0]["wall_us"] - timeline["start_wall_us"]) / 1e6
        executed = (row["report"]["phases"][-1]["wall_us"] - timeline["start_wall_us"]) / 1e6
        # The pods' own clock and that of `up`; a busy machine may look at either when it gets to it.
        assert row["started"] - 5 <= begun < executed < row["states"]["join"] + 5
    again = bench.muster("timeline", "--json", tmp_path / "t.json")
    assert json.loads(again.out)["ranks"] == timeline["ranks"]


@pytest.mark.parametrize("ending", ["txt", "html.bak", ""])
def test_another_ending_is_refused_before_anything_starts(bench, tmp_path, ending):
    done = up(bench, "-n", "2", "--timeline", tmp_path / f"t.{ending}", "--", "true")
    assert done.code == 64 and "ends neither in .html (the picture) nor in .json (the data)" in done.err, done


def test_a_place_that_cannot_be_written_is_refused_before_anything_starts(bench, tmp_path):
    done = up(bench, "-n", "1", "--timeline", "/proc/nowhere/t.html", "--", "touch", tmp_path / "ran")
    assert done.code == 73 and "/proc/nowhere/t.html cannot be written (/proc/nowhere: No such file" in done.err, done
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("code, expected", [(0, 73), (3, 3)])
def test_a_picture_that_cannot_be_written_afterwards_is_said(bench, tmp_path, code, expected):
    """The program's own failure says more than that."""
    place = tmp_path / "place"
    place.mkdir()
    done = up(bench, "-n", "1", "--timeline", place / "t.html", "--", "sh", "-c", f"rmdir {place}; exit {code}")
    assert done.code == expected and f"timeline: {place}/t.html cannot be written" in done.err, done


def test_a_running_instance_is_asked(bench, tmp_path):
    script = f"{program('muster')} timeline && {program('muster')} timeline --out {tmp_path}/t.html && {program('muster')} timeline --json"
    done = up(bench, "-n", "3", "--mode", "launcher", "--", "sh", "-c", script)
    assert done.code == 0, done
    text, data = done.out[:done.out.index("\n{") + 1], json.loads(done.out[done.out.index("\n{"):])
    assert re.match(r"3 brokers formed in ", text)
    assert [re.match(rf"{rank} up-{rank} ", line) is not None for rank, line in enumerate(
        line for line in text.splitlines() if re.match(r"\d up-", line))] == [True] * 3
    assert [row["report"]["host"] for row in data["ranks"]] == ["up-0", "up-1", "up-2"]
    assert all("run" in row["states"] for row in data["ranks"])
    assert read_page(tmp_path / "t.html").of("svg")


def test_any_pod_can_ask(bench):
    process = bench.start(program("muster"), "up", "--flux", "none", "-n", "2")
    leader = process.wait_for(r"^muster: ready: FLUX_URI=local://(\S+)/pods/0/run/local reaches it")[1]
    for words, environment in ((["--flux", "none", "--dir", f"{leader}/pods/1"], {}),
                               ([], {"FLUX_URI": f"local://{leader}/pods/1/run/local", "MUSTER_FLUX": "none"})):
        done = bench.muster("timeline", "--json", *words, env=environment)
        assert done.code == 0 and [row["rank"] for row in json.loads(done.out)["ranks"]] == [0, 1], done


def test_a_later_process_of_the_pod_has_the_settings_of_its_first(bench, tmp_path):
    script = f"exec env -i PATH=$PATH {program('muster')} timeline --json"
    done = bench.run(*unshare(), program("muster-init"), program("muster"), "run", f"--dir={tmp_path}/pod", "--flux=none", "--size=1", "--",
                      "sh", "-c", script)
    assert done.code == 0 and [row["rank"] for row in json.loads(done.out)["ranks"]] == [0], done


def test_flux_may_be_a_directory(bench, tmp_path):
    (tmp_path / "bin").mkdir()
    flux = tmp_path / "bin" / "flux"
    flux.write_text("#!/bin/sh\necho the flux of a directory >&2; exit 1\n")
    flux.chmod(0o755)
    done = bench.muster("timeline", "--flux", tmp_path)
    assert done.code == 69 and "no instance can be asked (the flux of a directory)" in done.err, done


def test_the_rehearsal_does_not_ask_a_broker_of_flux(bench, tmp_path):
    (tmp_path / "report.json").write_text('{"version": 1, "flux": "/opt/its/flux", "rehearsal": false, "phases": []}')
    done = bench.muster("timeline", "--dir", tmp_path, env={"PATH": "/nowhere"})
    assert done.code == 127 and f"the broker of {tmp_path} was /opt/its/flux: name flux with --flux" in done.err, done


@pytest.mark.skipif(not real_flux(), reason="needs a real flux")
def test_a_running_instance_of_real_flux_is_asked(bench, tmp_path):
    script = f"{program('muster')} timeline --json"
    done = bench.muster("up", "--flux", real_flux(), "-n", "3", "--timeline", tmp_path / "t.html", "--mode", "launcher", "--", "sh", "-c", script)
    assert done.code == 0, done
    for row in json.loads(done.out)["ranks"]:
        assert {"join", "init", "quorum", "run"} <= set(row["states"]) and row["report"]["host"] == f"up-{row['rank']}"
    assert read_page(tmp_path / "t.html").of("svg")


def test_a_pod_that_gave_up_is_named_with_its_reason(bench, tmp_path):
    bench.muster("keygen", tmp_path / "curve.cert")
    pods = tmp_path / "pods"
    for rank, wait in ((1, "50ms"), (2, "60ms")):
        (pods / str(rank)).mkdir(parents=True)
        done = bench.muster("run", f"--dir={pods}/{rank}", "--flux=none", "--hosts=a,b,c", f"--rank={rank}", f"--wait={wait}",
                            f"--cert={tmp_path}/curve.cert", "--dns=127.0.0.1:9")
        assert done.code != 0
    (pods / "broker.log").write_text("<6>broker.info[0]: parent-none: join->init 0.1ms\n"
                                     "2026-11-23T02:49:32.5Z <6>broker.info[0]: rc1-success: init->quorum 0.4s\n")
    done = bench.muster("timeline", "--out", tmp_path / "t.html", pods)
    assert done.code == 0 and done.out == "", done
    failures = [text for text in read_page(tmp_path / "t.html").words["li"] if "gave up" in text]
    assert len(failures) == 2 and all(re.match(r"rank [12] \([bc]\) gave up after .* \(exit code \d+\): ", text) for text in failures)
    text = bench.muster("timeline", pods, env={"COLUMNS": 60}).out
    assert text.startswith("0 of 3 brokers online") or "! rank 1 (b) gave up" in text
    assert all(len(line) <= 60 for line in text.splitlines()), text


@pytest.mark.parametrize("arguments, code, words", [
    (["/nowhere"], 73, "/nowhere: No such file or directory"),
    (["/etc/passwd"], 65, "/etc/passwd: neither a report.json, nor a timeline, nor a broker's log"),
    (["/etc/passwd", "--json"], 65, "/etc/passwd"),
    (["--out", "t.png", "x"], 64, "--out: 't.png' ends neither in"),
    (["--out"], 64, "needs a value"),
    (["--nowhere"], 64, "unknown flag"),
    (["--flux", "/nowhere/flux"], 127, "/nowhere/flux"),
    (["--flux", "none", "--dir", "/nowhere"], 69, "no instance can be asked"),
])
def test_what_is_wrong_is_said(bench, arguments, code, words):
    done = bench.muster("timeline", *arguments)
    assert done.code == code and words in done.err and done.err.count("\n") == 1 and not done.out, done


def test_an_empty_directory_is_said(bench, tmp_path):
    done = bench.muster("timeline", tmp_path)
    assert done.code == 65 and "no report.json and no *.log in it tells of a pod" in done.err, done
