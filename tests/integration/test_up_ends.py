# SPDX-License-Identifier: Apache-2.0
"""`muster up` over stand-ins: how an instance ends, and that nothing of it is left."""
import contextlib
import os
import pathlib
import shutil
import signal
import time

import pytest
import up_driver
from muster_testing import program, wait_until


@pytest.fixture
def place():
    """A directory for the instances, and afterwards the proof that they have gone."""
    with up_driver.place() as made:
        yield made
        all_gone(made)
        assert not list(made.iterdir())


def all_gone(place):
    wait_until(lambda: not up_driver.with_word(str(place)), lambda: f"end of {up_driver.with_word(str(place))}")


def up(bench, place, size, *command, behaviour=None, **options):
    return bench.start(*up_driver.argv(size, *command, **options),
                       env=up_driver.environment(behaviour, TMPDIR=place))


def instance(place):
    return wait_until(lambda: list(place.glob("muster-*/pods")), "the instance's directory")[0]


def formed(process, place):
    wait_until(lambda: (instance(place) / "formed").exists() or not process.running(), "the instance")
    assert process.running(), process.done()


@pytest.mark.asan
@pytest.mark.parametrize("command, code", [(["true"], 0), (["sh", "-c", "exit 3"], 3), (["sh", "-c", "exit 255"], 255),
                                           (["sh", "-c", "kill -9 $$"], 137)])
def test_the_leaders_code_is_the_result(bench, place, command, code):
    assert up(bench, place, 3, *command).wait().code == code


def test_a_program_that_is_not_there(bench, place):
    done = up(bench, place, 2, pod=["/nope"]).wait()
    assert done.code == 127 and "/nope" in done.err, done


def test_a_program_that_cannot_be_executed(bench, place):
    done = up(bench, place, 2, pod=["/etc/passwd"]).wait()
    assert done.code == 126 and "/etc/passwd" in done.err, done


@pytest.mark.asan
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_one_signal_is_passed_on_to_all_and_ends_them_in_order(bench, place, number):
    process = up(bench, place, 3, "sleep", "600", keep="yes")
    formed(process, place)
    process.signal(number)
    done = process.wait(20)
    assert done.code == 128 + number, done
    pods = instance(place)
    assert (pods / "stopped-0").read_text() == str(int(number))
    told = {int(file.read_text()) for file in pods.glob("stopped-*")}  # a follower may have seen the leader's end first
    assert told == {number}, told
    assert "once more kills it" in done.err
    shutil.rmtree(pods.parent)  # kept for this look only


@pytest.mark.parametrize("code, result", [(143, 130), (129, 130), (137, 130), (7, 7), (0, 0), (255, 255)])
def test_a_program_that_dies_of_the_stop_dies_of_the_users_signal(bench, place, code, result):
    """A program that ends as it likes, asked to stop, ends with its own code."""
    process = up(bench, place, 2, "sleep", "600", behaviour={0: {"stop_code": code}})
    formed(process, place)
    process.signal(signal.SIGINT)
    assert process.wait(20).code == result


def test_a_wrapper_that_passes_ctrl_c_on_makes_one_of_two(bench, place):
    process = up(bench, place, 2, "sleep", "600", behaviour={1: {"deaf": True}}, grace=1000)
    formed(process, place)
    process.signal(signal.SIGINT)
    process.signal(signal.SIGINT)
    done = process.wait(20)
    assert done.code == 130, done


@pytest.mark.asan
def test_two_signals_kill(bench, place):
    process = up(bench, place, 3, "sleep", "600", behaviour={rank: {"deaf": True, "daemon": True} for rank in range(3)})
    formed(process, place)
    process.signal(signal.SIGTERM)
    wait_until(lambda: len(list(instance(place).glob("stopped-*"))) == 3, "that all were told")
    time.sleep(0.4)  # a person's second Ctrl-C
    assert process.running()
    process.signal(signal.SIGTERM)
    assert process.wait(20).code == 137


def test_pods_that_do_not_end_are_killed_after_the_grace(bench, place):
    process = up(bench, place, 3, "sleep", "600", behaviour={2: {"deaf": True}}, grace=100)
    formed(process, place)
    process.signal(signal.SIGTERM)
    done = process.wait(20)
    assert done.code == 143, done
    assert done.seconds > 5, "the grace and a margin"


@pytest.mark.asan
def test_when_up_is_killed_its_pods_end_and_its_directory_goes(bench, place):
    process = up(bench, place, 3, "sleep", "600")
    formed(process, place)
    process.signal(signal.SIGKILL)
    assert process.wait().code == -signal.SIGKILL
    # the fixture waits for the end of everything


def test_when_up_is_killed_pods_that_do_not_listen_are_killed(bench, place):
    process = up(bench, place, 2, "sleep", "600", behaviour={1: {"deaf": True}}, grace=100)
    formed(process, place)
    process.signal(signal.SIGKILL)
    assert process.wait().code == -signal.SIGKILL


@pytest.mark.asan
def test_a_daemon_that_a_pod_leaves_behind_is_ended(bench, place):
    done = up(bench, place, 2, "true", behaviour={0: {"daemon": True}, 1: {"daemon": True}}).wait()
    assert done.code == 0, done


