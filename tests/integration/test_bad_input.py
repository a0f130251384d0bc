# SPDX-License-Identifier: Apache-2.0
"""Bad input: one sentence with the subject, the value and the mend; the right exit code; nothing half-written."""
import os
import re
import subprocess

import pytest
from muster_testing import plain_environment, program, remember_secrets

pytestmark = pytest.mark.asan

USAGE, MALFORMED, IO, DENIED, CONFIG, NOT_EXECUTABLE, NO_PROGRAM = 64, 65, 73, 77, 78, 126, 127


@pytest.fixture
def place(tmp_path):
    """A pod's directory for muster's files; absent at first, so that anything written shows."""
    return tmp_path / "m"


@pytest.fixture
def muster(bench, place):
    """Runs `muster run` (or another command) for rank 0 of a list of one host, with the rehearsal."""
    def run(*arguments, command="run", env=None, **options):
        basics = {"MUSTER_DIR": place, "MUSTER_FLUX": "none", "MUSTER_HOSTS": "here", "MUSTER_NAME": "here"}
        return bench.run(program("muster"), command, *arguments, env={**basics, **(env or {})}, **options)
    return run


def assert_one_sentence(done, code, *patterns):
    """It ended with `code`, and said one line, in which every pattern is found."""
    lines = [line for line in done.err.splitlines() if line.strip() and not line.startswith("muster: info: ")]
    assert done.code == code, done
    assert len(lines) == 1, done
    assert not done.out, done
    assert len(lines[0]) < 500 and "\x1b" not in lines[0], done
    for pattern in patterns:
        assert re.search(pattern, lines[0]), f"{pattern!r} is not in: {lines[0]}"


@pytest.mark.parametrize("arguments, patterns", [
    (["--frobnicate"], ["--frobnicate"]),
    (["--siez", "4"], ["--siez", "--size"]),
    (["--size"], ["--size", "value"]),
    (["--size", "four"], ["size", "'four'"]),
    (["--size", "-1"], ["size", "-1"]),
    (["--size", "0"], ["size", "0"]),
    (["--size", "4294967297"], ["size", "4294967297"]),
    (["--size", "99999999999999999999"], ["size", "99999999999999999999"]),
    (["--size", "4", "--max-size", "2", "--hosts", "here,b"], ["size", "4", "2"]),
    (["--min-size", "2"], ["min-size", "2"]),
    (["--port", "0"], ["port", "'0'"]),
    (["--port", "65536"], ["port", "65536"]),
    (["--port", "80x"], ["port", "80x"]),
    (["--dns", "127.0.0.1:65536"], ["dns", "127.0.0.1:65536", "1 to 65535"]),
    (["--dns", "127.0.0.1,[::1]:0"], ["dns", r"\[::1\]:0", "1 to 65535"]),
    (["--dns", "127.0.0.1:dns"], ["dns", "127.0.0.1:dns", "1 to 65535"]),
    (["--size", "3", "--hosts", "here,b"], ["size 3", "2 hosts", "add hosts"]),
    (["--wait", "soon"], ["wait", "soon"]),
    (["--wait", "-1s"], ["wait", "-1s"]),
    (["--grace", "0"], ["grace", "0"]),
    (["--mode", "magic"], ["mode", "magic", "submit"]),
    (["--ip", "5"], ["ip", "5"]),
    (["--topology", "kary:0x"], ["topology", "kary:0x"]),
    (["--topology", "star"], ["topology", "star"]),
    (["--on-end", "never"], ["on-end", "never"]),
    (["--cores", "0"], ["cores", "0"]),
    (["--tasks", "0"], ["tasks", "0"]),
    (["--nodes", "9", "--", "true"], ["nodes", "9"]),
    (["--resources", "[0-3]:cores=x"], ["resources"]),
    (["--resources", "nonsense"], ["resources"]),
    (["--option", "novalue"], ["option", "novalue"]),
    (["--hosts", "a[1-"], ["hosts", r"a\[1-"]),
    (["--flags", "'unclosed"], ["flags", "unclosed"]),
    (["--dir", "relative/path"], ["dir", "relative/path", "absolute"]),
    (["--dir", "/" + "d" * 120], ["dir", "short"]),
    (["--mode", "interactive", "--", "true"], ["interactive"]),
    (["--mode", "launcher"], ["launcher", "which program"]),
    (["--mode", "batch"], ["batch", "which script"]),
    (["--mode", "batch-raw"], ["batch-raw", "which script"]),
    (["--dump", "/nowhere/x"], ["--dump", "MUSTER_DUMP", "rehearsal"]),
    (["--restore", "/nowhere/x"], ["--restore", "MUSTER_RESTORE", "rehearsal"]),
    (["--nn", "2"], ["'--nn': see --help"]),
])
def test_a_flag_that_cannot_be_used(muster, place, arguments, patterns):
    assert_one_sentence(muster(*arguments), USAGE, *patterns)
    assert not place.exists()


