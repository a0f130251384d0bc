# SPDX-License-Identifier: Apache-2.0
"""muster-rehearsal: the tree of brokers, its losses, and its ends."""
import pathlib
import re
import signal
import time

import brokers
import pytest
from muster_testing import program, wait_until

pytestmark = pytest.mark.asan

CHAIN = {2: 1, 3: 2, 4: 3}
KARY = {rank: (rank - 1) // 2 for rank in range(3, 8)}


@pytest.mark.parametrize("size, parents", [(1, {}), (2, {}), (8, {}), (8, KARY), (5, CHAIN)], ids=["1", "2", "8", "kary", "chain"])
def test_every_rank_runs_its_task(bench, tmp_path, size, parents):
    """Output and codes come through the routers; all end in order."""
    instance = brokers.Instance(bench, tmp_path, "none", size, parents=parents)
    leader = instance.start_all("flux", "submit", "--watch", "--quiet", f"-N{size}", f"-n{size}", "sh", "-c",
                                'echo $FLUX_TASK_RANK ${FLUX_URI##*/}; exit $FLUX_TASK_RANK')
    done = leader.wait()
    assert done.code == size - 1, done
    assert sorted(done.out.splitlines()) == [f"{rank} local-{rank}" for rank in range(size)]
    for rank in range(1, size):
        ended = instance.brokers[rank].wait()
        assert ended.code == 0, ended
        assert "goodbye->unload-builtins" in ended.err


def test_the_order_of_starting_does_not_matter(bench, tmp_path):
    instance = brokers.Instance(bench, tmp_path, "none", 4, parents={2: 1, 3: 2})
    for rank in (0, 2, 1, 3):
        instance.start(rank, *(["flux", "run", "-N4", "-n4", "true"] if rank == 0 else []))
    assert instance.brokers[0].wait().code == 0


def test_the_leader_ends_last(bench, tmp_path):
    """A broker says goodbye only when its children have."""
    instance = brokers.Instance(bench, tmp_path, "none", 4, parents={2: 1, 3: 2})
    leader = instance.start_all("sleep", "600")
    leader.wait_for("quorum->run")
    leader.signal(signal.SIGTERM)
    assert leader.wait().code == 129
    for rank, event in ((0, "children-complete"), (1, "children-complete"), (2, "children-complete"), (3, "children-none")):
        ended = instance.brokers[rank].wait()
        assert f"{event}: shutdown->finalize" in ended.err, ended


def test_term_to_a_router_ends_its_subtree(bench, tmp_path):
    """In order: the subtree first, 0 for all of it; the rest goes on."""
    instance = brokers.Instance(bench, tmp_path, "none", 4, parents={2: 1})
    leader = instance.start_all("sleep", "600")
    instance.brokers[2].wait_for("quorum->run")
    instance.brokers[3].wait_for("quorum->run")
    instance.brokers[1].signal(signal.SIGTERM)
    assert instance.brokers[1].wait().code == 0
    assert instance.brokers[2].wait().code == 0
    leader.wait_for(r"dead to Flux: lo-1 \(rank 1\)")
    assert "size 4,  2 offline" in instance.ask("uptime").out
    assert instance.ask("run", "-N2", "-n2", "true").code == 0
    assert "1 lo-1: offline" in instance.ask("overlay", "status").out


def test_a_lost_router_takes_its_subtree_with_it(bench, tmp_path):
    """The job there fails; when the router is back its old child is sent away and may come again."""
    instance = brokers.Instance(bench, tmp_path, "none", 4, parents={2: 1})
    leader = instance.start_all("sleep", "600")
    for rank in (1, 2, 3):
        instance.brokers[rank].wait_for("quorum->run")
    job = bench.start(program("muster-rehearsal"), "run", "-N4", "-n4", "sh", "-c", "echo up; exec sleep 600",
                      env={"FLUX_URI": instance.uri()})
    job.wait_for("(up\n){4}")
    instance.brokers[1].signal(signal.SIGKILL)
    assert job.wait().code == 143
    assert re.search(r"type=exec severity=0 node failure on lo-[12] \(rank [12]\)", job.err())
    leader.wait_for(r"lo-1 \(rank 1\) failed and severed contact with 1 other nodes")
    orphan = instance.brokers[2]
    assert orphan.running()
    instance.start(1)
    assert orphan.wait().code == 1
    assert "lo-1 (rank 1) sent disconnect control message" in orphan.err()
    instance.start(2)
    done = instance.ask("run", "-N4", "-n4", "true")
    assert done.code == 0, done


def test_a_follower_comes_back_elsewhere(bench, tmp_path):
    """As a pod does: another address (its own listener's too), the same name; its place is taken over at once."""
    instance = brokers.Instance(bench, tmp_path, "none", 3, parents={2: 1})
    leader = instance.start_all("sleep", "600")
    instance.brokers[2].wait_for("quorum->run")
    instance.brokers[1].signal(signal.SIGKILL)
    leader.wait_for(r"dead to Flux: lo-1 \(rank 1\)")
    instance.addresses[1] = brokers.random_address()
    instance.write_toml(brokers.BASE)
    instance.brokers[2].signal(signal.SIGKILL)
    for rank in (2, 1):
        instance.start(rank)
    wait_until(lambda: instance.ask("run", "-N3", "-n3", "true", deadline=60).code == 0, "a job on all three")


def test_a_second_broker_of_the_same_name_takes_the_place(bench, tmp_path):
    """The older one is sent away at its next word."""
    instance = brokers.Instance(bench, tmp_path, "none", 2, toml=brokers.BASE + '[tbon]\ntorpid_min = "200ms"\n')
    leader = instance.start_all("sleep", "600")
    older = instance.brokers[1]
    older.wait_for("quorum->run")
    instance.directory.joinpath("r9").mkdir()
    instance.rundir = lambda rank: instance.directory / "r9"
    instance.start(1)
    leader.wait_for(r"lo-1 \(rank 1\) reconnected after crash, dropping old connection state")
    assert older.wait().code == 1
    instance.brokers[1].wait_for("quorum->run")


def test_a_leader_that_vanishes(bench, tmp_path):
    """Followers stay, warn, and end with 1 after heartbeat.timeout, routers sending their children away."""
    instance = brokers.Instance(bench, tmp_path, "none", 3, parents={2: 1},
                                toml=brokers.BASE + '[heartbeat]\nperiod = "300ms"\ntimeout = "5s"\n')
    leader = instance.start_all("sleep", "600")
    instance.brokers[2].wait_for("quorum->run")
    leader.signal(signal.SIGKILL)
    leader.wait()
    time.sleep(0.3)
    assert instance.brokers[1].running() and instance.brokers[2].running()
    for rank in (1, 2):
        ended = instance.brokers[rank].wait()
        assert ended.code == 1, ended
        assert "heartbeat.warning" in ended.err
    assert "disconnecting: no heartbeat for" in instance.brokers[1].err()


def test_heartbeats_keep_an_idle_instance(bench, tmp_path):
    """No disconnect, no warning, though nothing happens for longer than the timeout; through a router too."""
    instance = brokers.Instance(bench, tmp_path, "none", 3, parents={2: 1},
                                toml=brokers.BASE + '[heartbeat]\nperiod = "200ms"\ntimeout = "4s"\nwarn_thresh = 20\n')
    leader = instance.start_all("sleep", "6")
    assert leader.wait().code == 0
    for rank in (1, 2):
        ended = instance.brokers[rank].wait()
        assert ended.code == 0 and "heartbeat" not in ended.err, ended


def test_a_frozen_follower_is_torpid(bench, tmp_path):
    instance = brokers.Instance(bench, tmp_path, "none", 2,
                                toml=brokers.BASE + '[tbon]\ntorpid_min = "100ms"\ntorpid_max = "600ms"\n')
    leader = instance.start_all("sleep", "600")
    instance.brokers[1].wait_for("quorum->run")
    instance.brokers[1].signal(signal.SIGSTOP)
    leader.wait_for(r"broker on lo-1 \(rank 1\) has been unresponsive for ")
    instance.brokers[1].signal(signal.SIGCONT)
    leader.wait_for(r"broker on lo-1 \(rank 1\) is responsive now")


def test_shutdown_timeout(bench, tmp_path):
    """A frozen follower holds the leader no longer than broker.shutdown-timeout."""
    instance = brokers.Instance(bench, tmp_path, "none", 2)
    leader = instance.start_all("true", options=["-S", "broker.shutdown-timeout=500ms", "-S", "broker.quorum=1"])
    done = leader.wait()
    assert done.code == 0
    frozen = brokers.Instance(bench, _made(tmp_path / "frozen"), "none", 2)
    leader = frozen.start_all("sleep", "600", options=["-S", "broker.shutdown-timeout=500ms"])
    frozen.brokers[1].wait_for("quorum->run")
    frozen.brokers[1].signal(signal.SIGSTOP)
    leader.signal(signal.SIGTERM)
    done = leader.wait()
    assert done.code == 129
    assert "shutdown timeout" in done.err


def _made(path):
    pathlib.Path(path).mkdir()
    return path


def test_cleanup_timeout(bench, tmp_path):
    """A job that does not end is left behind after broker.cleanup-timeout, and its tasks are killed."""
    instance = brokers.Instance(bench, tmp_path, "none", 2)
    note = tmp_path / "pids"
    leader = instance.start_all("sh", "-c", f"flux submit -N2 -n2 sh -c 'trap \"\" TERM; echo $$ >> {note}; sleep 600; sleep 600';"
                                            f"until [ $(cat {note} | wc -l) = 2 ]; do sleep 0.05; done; echo ready; sleep 600",
                                options=["-S", "broker.cleanup-timeout=300ms"])
    leader.wait_for("^ready$")
    started = time.monotonic()
    leader.signal(signal.SIGTERM)
    assert leader.wait().code == 129
    assert instance.brokers[1].wait().code == 0
    assert time.monotonic() - started < 4.5  # kill-timeout alone is 5 s
    for pid in note.read_text().split():
        wait_until(lambda: not pathlib.Path(f"/proc/{pid}").exists(), f"the end of {pid}")


def test_jobs_end_with_the_instance(bench, tmp_path):
    """Cleanup cancels what runs; nothing is left of the tasks or of what they started."""
    instance = brokers.Instance(bench, tmp_path, "none", 3, parents={2: 1})
    note = tmp_path / "pids"
    leader = instance.start_all("sh", "-c", f"flux submit -N3 -n3 sh -c 'sleep 600 & echo $$ $! >> {note}; wait';"
                                            f"until [ $(cat {note} | wc -l) = 3 ]; do sleep 0.05; done; exit 4")
    assert leader.wait().code == 4
    for rank in (1, 2):
        assert instance.brokers[rank].wait().code == 0
    for pid in note.read_text().split():
        wait_until(lambda: not pathlib.Path(f"/proc/{pid}").exists(), f"the end of {pid}")


def test_an_orphan_says_goodbye_in_vain(bench, tmp_path):
    """SIGTERM to a follower whose leader is dead takes a minute in Flux; it does not hang for ever, and can be killed."""
    instance = brokers.Instance(bench, tmp_path, "none", 2)
    leader = instance.start_all("sleep", "600")
    instance.brokers[1].wait_for("quorum->run")
    leader.signal(signal.SIGKILL)
    leader.wait()
    instance.brokers[1].signal(signal.SIGTERM)
    instance.brokers[1].wait_for("finalize->goodbye")
    instance.brokers[1].signal(signal.SIGTERM)
    instance.brokers[1].wait_for("ignored signal 15 in goodbye")
    assert instance.brokers[1].running()


def test_errors_of_followers_reach_the_leader(bench, tmp_path):
    """log-stderr-mode=leader: with the leader's time stamp, and not on the follower's own stderr."""
    instance = brokers.Instance(bench, tmp_path, "none", 2, toml=brokers.BASE + '[heartbeat]\nperiod = "100ms"\n')
    options = ["-S", "log-stderr-mode=leader", "-S", "log-stderr-level=6"]
    leader = instance.start_all("sleep", "600", options=options)
    leader.wait_for(r"(?m)^\w{3} \d\d \d\d:\d\d:\d\d\.\d{6} UTC \d{4} broker\.info\[0\]: ")
    leader.wait_for(r"UTC \d{4} broker\.info\[1\]: .*quorum->run")
    leader.signal(signal.SIGTERM)
    assert instance.brokers[1].wait().code == 0
    assert "quorum->run" not in instance.brokers[1].err()
