# SPDX-License-Identifier: Apache-2.0
"""`muster up` over stand-ins: names (asked with dig), addresses, directories, sizes, users."""
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess

import pytest
import up_driver
from muster_testing import plain_environment, wait_until

SHOW = ["/usr/bin/python3", "-c", "import json, os; print(json.dumps(dict(os.environ)))"]


@pytest.fixture
def tmp_path():
    """Ours is short, for sockets."""
    with up_driver.place() as made:
        yield made


def show(bench, size, **options):
    """The leader's environment in an instance of `size`."""
    env = options.pop("env", {})
    done = bench.run(*up_driver.argv(size, *SHOW, **options), env=env)
    assert done.code == 0, done
    return json.loads(done.out)


@pytest.fixture
def names(bench):
    """Asks the name server of a running instance of 3 pods, of 5 that may be."""
    if not shutil.which("dig"):
        pytest.skip("no dig (dnsutils)")
    process = bench.start(*up_driver.argv(3, "sh", "-c", "echo dns=$MUSTER_DNS; exec sleep 600", max_size=5))
    address, port = process.wait_for(r"^dns=(\S+):(\d+)$").groups()

    def dig(*words):
        done = bench.run("dig", f"@{address}", "-p", port, "+norecurse", "+tries=1", "+timeout=5", *words)
        assert done.code == 0, done
        return done.out
    dig.address, dig.port = address, port
    return dig


def status(answer):
    return re.search(r"status: (\w+)", answer)[1], "flags: qr aa" in answer, int(re.search(r"ANSWER: (\d+)", answer)[1])


@pytest.mark.parametrize("transport", ["+notcp", "+tcp"])
@pytest.mark.parametrize("edns", ["+noedns", "+edns=0", "+dnssec +cdflag"])
def test_dig_gets_each_pods_address(names, transport, edns):
    base = names.address.rsplit(".", 1)[0]
    for rank in range(3):
        answer = names(transport, *edns.split(), f"up-{rank}.up.muster.internal.", "A")
        assert status(answer) == ("NOERROR", True, 1), answer
        assert re.search(rf"^up-{rank}\.up\.muster\.internal\.\s+\d+\s+IN\s+A\s+{re.escape(base)}\.{rank + 2}$", answer, re.M), answer
        assert "WARNING" not in answer and "malformed" not in answer, answer


@pytest.mark.parametrize("name, kind, expected", [
    ("up-0.up.muster.internal.", "AAAA", ("NOERROR", True, 0)),
    ("up-0.up.muster.internal.", "TYPE65280", ("NOERROR", True, 0)),
    ("UP-1.uP.Muster.INTERNAL.", "A", ("NOERROR", True, 1)),
    ("up.muster.internal.", "SOA", ("NOERROR", True, 1)),
    ("up.muster.internal.", "NS", ("NOERROR", True, 1)),
    ("ns.up.muster.internal.", "A", ("NOERROR", True, 1)),
    ("up-3.up.muster.internal.", "A", ("NXDOMAIN", True, 0)),
    ("nobody.up.muster.internal.", "TYPE65300", ("NXDOMAIN", True, 0)),
    ("example.org.", "A", ("REFUSED", False, 0)),
])
def test_what_dig_is_told(names, name, kind, expected):
    answer = names(name, kind)
    assert status(answer) == expected, answer
    assert "malformed" not in answer
    if expected[1] and not expected[2]:
        assert re.search(r"^up\.muster\.internal\.\s+1\s+IN\s+SOA\s+ns\.up\.muster\.internal\. hostmaster\.up\.muster\.internal\. .* 1$",
                         answer, re.M), "a denial is cached only with an SOA"


def test_many_questions_of_one_connection(names):
    questions = [word for rank in range(3) for word in (f"up-{rank}.up.muster.internal.", "A")]
    answer = names("+tcp", "+keepopen", "+short", *questions)
    assert [line.rsplit(".", 1)[1] for line in answer.split()] == ["2", "3", "4"]


def test_another_edns_version_is_answered_with_badvers(names):
    assert "BADVERS" in names("+edns=1", "+noednsnegotiation", "up-0.up.muster.internal.")


def test_instances_live_side_by_side(bench):
    instances = [bench.start(*up_driver.argv(2, "sh", "-c", "echo at=$MUSTER_ADDRESSES=$MUSTER_DNS; sleep 600")) for _ in range(8)]
    seen = [process.wait_for(r"^at=(\S+)$")[1] for process in instances]
    assert len(set(seen)) == 8, seen


def test_a_port_that_is_wanted_is_taken_or_refused(bench):
    assert show(bench, 1, port=8077)["MUSTER_PORT"] == "8077"


