# SPDX-License-Identifier: Apache-2.0
"""containers/compose on a real engine: identity from Docker's own DNS, the shared secret, and the truth about the end."""
import contextlib
import json
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
SLACK = 3.0  # seconds by which two runs may differ on a machine that others use
ADDRESS = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"


BOTH = pytest.mark.parametrize("project", compose.VERSIONS, indirect=True)


@pytest.fixture
def project(request, docker, tmp_path, output):
    """Makes projects: project(*words, size=4, **more of the service). With compose 1.29, where the test does not say BOTH."""
    version = getattr(request, "param", "1.29")
    with contextlib.ExitStack() as stack:
        def make(*words, **options):
            made = stack.enter_context(compose.project(docker, tmp_path / f"project{random.randrange(10**6)}", words, version=version, **options))
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


@contextlib.contextmanager
def somebody_else(docker, container, *end):
    """Ends a container by `docker END`; then, as long as the context lives, somebody else has its address."""
    address = docker.inspect(container, ADDRESS)
    network = docker.inspect(container, "{{range $name, $_ := .NetworkSettings.Networks}}{{$name}}{{end}}")
    docker.docker(*end, container)
    other = docker.docker("run", "--detach", f"--network={network}", "--entrypoint=sleep", IMAGE, "600").stdout.strip()
    try:
        assert docker.inspect(other, ADDRESS) == address
        yield
    finally:
        docker.docker("rm", "-f", other)


@pytest.mark.parametrize("project, size", [("1.29", 4), ("v2", 4), ("1.29", 16), ("v2", 17)], indirect=["project"])  # 17: above MAX_N's default
def test_a_task_in_every_container(project, size):
    made = project("sh", "-c", "echo task $FLUX_TASK_RANK of $FLUX_JOB_SIZE", size=size)
    done = made.script("run")
    assert done.returncode == 0, done
    for task in range(size):
        assert f"task {task} of {size}\n" in done.stdout, done.stdout
    assert not made.containers(), "nothing of it is left"


@pytest.mark.parametrize("number", ["0", "-1", "four"])
def test_what_is_no_number_of_containers_is_refused(project, number):
    done = project("true").script("run", N=number)
    assert done.returncode == 64 and f"N={number} " in done.stderr and done.stderr.count("\n") == 1, done


def test_a_secret_is_made_by_no_image_of_that_name_from_elsewhere(project, docker):
    if docker.has("muster"):
        pytest.skip("the engine has an image muster")
    made = project("true")
    (made.directory / "muster.secret").unlink()
    done = made.script("secret", MUSTER_IMAGE="")
    assert done.returncode == 69 and "docker build -f containers/images/Dockerfile" in done.stderr and done.stderr.count("\n") == 1, done
    assert not (made.directory / "muster.secret").exists()


def test_a_secret_leaves_the_rest_of_env_as_it_is(project):
    made = project("true")
    (made.directory / ".env").write_text("MINE=1\nMUSTER_USER=1:1\n")
    made.change_secret()
    mine, user = (made.directory / ".env").read_text().splitlines()
    assert mine == "MINE=1" and user.startswith("MUSTER_USER=") and user != "MUSTER_USER=1:1"


@BOTH
@pytest.mark.parametrize("program, code", [("exit 3", 3), ("kill -9 $$", 137)])
def test_the_leaders_end_is_the_commands(project, program, code):
    assert project("sh", "-c", program, size=2).script("run").returncode == code


@BOTH
def test_what_each_container_says_is_told_apart(project):
    """Also of those that had ended before anybody looked: nothing is lost."""
    done = project("true", size=3).script("run")
    for number in (1, 2, 3):
        said = [line for line in done.stdout.splitlines() if line.startswith(f"flux-{number} | ")]
        assert f"rank {number - 1} of " in said[0] and f"broker.info[{number - 1}]: " in said[-1] and "->exit" in said[-1], done.stdout
    assert not [line for line in done.stdout.splitlines() if not re.match(r"flux-[123] \| ", line)], done.stdout


@BOTH
def test_a_stopped_run_ends_in_order(project):
    made = project("sh", "-c", UNTIL_TOLD, size=2)
    running = made.start()
    wait_until(lambda: made.log().count("flux-1 | started\n") == 2, made.log)  # it follows the containers, and waits for their end
    running.terminate()
    assert running.wait(60) == 143, made.log()
    assert not made.containers()


@BOTH
def test_all_stop_within_5_s_without_being_killed(project, docker):
    made = project("sh", "-c", UNTIL_TOLD)
    made.compose("up", "-d")
    made.wait_log(1, "started\n" * 4)
    containers = made.containers()
    made.compose("stop", "--timeout", "5")
    codes = {number: made.code(container) for number, container in containers.items()}
    assert codes[1] == 143 and set(codes.values()) <= {0, 143}, codes  # 137: the engine had to kill it
    assert all(docker.inspect(container, "{{.State.OOMKilled}}") == "false" for container in containers.values())


@BOTH
def test_a_replica_that_is_made_anew_joins_again(project, docker):
    made = project("sh", "-c", UNTIL_TOLD, environment={"MUSTER_MODE": "launcher"})
    made.compose("up", "-d")
    made.wait_log(1, "started\n")
    made.wait_log(4, "quorum->run")
    lost = made.containers()[4]  # the last one: compose 1.29 gives a new replica the number after the highest
    before = docker.inspect(lost, ADDRESS)
    with somebody_else(docker, lost, "rm", "-f"):
        made.compose("up", "-d", "--no-recreate")
        anew = made.wait_log(4, "quorum->run")
    assert anew != lost and docker.inspect(anew, ADDRESS) not in ("", before)
    docker.docker("exec", made.containers()[1], "touch", "/tmp/end")
    assert [made.code(container) for _, container in sorted(made.containers().items())] == [5, 0, 0, 0]


