# SPDX-License-Identifier: Apache-2.0
"""`muster install --flux PREFIX`: a Flux that comes along runs where nothing of this system is."""
import os
import pathlib
import shutil
import subprocess

import pytest
import roots
from muster_testing import program, real_flux

UNTRUSTING = ("sh", "-c", 'umask 077; exec "$@"', "sh")  # whose copy is for any user all the same


@pytest.fixture(scope="module")
def prefix():
    if not real_flux():
        pytest.skip("no real flux: tests/run --flux DIR names one")
    return pathlib.Path(real_flux()).parent.parent


@pytest.fixture(scope="module")
def bundle(prefix, tmp_path_factory):
    """One bundle for all tests, which leave it as it is."""
    directory = tmp_path_factory.mktemp("install") / "bundle"
    done = subprocess.run([*UNTRUSTING, program("muster"), "install", "--verify", "--flux", prefix, directory],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done
    assert done.stdout.startswith("flux ") and f"seen as {prefix}\n" in done.stdout, done
    return directory


@pytest.fixture
def root(bench, bundle, prefix, tmp_path):
    """A musl root with the bundle in /opt/muster and its Flux where it wants to be."""
    if os.geteuid() != 0:
        pytest.skip("a root of its own needs root")
    made = roots.musl_root(tmp_path / "root", bench, "env", "cat", "id")
    shutil.copytree(bundle, made / "opt" / "muster", symlinks=True)
    wanted = made / prefix.relative_to("/")
    wanted.parent.mkdir(parents=True, exist_ok=True)
    (made / "opt" / "muster" / "flux").rename(wanted)
    return made


def test_any_user_may_read_it(bundle):
    closed = [path for path in (bundle, *bundle.rglob("*")) if not path.is_symlink() and path.stat().st_mode & 0o444 != 0o444]
    closed += [path for path in (bundle, *bundle.rglob("*")) if path.is_dir() and path.stat().st_mode & 0o111 != 0o111]
    assert not closed, closed


@pytest.mark.parametrize("uid", [0, 12345])
def test_an_instance_runs_in_a_musl_root(bench, root, prefix, uid):
    done = roots.run_in(bench, root, "/opt/muster/bin/muster", "up", "-n", "2", "--flux", prefix, "--", "/hello", uid=uid)
    assert done.code == 0, done
    assert sorted(line for line in done.out.splitlines() if "hello" in line) == ["hello from 0", "hello from 1"], done


def test_its_subcommands_run_and_the_program_sees_nothing_of_it(bench, root, prefix):
    script = "; ".join(f"{prefix}/bin/flux {words}" for words in (
        "submit --watch --input=/dev/null -n1 /bin/env", "python -c 'import flux, sys; print(sys.prefix)'", "resource list"))
    done = roots.run_in(bench, root, f"{prefix}/bin/flux", "start", "/bin/sh", "-c", script)
    assert done.code == 0, done
    assert f"\n{prefix}\n" in done.out and "free" in done.out and "FLUX_TASK_RANK=0" in done.out, done
    leaked = [line for line in done.out.splitlines() if "lib/muster" in line or line.startswith(("LD_PRELOAD=", "PYTHON", "MUSTER_"))]
    assert not leaked, leaked


def test_without_its_libraries_it_does_not_start(bench, root, prefix):
    """The negative control: they are what it runs on."""
    shutil.rmtree(root / prefix.relative_to("/") / "lib" / "muster")
    done = roots.run_in(bench, root, f"{prefix}/bin/flux", "version")
    assert done.code != 0, done


@pytest.mark.parametrize("given, words", [
    ("/usr", "absolute prefix of its own"),
    ("opt/flux", "absolute prefix of its own"),
    ("/nowhere", "/nowhere/bin/flux: No such file or directory"),
])
def test_a_prefix_that_cannot_come_along_is_refused(bench, tmp_path, given, words):
    done = bench.muster("install", "--flux", given, str(tmp_path / "b"))
    assert done.code == 78 and words in done.err and done.err.count("\n") == 1, done
    assert not (tmp_path / "b").exists(), "nothing is left of it"


def test_without_patchelf_it_says_so(bench, prefix, tmp_path):
    done = bench.muster("install", "--flux", prefix, str(tmp_path / "b"), env={"PATH": str(tmp_path)})
    assert done.code == 78 and "patchelf is not in PATH" in done.err and done.err.count("\n") == 1, done
    assert not list((tmp_path / "b").rglob("*")), "nothing is left of it"
