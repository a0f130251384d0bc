# SPDX-License-Identifier: Apache-2.0
"""The page of the bundle: its first commands work as printed, and muster says what it shows."""
import os

import pages
import pytest
import roots
from muster_testing import BIN, REPOSITORY

PAGE = (REPOSITORY / "agent" / "bundle" / "README.md").read_text()
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="a root of its own needs root")
OPT = "mount -t tmpfs none /opt && "
RUN = "mount -t tmpfs none /run && "
BUNDLE = OPT + 'mkdir /opt/muster && mount --bind "$1" /opt/muster && shift && '
WRITABLE, READ_ONLY = RUN + "mkdir -m 1777 /run/muster", RUN + "mount -o remount,ro /run"
AS_ANYBODY = ' && exec setpriv --reuid=12345 --regid=12345 --clear-groups "$@"'


@pytest.fixture
def musl(bench, tmp_path):
    """A root that has the bundle in /opt/muster, and neither glibc nor Flux."""
    root = roots.musl_root(tmp_path / "root", bench)
    done = bench.muster("install", root / "opt" / "muster")
    assert done.code == 0, done
    return root


def test_the_first_commands(bench):
    """With an /opt in which nothing is."""
    done = bench.run("unshare", "--mount", "sh", "-ec", OPT + 'exec sh -ec "$1"', "sh", pages.blocks(PAGE)[0], env={"PATH": f"{BIN}:{os.environ['PATH']}"})
    assert done.code == 0 and "each program runs from there" in done.out, done
    assert sorted(line for line in done.out.splitlines() if line.startswith("task ")) == ["task 0", "task 1"], done


@pytest.mark.parametrize("way, env, step, code", [
    (WRITABLE, {}, "broker", 127),
    (WRITABLE, {"MUSTER_FLUX": "/opt/flux"}, "broker", 127),
    (READ_ONLY, {"MUSTER_FLUX": "none"}, "directory", 73),
])
def test_it_shows_what_check_says(bench, musl, way, env, step, code):
    inside = ["unshare", "--mount", "sh", "-ec", BUNDLE + way + AS_ANYBODY, "sh", musl / "opt" / "muster"]
    done = bench.run(*inside, "/opt/muster/bin/muster", "check", env={"PATH": "/usr/bin:/bin", **env})
    assert done.code == code, done
    pages.assert_check_shown(PAGE, done.out, step)


def test_it_shows_what_the_launcher_of_an_empty_bundle_says(bench, musl):
    (musl / "opt" / "muster" / "libexec" / "muster").unlink()
    done = roots.run_in(bench, musl, "/opt/muster/bin/muster", "check")
    assert done.code == 126, done
    pages.assert_shown(PAGE, [done.err])
