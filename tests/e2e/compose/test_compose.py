# SPDX-License-Identifier: Apache-2.0
"""containers/compose on a real engine: identity from Docker's own DNS, the shared secret, and the truth about the end."""
import contextlib
import os
import random
import re
import subprocess
import time

import compose
import pytest
import roots
from image import IMAGE
from muster_testing import wait_until
from slow_dns import SlowDns

UNTIL_TOLD = "echo started; until [ -e /tmp/end ]; do sleep 0.1; done; exit 5"


@pytest.fixture
def project(docker, tmp_path, output):
    """Makes projects: project(*words, size=4, **more of the service)."""
    with contextlib.ExitStack() as stack:
        def make(*words, **options):
            made = stack.enter_context(compose.project(docker, tmp_path / f"project{random.randrange(10**6)}", words, **options))
            stack.callback(lambda: [(output / f"container-{number}").write_text(made.logs(container)) for number, container in made.containers().items()])
            return made
        yield make


@pytest.fixture
def application(docker, output, tmp_path):
    """An image that exists: a program linked with musl, and nothing else."""
    archive = tmp_path / "application.tar"
    root = roots.hello_root(tmp_path / "application", output)
    subprocess.run(["tar", "-C", root, "-cf", archive, "."], check=True)
    docker.docker("import", archive, "muster-test-application")
    return "muster-test-application"


@pytest.mark.parametrize("size", [4, 16])
def test_a_task_in_every_container(project, size):
    made = project("sh", "-c", "echo task $FLUX_TASK_RANK of $FLUX_JOB_SIZE", size=size)
    done = made.script("run")
    assert done.returncode == 0, done
    for task in range(size):
        assert f"task {task} of {size}\n" in done.stdout, done.stdout
    assert not made.containers(), "nothing of it is left"


@pytest.mark.parametrize("program, code", [("exit 3", 3), ("kill -9 $$", 137)])
def test_the_leaders_end_is_the_commands(project, program, code):
    assert project("sh", "-c", program, size=2).script("run").returncode == code


def test_a_stopped_run_ends_in_order(project):
    made = project("sh", "-c", UNTIL_TOLD, size=2)
    running = made.start()
    made.wait_log(1, "started\nstarted\n")
    running.terminate()
    assert running.wait(60) == 143, made.log()
    assert not made.containers()


def test_all_stop_within_5_s_without_being_killed(project, docker):
    made = project("sh", "-c", UNTIL_TOLD)
    made.compose("up", "-d")
    made.wait_log(1, "started\n" * 4)
    containers = made.containers()
    made.compose("stop", "--timeout", "5")
    codes = {number: made.code(container) for number, container in containers.items()}
    assert codes[1] == 143 and set(codes.values()) <= {0, 143}, codes  # 137: the engine had to kill it
    assert all(docker.inspect(container, "{{.State.OOMKilled}}") == "false" for container in containers.values())


def test_a_replica_that_is_made_anew_joins_again(project, docker):
    made = project("sh", "-c", UNTIL_TOLD, environment={"MUSTER_MODE": "launcher"})
    made.compose("up", "-d")
    made.wait_log(1, "started\n")
    lost = made.containers()[4]  # the last one: compose 1.29 gives a new replica the number after the highest
    docker.docker("rm", "-f", lost)
    made.compose("up", "-d", "--no-recreate")
    assert made.wait_log(4, "quorum->run") != lost
    docker.docker("exec", made.containers()[1], "touch", "/tmp/end")
    assert [made.code(container) for _, container in sorted(made.containers().items())] == [5, 0, 0, 0]


def test_followers_find_a_leader_that_comes_back_under_another_address(project, docker):
    made = project("sh", "-c", UNTIL_TOLD, size=3, environment={"MUSTER_MODE": "launcher"})
    made.compose("up", "-d")
    leader = made.wait_log(1, "started\n")
    address = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
    before = docker.inspect(leader, address)
    # An orderly stop would end the instance; a node that fails does not ask. Somebody else then has the address.
    docker.docker("kill", leader)
    network = docker.inspect(leader, "{{range $name, $_ := .NetworkSettings.Networks}}{{$name}}{{end}}")
    other = docker.docker("run", "--detach", f"--network={network}", "--entrypoint=sleep", IMAGE, "600").stdout.strip()
    try:
        assert docker.inspect(other, address) == before
        docker.docker("start", leader)
        wait_until(lambda: made.logs(leader).count("started\n") == 2, lambda: made.logs(leader), 120)
        assert docker.inspect(leader, address) != before
        docker.docker("exec", leader, "touch", "/tmp/end")
        assert [made.code(container) for _, container in sorted(made.containers().items())] == [5, 0, 0]
    finally:
        docker.docker("rm", "-f", other)


def test_it_grows_and_shrinks_while_it_runs(project, docker):
    made = project("sh", "-c", UNTIL_TOLD, size=2, environment={"MUSTER_MODE": "launcher"})
    made.compose("up", "-d")
    made.wait_log(1, "started\n")
    made.compose("up", "-d", "--scale", "flux=4", "--no-recreate")
    made.wait_log(4, "quorum->run")
    made.compose("up", "-d", "--scale", "flux=2", "--no-recreate")
    docker.docker("exec", made.containers()[1], "touch", "/tmp/end")
    assert [made.code(container) for _, container in sorted(made.containers().items())] == [5, 0]


