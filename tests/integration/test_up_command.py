# SPDX-License-Identifier: Apache-2.0
"""`muster up` as users type it: its flags, what it refuses, and what its pods are told. Pods are real, brokers a rehearsal."""
import json
import os
import re
import signal

import pytest
import up_driver
from muster_testing import program
from test_up_output import Terminal

TASKS = ["--", "sh", "-c", "echo task $FLUX_TASK_RANK of $FLUX_JOB_SIZE"]


def up(bench, *arguments, **options):
    return bench.muster("up", "--flux", "none", *arguments, **options)


def in_terminal(*arguments, **environment):
    """What a person sees who runs `muster up` with these arguments."""
    terminal = Terminal([program("muster"), "up", "--flux", "none", *arguments], **environment)
    assert terminal.wait() == 0, terminal.shown
    return terminal.shown


@pytest.mark.asan
@pytest.mark.parametrize("arguments, code, words", [
    ([], 64, "how many brokers? Give -n N"),
    (["-n", "0"], 64, "-n: '0' is not a number from 1 to"),
    (["-n", "many"], 64, "-n: 'many' is not a number"),
    (["-n", "-1"], 64, "-n: '-1' is not a number"),
    (["-n"], 64, "needs a value"),
    (["-n", "2", "--size", "3"], 64, "-n says 2 brokers and --size (MUSTER_SIZE) 3"),
    (["-n", "4", "--max-size", "3"], 64, "max-size"),
    (["-n", "4", "--min-size", "5"], 64, "min-size"),
    (["-n", "2", "--rank", "1"], 64, "--rank is not for up"),
    (["-n", "2", "--hosts", "a,b"], 64, "--hosts is not for up"),
    (["-n", "2", "--dns", "127.0.0.1"], 64, "--dns is not for up"),
    (["-n", "2", "--topolgy", "flat"], 64, "did you mean --topology?"),
    (["-n", "2", "--keeep"], 64, "did you mean --keep?"),
    (["-n", "2", "--topology", "ring"], 64, "topology 'ring' is unknown"),
    (["-n", "2", "--mode", "batch", "--", "a"], 64, "--mode batch takes one script"),
    (["-n", "2", "--nodes", "3"], 64, "--nodes 3 is larger"),
    (["-n", "2", "--max-size", "4", "--nodes", "4"], 64, "--nodes 4 is larger than -n 2"),
    (["-n", "2", "--flux", "/nowhere/flux"], 127, "/nowhere/flux"),
    (["-n", "2", "--flux", "/etc/passwd"], 126, "/etc/passwd"),
    (["-n", "2", "--cert", "/nowhere/curve.cert"], 73, "/nowhere/curve.cert"),
    (["-n", "2", "--config", "/nowhere/flux.toml"], 73, "/nowhere/flux.toml"),
    (["-n", "2", "--dir", "/proc/nowhere"], 73, "/proc/nowhere"),
    (["-n", "2", "--timeline"], 64, "needs a value"),
])
def test_what_is_wrong_is_said_once_before_anything_starts(bench, arguments, code, words):
    command = [] if arguments[-1:] in (["-n"], ["--timeline"]) else ["true"] if "--" in arguments else ["--", "true"]
    done = up(bench, *arguments, *command)
    assert done.code == code, done
    assert words in done.err and done.err.startswith("muster: error: up: ") and done.err.count("\n") == 1, done
    assert not done.out


@pytest.mark.parametrize("mode", ["submit", "launcher"])
@pytest.mark.parametrize("command, name", [(["no-such-program"], "no-such-program"), (["/no/such program"], "/no/such program"),
                                           (["sh", "-c", "true; nope; exit"], "nope"), (["bash", "-c", "true; nope"], "nope"),
                                           (["sh", "-c", "exit 127"], None)])
def test_a_program_that_is_not_there_is_named(bench, mode, command, name):
    done = up(bench, "-n", "1", "--mode", mode, "--", *command)
    said = f"{name}:" if name else "the program was"
    assert done.code == 127 and f"error: {said} not found (exit code 127, the program's): check its name and PATH" in done.err, done


