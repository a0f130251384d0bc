# SPDX-License-Identifier: Apache-2.0
"""muster-rehearsal: jobs on bare brokers, without an agent around them. What Flux does alike is in test_flux_contract."""
import hashlib
import os
import re
import signal
import time

import brokers
import pytest
from muster_testing import program, wait_until

pytestmark = pytest.mark.asan


@pytest.fixture
def instance(bench, tmp_path):
    """Four brokers in state run."""
    made = brokers.Instance(bench, tmp_path, "none", 4)
    made.start_all("sleep", "600")
    made.brokers[0].wait_for("quorum->run")
    return made


def test_it_says_that_it_is_a_rehearsal(bench):
    """First, whatever the log level, and in every command that tells a version."""
    broker = bench.run(program("muster-rehearsal"), "broker", "-S", "log-stderr-level=0", "true")
    assert broker.code == 0
    assert "rehearsal" in broker.err.splitlines()[0]
    assert len(broker.err.splitlines()) == 1
    assert "rehearsal, not Flux" in bench.run(program("muster-rehearsal"), "version").out
    assert "stand-in" in bench.run(program("muster-rehearsal"), "--help").out


def test_the_initial_program_finds_flux(bench, tmp_path):
    """FLUX_URI and a `flux` first in PATH, for the program and for the tasks; gone from the directory in the end."""
    instance = brokers.Instance(bench, tmp_path, "none", 2)
    leader = instance.start_all("sh", "-c", "command -v flux; flux getattr rank; flux run -N2 -l sh -c 'command -v flux'",
                                options=["-S", "log-stderr-level=3"])
    done = leader.wait()
    assert done.code == 0, done
    flux0, flux1 = (f"{instance.rundir(rank)}/bin/flux" for rank in (0, 1))
    assert done.out.splitlines()[:2] == [flux0, "0"]
    assert sorted(done.out.splitlines()[2:]) == [f"0: {flux0}", f"1: {flux1}"]
    assert instance.brokers[1].wait().code == 0
    assert not os.listdir(instance.rundir(0)) and not os.listdir(instance.rundir(1))


def test_a_private_directory_is_removed(bench, tmp_path):
    """Without -S rundir: a directory in TMPDIR, for this user only, and none afterwards."""
    done = bench.run(program("muster-rehearsal"), "broker", "sh", "-c", "stat -c '%a %n' \"$(flux getattr rundir)\"",
                     env={"TMPDIR": tmp_path})
    assert done.code == 0, done
    mode, path = done.out.split()
    assert mode == "700" and path.startswith(f"{tmp_path}/flux-")
    assert not os.listdir(tmp_path)


def test_a_directory_that_cannot_be_made(bench):
    done = bench.run(program("muster-rehearsal"), "broker", "true", env={"TMPDIR": "/proc"})
    assert done.code == 1
    assert "rundir cannot create directory in /proc: No such file or directory" in done.err
    done = bench.run(program("muster-rehearsal"), "broker", "-S", f"rundir=/tmp/{'x' * 120}", "true")
    assert done.code == 1
    assert "exceeds max 107 to allow for AF_UNIX socket creation" in done.err
    assert not os.path.exists(f"/tmp/{'x' * 120}")


def test_bytes_that_are_no_text(instance):
    """Arguments, environment and output need not be UTF-8."""
    done = instance.bench.start(program("muster-rehearsal"), "run", "sh", "-c", 'printf "%s|%s" "$1" "$MARK" | od -An -tx1', "sh",
                                b"\xff\xfe".decode("utf-8", "surrogateescape"),
                                env={"FLUX_URI": instance.uri(), "MARK": b"\xc3(".decode("utf-8", "surrogateescape")}).wait()
    assert done.code == 0, done
    assert done.out.split() == ["ff", "fe", "7c", "c3", "28"]


