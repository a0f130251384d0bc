# SPDX-License-Identifier: Apache-2.0
"""muster-init and the references beside it (tini, catatonit), each as PID 1 of a namespace and as a subreaper.

Every process of a test carries a tag in its environment, so that what is left of it is found wherever it went:
orphans, new sessions, other namespaces.
"""
import contextlib
import functools
import os
import pathlib
import shutil
import signal
import subprocess
import uuid

import pytest
from muster_testing import Bench, program, wait_until

INITS = ("muster-init", "tini", "catatonit")
MODES = ("pid1", "subreaper")
TAG = "MUSTER_TEST_TAG"

# Every signal that can be sent to have an effect: SIGKILL and SIGSTOP cannot be caught, and SIGCHLD is the init's own.
SIGNALS = tuple(n for n in range(1, 65) if n not in (signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD))


@functools.cache
def unshare():
    """The words before a command that is to be PID 1; skips where namespaces cannot be made."""
    words = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
    if os.geteuid() != 0:
        words[1:1] = ["--user", "--map-root-user"]
    if subprocess.run([*words, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("a PID namespace needs root or user namespaces")
    return words


def command_of(init):
    """The words before CMD."""
    if init == "muster-init":
        return [program("muster-init"), "--"]
    path = shutil.which(init) or pytest.skip(f"the reference {init} is not installed")
    return [path, "-s", "--"] if init == "tini" else [path, "--"]


def parent_of(pid):
    """PPID from /proc/PID/stat, and the state; None when it has gone."""
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    state, ppid = stat[stat.rindex(")") + 2:].split()[:2]
    return int(ppid), state


def children(pid):
    """{pid: state} of the direct children, zombies (Z) among them."""
    found = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            parent = parent_of(entry)
            if parent and parent[0] == pid:
                found[int(entry)] = parent[1]
    return found


def zombies(pid):
    return [child for child, state in children(pid).items() if state == "Z"]


def status_field(pid, field):
    """A line of /proc/PID/status."""
    text = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return next(line.split(":", 1)[1].strip() for line in text.splitlines() if line.startswith(field + ":"))


def executable(pid):
    """Which program a process is; "" while it cannot be told."""
    try:
        return os.path.basename(os.readlink(f"/proc/{pid}/exe"))
    except OSError:
        return ""


class Table:
    """Starts inits on a test's Bench, and finds every process that a test has started."""

    def __init__(self, output):
        self.bench = Bench(output)
        self.tag = uuid.uuid4().hex

    def start(self, init, mode, *command, flags=(), env=None, prefix=(), **options):
        """Starts `command` under `init` as `mode`; .init_pid() of the result is the init's PID out here."""
        words = command_of(init)
        if flags:
            words[-1:] = [*flags, "--"]
        words = [*(unshare() if mode == "pid1" else ()), *prefix, *words, *command]
        process = self.bench.start(*words, env={TAG: self.tag, **(env or {})}, **options)
        process.init_pid = functools.partial(self._init_pid, process, init, mode)
        return process

    def run(self, *arguments, deadline=60, **options):
        return self.start(*arguments, **options).wait(deadline)

    @staticmethod
    def _init_pid(process, init, mode):
        def look():
            candidates = children(process.pid) if mode == "pid1" else [process.pid]
            return next((pid for pid in candidates if executable(pid) == init), None)
        return wait_until(look, lambda: f"{init} of {process.done()}")

    def left(self):
        """PIDs of the living processes that carry this test's tag."""
        mark = f"{TAG}={self.tag}".encode()
        found = []
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                with contextlib.suppress(OSError):
                    if mark in pathlib.Path(f"/proc/{entry}/environ").read_bytes().split(b"\0"):
                        found.append(int(entry))
        return found

    def close(self):
        self.bench.close()
        for pid in self.left():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


@contextlib.contextmanager
def table(output):
    made = Table(output)
    try:
        yield made
    finally:
        made.close()