def made_anew(docker, config):
    """Another container of the same name; compose would give it a number that there has not been yet."""
    given = {"name": [config["Name"].strip("/")], "network": [*config["NetworkSettings"]["Networks"]], "user": [config["Config"]["User"]],
             "env": config["Config"]["Env"], "label": [f"{name}={text}" for name, text in config["Config"]["Labels"].items()],
             "volume": [f"{mount['Source']}:{mount['Destination']}:ro" for mount in config["Mounts"]], "tmpfs": ["/run/muster:mode=1777"]}
    docker.docker("run", "--detach", *(f"--{name}={value}" for name, values in given.items() for value in values), IMAGE, *config["Config"]["Cmd"])


@pytest.mark.parametrize("project, way", [("1.29", "started again"), ("v2", "started again"), ("1.29", "made anew"), ("v2", "made anew")], indirect=["project"])
def test_followers_find_a_leader_that_comes_back_under_another_address(project, docker, way):
    made = project("sh", "-c", UNTIL_TOLD, size=3, environment={"MUSTER_MODE": "launcher"})
    made.compose("up", "-d")
    first = made.wait_log(1, "started\n")
    for number in (2, 3):
        made.wait_log(number, "quorum->run")
    before, followers = docker.inspect(first, ADDRESS), [made.containers()[number] for number in (2, 3)]
    config, = json.loads(docker.docker("inspect", first).stdout)
    again = way == "started again"
    # An orderly stop would end the instance; a node that fails does not ask.
    with somebody_else(docker, first, *(["kill"] if again else ["rm", "-f"])):
        if again:
            docker.docker("start", first)
        else:
            made_anew(docker, config)
        leader = made.containers()[1]
        assert (leader == first) == again
        wait_until(lambda: made.logs(leader).count("started\n") == (2 if again else 1), lambda: made.logs(leader), 120)
        assert docker.inspect(leader, ADDRESS) not in ("", before)
        for follower in followers:
            wait_until(lambda follower=follower: made.logs(follower).count("quorum->run") == 2, lambda: "\n".join(map(made.logs, followers)), 120)
        docker.docker("exec", leader, "touch", "/tmp/end")
        assert [made.code(container) for container in (leader, *followers)] == [5, 0, 0]


@BOTH
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


@BOTH
def test_a_one_off_is_refused(project):
    made = project("true", size=2)
    done = made.compose("run", "--rm", "flux", "true", check=False)
    assert done.returncode == 78 and "one-off of `docker compose run`" in done.stdout + done.stderr, done


def test_a_replica_with_another_secret_says_so(project, docker):
    made = project("sh", "-c", UNTIL_TOLD, size=3, environment={"MUSTER_MODE": "launcher", "MUSTER_MIN_SIZE": "2", "MUSTER_WAIT": "3s"})
    made.compose("up", "-d", "--scale", "flux=2")
    made.wait_log(1, "started\n")
    made.change_secret()
    made.compose("up", "-d", "--scale", "flux=3", "--no-recreate")
    refused = made.containers()[3]
    assert made.code(refused) == 76 and "another certificate" in made.logs(refused), made.logs(refused)
    keys = [re.search(r"rank \d of .*, key ([0-9a-f]{8})\n", made.logs(made.containers()[number])).group(1) for number in (1, 2, 3)]
    assert keys[0] == keys[1] != keys[2], "each says the fingerprint of its own"
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


@BOTH
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


@BOTH
def test_muster_in_an_image_that_exists(project, docker, application):
    made = project("/hello", size=2, file="existing-image.yaml", env={"APP_IMAGE": application})
    done = made.script("run")
    assert done.returncode == 0, done
    assert sorted(re.findall(r"hello from (\d)", done.stdout)) == ["0", "1"], done
    assert not made.containers(), "nothing of it is left"


@pytest.mark.skipif(os.geteuid() != 0, reason="a proxy in a container's network needs root")
@pytest.mark.parametrize("delay", [0.3, 1.0])
def test_a_slow_name_server_adds_its_own_delay_and_no_more(project, docker, delay):
    """The same instance behind a proxy that does not delay, and behind one that does; the follower starts when the leader is there."""
    gated = ["sh", "-c", 'until [ -e /tmp/go ]; do sleep 0.02; done; exec muster-init muster run -- "$$@"', "sh"]
    seconds, in_turn = {}, {}
    for late in (0.0, delay):
        made = project("echo", "done", size=2, entrypoint=gated)
        made.compose("up", "-d")
        leader, follower = (made.containers()[number] for number in (1, 2))
        with SlowDns(late) as slow:
            pids = [int(docker.inspect(container, "{{.State.Pid}}")) for container in (leader, follower)]
            for pid in pids:
                slow.stand_before(pid)
            docker.docker("exec", leader, "touch", "/tmp/go")
            made.wait_log(1, "->init")
            begun = time.monotonic()
            docker.docker("exec", follower, "touch", "/tmp/go")
            assert made.code(leader) == 0, made.logs(leader)
            seconds[late], in_turn[late] = time.monotonic() - begun, [slow.in_turn(pid) for pid in pids]
    # The leader: who am I, once. The follower: that, does my parent exist, where is it (both each 100 ms, until it listens), and
    # the broker's own look-up. Ten delays would be questions that are given up and asked anew, which those are that are
    # asked before it is known that this server needs more than half a second.
    assert in_turn[delay][0] <= (1 if delay < 0.5 else 3) and 1 < in_turn[delay][1] <= 8, (seconds, in_turn)
    assert delay < seconds[delay] < seconds[0.0] + in_turn[delay][1] * delay + SLACK, (seconds, in_turn)