def test_much_output_arrives_whole(instance):
    """Tens of megabytes from four tasks, and binary data, byte for byte."""
    done = instance.ask("submit", "--watch", "--quiet", "-N4", "-n4", "sh", "-c",
                        "yes $FLUX_TASK_RANK-0123456789-0123456789-0123456789 | head -c 8000000; echo", deadline=120)
    assert done.code == 0
    lines = [line.split("-")[0] for line in done.out.splitlines() if line]
    assert {line: lines.count(line) for line in set(lines)}.keys() == {"0", "1", "2", "3"}
    assert abs(len(done.out) - 4 * 8000001) == 0
    blob = os.urandom(300_000)
    place = instance.directory / "blob"
    place.write_bytes(blob)
    process = instance.bench.start(program("muster-rehearsal"), "run", "cat", place, env={"FLUX_URI": instance.uri()})
    assert process.wait().code == 0
    assert hashlib.sha256(process.out_path.read_bytes()).digest() == hashlib.sha256(blob).digest()


def test_output_comes_while_the_job_runs(instance):
    """A line is passed on when it ends, not when the job ends."""
    process = instance.bench.start(program("muster-rehearsal"), "run", "sh", "-c", "echo early; exec sleep 600",
                                   env={"FLUX_URI": instance.uri()})
    process.wait_for("^early$")
    process.signal(signal.SIGTERM)
    assert process.wait().code == -signal.SIGTERM


@pytest.mark.parametrize("name", ["INT", "TERM", "HUP"])
def test_a_signal_to_submit_cancels_the_job(instance, name):
    """Its tasks end, what they print last still arrives, and submit ends by the signal."""
    number = getattr(signal, f"SIG{name}")
    submit = instance.bench.start(program("muster-rehearsal"), "submit", "--watch", "--quiet", "-N4", "-n4", "sh", "-c",
                                  "trap 'echo bye; exit 9' TERM; echo up; while :; do sleep 0.05; done",
                                  env={"FLUX_URI": instance.uri()})
    submit.wait_for("(up\n){4}")
    submit.signal(number)
    done = submit.wait()
    assert done.code == -number
    assert done.out.count("bye\n") == 4
    assert "type=cancel" in done.err


def test_a_second_signal_ends_submit_at_once(instance):
    submit = instance.bench.start(program("muster-rehearsal"), "run", "sh", "-c",
                                  "trap '' TERM; echo up; while :; do sleep 0.05; done", env={"FLUX_URI": instance.uri()})
    submit.wait_for("up\n")
    submit.signal(signal.SIGTERM)
    submit.wait_for("type=cancel")
    submit.signal(signal.SIGTERM)
    assert submit.wait(4).code == -signal.SIGTERM


def test_a_killed_submit_leaves_its_job_alone(instance):
    """Nobody watches it any more; it goes on, and the next job runs beside it."""
    note = instance.directory / "note"
    submit = instance.bench.start(program("muster-rehearsal"), "run", "sh", "-c", f"echo up; sleep 1; echo done > {note}",
                                  env={"FLUX_URI": instance.uri()})
    submit.wait_for("up\n")
    submit.signal(signal.SIGKILL)
    assert instance.ask("run", "-N4", "-n4", "true").code == 0
    wait_until(lambda: note.exists() and note.read_text() == "done\n", "the job's end")


def test_a_job_that_ignores_the_polite_signal(instance):
    """SIGKILL follows after kill-timeout (5 s), for the whole process group."""
    submit = instance.bench.start(program("muster-rehearsal"), "submit", "--watch", "-N2", "-n2", "sh", "-c",
                                  "trap '' TERM; echo up; sleep 600; sleep 600", env={"FLUX_URI": instance.uri()})
    submit.wait_for("(up\n){2}")
    assert instance.ask("cancel", submit.out().split()[0]).code == 0
    assert submit.wait().code == 137


def test_jobs_share_the_cores(instance):
    """Eight cores: the ninth task's job waits until one is free."""
    first = instance.bench.start(program("muster-rehearsal"), "run", "-n8", "sh", "-c", "echo up; exec sleep 600",
                                 env={"FLUX_URI": instance.uri()})
    first.wait_for("(up\n){8}")
    assert "allocated      4      8" in instance.ask("resource", "list").out
    second = instance.bench.start(program("muster-rehearsal"), "run", "echo", "second", env={"FLUX_URI": instance.uri()})
    time.sleep(0.3)
    assert second.running() and not second.out()
    first.signal(signal.SIGTERM)
    assert second.wait().out == "second\n"


