# SPDX-License-Identifier: Apache-2.0
"""Lives of agents and brokers under muster-init: exit codes, restarts, explain. Ends that were asked for are in test_init_stopping."""
import os
import re
import signal

import pytest
from agents import Pod
from muster_testing import wait_until


def leader(**broker):
    return {"role": "leader", "broker": broker}


def follower(**broker):
    return {"role": "follower", "broker": broker}


def explains(pod, recorded=False):
    """The explain lines, without what every one has (--dir and --tail), and where there is a record (--program-status)."""
    lines = [line for line in pod.log if line.startswith("explain")]
    assert all((" --program-status /" in line) == recorded for line in lines), "only of a record that muster-init has taken for true"
    assert all(line.endswith(f" --dir {pod.directory} --tail") for line in lines), lines
    return [re.sub(r"( --program-status \S+)? --dir \S+ --tail$", "", line) for line in lines]


def pauses(done):
    """Seconds between lives, as muster-init announces them."""
    return [float(seconds) for seconds in re.findall(r"starting it again in ([\d.]+) s", done.err)]


@pytest.mark.parametrize("code", [0, 1, 64, 65, 68, 69, 76, 77, 78, 126, 127, 255])
def test_an_agents_failure_is_final(pod, code):
    """No role line: its code is passed on, nobody restarts it, nobody explains (the agent has said why itself)."""
    assert pod.run({"exit": code}).code == code
    assert (pod.count("agent"), explains(pod)) == (1, [])


def test_an_agents_failure_in_a_later_life_is_final(one_pod):
    """A follower whose configuration has become bad, say: 78 is not restarted."""
    done = one_pod.run(follower(ends=1), follower(ends=1), {"exit": 78})
    assert done.code == 78 and one_pod.count("agent") == 3
    assert explains(one_pod) == ["explain --status 1 --role follower"] * 2


@pytest.mark.parametrize("role", ["leader", "follower"])
def test_a_broker_that_cannot_be_executed_is_final_and_explained(pod, role):
    assert pod.run({"role": role, "missing": True}).code == 127
    assert pod.count("agent") == 1
    assert explains(pod) == [f"explain --status 127 --role {role}"]


@pytest.mark.parametrize("code", [0, 1, 3, 42, 78, 137])
def test_a_leaders_end_is_final(pod, code):
    assert pod.run(leader(ends=code)).code == code
    assert pod.count("agent") == 1
    assert explains(pod) == ([f"explain --status {code} --role leader"] if code else [])


def test_a_leaders_broker_that_is_killed(pod):
    pod.start(leader())
    os.kill(pod.broker(), signal.SIGKILL)
    assert pod.wait().code == 137
    assert explains(pod) == ["explain --status 137 --role leader"]


@pytest.mark.parametrize("record, broker, code", [
    ("exit 0\n", 1, 0), ("exit 3\n", 0, 3), ("exit 3\n", 129, 3), ("signal 9\n", 0, 137), ("signal 15\n", 143, 143), ("exit 78\n", 0, 78),
])
def test_the_programs_recorded_status_is_the_truth(one_pod, record, broker, code):
    one_pod.status.write_text(record, encoding="utf-8")
    assert one_pod.run(leader(ends=broker)).code == code
    assert explains(one_pod, recorded=True) == ([f"explain --status {code} --role leader"] if code else [])


@pytest.mark.parametrize("record", ["", "exit 3", "nonsense\n", "exit 999\n"])
def test_what_is_no_record_is_not_believed(one_pod, record):
    one_pod.status.write_text(record, encoding="utf-8")
    assert one_pod.run(leader(ends=5)).code == 5
    assert explains(one_pod) == ["explain --status 5 --role leader"]


def test_a_status_path_with_blanks(table, tmp_path):
    pod = Pod(table, tmp_path / "a pod; $(of) 'mine'")
    pod.status.write_text("exit 21\n", encoding="utf-8")
    assert pod.run(leader(ends=0)).code == 21


def test_a_followers_orderly_end_is_final(pod):
    """Whatever a status file says: it is the leader's."""
    pod.status.write_text("exit 9\n", encoding="utf-8")
    assert pod.run(follower(ends=0)).code == 0
    assert (pod.count("agent"), explains(pod)) == (1, [])


@pytest.mark.parametrize("line", ["follower\n", "follower /nowhere/leaving\n"])
def test_a_followers_line_with_and_without_its_marker(one_pod, line):
    done = one_pod.run({"line": line, "role": "follower", "broker": {"ends": 1}}, follower(ends=0))
    assert (done.code, one_pod.count("agent")) == (0, 2)


