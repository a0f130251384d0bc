# SPDX-License-Identifier: Apache-2.0
"""muster-init over fake_agent.py: a pod whose agent and broker do what a plan says, and write down what happened to them."""
import json
import os
import pathlib
import re

from muster_testing import wait_until

FAKE_AGENT = pathlib.Path(__file__).with_name("fake_agent.py")


class Pod:
    """One muster-init. `log` is what its agents, brokers and explains wrote, in order."""

    def __init__(self, table, directory, mode="subreaper"):
        self.table = table
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.mode = mode
        self.status = self.directory / "program.status"
        self.leaving = self.directory / "leaving"
        os.mkfifo(self.directory / "control")

    def start(self, *lives, flags=(), env=None, **options):
        (self.directory / "plan.json").write_text(json.dumps(lives), encoding="utf-8")
        env = {"FAKE_AGENT_EXPLAIN": self.directory, **(env or {})}
        self.process = self.table.start("muster-init", self.mode, FAKE_AGENT, "run", self.directory, flags=flags, env=env, **options)
        return self

    def run(self, *lives, **options):
        return self.start(*lives, **options).wait()

    def wait(self):
        done = self.process.wait()
        assert self.table.left() == [], f"left behind by {done}\n{self.log}"
        return done

    @property
    def log(self):
        path = self.directory / "log"
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    def tails(self):
        """What each explain was given of the broker's stderr."""
        return [(self.directory / f"tail.{n}").read_bytes() for n in range(len(list(self.directory.glob("tail.*"))))]

    def count(self, start):
        return sum(line.startswith(start) for line in self.log)

    def wait_for(self, start, count=1):
        """The `count`th line of the log that begins with `start`."""
        def look():
            found = [line for line in self.log if line.startswith(start)]
            if len(found) < count and not self.process.running():
                found = [line for line in self.log if line.startswith(start)]
                assert len(found) >= count, f"ended: {self.process.done()}\n{self.log}"
            return found[count - 1] if len(found) >= count else None
        return wait_until(look, lambda: f"{start!r} of {self.log}, {self.process.done()}")

    def broker(self, count=1):
        """The PID out here of the `count`th broker: the fake one writes its own, which in a namespace is another."""
        line = self.wait_for("broker ", count)
        pid = int(re.fullmatch(r"broker (\d+)", line).group(1))
        if self.mode == "pid1":
            pid = next(int(entry) for entry in os.listdir("/proc") if entry.isdigit() and _is(int(entry), pid, self.table.left()))
        return pid

    def tell_broker(self, words):
        with open(self.directory / "control", "w", encoding="utf-8") as fifo:
            fifo.write(words + "\n")

    def signal(self, number):
        os.kill(self.process.init_pid(), number)


def _is(pid, inner, candidates):
    """Whether `pid` is one of ours and is called `inner` in its own namespace."""
    if pid not in candidates:
        return False
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return False
    return re.search(r"^NSpid:.*\s(\d+)$", status, re.M).group(1) == str(inner)