def test_the_directory(bench, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    assert show(bench, 2, env={"TMPDIR": tmp_path, "XDG_RUNTIME_DIR": run})["MUSTER_DIR"].startswith(f"{run}/muster-")
    long = tmp_path / ("x" * 90)
    long.mkdir()
    assert show(bench, 2, env={"TMPDIR": long})["MUSTER_DIR"].startswith("/tmp/muster-"), "sockets would not fit there"
    assert show(bench, 2, directory=tmp_path / "new")["MUSTER_DIR"].startswith(f"{tmp_path}/new/muster-")
    done = bench.run(*up_driver.argv(2, "true", directory=long))
    assert done.code == 64 and "--dir a path of at most" in done.err, done
    done = bench.run(*up_driver.argv(2, "true", directory="/proc/x"))
    assert done.code == 73 and "/proc/x" in done.err, done


def test_each_pod_has_a_certificate_of_this_instance(bench, tmp_path):
    first, second = (show(bench, 2, keep="yes", env={"TMPDIR": tmp_path})["MUSTER_CERT"] for _ in range(2))
    assert os.stat(first).st_mode & 0o777 == 0o600
    assert open(first).read() != open(second).read()
    assert show(bench, 1, set="MUSTER_CERT=/mine", has_certificate="yes")["MUSTER_CERT"] == "/mine"
    assert "MUSTER_CERT" not in show(bench, 1, set="MUSTER_SECRET=/mine", has_certificate="yes")


def test_a_user_without_any_privilege(bench):
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        pytest.skip("needs root and setpriv(1) to become somebody else")
    with up_driver.place() as place:
        place.chmod(0o777)
        done = bench.run("setpriv", "--reuid=54321", "--regid=54321", "--clear-groups", "--no-new-privs", "--inh-caps=-all",
                         "--bounding-set=-all", *up_driver.argv(4, "id", "-u"), env={"TMPDIR": place, "HOME": "/nonexistent"})
        assert done.code == 0 and done.out == "54321\n", done
        assert not list(place.iterdir())


# Shells, not Python: there are a thousand. Each says that it is there; the leader waits for all, then ends; the others too.
QUICK_POD = """echo "<6>broker.info[$MUSTER_RANK]: x: init->quorum" >&2
cd "$MUSTER_DIR/.."
: >"ready-$MUSTER_RANK"
if [ "$MUSTER_RANK" != 0 ]; then until [ -e over ]; do sleep 1; done; exit 0; fi
until [ $(ls | grep -c ready-) = "$MUSTER_SIZE" ]; do sleep 0.05; done
echo "<6>broker.info[0]: x: quorum->run" >&2
echo formed
: >over
"""


@pytest.mark.slow
def test_a_thousand_pods_with_a_low_soft_limit_of_open_files(bench, tmp_path):
    """Plain shells for pods: what is tried is the supervisor."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard != resource.RLIM_INFINITY and hard < 4300:
        pytest.skip(f"the hard limit of open files is {hard}")
    done = bench.run("sh", "-c", 'ulimit -Sn 256; exec "$@"', "sh", *up_driver.argv(1000, pod=["sh", "-c", QUICK_POD]),
                     env={"TMPDIR": tmp_path}, deadline=180)
    assert done.code == 0 and done.out == "formed\n", done
    assert not list(tmp_path.iterdir())


def test_a_hard_limit_that_is_too_low_is_said(bench):
    done = bench.run("sh", "-c", 'ulimit -n 200; exec "$@"', "sh", *up_driver.argv(100, "true"))
    assert done.code == 64 and "ulimit -n" in done.err, done
    assert bench.run("sh", "-c", 'ulimit -n 200; exec "$@"', "sh", *up_driver.argv(4, "true")).code == 0


def test_a_stack_that_is_too_small_is_said(bench):
    done = bench.run("sh", "-c", 'ulimit -s 64; exec "$@"', "sh", *up_driver.argv(2, "true"))
    assert done.code == 64 and "the limit of the stack is 64 KiB" in done.err and "ulimit -s" in done.err, done


def test_the_pods_live_in_groups_of_their_own_with_nothing_to_read(bench):
    done = bench.run(*up_driver.argv(1, "sh", "-c", "readlink /proc/self/fd/0; ls /proc/self/fd | wc -l"))
    assert done.out.split() == ["/dev/null", "4"], done  # 0, 1, 2 and ls's own


def test_descriptors_of_the_caller_are_not_kept_by_the_keeper():
    """Whoever waits for the end of our output must not wait for the keeper, when we are killed."""
    with up_driver.place() as place:
        process = subprocess.Popen(up_driver.argv(1, "sh", "-c", "sleep 600", grace=30000), stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, env=plain_environment(TMPDIR=place, STAND_IN='{"0": {"deaf": true}}'))
        wait_until(lambda: list(place.glob("muster-*/pods/formed")), "the instance")
        process.kill()
        assert process.communicate(timeout=20)[0] == b""
        for pid in up_driver.with_word(str(place)):  # the pod and its program, but not the keeper
            if b"up-driver" not in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes():
                os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not list(place.iterdir()), "the keeper's work")
