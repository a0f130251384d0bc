# SPDX-License-Identifier: Apache-2.0
"""Pods that wait for their leader, as plain processes on loopback: `muster run` whose broker is exec-stamp, which writes
the instant at which it was executed and ends. Their names live in an Authority, mostly behind a real CoreDNS.

A Ground is the place: addresses of its own, the name server, the certificate; a leader is a rehearsal broker under muster.
"""
import contextlib
import errno
import os
import pathlib
import random
import socket
import subprocess

import dns
from authority import Authority
from brokers import make_certificate
from coredns import CoreDNS
from muster_testing import end_with_parent, plain_environment, program, wait_until

ZONE = "cluster.test"
PORT = 8050


def leader_name(service="muster"):
    return f"pod-0.{service}.lab.svc.{ZONE}"


LEADER = leader_name()


class Silent:
    """An address where something is, but no SYN is answered: a listener whose queue is full."""

    def __init__(self, address, port=PORT):
        self.sockets = [socket.socket() for _ in range(4)]
        self.sockets[0].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.sockets[0].bind((address, port))
        self.sockets[0].listen(0)
        for each in self.sockets[1:]:
            each.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                each.connect((address, port))

    def close(self):
        for each in self.sockets:
            each.close()


class Follower:
    """One `muster run` that waits."""

    def __init__(self, ground, name, rank, process):
        self.name, self.rank, self.process = name, rank, process
        self._stamp, self._log = ground.stamp(name), ground.log(name)

    def executed(self):
        """When its broker was executed (CLOCK_MONOTONIC), or None."""
        with contextlib.suppress(OSError, ValueError):
            return int(self._stamp.read_text()) / 1e9

    def log(self):
        return self._log.read_text(encoding="utf-8", errors="replace")

    def processor_seconds(self):
        """User and system time so far."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Ground:
    """127.`block`.0.0/16, a block that nobody else has, with a name server and a directory; everything ends with close(), or
    with this process."""

    def __init__(self, directory, scratch=None, stamp=None, port=5353):
        self.directory, self.port = pathlib.Path(directory), port
        self.scratch = pathlib.Path(scratch or directory)
        self.stamp_program = stamp or program("exec-stamp")
        self.certificate = make_certificate(self.scratch / "ground.cert")
        self.ends = contextlib.ExitStack()
        self.processes = []

    def __enter__(self):
        self.authority = self.ends.enter_context(self._claim())
        self.server = (f"127.{self.block}.0.53", self.port)
        return self

    def _claim(self):
        """An Authority, whose address is taken by every ground."""
        while True:
            self.block = random.SystemRandom().randint(128, 250)
            try:
                return Authority((f"127.{self.block}.0.54", 5300), ZONE)
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise

    def __exit__(self, *_):
        for process in self.processes:
            process.kill()
        for process in self.processes:
            process.wait()
        self.ends.close()

    def cache(self, seconds=30):
        """Puts CoreDNS before the authority."""
        self.name_server = self.ends.enter_context(CoreDNS(self.server, self.authority.address, self.directory, seconds))
        return self

    def address(self, number):
        return f"127.{self.block}.1.{number}"

    def stamp(self, name):
        return self.scratch / f"{name}.stamp"

    def log(self, name):
        return self.directory / f"{name}.log"

    def settings(self, rank, size, name, service="muster", certificate=None, wait="2m", server=None):
        """The environment of a pod of `size`; `name` is its own on this ground."""
        server = server or self.server
        return {"JOB_COMPLETION_INDEX": rank, "MUSTER_NAME": "pod", "MUSTER_SIZE": size, "MUSTER_SERVICE": service,
                "MUSTER_NAMESPACE": "lab", "MUSTER_DOMAIN": ZONE, "MUSTER_CERT": certificate or self.certificate,
                "MUSTER_DIR": self.scratch / name, "MUSTER_WAIT": wait, "MUSTER_DNS": f"{server[0]}:{server[1]}",
                "MUSTER_PORT": PORT}

    def start(self, argv, log, environment):
        with open(log, "ab") as file:
            process = subprocess.Popen([str(word) for word in argv], env=plain_environment(**environment), cwd="/",
                                       stdin=subprocess.DEVNULL, stdout=file, stderr=file, preexec_fn=end_with_parent)
        self.processes.append(process)
        return process

    def follower(self, rank, size, service="muster", **settings):
        name = f"{service}-{rank}"
        environment = {**self.settings(rank, size, name, service, **settings), "MUSTER_FLUX": self.stamp_program,
                       "BENCH_STAMP": self.stamp(name)}
        return Follower(self, name, rank, self.start([program("muster"), "run", "--", "true"], self.log(name), environment))

    def followers(self, count, **settings):
        return [self.follower(rank, count + 1, **settings) for rank in range(1, count + 1)]

    def leader(self, address, size=2, certificate=None, name="leader"):
        """A rehearsal broker that listens there and waits for ever; returns when it listens."""
        environment = {**self.settings(0, size, name, certificate=certificate), "MUSTER_FLUX": "none", "MUSTER_BIND": address}
        process = self.start([program("muster"), "run", "--", "true"], self.log(name), environment)

        def listens():
            assert process.poll() is None, self.log(name).read_text()
            with socket.socket() as probe:
                return probe.connect_ex((address, PORT)) == 0
        wait_until(listens, f"a leader at {address}")
        return process

    def silent(self, address):
        """Nobody answers a SYN there any more."""
        return self.ends.enter_context(contextlib.closing(Silent(address)))

    def plain_answer(self, name=LEADER):
        """What getaddrinfo of a broker would be told now: the A question that libc asks."""
        reply = dns.query(self.server, name)
        return reply.addresses() if reply.rcode == dns.NOERROR else None

    def poisoned(self):
        """Makes the cache deny the name in the slot that libc uses: what somebody's early question does."""
        wait_until(lambda: dns.query(self.server, LEADER).rcode == dns.NXDOMAIN, "the plain slot denies the name")

    def wait_asking(self, followers, seconds="1.0"):
        """Until each of these says that it waits, `seconds` after it began to."""
        wait_until(lambda: all(f" since {seconds} s: " in follower.log() for follower in followers), lambda: self.logs(followers))

    def wait_executed(self, followers, deadline):
        """The instants at which their brokers were executed."""
        wait_until(lambda: all(follower.executed() for follower in followers), lambda: self.logs(followers), deadline)
        return [follower.executed() for follower in followers]

    @staticmethod
    def logs(followers):
        waiting = [follower for follower in followers if not follower.executed()]
        return f"{len(waiting)} of {len(followers)} still wait; the first says\n{waiting[0].log() if waiting else ''}"
