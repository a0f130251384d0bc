# SPDX-License-Identifier: Apache-2.0
"""The broker's stderr on its way through muster-init: every byte of it, whatever our own stderr is, and its end for explain."""
import os
import pathlib
import random
import select
import signal
import socket
import sys

import pytest
from inits import children, status_field
from muster_testing import DEADLINE, wait_until

TAIL = 4096
BYTES = random.Random(4).randbytes(1 << 20)
SHORT = ["--grace", "1500ms"]
# The words before muster-init that make its stderr what a test needs.
INTO = {
    "file": ["sh", "-c", 'exec "$@" 2>>"$0"'],
    "fifo": ["sh", "-c", 'exec "$@" 2>"$0"'],
    "socket": [sys.executable, "-c", "import os, socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); "
               "os.dup2(s.fileno(), 2); os.execv(sys.argv[2], sys.argv[2:])"],
}


def runs(*words, role="leader"):
    return {"role": role, "broker": {"program": [str(word) for word in words]}}


def says(pod, data, then="exit 3", role="leader"):
    """A broker whose program writes `data` to stderr."""
    path = pod.directory / f"words.{len(list(pod.directory.glob('words.*')))}"
    path.write_bytes(data)
    return runs("sh", "-c", f'cat "$0" >&2; {then}', path, role=role)


class Reader:
    """The other end of muster-init's stderr."""

    def __init__(self, kind, directory):
        self.kind, self.path = kind, directory / "stderr"
        self.prefix = [*INTO[kind], self.path]
        if kind == "file":
            self.path.write_bytes(b"")
            self.end = os.open(self.path, os.O_RDONLY)
        elif kind == "fifo":
            os.mkfifo(self.path)
            self.end = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK)
            os.set_blocking(self.end, True)
        else:
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(str(self.path))
            self.listener.listen()
            self.end = None

    def accept(self):
        if self.end is None:
            self.end = self.listener.accept()[0].detach()

    def read(self, size):
        """At least `size` bytes."""
        self.accept()
        data = b""
        poll = select.poll()
        poll.register(self.end, select.POLLIN)
        while len(data) < size:
            # A FIFO that nobody has opened for writing yet reads as empty; poll(2) waits for the first one.
            assert self.kind == "file" or poll.poll(DEADLINE * 1000), f"{len(data)} of {size} bytes"
            portion = os.read(self.end, 65536)
            assert portion or self.kind == "file", f"{len(data)} of {size} bytes, and then the end"
            data += portion
        return data

    def rest(self):
        """To the end of the file: muster-init has ended."""
        data = b""
        while portion := os.read(self.end, 65536):
            data += portion
        return data

    def close(self):
        self.accept()
        os.close(self.end)


@pytest.mark.parametrize("kind", INTO)
def test_every_byte_in_order(one_pod, tmp_path, kind):
    """A megabyte of anything, more than any buffer on the way holds; the explanation follows it."""
    reader = Reader(kind, tmp_path)
    one_pod.start(says(one_pod, BYTES), prefix=reader.prefix)
    assert reader.read(len(BYTES))[:len(BYTES)] == BYTES
    assert one_pod.wait().code == 3
    assert one_pod.tails() == [BYTES[-TAIL:]]


def test_and_the_explanation_after_it(pod):
    done = pod.run(says(pod, b"broker.err[0]: the cause\nno newline at the end"))
    assert done.err == "broker.err[0]: the cause\nno newline at the endfake agent: explained\n", done
    assert pod.tails() == [b"broker.err[0]: the cause\nno newline at the end"]


@pytest.mark.parametrize("size", [0, 1, TAIL - 1, TAIL, TAIL + 1, 3 * TAIL + 7])
def test_the_tail_is_the_last_4_kib(one_pod, size):
    one_pod.run(says(one_pod, BYTES[:size]))
    assert one_pod.tails() == [BYTES[:size][-TAIL:]]


def test_the_tail_of_many_small_writes(one_pod):
    lines = b"".join(b"line %d\n" % n for n in range(2000))
    one_pod.run(runs("sh", "-c", "n=0; while [ $n -lt 2000 ]; do echo line $n >&2; n=$((n+1)); done; exit 3"))
    assert one_pod.tails() == [lines[-TAIL:]]


