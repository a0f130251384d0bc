# SPDX-License-Identifier: Apache-2.0
"""What the benchmarks share: pairs in turn, medians, instances of four brokers, and one table."""
import json
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import tempfile
import time

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
BIN = REPOSITORY / "build" / "release" / "bin"
ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/nonexistent", "LANG": "C.UTF-8"}

signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # with nothing left behind


def program(name):
    return str(BIN / name)


def in_turn(runs, *functions):
    """Each function's results over `runs` rounds, A B A B ..., after one round that does not count."""
    results = [[] for _ in functions]
    for round_number in range(runs + 1):
        for column, function in zip(results, functions):
            value = function()
            if round_number > 0:
                column.append(value)
    return results


def spread(values, unit="ms", scale=1e3):
    """"median (least to most)"."""
    scaled = sorted(value * scale for value in values)
    digits = 1 if scaled[-1] < 100 else 0
    return f"{statistics.median(scaled):.{digits}f} ({scaled[0]:.{digits}f} to {scaled[-1]:.{digits}f}) {unit}"


def ratios(ours, theirs):
    """Of each pair that was measured one after the other, and of the two medians: a busy moment spoils a pair, or one median."""
    pairs = sorted(our / their for our, their in zip(ours, theirs))
    return (f"ratio {statistics.median(pairs):.2f} ({pairs[0]:.2f} to {pairs[-1]:.2f}) of {len(pairs)} pairs, "
            f"{statistics.median(ours) / statistics.median(theirs):.2f} of medians")


class Table:
    def __init__(self):
        self.rows = []

    def add(self, what, muster, baseline, budget):
        self.rows.append((what, muster, baseline, budget))
        print(f"| {what} | {muster} | {baseline} | {budget} |", flush=True)

    @staticmethod
    def head():
        print("| what | muster | baseline, same run | budget |\n| --- | --- | --- | --- |", flush=True)


def resident_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))


def wait_until(condition, what, deadline=120):
    end = time.monotonic() + deadline
    while not condition():
        if time.monotonic() > end:
            raise SystemExit(f"bench: not within {deadline} s: {what}")
        time.sleep(0.005)


class Instance:
    """Brokers of one instance on loopback, started with muster or bare with the very files and words of muster's plan."""

    def __init__(self, size, flux, command, block=70):
        self.size, self.flux, self.command = size, flux, command
        self.directory = tempfile.TemporaryDirectory(prefix="mb-", dir="/tmp")
        self.root = pathlib.Path(self.directory.name)
        self.certificate = self.root / "curve.cert"
        subprocess.run([program("muster"), "keygen", self.certificate], check=True, stderr=subprocess.DEVNULL)
        self.addresses = f"127.{block}.0.[2-{size + 1}]"
        self.processes = []
        self.begin = time.monotonic()

    def settings(self, rank):
        return ["--hosts", f"b-[0-{self.size - 1}]", "--rank", str(rank), "--addresses", self.addresses, "--cert", str(self.certificate),
                "--dir", str(self.root / str(rank)), "--flux", self.flux, "--grace", "10s", "--log-level", "error"]

    def start(self, argv, rank, environment=ENVIRONMENT):
        log = open(self.root / f"log.{rank}", "ab")
        process = subprocess.Popen([str(word) for word in argv], env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        self.processes.append(process)
        return process

    def start_muster(self):
        self.begin = time.monotonic()
        return [self.start([program("muster-init"), program("muster"), "run", *self.settings(rank), "--", *self.command], rank) for rank in range(self.size)]

    def start_bare(self):
        """As a person would without muster: the same files and broker arguments, and the job submitted directly."""
        started = []
        for rank in range(self.size):
            plan = json.loads(subprocess.run([program("muster"), "plan", "--json", *self.settings(rank), "--", *self.command], check=True, env=ENVIRONMENT,
                                             stdout=subprocess.PIPE).stdout)
            directory = self.root / str(rank)
            (directory / "run").mkdir(parents=True, exist_ok=True)
            (directory / "broker.toml").write_text(plan["broker_toml"])
            (directory / "R.json").write_text(json.dumps(plan["R"]))
            certificate = directory / "curve.cert"
            certificate.write_bytes(self.certificate.read_bytes())
            certificate.chmod(0o600)
            argv = plan["argv"]
            if "--status" in argv:  # the shim is muster's: bare brokers run what is under it
                shim = argv.index("program") - 1
                argv = argv[:shim] + argv[argv.index("--") + 1:]
            started.append((argv, rank, {**ENVIRONMENT, **plan["environment"]}))
        self.begin = time.monotonic()  # plan and files are not the brokers' time
        return [self.start(*arguments) for arguments in started]

    def start_plain(self):
        """As a person would who never saw muster: the least configuration with which Flux starts, its own defaults, and the job watched."""
        flux = self.flux if os.access(self.flux, os.X_OK) and os.path.isfile(self.flux) else os.path.join(self.flux, "bin", "flux")
        hosts = [{"host": f"b-{rank}", "bind": f"tcp://{address}:8050", "connect": f"tcp://{address}:8050"}
                 for rank, address in enumerate(f"{self.addresses.split('[')[0]}{rank + 2}" for rank in range(self.size))]
        resources = {"version": 1, "execution": {"R_lite": [{"rank": f"0-{self.size - 1}", "children": {"core": "0-1"}}], "starttime": 0, "expiration": 0,
                                                 "nodelist": [f"b-[0-{self.size - 1}]"]}}
        (self.root / "R.json").write_text(json.dumps(resources))
        rows = ", ".join("{ " + ", ".join(f'{key} = "{value}"' for key, value in host.items()) + " }" for host in hosts)
        (self.root / "broker.toml").write_text(f'[bootstrap]\ncurve_cert = "{self.certificate}"\nhosts = [ {rows} ]\n'
                                               f'[resource]\npath = "{self.root / "R.json"}"\nnoverify = true\n')
        self.begin = time.monotonic()
        for rank in range(self.size):
            rundir = self.root / str(rank) / "run"
            rundir.mkdir(parents=True, exist_ok=True)
            program_of_leader = [flux, "submit", "--watch", f"-N{self.size}", f"-n{self.size}", *self.command] if rank == 0 else []
            self.start([flux, "broker", f"--config-path={self.root / 'broker.toml'}", "-S", f"hostname=b-{rank}", "-S", f"rundir={rundir}",
                        "-S", f"local-uri=local://{rundir}/local", *program_of_leader], rank)
        return self.processes

    def wait(self):
        for process in self.processes:
            process.wait()

    def log(self, rank):
        return (self.root / f"log.{rank}").read_text(errors="replace")

    def close(self):
        for process in self.processes:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self.directory.cleanup()