@pytest.mark.parametrize("name, value, patterns", [
    ("MUSTER_SIZE", "0", ["MUSTER_SIZE", "'0'"]),
    ("MUSTER_PORT", "x", ["MUSTER_PORT", "'x'"]),
    ("MUSTER_MODE", "magic", ["MUSTER_MODE", "magic"]),
    ("MUSTER_GRACE", "soon", ["MUSTER_GRACE", "soon"]),
])
def test_a_variable_that_cannot_be_used_is_named(muster, place, name, value, patterns):
    assert_one_sentence(muster(env={name: value}), USAGE, *patterns)
    assert not place.exists()


def test_an_unknown_command(bench):
    assert_one_sentence(bench.muster("frobnicate"), USAGE, "frobnicate", "help")


def test_no_command(bench):
    done = bench.muster()
    assert done.code == USAGE and "muster" in done.err, done


@pytest.mark.parametrize("arguments, patterns", [
    (["--hosts", "a,b,c", "--name", "d"], ["'d'", "a,b,c|a b c", "MUSTER_HOSTS"]),
    (["--hosts", "a,b,a", "--name", "a"], ["twice"]),
    (["--hosts", "flux_sample-[0-1]", "--name", "flux_sample-0"], ["_"]),
    (["--hosts", "a" * 64, "--name", "a" * 64], ["63"]),
    (["--hosts", "a,b", "--name", "a", "--rank", "7"], ["7"]),
    (["--hosts", "a,b", "--name", "c", "--rank", "2"], ["MUSTER_RANK. 2 is beyond the 2 hosts", "add its host to --hosts"]),
    (["--hosts", "here,b"], ["cert"]),
])
def test_an_identity_that_cannot_work(muster, place, arguments, patterns):
    done = muster(*arguments)
    assert_one_sentence(done, CONFIG, *patterns)
    assert not place.exists()


def test_a_host_that_no_platform_knows(muster, place):
    done = muster("--size", "4", env={"MUSTER_HOSTS": None, "MUSTER_NAME": None})
    assert_one_sentence(done, CONFIG, "rank|platform", "MUSTER_HOSTS")
    assert not place.exists()


def test_a_service_link_is_recognised_and_ignored(muster, place):
    links = {"MUSTER_PORT": "tcp://10.0.0.1:8050", "MUSTER_SERVICE_HOST": "10.0.0.1", "MUSTER_SERVICE_PORT": "8050",
             "MUSTER_PORT_8050_TCP": "tcp://10.0.0.1:8050", "MUSTER_PORT_8050_TCP_ADDR": "10.0.0.1"}
    done = muster(command="plan", env=links)
    assert done.code == 0 and "8050" in done.out, done
    assert "MUSTER_PORT" not in done.err and "10.0.0.1" not in done.out, done
    done = muster("--log-level", "debug", "--flux", "/nope/flux", env=links)
    assert done.err.splitlines()[0] == "muster: debug: MUSTER_PORT is 'tcp://10.0.0.1:8050', a Service link of Kubernetes and no setting: ignored", done


def test_a_flux_that_does_not_exist(muster, place):
    assert_one_sentence(muster("--flux", "/nope/flux"), NO_PROGRAM, "/nope/flux")
    assert not place.exists()


def test_no_flux_at_all(muster, place):
    done = muster(env={"MUSTER_FLUX": None, "PATH": "/usr/bin:/bin"})
    assert_one_sentence(done, NO_PROGRAM, "flux", "PATH", "none")
    assert not place.exists()


@pytest.mark.parametrize("make", [
    lambda path: (path.write_text("#!/bin/sh\n"), path.chmod(0o644)),
    lambda path: (path.mkdir(), (path / "flux").write_text("no program"), (path / "flux").chmod(0o644)),
])
def test_a_flux_that_is_not_executable(muster, place, tmp_path, make):
    make(tmp_path / "flux")
    assert_one_sentence(muster("--flux", tmp_path / "flux"), NOT_EXECUTABLE, "flux")
    assert not place.exists()


def test_a_flux_that_is_no_program(muster, tmp_path):
    """Executable by its mode, but the kernel refuses it."""
    (tmp_path / "flux").write_bytes(b"\x7fELF garbage")
    (tmp_path / "flux").chmod(0o755)
    done = muster("--flux", tmp_path / "flux")
    assert done.code == NOT_EXECUTABLE and str(tmp_path / "flux") in done.err, done


@pytest.mark.parametrize("content", ["/nowhere/dump.tar", "/etc"])
def test_content_to_restore_that_is_not_there(muster, place, tmp_path, content):
    """Real Flux would say nothing, and begin with nothing."""
    (tmp_path / "flux").write_text("#!/bin/sh\necho restored\n")
    (tmp_path / "flux").chmod(0o755)
    words = ["--flux", tmp_path / "flux", "--restore"]
    assert_one_sentence(muster(*words, content), IO, "--restore", "MUSTER_RESTORE", content)
    assert not place.exists()
    assert muster(*words, "auto").out == "restored\n"
    (tmp_path / "dump.tar").touch()
    assert muster(*words, tmp_path / "dump.tar").out == "restored\n"