def test_the_reason_comes_before_what_is_done_about_it(pod):
    done = pod.run(says(pod, b"broker.err[0]: the cause\n", then="exit 1", role="follower"), {"exit": 69})
    said = [line for line in done.err.splitlines() if "muster-init: " in line or "cause" in line or "explained" in line]
    assert ["the cause" in said[0], "ended with 1" in said[1], said[2] == "fake agent: explained",
            "starting it again" in said[3]] == [True] * 4, done


def test_nothing_is_done_while_the_reason_is_looked_for(one_pod):
    """Also when that takes longer than the pause before the next life."""
    (one_pod.directory / "explain").write_text("hang", encoding="utf-8")
    one_pod.start(says(one_pod, b"", then="exit 1", role="follower"), {"gates": True})
    one_pod.wait_for("agent", 2)
    stat = pathlib.Path(f"/proc/{one_pod.process.init_pid()}/stat").read_text(encoding="utf-8")
    ticks = sum(int(word) for word in stat[stat.rindex(")") + 2:].split()[11:13])
    assert ticks < os.sysconf("SC_CLK_TCK") / 4, "the explanation was given up after 2 s"
    one_pod.signal(signal.SIGTERM)
    one_pod.wait()


def test_each_life_has_its_own_tail(pod):
    """Also when an earlier one said more."""
    first, second = BYTES[:2 * TAIL], b"the second life\n"
    done = pod.run(says(pod, first, role="follower"), says(pod, second, role="follower"), {"exit": 69})
    assert done.code == 69 and pod.tails() == [first[-TAIL:], second]


def test_what_the_agent_says_before_it_becomes_the_broker_is_of_that_life(one_pod):
    """An agent's own failure is said by itself, and passed on."""
    done = one_pod.run({"role": "leader", "missing": True})
    assert done.code == 127 and one_pod.tails() == [b""]


def test_a_slow_reader_loses_nothing(one_pod, tmp_path):
    """The broker has ended; what nobody has read yet keeps muster-init waiting, not the kernel guessing."""
    reader = Reader("fifo", tmp_path)
    size = 120_000  # two pipes hold it, less than 2 * 64 KiB and more than one of them
    one_pod.start(says(one_pod, BYTES[:size]), prefix=reader.prefix)
    one_pod.wait_for("program ended")
    wait_until(lambda: len(one_pod.table.left()) == 1, "only muster-init is left")
    assert reader.read(size)[:size] == BYTES[:size]
    assert one_pod.wait().code == 3
    # explain has waited as well, but not for long: what it was given had left the broker's pipe by then.
    (tail,) = one_pod.tails()
    assert len(tail) == TAIL and BYTES[:size].find(tail) >= 65536


def test_a_stop_does_not_wait_for_a_reader_that_does_not_read(one_pod, tmp_path):
    """Full all the way: the broker is blocked in its write, so it is killed, and muster-init leaves within the grace."""
    reader = Reader("fifo", tmp_path)
    one_pod.start(runs("sh", "-c", "exec cat /dev/zero >&2"), prefix=reader.prefix, flags=SHORT)
    one_pod.wait_for("broker ")
    assert len(reader.read(100_000)) >= 100_000  # it writes: from here on nobody reads
    one_pod.signal(signal.SIGTERM)
    assert one_pod.wait().code == 143


def test_a_stop_while_only_the_output_is_left(one_pod, tmp_path):
    """Everything has ended but the reader's patience: SIGTERM bounds it by the grace."""
    reader = Reader("fifo", tmp_path)
    one_pod.start(says(one_pod, BYTES[:120_000]), prefix=reader.prefix, flags=SHORT)
    one_pod.wait_for("program ended")

    def is_alone():
        left = one_pod.table.left()  # without zombies; the broker's end must have been seen before the stop
        return len(left) == 1 and not children(left[0])
    wait_until(is_alone, "only muster-init is left")
    one_pod.signal(signal.SIGTERM)
    assert one_pod.wait().code == 3


