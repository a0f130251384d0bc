# SPDX-License-Identifier: Apache-2.0
"""A machine of the cluster: processes with a network, mounts, process ids and a host name of their own. Whatever it starts or mounts
ends with its first process, which is the one that is recorded: shims, pods, interfaces, mounts, name servers."""
import contextlib
import os
import pathlib
import shlex
import signal
import subprocess

from muster_testing import DEADLINE, wait_until

# Records itself before there is anything to end; field 22 is when it was started.
HOLD = """record=$1; shift
echo $$ $(cut -d' ' -f22 /proc/$$/stat) >"$record"
exec unshare --net --mount --pid --uts --ipc --fork --mount-proc --kill-child "$@"
"""

# What programs write at fixed places (/run, /var/lib/cni, /var/log/containers) is the machine's own.
BOOT = """set -e
while read -r _ place kind _; do  # copies of what others have mounted would keep it busy
    case $kind in overlay | nsfs) [ "$place" = / ] || umount --lazy "$place" ;; esac
done </proc/mounts
mount --make-rshared /
mount -t tmpfs tmpfs /run
for each in lib log; do
    mkdir -p /run/over/$each/upper /run/over/$each/work
    mount -t overlay overlay -o lowerdir=/var/$each,upperdir=/run/over/$each/upper,workdir=/run/over/$each/work /var/$each
done
mkdir -p /run/lock /run/netns
hostname "$1"
ip link set lo up
exec tini -s -- sleep infinity
"""


class Ended(AssertionError):
    """A program that should run has ended; what it said last."""


def started_at(pid):
    """When this process was started, in ticks since the boot, or None: with the pid, a process's identity."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[19])


class Machine:
    """`directory` keeps its record and the logs of its programs."""

    def __init__(self, name, directory):
        self.name, self.directory = name, pathlib.Path(directory)
        self._record = self.directory / "first-process"

    def boot(self):
        self.directory.mkdir(parents=True, exist_ok=True)
        with open(self.directory / "boot.log", "wb") as log:
            holder = subprocess.Popen(["sh", "-c", HOLD, "sh", self._record, "sh", "-c", BOOT, "sh", self.name],
                                      stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)

        def booted():
            if holder.poll() is not None:
                raise Ended(f"the machine {self.name} cannot be made: {self.log('boot')}")
            with contextlib.suppress(OSError, IndexError):
                return pathlib.Path(f"/proc/{self.pid}/comm").read_text() == "tini\n"
        wait_until(booted, lambda: f"the machine {self.name} boots: {self.log('boot')}")

    def _holder(self):
        """The recorded process, or None where it has ended."""
        try:
            pid, ticks = map(int, self._record.read_text().split())
        except (OSError, ValueError):
            return None
        return pid if started_at(pid) == ticks else None

    @property
    def pid(self):
        """Its first process, which is PID 1 to its own."""
        holder = self._holder()
        return int(pathlib.Path(f"/proc/{holder}/task/{holder}/children").read_text().split()[0])

    def runs(self):
        return self._holder() is not None

    def inside(self, *words):
        """The command line that runs `words` on it."""
        return ["nsenter", f"--target={self.pid}", "--net", "--mount", "--pid", "--uts", "--ipc", "--", *map(str, words)]

    def run(self, *words, check=True, output=subprocess.PIPE):
        """Runs `words` on it to their end; their output."""
        done = subprocess.run(self.inside(*words), stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, text=True, timeout=300, check=False)
        assert not check or done.returncode == 0, f"{self.name}: {shlex.join(map(str, words))}: code {done.returncode}\n{(done.stdout or '')[-4000:]}"
        return done.stdout

    def start(self, name, *words, env=None):
        """Starts a program that goes on; what it prints is added to its log."""
        more = [f"{key}={value}" for key, value in (env or {}).items()]
        record = self.directory / f"{name}.pid"
        record.unlink(missing_ok=True)
        # Not with the shell's &: what it starts ignores SIGINT, and so would every pod.
        self.run("setsid", "--fork", "sh", "-c", f'echo $$ >{record}; exec "$@" >>{self.directory}/{name}.log 2>&1', "sh",
                 "env", "-i", f"PATH={os.environ['PATH']}", "HOME=/root", *more, *words, output=subprocess.DEVNULL)
        wait_until(lambda: record.exists() and record.read_text(), f"{name} of {self.name} starts")

    def signal(self, name, number=signal.SIGTERM):
        """Sends a signal to a started program and, if it is one that ends it, waits for its end."""
        self.run("kill", f"-{int(number)}", (self.directory / f"{name}.pid").read_text().strip())
        if number in (signal.SIGTERM, signal.SIGKILL):
            wait_until(lambda: not self._state(name), f"{name} of {self.name} ends")  # a zombie's last thread may still hold its port

    def runs_program(self, name):
        return self._state(name) not in ("", "Z", "X")

    def _state(self, name):
        """Of its process, as proc(5) has it; empty once that is gone."""
        pid = (self.directory / f"{name}.pid").read_text().strip()
        return self.run("sh", "-c", f"cat /proc/{pid}/stat 2>/dev/null || true").rpartition(") ")[2][:1]

    def log(self, name, characters=3000):
        with contextlib.suppress(OSError):
            return (self.directory / f"{name}.log").read_text(errors="replace")[-characters:]
        return ""

    def wait_for(self, name, condition, what, deadline=DEADLINE):
        """Waits for a condition that `name` brings about."""
        def look():
            value = condition()
            if not value and not self.runs_program(name):
                raise Ended(f"{name} of {self.name} has ended:\n{self.log(name)}")
            return value
        return wait_until(look, lambda: f"{what}; {name} says:\n{self.log(name)}", deadline, rest=0.05)

    def end(self):
        """Ends all that runs on it; True if it ran."""
        holder = self._holder()
        if holder is None:
            return False
        first = self.pid
        ticks = started_at(first)
        os.kill(holder, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(holder, 0)
        wait_until(lambda: started_at(first) != ticks, f"the machine {self.name} ends")
        return True
