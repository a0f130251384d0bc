# SPDX-License-Identifier: Apache-2.0
"""What the overlay, resource and exec commands say while brokers come and go: Flux and the rehearsal alike."""
import signal

import brokers
import pytest
from muster_testing import wait_until


@pytest.fixture
def instance(flux, bench, tmp_path):
    return brokers.Instance(bench, tmp_path, flux, 4)


def overlay(instance, rank=0):
    done = instance.ask("overlay", "status", rank=rank)
    assert done.code == 0, done
    return done.out


def wait_overlay(instance, *lines):
    wait_until(lambda: all(line in overlay(instance) for line in lines), lambda: f"{lines} in {overlay(instance)}")


def states(instance):
    done = instance.ask("resource", "status", "-n", "-o", "{state}|{ranks}|{reason}")
    assert done.code == 0, done
    return sorted(done.out.splitlines())


@pytest.mark.asan
def test_members_come_and_go(instance):
    instance.start(1).wait_for("load-builtins->join")
    for words, text in ((["overlay", "status"], "flux-overlay: Resource temporarily unavailable"),
                        (["resource", "status"], "flux-resource: ERROR: Upstream Flux broker is offline. Try again later.")):
        done = instance.ask(*words, rank=1)
        assert done.code == 1 and text in done.err, done

    leader = instance.start(0, "sleep", "600", options=["-Sbroker.quorum=2"])
    leader.wait_for("quorum->run")
    assert overlay(instance, rank=1) == "0 lo-0: partial\n├─ 1 lo-1: full\n├─ 2 lo-2: offline\n└─ 3 lo-3: offline\n"
    assert states(instance) == ["avail*|2-3|", "avail|0-1|"]
    assert "size 4,  2 offline" in instance.ask("uptime", rank=1).out

    for rank in (2, 3):
        instance.start(rank)
    wait_overlay(instance, "0 lo-0: full", "2 lo-2: full", "3 lo-3: full")
    instance.brokers[2].signal(signal.SIGKILL)
    wait_overlay(instance, "0 lo-0: degraded", "2 lo-2: lost lost connection")
    instance.brokers[3].signal(signal.SIGTERM)
    wait_overlay(instance, "0 lo-0: degraded", "3 lo-3: offline administrative shutdown")
    done = instance.ask("exec", "-l", "-n", "-r", "1-2", "sh", "-c", "echo here")
    assert (done.code, done.out) == (68, "1: here\n") and "flux-exec: Error: rank 2: sh: No route to host" in done.err, done

    # An absent rank can be undrained, and comes back as others do.
    assert instance.ask("resource", "drain", "2", "gone").code == 0
    assert states(instance) == ["avail*|3|", "avail|0-1|", "drained*|2|gone"]
    assert instance.ask("resource", "undrain", "lo-2").code == 0
    instance.start(2)
    wait_overlay(instance, "0 lo-0: partial", "2 lo-2: full")
    wait_until(lambda: states(instance) == ["avail*|3|", "avail|0-2|"], lambda: states(instance))


def test_a_draining_rank_keeps_its_job(instance):
    instance.start_all("sleep", "600").wait_for("quorum->run")
    job = instance.bench.start(instance.program(), "run", "-N4", "-n4", "sh", "-c", "echo up; sleep 600",
                               env={"FLUX_URI": instance.uri(), "HOME": instance.directory})
    job.wait_for("(up\n){4}")
    assert instance.ask("resource", "drain", "1", "rest", rank=1).code == 0
    assert states(instance) == ["avail|0,2-3|", "draining|1|rest"]
    listed = instance.ask("resource", "list", "-n", "-o", "{state}|{ncores}|{ranks}").out
    assert sorted(listed.splitlines()) == ["allocated|4|0-3", "down|2|1", "free|3|0,2-3"]
    job.signal(signal.SIGTERM)
    job.wait()
    wait_until(lambda: states(instance) == ["avail|0,2-3|", "drained|1|rest"], lambda: states(instance))


def test_a_leader_that_ends_is_seen_from_a_follower(instance, tmp_path):
    """flux exec is no job: it works while the leader cleans up, here a job that heeds nothing but SIGKILL (5 s)."""
    leader = instance.start_all("sh", "-c", "trap 'exit 3' HUP; sleep 600 & echo trapped; wait", options=["-Sbroker.cleanup-timeout=20s"])
    leader.wait_for("trapped")
    script = f"trap '' TERM; touch {tmp_path}/up.$FLUX_TASK_RANK; until [ -e {tmp_path}/seen ]; do sleep 0.1; done"
    job = instance.bench.start(instance.program(), "submit", "-N2", "-n2", "--input=/dev/null", "sh", "-c", script,
                               env={"FLUX_URI": instance.uri(), "HOME": instance.directory})
    assert job.wait().code == 0
    wait_until(lambda: len(list(tmp_path.glob("up.*"))) == 2, "both tasks")
    leader.signal(signal.SIGTERM)

    def leader_state():
        done = instance.ask("exec", "-n", "-r", "0", "flux", "uptime", rank=2)
        return done.out.split()[1] if done.code == 0 else None
    wait_until(lambda: leader_state() == "cleanup", "the leader's state seen as cleanup")
    assert instance.ask("uptime", rank=2).out.split()[1] == "run"
    (tmp_path / "seen").touch()
    assert leader.wait().code == 3