@pytest.mark.parametrize("kind", ["fifo", "socket"])
def test_a_reader_that_has_gone_kills_nobody(one_pod, tmp_path, kind):
    """Not the broker, which goes on writing, and not muster-init; and neither is sent a SIGPIPE."""
    reader = Reader(kind, tmp_path)
    script = "cat $0 >&2; touch $0.wait; until [ -e $0.go ]; do sleep 0.01; done; cat $0 >&2; exit 7"
    words = tmp_path / "words"
    words.write_bytes(BYTES)
    one_pod.start(runs("sh", "-c", script, words), prefix=reader.prefix)
    reader.read(len(BYTES))
    wait_until((tmp_path / "words.wait").exists, "the first half")
    reader.close()
    (tmp_path / "words.go").touch()
    assert one_pod.wait().code == 7
    assert one_pod.tails() == [BYTES[-TAIL:]]
    assert not any(line == f"broker got {signal.SIGPIPE.value}" for line in one_pod.log)


def test_a_reader_that_goes_in_the_middle(one_pod, tmp_path):
    """While bytes are under way: the race between asking and writing is lost now and then, and then too nobody dies."""
    reader = Reader("fifo", tmp_path)
    one_pod.start(says(one_pod, BYTES * 4, then="exit 7"), prefix=reader.prefix)
    reader.read(1 << 20)
    reader.close()
    assert one_pod.wait().code == 7


def test_a_full_disk_costs_the_words_and_nothing_else(one_pod):
    prefix = ["sh", "-c", 'exec "$@" 2>/dev/full', "sh"]
    assert one_pod.run(says(one_pod, BYTES), prefix=prefix).code == 3
    assert one_pod.tails() == [BYTES[-TAIL:]]


def test_a_closed_stderr(one_pod):
    prefix = ["sh", "-c", 'exec "$@" 2>&-', "sh"]
    assert one_pod.run(says(one_pod, BYTES), prefix=prefix).code == 3
    assert one_pod.tails() == [BYTES[-TAIL:]]


def test_what_orphans_say_until_they_are_dead(pod):
    """Their last words come after the broker's end, when muster-init ends them."""
    orphan = "trap 'echo the orphan dies >&2; exit' TERM; echo ready > $0; while :; do sleep 0.05; done"
    flag = pod.directory / "ready"
    done = pod.run(runs("sh", "-c", f"setsid sh -c \"{orphan}\" \"$0\" & until [ -s $0 ]; do sleep 0.01; done; exit 3", flag))
    assert done.code == 3 and "the orphan dies\n" in done.err, done
    assert pod.tails() == [b""]


def test_the_descriptors_of_our_stderr_stay_blocking(one_pod, tmp_path):
    """O_NONBLOCK would hold for everybody who shares the description."""
    reader = Reader("fifo", tmp_path)
    one_pod.start(says(one_pod, b"words\n", then="exec sleep 600"), prefix=reader.prefix, flags=SHORT)
    reader.read(6)
    flags = open(f"/proc/{one_pod.process.init_pid()}/fdinfo/2", encoding="utf-8").read().split("flags:")[1].split()[0]
    assert not int(flags, 8) & os.O_NONBLOCK
    one_pod.signal(signal.SIGTERM)
    one_pod.wait()


def test_a_plain_command_keeps_our_stderr(table, tmp_path):
    """No explain stands beside it, so there is nobody to tell, and it may ask what its stderr is."""
    words = ["sh", "-c", 'exec "$@" 2>>"$0"', tmp_path / "stderr"]
    done = table.run("muster-init", "subreaper", "readlink", "/proc/self/fd/2", prefix=words)
    assert (done.code, done.out) == (0, f"{tmp_path / 'stderr'}\n")


def test_it_stays_small(one_pod, tmp_path):
    """<= 1 MiB resident, also after much has passed through."""
    reader = Reader("fifo", tmp_path)
    one_pod.start(says(one_pod, BYTES * 8, then="exec sleep 600"), prefix=reader.prefix, flags=SHORT)
    reader.read(8 << 20)
    pid = one_pod.process.init_pid()
    assert int(status_field(pid, "VmHWM").split()[0]) <= 1024
    one_pod.signal(signal.SIGTERM)
    one_pod.wait()
