# SPDX-License-Identifier: Apache-2.0
"""A control group for each node's pods, in every hierarchy of cgroup v1 or in the one of v2."""
import contextlib
import pathlib

from muster_testing import DEADLINE, wait_until

ROOT = pathlib.Path("/sys/fs/cgroup")
WANTED_V2 = ("cpu", "cpuset", "memory", "pids")


def is_v2():
    return (ROOT / "cgroup.controllers").exists()


def why_not():
    """Why pods can have no control groups here, or None."""
    if is_v2():
        there = (ROOT / "cgroup.controllers").read_text().split()
        missing = [name for name in WANTED_V2 if name not in there]
    else:
        missing = [name for name in (*WANTED_V2, "cpuacct") if not (ROOT / name).is_dir()]
    return f"{ROOT} lacks the controllers {', '.join(missing)}: use a machine or a privileged container that has them" if missing else None


def _hierarchies():
    if is_v2():
        return [ROOT]
    rows = (line.split() for line in pathlib.Path("/proc/mounts").read_text().splitlines())
    return [pathlib.Path(row[1]) for row in rows if row[2] in ("cgroup", "cgroup2") and pathlib.Path(row[1]).parent == ROOT]


def make(name):
    for hierarchy in _hierarchies():
        (hierarchy / name).mkdir(exist_ok=True)
        for setting in ("cpuset.cpus", "cpuset.mems"):  # v1: empty, and no process may enter
            if not is_v2() and (hierarchy / setting).exists():
                (hierarchy / name / setting).write_text((hierarchy / setting).read_text())
    if is_v2():
        for directory in (ROOT, ROOT / name):
            try:
                (directory / "cgroup.subtree_control").write_text(" ".join(f"+{each}" for each in WANTED_V2))
            except OSError as why:  # a container's own group, in which its processes are
                raise AssertionError(f"{directory} cannot give its controllers to pods ({why}): in a container, start it with --cgroupns=host") from None


def remove(name, deadline=DEADLINE):
    """Removes it and all below; its processes have ended, or do so now."""
    def gone():
        left = [hierarchy / name for hierarchy in _hierarchies() if (hierarchy / name).exists()]
        for top in left:
            for group in sorted((path.parent for path in top.rglob("cgroup.procs")), key=lambda path: len(path.parts), reverse=True):
                with contextlib.suppress(OSError):  # its processes end still
                    group.rmdir()
        return not any(path.exists() for path in left)
    wait_until(gone, f"the control group {name} is empty", deadline)
