# SPDX-License-Identifier: Apache-2.0
"""`muster install`: the bundle runs where nothing of this system is, and tells nobody how it was started."""
import os
import pathlib
import shutil
import subprocess

import pytest
import roots
from muster_testing import program

NAMES = ("muster", "muster-init", "muster-rehearsal")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    """One bundle for all tests, which leave it as it is."""
    directory = tmp_path_factory.mktemp("install") / "bundle"
    subprocess.run([program("muster"), "install", directory], check=True, stdout=subprocess.DEVNULL)
    return directory


def test_it_says_what_it_copied_and_that_it_runs(bench, tmp_path):
    done = bench.muster("install", "--list", "--verify", str(tmp_path / "b"))
    assert done.code == 0, done
    *rows, total, verified = done.out.splitlines()
    listed = {row.split()[1]: int(row.split()[0]) for row in rows}
    assert listed == {str(path.relative_to(tmp_path / "b")): path.stat().st_size for path in (tmp_path / "b").rglob("*") if path.is_file()}
    assert total == f"{len(rows)} files, {sum(listed.values()) / 1e6:.1f} MB, in {tmp_path / 'b'}"
    assert verified == "each program runs from there"


UNTRUSTING = ("sh", "-c", 'umask 077; exec "$@"', "sh")


def test_whoever_may_run_it_whatever_the_umask(bench, tmp_path):
    done = bench.run(*UNTRUSTING, program("muster"), "install", tmp_path / "opt" / "b")
    assert done.code == 0, done
    closed = [path for path in (tmp_path / "opt", *(tmp_path / "opt").rglob("*")) if path.stat().st_mode & 0o777 != 0o755]
    assert not closed, closed


def test_a_broken_bundle_is_found(bench, bundle, tmp_path):
    shutil.copytree(bundle, tmp_path / "b")
    for library in (tmp_path / "b" / "lib").glob("libsodium*"):
        library.write_bytes(b"")
    done = bench.run(tmp_path / "b" / "bin" / "muster", "help")
    assert done.code == 127 and "libsodium" in done.err, done
    (tmp_path / "b" / "libexec" / "muster").unlink()
    done = bench.run(tmp_path / "b" / "bin" / "muster", "help")
    assert done.code == 126 and "libexec/muster" in done.err and "install the bundle anew" in done.err, done


@pytest.mark.parametrize("name", NAMES)
def test_it_may_be_moved_and_linked_to(bench, bundle, tmp_path, name):
    shutil.copytree(bundle, tmp_path / "moved here")
    (tmp_path / "link").symlink_to(tmp_path / "moved here" / "bin" / name)
    done = bench.run(tmp_path / "link", "--version", cwd="/")
    assert done.code == 0 and name in done.out, done


def test_a_bundle_makes_a_bundle(bench, bundle, tmp_path):
    done = bench.run(bundle / "bin" / "muster", "install", "--verify", tmp_path / "b")
    assert done.code == 0, done
    for path in bundle.rglob("*"):
        if path.is_file():
            assert path.read_bytes() == (tmp_path / "b" / path.relative_to(bundle)).read_bytes(), path


def test_an_instance_runs_from_it_and_its_program_sees_nothing_of_it(bench, bundle):
    done = bench.run(bundle / "bin" / "muster", "up", "-n", "2", "--flux", "none", "--", "env")
    assert done.code == 0, done
    leaked = [line for line in done.out.splitlines() if "LD_" in line or "MUSTER" in line]
    assert not leaked, leaked
    assert done.out.count("FLUX_TASK_RANK=") == 2, done


@pytest.mark.skipif(os.geteuid() != 0, reason="a root of its own needs root")
def test_it_runs_in_an_empty_root(bench, bundle, tmp_path):
    root = roots.empty_root(tmp_path / "root")
    shutil.copytree(bundle, root / "opt" / "muster")
    shutil.copy(program("muster-init"), root / "static")  # a static program, for the job
    done = roots.run_in(bench, root, "/opt/muster/bin/muster", "up", "-n", "3", "--flux", "none", "--", "/static", "--version")
    assert done.code == 0, done
    assert done.out.count("muster-init ") == 3, done


@pytest.mark.skipif(os.geteuid() != 0, reason="a root of its own needs root")
def test_it_runs_in_a_musl_root_as_any_user(bench, bundle, tmp_path):
    root = roots.musl_root(tmp_path / "root", bench)
    shutil.copytree(bundle, root / "opt" / "muster")
    done = roots.run_in(bench, root, "/opt/muster/bin/muster", "up", "-n", "2", "--flux", "none", "--", "/hello", uid=12345)
    assert done.code == 0, done
    assert sorted(line for line in done.out.splitlines() if "hello" in line) == ["hello from 0", "hello from 1"], done


def test_only_one_program_with_its_libraries(bench, tmp_path):
    done = bench.muster("install", "--only", "muster-controller", "--list", "--verify", str(tmp_path / "b"))
    assert done.code == 0 and done.out.endswith("\neach program runs from there\n"), done
    there = {str(path.relative_to(tmp_path / "b")) for path in (tmp_path / "b").rglob("*") if path.is_file()}
    assert {name for name in there if not name.startswith("lib/")} == {"bin/muster-controller", "libexec/muster-controller"}, there
    assert [name for name in there if "libcurl" in name] and not [name for name in there if "libzmq" in name], there
    said = bench.run(tmp_path / "b" / "bin" / "muster-controller", "--version")
    assert said.code == 0 and said.out.startswith("muster-controller "), said


@pytest.mark.parametrize("arguments, code, words", [
    ([], 64, "install needs a DIR"),
    (["a", "--only"], 64, "--only needs a PROGRAM"),
    (["a", "--only=/bin/sh"], 64, "--only takes the name of a program, not '/bin/sh'"),
    (["a", "--only=x", "--flux=/opt/flux"], 64, "--only and --flux: Flux comes along with muster"),
    (["a", "--only=no-such-program"], 127, "no-such-program is not beside muster"),
    (["a", "b"], 64, "one DIR, not two: 'a' and 'b'"),
    ([""], 64, "DIR is empty"),
    (["a", "--flux"], 64, "--flux needs a PREFIX"),
    (["--nope", "a"], 64, "unknown flag '--nope'"),
    (["/proc/nothing"], 73, "make directory /proc/nothing"),
    (["/dev/null"], 73, "make directory /dev/null"),
])
def test_bad_input(bench, arguments, code, words):
    done = bench.muster("install", *arguments)
    assert done.code == code and words in done.err and done.err.count("\n") == 1, done


def test_a_full_disk_leaves_no_launcher(bench, tmp_path):
    if os.geteuid() != 0:
        pytest.skip("a small disk needs root")
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "muster-test", disk], check=True)
    try:
        done = bench.muster("install", str(disk / "b"))
        assert done.code == 73 and "No space left on device" in done.err, done
        assert not list(pathlib.Path(disk).rglob("bin/*")), "who finds bin/muster finds a whole bundle"
        assert not list(pathlib.Path(disk).rglob("*.??????")), "no temporary file stays"
    finally:
        subprocess.run(["umount", disk], check=True)