def test_help_names_its_own_flags_and_the_settings(bench):
    done = up(bench, "--help")
    assert done.code == 0
    for words in ("usage: muster up -n N", "--verbose, -v", "--timeline VALUE", "--topology "):
        assert words in done.out, done


def test_help_says_what_the_pods_have_of_their_own_and_the_program_not(bench):
    done = bench.muster("help", "up")
    for variable in ("MUSTER_NAME", "MUSTER_HOSTS", "MUSTER_DNS", "MUSTER_DIR"):
        assert variable in done.out, done
    assert "--hosts HOSTLIST" not in done.out and "--dns " not in done.out, done
    assert "standard input is empty" in done.out and '"[0] "' in done.out, done


@pytest.mark.parametrize("command, shown, hidden", [
    ("explain", ["--role", "--tail"], ["--size", "MUSTER_", "settings"]),
    ("resources", ["--cores", "--gpus", "--resources", "--hosts", "--max-size"], ["--port", "--mode", "--dir", "--dump"]),
    ("keygen", ["--secret", "--name"], ["--size"]),
    ("run", ["--port", "--dump"], []),
])
def test_help_shows_the_settings_that_the_command_uses(bench, command, shown, hidden):
    done = bench.muster("help", command)
    assert done.code == 0 and all(word in done.out for word in shown), done
    assert not [word for word in hidden if word in done.out], done


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: a network of its own")
def test_a_loopback_interface_that_is_down_is_said(bench):
    done = bench.run("unshare", "-n", program("muster"), "up", "--flux", "none", "-n", 2, "--", "true")
    assert done.code == 69 and "ip link set lo up" in done.err and done.err.count("\n") == 1, done


def test_sizes_may_come_from_the_environment(bench):
    assert up(bench, *TASKS, env={"MUSTER_SIZE": 2}).out.count(" of 2\n") == 2
    done = up(bench, *TASKS, env={"MUSTER_SIZE": "tcp://10.0.0.1:80"})
    assert done.code == 64 and "Give -n N" in done.err, "a Service link's value is no size"


@pytest.mark.parametrize("topology, listening", [("flat", {"0"}), ("kary:2", {"0", "1"}), ("binomial", {"0", "2"})])
def test_settings_reach_the_pods_as_flags(bench, topology, listening):
    with up_driver.place() as place:
        done = up(bench, "-n", "5", "--topology", topology, "--nodes", "3", "--keep", "--dir", place / "new", *TASKS)
        assert done.code == 0 and done.out.count(" of 3\n") == 3, done
        config = next((place / "new").glob("muster-*/pods/4/broker.toml")).read_text()
        connects = re.findall(r"connect = .tcp://127\.\d+\.\d+\.(\d+):", config)
        assert {str(int(last) - 2) for last in connects} == listening, config


def test_settings_reach_the_pods_as_variables(bench):
    assert up(bench, "-n", "3", *TASKS, env={"MUSTER_NODES": 2, "MUSTER_TOPOLOGY": "kary:1"}).out.count(" of 2\n") == 2


def test_pods_are_told_nothing_of_a_cluster_around_up(bench):
    around = {"JOB_COMPLETION_INDEX": 7, "MUSTER_RANK": 3, "MUSTER_HOSTS": "a,b,c", "MUSTER_SERVICE": "flux", "MUSTER_NAME": "x",
              "MUSTER_PORT": "tcp://10.0.0.1:8050", "MUSTER_DIR": "/nowhere"}
    done = up(bench, "-n", "2", *TASKS, env=around)
    assert done.code == 0 and done.out.count(" of 2\n") == 2, done