def test_a_followers_failure_is_restarted(pod):
    """The whole command again, a pipe each; until it ends in order."""
    pod.start(follower(ends=1), follower(kills=signal.SIGSEGV), follower())
    os.kill(pod.broker(3), signal.SIGKILL)
    pod.broker(4)
    pod.tell_broker("exit 0")
    done = pod.wait()
    assert (done.code, pod.count("agent")) == (0, 4)
    assert explains(pod) == [f"explain --status {code} --role follower" for code in (1, 139, 137)]
    assert len(pauses(done)) == 3 and all(0.1 <= pause <= 5.0 for pause in pauses(done))


@pytest.mark.slow
def test_ten_short_lives_end_a_follower(one_pod):
    """With the code of the last one; pauses grow from 100 ms to no more than 5 s, and are not the same every time."""
    done = one_pod.run(*[follower(ends=code) for code in range(1, 20)])
    assert (done.code, one_pod.count("agent")) == (10, 10)
    assert explains(one_pod) == [f"explain --status {code} --role follower" for code in range(1, 11)]
    seen = pauses(done)
    assert len(seen) == 9 and len(set(seen)) > 3
    for pause, longest in zip(seen, [0.2, 0.4, 0.8, 1.6, 3.2, 5, 5, 5, 5]):
        assert longest / 2 - 0.1 <= pause <= longest, seen


def test_rejoin_sends_a_follower_back_to_its_gates(pod):
    """However often; and a failure in between is only a failure."""
    done = pod.run(*[follower(ends=0)] * 3, follower(ends=1), *[follower(ends=0)] * 2, {"exit": 69}, flags=["--on-end", "rejoin"])
    assert (done.code, pod.count("agent")) == (69, 7)
    assert explains(pod) == ["explain --status 1 --role follower"]


def test_rejoin_from_the_environment_is_not_for_leaders_or_plain_programs(one_pod, table):
    assert one_pod.run(leader(ends=0), env={"MUSTER_ON_END": "rejoin"}).code == 0
    assert one_pod.count("agent") == 1
    assert table.run("muster-init", "subreaper", "sh", "-c", "exit 0", env={"MUSTER_ON_END": "rejoin"}).code == 0


def test_what_a_failed_broker_leaves_is_gone_before_the_next_life(pod):
    """A job's processes of the dead instance must not run beside the new broker."""
    orphan = ["sh", "-c", "trap '' TERM HUP; setsid sleep 1000 & sleep 1000"]
    pod.start({"role": "follower", "broker": {"program": orphan}}, follower(), flags=["--grace", "900ms"])
    first = pod.broker()
    wait_until(lambda: len(pod.table.left()) >= (5 if pod.mode == "pid1" else 4), lambda: f"{pod.table.left()}")
    os.kill(first, signal.SIGKILL)
    pod.broker(2)
    assert len(pod.table.left()) == (3 if pod.mode == "pid1" else 2), "muster-init, the broker (and unshare)"
    pod.tell_broker("exit 0")
    assert pod.wait().code == 0


def test_explain_is_bounded(one_pod):
    """2 s; here it never ends. Its own children go with it."""
    (one_pod.directory / "explain").write_text("hang", encoding="utf-8")
    done = one_pod.run(leader(ends=3))
    assert done.code == 3 and done.seconds >= 2
    assert explains(one_pod) == ["explain --status 3 --role leader"]


def test_explain_is_muster_runs_only(one_pod, table):
    """A wrapper that speaks the contract but is not called as `... run` has no explain beside it."""
    script = "import os; os.write(int(os.environ['MUSTER_INIT_FD']), b'leader /nope\\n'); os._exit(4)"
    done = table.run("muster-init", "subreaper", "/usr/bin/python3", "-c", script, env={"FAKE_AGENT_EXPLAIN": one_pod.directory})
    assert (done.code, done.err) == (4, ""), done
    assert one_pod.log == []


def test_the_broker_does_not_see_the_pipe(pod):
    """The fake agent does as muster run must: the control that the contract can be kept."""
    pod.start(leader())
    environment = open(f"/proc/{pod.broker()}/environ", encoding="utf-8").read()
    assert "MUSTER_INIT_FD" not in environment and "FAKE_AGENT_DIR" in environment
    pod.tell_broker("exit 0")
    assert pod.wait().code == 0


def test_a_command_that_has_gone_when_it_is_needed_again(table, tmp_path):
    """Nothing is fatal once a child has been: the code says that there was no program."""
    pod = Pod(table, tmp_path / "pod")
    link = tmp_path / "agent"
    link.symlink_to(os.path.join(os.path.dirname(__file__), "..", "support", "fake_agent.py"))
    (pod.directory / "plan.json").write_text('[{"role": "follower", "broker": {}}]', encoding="utf-8")
    pod.process = table.start("muster-init", "subreaper", link, "run", pod.directory, env={"FAKE_AGENT_EXPLAIN": pod.directory})
    broker = pod.broker()
    link.unlink()
    os.kill(broker, signal.SIGKILL)
    done = pod.wait()
    assert done.code == 127 and "cannot execute" in done.err, done