def test_a_program_that_does_not_exist_is_the_programs_failure(muster):
    done = muster("--mode", "launcher", "--", "/nope")
    assert done.code == NO_PROGRAM and "/nope" in done.err + done.out, done


def as_nobody(*argv, env):
    return subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--", *map(str, argv)],
                          env=plain_environment(**env), capture_output=True, text=True, timeout=60)


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: the directory must belong to somebody else")


@needs_root
def test_a_directory_that_cannot_be_written(cluster):
    pod = cluster.pod(0, ["muster", "run", "--", "true"], uid=65534, read_only=True,
                      env={"MUSTER_FLUX": "none", "MUSTER_HOSTS": "pod-0", "MUSTER_DIR": "/var/lib/muster"}).start()
    assert pod.wait() == IO, pod.log()
    assert len(pod.log().splitlines()) == 1 and "/var/lib/muster" in pod.log() and "MUSTER_DIR" in pod.log(), pod.log()


@needs_root
@pytest.mark.parametrize("options", ["size=4k,mode=0777", "nr_inodes=3,mode=0777"])
def test_a_full_disk(cluster, options):
    """Room for nothing, or for a directory and one file: refused, and nothing is left of it."""
    pod = cluster.pod(0, ["sh", "-c", "muster run -- true; code=$?; find /small -mindepth 1; exit $code"],
                      env={"MUSTER_FLUX": "none", "MUSTER_HOSTS": "pod-0", "MUSTER_DIR": "/small/m"})
    pod.tmpfs.append(["/small", options])
    pod.start()
    assert pod.wait() == IO, pod.log()
    lines = pod.log().splitlines()
    assert re.search("No space left|no space left", lines[0]) and "/small/m" in lines[0], pod.log()
    assert not lines[1:], pod.log()


def test_a_directory_that_is_a_file(muster, place):
    place.write_text("mine\n")
    assert_one_sentence(muster(), IO, str(place))
    assert place.read_text() == "mine\n"


@pytest.mark.parametrize("text, patterns", [
    ("[bootstrap\n", [":1"]),
    ("x = 1\nx = 2\n", [":2"]),
    ("[resource]\nfoo = 1\n", [":2", "foo"]),
    ("[bootstrap]\nhosts = [ 'a' ]\n", [":2", "hosts"]),
    ("[tbon]\ntopo = 'kary:2'\n", [":2", "topo", "topology"]),
    ("[tbon]\nconnect_timeout = 5\n", [":2", "connect_timeout"]),
    ("x = 1\n[bootstrap]\ndefault_port = 8050\n", [":2: bootstrap.hosts: it is missing", "leave .bootstrap. out"]),
    ("[bootstrap]\nhosts = [ { host = 'other' } ]\n", ["not found in hosts|other"]),
])
def test_toml_that_flux_would_refuse_is_refused_with_file_and_line(muster, place, tmp_path, text, patterns):
    file = tmp_path / "user.toml"
    file.write_text(text)
    done = muster("--config", file)
    assert_one_sentence(done, done.code, re.escape(str(file)), *patterns)
    assert done.code in (MALFORMED, CONFIG), done
    assert not place.exists()


def test_a_config_that_does_not_exist(muster, place, tmp_path):
    done = muster("--config", tmp_path / "nope.toml")
    assert_one_sentence(done, IO, "nope.toml")
    assert not place.exists()


def test_a_batch_script_that_does_not_exist(muster, place, tmp_path):
    done = muster("--mode", "batch", "--", tmp_path / "nope.txt")
    assert_one_sentence(done, IO, "nope.txt")
    assert not place.exists()


@pytest.mark.parametrize("arguments", [["--size", "0"], ["-n", "0"], ["-n", "x"], []])
def test_up_says_what_it_needs(bench, arguments):
    assert_one_sentence(bench.muster("up", *arguments), USAGE, "-n|size")


def test_plan_writes_nothing(muster, place):
    done = muster(command="plan")
    assert done.code == 0, done
    assert not place.exists()


def test_the_parent_that_never_comes_is_said_by_its_gate(bench, place, tmp_path):
    """No name: 68; nobody listens: 69. Both name the parent and how long it was tried."""
    certificate = tmp_path / "c"
    assert bench.muster("keygen", certificate).code == 0
    remember_secrets(certificate)
    basics = {"MUSTER_DIR": place, "MUSTER_FLUX": "none", "MUSTER_HOSTS": "a,b", "MUSTER_NAME": "b",
              "MUSTER_CERT": certificate, "MUSTER_WAIT": "300ms"}
    done = bench.muster("run", env={**basics, "MUSTER_ADDRESSES": "127.0.0.1,127.0.0.2", "MUSTER_PORT": "1"})
    assert_one_sentence(done, 69, "127.0.0.1", "refused", "dial")
    done = bench.muster("run", env={**basics, "MUSTER_DNS": "127.0.0.1:1"})
    assert_one_sentence(done, 68, "resolve", r"\ba\b")