@pytest.mark.parametrize("end, code", [({"exit": 78}, 78), ({"die": 9}, 137)])
def test_a_follower_that_fails_before_the_instance_has_formed_ends_it(bench, place, end, code):
    done = up(bench, place, 3, "echo", "never", behaviour={2: end}).wait(20)
    assert done.code == code, done
    assert "rank 2 has ended" in done.err and "cannot form without it" in done.err
    assert "never" not in done.out


def test_a_follower_that_fails_does_no_harm_where_the_quorum_is_smaller(bench, place):
    process = up(bench, place, 3, "sh", "-c", "echo ran; sleep 600", behaviour={2: {"exit": 1}}, min_size=2)
    process.wait_for("rank 2 has ended with exit code 1: the instance goes on without it")
    process.wait_for("^ran$")
    process.signal(signal.SIGTERM)
    assert process.wait(20).code == 143


def test_a_follower_that_leaves_later_does_not_end_the_instance(bench, place):
    process = up(bench, place, 3, "sh", "-c", f"until [ -e {place}/*/pods/go ]; do sleep 0.05; done",
                 behaviour={1: {"leave": 1}, 2: {"leave": 0}})
    process.wait_for("rank 1 has ended with exit code 1")
    (instance(place) / "go").touch()
    done = process.wait(20)
    assert done.code == 0, done
    assert "rank 1 has ended with exit code 1" in done.err and "rank 2" not in done.err, done


def test_a_follower_that_is_killed_takes_its_processes_along(bench, place):
    """As a container does; its broker would live on as a member of the instance."""
    process = up(bench, place, 3, "sh", "-c", f"until [ -e {place}/*/pods/go ]; do sleep 0.05; done",
                 behaviour={1: {"daemon": True, "leave": -9}, 2: {"daemon": True}})
    process.wait_for("rank 1 has ended by signal 9 .*: the instance goes on without it")
    wait_until(lambda: len(daemons(place)) == 1, lambda: f"the end of one of {daemons(place)}")
    (instance(place) / "go").touch()
    assert process.wait(20).code == 0


def daemons(place):
    """What stand-ins with "daemon" have left."""
    found = []
    for pid in up_driver.with_word(str(place)):
        with contextlib.suppress(OSError):
            if b"sleep\x00600" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes():
                found.append(pid)
    return found


def test_a_leader_that_dies_takes_the_followers_along(bench, place):
    process = up(bench, place, 3, "sh", "-c", "kill -9 $PPID; sleep 600", behaviour={1: {"deaf": True}})
    done = process.wait(20)
    assert done.code == 137, done
    assert "rank 0 has ended by signal 9" in done.err
    assert done.seconds < 20


def test_followers_that_do_not_notice_the_end_are_told(bench, place):
    done = up(bench, place, 2, pod=["sh", "-c", 'echo "<6>broker.info[$MUSTER_RANK]: x: quorum->run" >&2\n'
                                    'trap "exit 0" TERM\n[ $MUSTER_RANK = 0 ] || sleep 600 & wait $!']).wait(20)
    assert done.code == 0, done
    assert 1.5 < done.seconds < 20, "they had time to end by themselves"


def test_keep_says_what_it_leaves(bench):
    with up_driver.place() as place:
        done = up(bench, place, 1, "true", keep="yes").wait()
        (kept,) = place.iterdir()
        assert f"muster: {kept} stays behind, with a secret key: yours to remove\n" in done.err, done


def test_keep_leaves_the_directory(bench):
    with up_driver.place() as place:
        assert up(bench, place, 1, "true", keep="yes").wait().code == 0
        assert len(list(place.glob("muster-*/pods/0/tmp"))) == 1


def test_keep_leaves_the_directory_also_when_up_is_killed(bench):
    with up_driver.place() as place:
        process = up(bench, place, 1, "sleep", "600", keep="yes")
        formed(process, place)
        process.signal(signal.SIGKILL)
        process.wait()
        all_gone(place)
        assert len(list(place.glob("muster-*/pods/0/tmp"))) == 1


def test_an_interrupt_while_pods_still_start(bench, place):
    process = up(bench, place, 200, pod=["sh", "-c", "exec sleep 600"])
    wait_until(lambda: list(place.glob("muster-*/pods/20")), "some pods")
    process.signal(signal.SIGINT)
    assert process.wait(20).code == 130


def test_followers_of_a_leader_that_was_killed_are_not_waited_for(bench, place):
    """Their brokers wait for the goodbye of the one that is no more."""
    process = bench.start(program("muster"), "up", "--flux", "none", "-n", "3", "--dir", place)
    process.wait_for("ready: ")
    (leader,) = [pid for pid in up_driver.with_word("/pods/0/broker.toml") if b"muster-rehearsal\0broker" in
                 pathlib.Path(f"/proc/{pid}/cmdline").read_bytes() and str(place).encode() in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()]
    os.kill(leader, signal.SIGKILL)
    done = process.wait(20)
    assert done.code == 137, done
    assert "the leader's broker was killed (SIGKILL)" in done.err and "rank 0 has ended with exit code 137: ending the others" in done.err, done
    assert "has not ended" not in done.err, done
