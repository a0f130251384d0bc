# SPDX-License-Identifier: Apache-2.0
"""Bare brokers, of Flux or of the rehearsal, with a configuration of their own: no agent around them."""
import json
import os
import pathlib
import random
import subprocess

import muster_testing

BASE = """\
[bootstrap]
curve_cert = "@cert@"
hosts = [ @hosts@ ]

[resource]
path = "@R@"
noverify = true
"""


def random_address():
    """A loopback address that nobody else on this machine is likely to listen on."""
    return "127.{}.{}.{}".format(*(random.SystemRandom().randint(2, 250) for _ in range(3)))


def make_certificate(path, name="test"):
    """A new certificate at `path`."""
    subprocess.run([muster_testing.program("muster"), "keygen", "--force", "--name", name, str(path)], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return path


class Instance:
    """The files of one instance of `size` brokers lo-0, lo-1, ..., and its brokers as processes of a Bench.

    flux is the path of a flux, or "none" for the rehearsal. parents maps a rank to its parent's, where that is not
    rank 0. Secrets stay in `directory`, outside of the searched outputs."""

    def __init__(self, bench, directory, flux, size, parents=None, cores=2, toml=BASE):
        self.bench, self.flux, self.size = bench, flux, size
        self.directory = pathlib.Path(directory)
        self.parents = parents or {}
        self.cert = make_certificate(self.directory / "curve.cert")
        self.R = self.directory / "R.json"
        self.toml = self.directory / "broker.toml"
        self.addresses = [random_address() for _ in range(size)]
        self.brokers = {}
        self.lives = 0
        self.write_R(cores=cores)
        self.write_toml(toml)

    def write_R(self, cores=2, hosts=None, size=None):
        size = self.size if size is None else size
        ranks = f"0-{size - 1}" if size > 1 else "0"
        self.R.write_text(json.dumps({"version": 1, "execution": {
            "R_lite": [{"rank": ranks, "children": {"core": f"0-{cores - 1}" if cores > 1 else "0"}}],
            "starttime": 0.0, "expiration": 0.0, "nodelist": [hosts or f"lo-[{ranks}]"]}}))

    def hosts(self):
        """The entries of bootstrap.hosts; every broker could listen, those with children do."""
        entries = []
        for rank, address in enumerate(self.addresses):
            uri = f"tcp://{address}:8050"
            parent = f', parent = "lo-{self.parents[rank]}"' if rank in self.parents else ""
            entries.append(f'{{ host = "lo-{rank}", bind = "{uri}", connect = "{uri}"{parent} }}')
        return ",\n  ".join(entries)

    def fill(self, text):
        """`text` with @cert@, @R@, @hosts@, @dir@ and @address@ (of rank 0) replaced."""
        for name, value in (("cert", self.cert), ("R", self.R), ("hosts", self.hosts()), ("dir", self.directory),
                            ("address", self.addresses[0])):
            text = text.replace(f"@{name}@", str(value))
        return text

    def write_toml(self, text):
        self.toml.write_text(self.fill(text))

    def program(self):
        return muster_testing.program("muster-rehearsal") if self.flux == "none" else self.flux

    def rundir(self, rank):
        return self.directory / f"r{rank}"

    def start(self, rank, *program, options=(), env=None, config=None, name=None, cwd=None):
        """Starts the broker of a rank (anew). options come before the initial program."""
        self.rundir(rank).mkdir(exist_ok=True)
        self.lives += 1
        argv = [self.program(), "broker", f"--config-path={config or self.toml}", "-S", f"hostname={name or f'lo-{rank}'}",
                "-S", f"rundir={self.rundir(rank)}", "-S", "log-stderr-mode=local", "-S", "log-stderr-level=6",
                *[self.fill(option) for option in options], *program]
        # Flux runs its rc scripts by a bash that reads ~/.bashrc, and whatever that starts.
        process = self.bench.start(*argv, name=f"{self.lives:02}-broker-{rank}", cwd=cwd,
                                   env={"FLUX_FAKE_HOSTNAME": name or f"lo-{rank}", "HOME": self.directory, **(env or {})})
        self.brokers[rank] = process
        return process

    def start_all(self, *program, options=(), first=0):
        """Starts all brokers, the leader last and with the program; gives the leader."""
        for rank in range(1, self.size):
            self.start(rank, options=options)
        return self.start(0, *program, options=options)

    def uri(self, rank=0):
        return f"local://{self.rundir(rank)}/local-{rank}"

    def ask(self, *words, rank=0, deadline=30, **options):
        """Runs a flux command against a rank's broker."""
        return self.bench.run(self.program(), *words, env={"FLUX_URI": self.uri(rank), "HOME": self.directory, **options.pop("env", {})},
                              deadline=deadline, **options)

    def wait_state(self, rank, state):
        self.brokers[rank].wait_for(rf"->{state} ")

    def wait_online(self, count):
        """Until the leader says that `count` brokers are online."""
        ranks = f"0-{count - 1}" if count > 1 else "0"
        self.brokers[0].wait_for(rf"online: .* \(ranks {ranks}\)")