def test_a_certificate_of_the_users_is_used(bench, tmp_path):
    bench.muster("keygen", tmp_path / "curve.cert")
    done = up(bench, "-n", "2", "--cert", tmp_path / "curve.cert", "-v", *TASKS)
    assert done.code == 0 and len(set(re.findall(r"key (\w{8})", done.err))) == 1, done
    bench.muster("keygen", "--secret", tmp_path / "secret")
    assert up(bench, "-n", "2", "--secret", tmp_path / "secret", *TASKS).out.count(" of 2\n") == 2


def test_an_instance_with_room_to_grow_forms_with_what_is_there(bench):
    done = up(bench, "-n", "2", "--max-size", "4", *TASKS)
    assert done.code == 0 and done.out.count(" of 2\n") == 2, done


def test_quiet_by_default_and_all_when_asked(bench):
    done = up(bench, "-n", "2", "--", "true")
    assert done.err == "muster: 2 brokers of the rehearsal, muster's stand-in for Flux\n", done
    done = up(bench, "-n", "2", "-v", "--", "true")
    for words in ("[1] muster: info: rehearsal: rank 1 of 2", "[0] broker.info[0]: quorum-full: quorum->run", "muster: formed in"):
        assert words in done.err, done


def test_the_timeline_of_a_whole_instance(bench, tmp_path):
    assert up(bench, "-n", "3", "--timeline", tmp_path / "t.json", "--", "true").code == 0
    timeline = json.loads((tmp_path / "t.json").read_text())
    assert timeline["formed"] < timeline["ended"] and len(timeline["ranks"]) == 3
    assert all({"join", "quorum", "run", "exit"} <= set(row["states"]) and row["code"] == 0 for row in timeline["ranks"]), timeline


def test_on_a_terminal_each_line_of_a_task_has_its_rank():
    shown = in_terminal("-n", "3", "--", "sh", "-c", "echo out $FLUX_TASK_RANK; echo err $FLUX_TASK_RANK >&2")
    for rank, colour in enumerate((36, 33, 32)):
        for stream in ("out", "err"):
            assert f"\x1b[{colour}m[{rank}]\x1b[0m {stream} {rank}\r\n" in shown, shown
    shown = in_terminal("-n", "2", "--mode", "launcher", "--", "sh", "-c", "echo bare")
    assert re.search(r"(\x1b\[K|\n)bare\r\n", shown), shown


def test_no_program_is_an_instance_to_attach_to(bench):
    process = bench.start(program("muster"), "up", "--flux", "none", "-n", "2")
    uri = process.wait_for(r"^muster: ready: FLUX_URI=(\S+) reaches it; Ctrl-C ends it$")[1]
    done = bench.run(program("muster-rehearsal"), "submit", "--watch", "-N2", "-n2", "hostname", env={"FLUX_URI": uri})
    assert done.code == 0, done
    process.signal(signal.SIGINT)
    assert process.wait().code == 130


def test_no_flux_in_path_is_said(bench):
    done = bench.muster("up", "-n", "1", "--", "true", env={"PATH": "/usr/bin:/bin"})
    assert done.err == "muster: 1 broker of the rehearsal, muster's stand-in for Flux: no flux is in PATH\n", done


def test_flux_in_path_is_taken(bench, tmp_path):
    flux = tmp_path / "flux"
    flux.write_text("#!/bin/sh\necho \"$0 $1\" >&2\nexit 9\n")
    flux.chmod(0o755)
    done = bench.muster("up", "-n", "1", "--", "true", env={"PATH": f"{tmp_path}:/usr/bin:/bin"})
    assert f"1 broker of {flux}\n" in done.err and f"{flux} broker" in done.err and done.code == 9, done


def test_nothing_is_written_elsewhere(bench):
    with up_driver.place() as place:
        script = "for word in TMPDIR HOME; do eval echo $word=\\$$word; done; touch $TMPDIR/mine"
        done = up(bench, "-n", "1", "--", "sh", "-c", script, env={"TMPDIR": place, "HOME": place / "home"})
        assert done.code == 0 and f"TMPDIR={place}/muster-" in done.out, done
        assert os.listdir(place) == []
