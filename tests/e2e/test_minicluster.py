# SPDX-License-Identifier: Apache-2.0
"""A MiniCluster's pods run, as muster-controller makes them: its program on every rank, its output, its exit code. Every pod is
as the Job's template says, under the names that the Job controller gives it, without a cluster."""
import re

import kubelet
import kubernetes_schemas
import manifests
import pytest
import yaml
from muster_testing import program, wait_until

SIZE = 4


@pytest.fixture
def start(make_instance, tmp_path, bench, flux):
    """start(command, **container): the pods of a MiniCluster of 4 with one container, and the instance that they are."""
    def made(command, commands=None, spec=None, **container):
        given = {"apiVersion": "flux-framework.org/v1alpha2", "kind": "MiniCluster",
                 "metadata": {"name": "lab", "uid": "0a1b2c3d-0000-0000-0000-000000000000"},
                 "spec": {"size": SIZE, "tasks": SIZE, "flux": {"container": {"disable": True}}, **(spec or {}),
                          "containers": [{"image": "my-application", "command": command, "commands": commands or {}, **container}]}}
        path = tmp_path / "minicluster.yaml"
        path.write_text(yaml.safe_dump(given), encoding="utf-8")
        done = bench.run(program("muster-controller"), "--dry-run", path)
        assert done.code == 0, done
        group, = manifests.groups(kubernetes_schemas.load(done.out))
        instance = make_instance(**kubelet.network_of(group))
        return kubelet.start(instance, group, flux), instance
    return made


@pytest.fixture
def run(start):
    """run(command, **container): such pods until the leader's end, which is the Job's: (its code, its log)."""
    def made(command, **more):
        pods, instance = start(command, **more)
        code = pods[0].main.wait()
        for pod in pods[1:]:
            assert pod.main.running(), instance.logs()  # it could be an evicted leader, whose successor would need them
            pod.stop()
        return code, pods[0].main.log()
    return made


def test_its_program_runs_on_every_pod(run):
    code, log = run("sh -c 'echo task $FLUX_TASK_RANK of $FLUX_JOB_SIZE on $(hostname)'")
    assert code == 0, log
    assert sorted(re.findall(r"task (\d) of 4 on (lab-\d)", log)) == [(str(rank), f"lab-{rank}") for rank in range(SIZE)], log


def test_its_exit_code_arrives(run):
    code, log = run("sh -c 'exit 3'")
    assert code == 3, log


def test_quotes_arrive(run):
    """What the Flux Operator could not run."""
    code, log = run("""/usr/bin/python3 -c "print('said', 7 * 6, '$HOME $$')" """, spec={"tasks": 1})
    assert code == 0 and "said 42 $HOME $$\n" in log, log


def test_each_line_of_a_batch_is_a_job(run):
    code, log = run("echo 'first of $$'\nsh -c 'exit 3'\necho third", batch=True)
    assert code == 3, log
    assert re.search(r"first of \$\$", log) and "third" in log, log


def test_a_batch_script_runs_as_it_is(run):
    code, log = run("#!/bin/sh\necho \"raw '$$'\" of $(basename $0)\nexit 3\n", batchRaw=True, spec={"tasks": 1})
    assert code == 3 and re.search(r"raw '\d+' of batch", log), log


def test_shell_text_comes_before_flux_by_role(run):
    commands = {"init": "export SAID=init", "brokerPre": 'echo "$SAID, leader $(hostname)"', "workerPre": "case $(hostname) in lab-0) exit 5;; esac"}
    code, log = run("sh -c 'echo task says $SAID'", commands=commands, spec={"tasks": 1})
    assert code == 0 and "init, leader lab-0\n" in log and "task says init\n" in log, log


def test_an_evicted_leaders_replacement_finds_its_followers(start):
    """Its program runs again, on every pod; followers that had left in order would be missed for ever."""
    pods, instance = start("sh -c 'echo begun; until [ -e /tmp/go ]; do sleep 0.1; done; flux run -N4 -n4 hostname'", launcher=True)
    leader = pods[0].main
    wait_until(lambda: re.search("^begun$", leader.log(), re.M), instance.logs)
    pods[0].stop()
    leader.replace()
    wait_until(lambda: re.search("^begun$", leader.log(), re.M), instance.logs)  # the log of this life
    leader.exec("touch", "/tmp/go")
    assert leader.wait() == 0, instance.logs()
    assert sorted(re.findall(r"^lab-\d$", leader.log(), re.M)) == [f"lab-{rank}" for rank in range(SIZE)], instance.logs()


def test_a_script_is_the_program_and_post_follows_it(run):
    commands = {"script": "echo \"script of $FLUX_TASK_RANK, $(basename $0)\"\nexit 3\n", "post": "echo post of $(hostname)"}
    code, log = run("", commands=commands, spec={"tasks": 1})
    assert code == 3 and "script of 0, script\n" in log and log.endswith("post of lab-0\n"), log