def test_beyond_max_size_is_refused_with_the_mend(project):
    made = project("sh", "-c", UNTIL_TOLD, size=2, environment={"MUSTER_MODE": "launcher", "MUSTER_MAX_SIZE": "2"})
    made.compose("up", "-d", "--scale", "flux=3")
    refused = made.wait_log(3, "MUSTER_MAX_SIZE")
    assert made.code(refused) == 78


def test_a_one_off_is_refused(project):
    made = project("true", size=2)
    done = made.compose("run", "--rm", "flux", "true", check=False)
    assert done.returncode == 78 and "one-off of `docker compose run`" in done.stdout + done.stderr, done


def test_a_replica_with_another_secret_says_so(project, docker):
    made = project("sh", "-c", UNTIL_TOLD, size=3, environment={"MUSTER_MODE": "launcher", "MUSTER_MIN_SIZE": "2", "MUSTER_WAIT": "3s"})
    made.compose("up", "-d", "--scale", "flux=2")
    made.wait_log(1, "started\n")
    # The engine binds the file when a container starts: number 3 starts with another one.
    (made.directory / "muster.secret").unlink()
    made.script("secret")
    made.compose("up", "-d", "--scale", "flux=3", "--no-recreate")
    refused = made.containers()[3]
    assert made.code(refused) == 76 and "another certificate" in made.logs(refused), made.logs(refused)
    docker.docker("exec", made.containers()[1], "touch", "/tmp/end")
    assert made.code(made.containers()[1]) == 5


def test_they_may_start_in_any_order_and_seconds_apart(project, docker):
    made = project("sh", "-c", "echo task $FLUX_TASK_RANK", size=4)
    made.compose("up", "--no-start")
    order = random.sample(sorted(made.containers()), 4)
    begun = time.monotonic()
    # Up to 5 s between them; what comes after the last one's start is the instance's own time.
    for number, pause in zip(order, (0, 5, random.uniform(0, 5), random.uniform(0, 2))):
        wait_until(lambda due=time.monotonic() + pause: time.monotonic() >= due, "the next start")
        docker.docker("start", made.containers()[number])
    leader = made.containers()[1]
    assert made.code(leader) == 0, (order, made.logs(leader))
    assert sorted(re.findall(r"^task (\d)$", made.logs(leader), re.M)) == list("0123"), (order, time.monotonic() - begun)


def test_a_number_that_is_missing_is_a_rank_that_is_absent(project, docker):
    made = project("sh", "-c", UNTIL_TOLD, size=3, environment={"MUSTER_MODE": "launcher", "MUSTER_MIN_SIZE": "2"})
    made.compose("up", "--no-start")
    docker.docker("rm", made.containers()[2])
    for container in made.containers().values():
        docker.docker("start", container)
    made.wait_log(1, "started\n")
    made.wait_log(3, "quorum->run")
    docker.docker("exec", made.containers()[1], "touch", "/tmp/end")
    assert [made.code(container) for _, container in sorted(made.containers().items())] == [5, 0]


def test_a_container_name_is_refused_with_the_mend(project):
    made = project("true", size=1, container_name=f"alone{random.randrange(10**6)}")
    made.compose("up", "-d")
    alone = made.wait_log(1, "container_name")
    assert made.code(alone) == 78 and "remove container_name" in made.logs(alone), made.logs(alone)


def test_in_the_hosts_network_it_is_refused_with_the_mend(project):
    made = project("true", size=1, network_mode="host")
    made.compose("up", "-d")
    refused = made.wait_log(1, "MUSTER_HOSTS")
    assert made.code(refused) == 78, made.logs(refused)


def test_muster_in_an_image_that_exists(project, docker, application):
    made = project("/hello", size=2, file="existing-image.yaml", env={"APP_IMAGE": application})
    done = made.script("run")
    assert done.returncode == 0, done
    assert sorted(re.findall(r"hello from (\d)", done.stdout)) == ["0", "1"], done
    assert not made.containers(), "nothing of it is left"


@pytest.mark.skipif(os.geteuid() != 0, reason="a proxy in a container's network needs root")
def test_a_slow_name_server_adds_its_own_delay_and_no_more(project, docker):
    """The same instance behind a proxy that does not delay, and behind one that does."""
    gated = ["sh", "-c", 'until [ -e /tmp/go ]; do sleep 0.02; done; exec muster-init muster run -- "$$@"', "sh"]
    delay, seconds, questions = 0.5, {}, {}
    for late in (0.0, delay):
        made = project("echo", "done", size=2, entrypoint=gated)
        made.compose("up", "-d")
        with SlowDns(late) as slow:
            for container in made.containers().values():
                slow.stand_before(int(docker.inspect(container, "{{.State.Pid}}")))
            begun = time.monotonic()
            for container in made.containers().values():
                docker.docker("exec", container, "touch", "/tmp/go")
            assert made.code(made.containers()[1]) == 0, made.logs(made.containers()[1])
            seconds[late], questions[late] = time.monotonic() - begun, slow.questions
    assert questions[delay] > 0, "the proxy was asked"
    # One after the other: who am I, who is my parent (twice: does it exist, where is it), and the broker's own look-up.
    assert delay < seconds[delay] < seconds[0.0] + 10 * delay, (seconds, questions)
