# SPDX-License-Identifier: Apache-2.0
"""check, peers and leave of a directory whose broker was started with other settings than those that they have."""
import json
import signal

import pytest
import up_driver
from muster_testing import plain_environment, program, wait_until


@pytest.fixture
def pods(bench):
    """The directories of the pods of a running `muster up`, rank by rank."""
    with up_driver.place() as place:
        up = bench.start(program("muster"), "up", "-n", "2", "--flux", "none", "--dir", place, "--", "sh", "-c",
                         "echo runs; sleep 600", env=plain_environment())
        up.wait_for("runs")
        yield [next(place.glob(f"*/pods/{rank}")) for rank in range(2)]
        up.signal(signal.SIGTERM)
        up.wait()


@pytest.mark.parametrize("command", ["check", "peers", "leave"])
def test_another_pods_directory_is_refused(bench, pods, command):
    for rank, directory in enumerate(pods):
        done = bench.muster(command, "--dir", directory, "--flux", "none")
        assert done.code == 78, done
        assert f"is of rank {rank} of 2" in done.out + done.err, done
        assert "give that pod's settings" in done.out + done.err and "key" not in done.out + done.err, done


def test_with_its_settings_it_is_not(bench, pods):
    settings = ["--dir", pods[1], "--flux", "none", "--hosts", "up-[0-1]", "--cert", pods[1] / "curve.cert"]
    assert "is of rank" not in bench.muster("check", "--rank", "1", *settings).out
    done = bench.muster("check", "--rank", "0", *settings)
    assert done.code == 78 and "is of rank 1 of 2" in done.out, done


def test_status_only_asks_the_broker(bench, pods):
    done = bench.muster("status", "--dir", pods[1], "--flux", "none")
    assert done.code == 0 and "up-1" in done.out, done


def test_no_key_is_made_up_to_compare_with(bench, tmp_path):
    """An instance of one broker has a key that nobody else knows."""
    settings = ["--dir", tmp_path / "m", "--flux", "none", "--hosts", "here", "--rank", "0"]
    bench.start(program("muster"), "run", "--mode", "interactive", *settings, env=plain_environment())
    wait_until(lambda: bench.muster("check", *settings).code == 0, lambda: bench.muster("check", *settings))
    assert json.loads(bench.muster("check", "--json", *settings).out)["notes"] == []


def test_what_an_ended_instance_left_binds_nobody(bench, tmp_path):
    settings = ["--dir", tmp_path / "m", "--flux", "none"]
    done = bench.muster("run", "--hosts", "here", "--rank", "0", "--mode", "launcher", *settings, "--", "true")
    assert done.code == 0, done
    done = bench.muster("check", "--hosts", "here,there", "--rank", "0", *settings)
    assert "is of rank" not in done.out, done