def test_clients_of_a_follower_that_waits(bench, tmp_path):
    """Before it has joined it answers for itself only; and whoever asked and left does not spoil its joining."""
    instance = brokers.Instance(bench, tmp_path, "none", 2)
    instance.start(1).wait_for("load-builtins->join")
    assert re.search(r"^ \S+ join ", instance.ask("uptime", rank=1).out)
    assert instance.ask("getattr", "rank", rank=1).out == "1\n"
    refused = instance.ask("run", "true", rank=1)
    assert refused.code == 1 and "Upstream Flux broker is offline. Try again later." in refused.err
    leader = instance.start(0, "flux", "run", "-N2", "-n2", "true")
    assert leader.wait().code == 0
    assert instance.brokers[1].wait().code == 0


def test_clients_of_any_rank(instance):
    """A follower's socket takes jobs too; the leader places them."""
    done = instance.ask("run", "-N4", "-n4", "sh", "-c", "echo ${FLUX_URI##*/}", rank=3)
    assert done.code == 0 and sorted(done.out.split()) == ["local-0", "local-1", "local-2", "local-3"]
    assert instance.ask("getattr", "rank", rank=3).out == "3\n"
    assert " run " in instance.ask("uptime", rank=2).out


def test_proxy(instance):
    """flux proxy, for whoever attaches to an instance without a program."""
    done = instance.bench.run(program("muster-rehearsal"), "proxy", instance.uri(2), program("muster-rehearsal"), "getattr",
                              "rank")
    assert (done.code, done.out) == (0, "2\n")
    done = instance.bench.run(program("muster-rehearsal"), "proxy", "local:///nope", "true")
    assert done.code == 1 and "broker socket /nope was not found" in done.err


def test_no_broker(bench):
    for words in (["uptime"], ["run", "true"], ["getattr", "size"], ["alloc", "-n1", "true"], ["exec", "true"]):
        done = bench.run(program("muster-rehearsal"), *words, env={"FLUX_URI": "local:///nope/local"})
        assert done.code == 1 and "broker socket /nope/local was not found" in done.err, done


def test_what_is_not_understood_ends_the_connection_only(instance):
    """Noise on the socket does no harm to the broker."""
    import socket
    for noise in (b"\xff" * 64, b"\0\0\0\5hello", b"\0\0\0\3{}\n", b"GET / HTTP/1.0\r\n\r\n", b"\0"):
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(instance.uri().removeprefix("local://"))
            client.sendall(noise)
            if noise != b"\0":
                client.shutdown(socket.SHUT_WR)
                client.settimeout(10)
                assert client.recv(100) == b""
    assert instance.ask("run", "-N4", "-n4", "true").code == 0


def test_usr1_reaches_the_tasks(instance):
    """A signal that does not end the leader goes to all running jobs."""
    run = instance.bench.start(program("muster-rehearsal"), "run", "-N2", "-n2", "sh", "-c",
                               "trap 'echo got; exit 5' USR1; echo up; while :; do sleep 0.05; done",
                               env={"FLUX_URI": instance.uri()})
    run.wait_for("(up\n){2}")
    instance.brokers[0].signal(signal.SIGUSR1)
    done = run.wait()
    assert done.code == 5 and done.out.count("got\n") == 2


def test_without_a_configured_R_jobs_wait_for_all(bench, tmp_path):
    """Flux discovers R when every broker has come; so does the rehearsal."""
    instance = brokers.Instance(bench, tmp_path, "none", 2, toml=brokers.BASE.split("[resource]", maxsplit=1)[0])
    leader = instance.start(0, "flux", "run", "-N2", "-n2", "echo", "ran", options=["-S", "broker.quorum=1"])
    leader.wait_for("quorum->run")
    time.sleep(0.3)
    assert "ran" not in leader.out()
    instance.start(1)
    done = leader.wait()
    assert done.code == 0 and done.out == "ran\nran\n"
