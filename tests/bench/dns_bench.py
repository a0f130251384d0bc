#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tests/bench/dns_bench.py [--quick] [--only ROW ...]: figures of the name watch, behind a real CoreDNS with `cache 30`.

In each run some groups of pods wait, each for a leader of its own name; beside them as many threads poll getaddrinfo for a
twin of that name each 100 ms, behind the same CoreDNS. The authority changes both names at one instant, those of the groups
one after another. Needs root (a resolv.conf of its own, port 53) and the release preset (tests/bench/run builds it).
"""
import argparse
import json
import math
import os
import pathlib
import random
import resource
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
os.environ.setdefault("MUSTER_BIN", str(HERE.parents[1] / "build" / "release" / "bin"))
sys.path.insert(0, str(HERE.parent / "support"))

import dns  # noqa: E402
from brokers import make_certificate  # noqa: E402
from muster_testing import BIN, program, wait_until  # noqa: E402
from waiters import ZONE, Ground, leader_name  # noqa: E402

QUESTIONS = 150  # of the program beside a waiting pod
ROWS = ["early", "changed", "cpu", "orders", "many"]
POLLER = """
import json, os, random, socket, sys, threading, time
jobs = json.loads(sys.argv[1])
found = {}
def poll(key, name, wanted):
    time.sleep(random.random() / 10)
    while key not in found:
        begin = time.monotonic()
        try:
            if not wanted or wanted in {row[4][0] for row in socket.getaddrinfo(name, 8050, type=socket.SOCK_STREAM)}:
                found[key] = time.monotonic()
        except OSError:
            pass
        time.sleep(max(0, begin + 0.1 - time.monotonic()))
threads = [threading.Thread(target=poll, args=job, daemon=True) for job in jobs]
for thread in threads:
    thread.start()
print("polling", flush=True)
for thread in threads:
    thread.join()
print(json.dumps(found), flush=True)
"""


def percentile(values, percent):
    """The nearest rank: the least value that so many in a hundred do not exceed."""
    return sorted(values)[math.ceil(len(values) * percent / 100) - 1]


def figures(values):
    scale, unit, digits = (1e3, "ms", 0) if max(values) < 10 else (1, "s", 1)
    return f"p50 {percentile(values, 50) * scale:.{digits}f}, p99 {percentile(values, 99) * scale:.{digits}f}, most {max(values) * scale:.{digits}f} {unit}"


def twin(number):
    return f"pod-0.twin{number}.lab.svc.{ZONE}"


def compiled(name):
    """The program of that name beside this file."""
    made = str(BIN.parent / f"bench-{name}")
    subprocess.run(["c++", "-O2", "-static", "-o", made, str(HERE / f"{name}.cpp"), "-lresolv"], check=True)
    return made


def enter_own_namespaces():
    """Runs this program anew, as the first process of a pid namespace: whatever it has started ends with it, however it
    ends. Its mount namespace may have a resolv.conf of its own."""
    if os.environ.get("DNS_BENCH") != "inside":
        os.environ["DNS_BENCH"] = "inside"
        os.execvp("unshare", ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", sys.executable, *sys.argv])


class Stage:
    """A ground with CoreDNS at port 53, and this namespace's resolv.conf leading to it."""

    def __init__(self, stamp):
        self.directory = tempfile.TemporaryDirectory(prefix="mb-", dir="/tmp")
        self.ground = Ground(self.directory.name, stamp=stamp, port=53)

    def __enter__(self):
        self.ground.__enter__()
        self.ground.cache(30)
        resolv_conf = pathlib.Path(self.directory.name, "resolv.conf")
        resolv_conf.write_text(f"nameserver {self.ground.server[0]}\noptions ndots:1\n")
        subprocess.run(["mount", "--bind", resolv_conf, "/etc/resolv.conf"], check=True)
        return self

    def __exit__(self, *_):
        self.ground.__exit__()
        subprocess.run(["umount", "/etc/resolv.conf"], check=True)
        self.directory.cleanup()

    def poll(self, jobs):
        """Threads that poll getaddrinfo: jobs are (key, name, wanted address)."""
        process = subprocess.Popen([sys.executable, "-c", POLLER, json.dumps(jobs)], stdout=subprocess.PIPE, text=True)
        assert process.stdout.readline() == "polling\n"
        return process


def waiting_pods(stage, groups, size, seconds, before=None, old=None, prepare=None):
    """(seconds from the change to each exec, the same for each poller, backend questions a second while all waited).

    `before`: what the names lead to at first; without it they do not exist."""
    ground = stage.ground
    ground.leader(ground.address(2), size=size + 1)
    names = [(leader_name(f"g{number}"), twin(number)) for number in range(groups)]
    if before:
        for pair in names:
            for name in pair:
                ground.authority.set(name, before)
                assert ground.plain_answer(name) == [before]
    followers = [ground.followers(size, service=f"g{number}") for number in range(groups)]
    # All pollers of a name hear the same cache; sixty-four a group would take the processor from the pods beside them.
    jobs = [(f"{number}.{rank}", names[number][1], ground.address(2)) for number in range(groups) for rank in range(min(size, 8))]
    poller = stage.poll(jobs)
    ground.wait_asking([follower for group in followers for follower in group])
    begin = time.monotonic()
    quiet = threading.Event()
    quiet.wait(seconds)
    end = time.monotonic()
    services = {names[number][0] for number in range(groups)}
    rate = sum(begin <= asked.at < end and asked.name in services for asked in list(ground.authority.asked)) / (end - begin)
    instants = []
    for own, other in names:
        ground.authority.set(other, ground.address(2))
        instants.append(ground.authority.set(own, ground.address(2)))
        quiet.wait(random.uniform(0.1, 0.3))
    executed = [ground.wait_executed(group, 120) for group in followers]
    found = json.loads(poller.stdout.read())
    muster = [when - instants[number] for number, group in enumerate(executed) for when in group]
    polled = [when - instants[int(key.split(".")[0])] for key, when in found.items()]
    return muster, polled, rate / groups


def row(what, muster, baseline, goal):
    print(f"| {what} | {muster} | {baseline} | {goal} |", flush=True)


def early_names(stamp, shapes):
    for size, groups, rounds in shapes:
        muster, polled, rates = [], [], []
        for _ in range(rounds):
            with Stage(stamp) as stage:
                executed, found, rate = waiting_pods(stage, groups, size, 3.0)
            muster, polled, rates = [*muster, *executed], [*polled, *found], [*rates, rate]
        row(f"{size} pods that asked too early, {rounds} x {groups} groups: name to execve",
            figures(muster) + f"; {sum(rates) / rounds:.0f} questions/s at the backend a group",
            f"{figures(polled)}, getaddrinfo each 100 ms, 8 pollers a group at most", "p99 <= 150 ms, tens of questions/s")


def changed_addresses(stamp, size, groups):
    for old in ("silent", "refusing", "another key's"):
        with Stage(stamp) as stage:
            ground = stage.ground
            if old == "silent":
                ground.silent(ground.address(9))
            if old == "another key's":
                ground.leader(ground.address(9), certificate=make_certificate(ground.scratch / "other.cert"), name="other")
            muster, polled, rate = waiting_pods(stage, groups, size, 1.0, before=ground.address(9))
        row(f"address changed behind the cache, old one {old}, {size} pods, {groups} groups: change to execve", figures(muster) + f"; {rate:.0f} questions/s",
            f"{figures(polled)}, getaddrinfo each 100 ms, 8 pollers a group at most", "most <= 5 s + 150 ms")


def processor_time(stamp, asker):
    """A pod that waits 60 s for a name that never comes, and one for a listener; beside it a program that asks, and does nothing else."""
    for what in ("name", "listener"):
        with Stage(stamp) as stage:
            ground = stage.ground
            if what == "listener":
                ground.authority.set(leader_name("g0"), ground.address(9))
            environment = {**ground.settings(1, 2, "g0-1", "g0", wait="60s"), "MUSTER_FLUX": stamp}
            asking = subprocess.Popen([asker, *map(str, ground.server), twin(0), str(QUESTIONS), "60"], stdout=subprocess.PIPE, text=True)
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            process = ground.start([program("muster"), "run", "--", "true"], ground.log("g0-1"), environment)
            code = process.wait()
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            gates = json.loads((ground.scratch / "g0-1" / "report.json").read_text())["gates"]
            plain = asking.communicate()[0].strip()
        row(f"processor time of a pod that waits 60 s for its leader's {what} (exit code {code})", f"{used * 1e3:.0f} ms; asked {gates['questions']} times, dialled {gates['dials']} times",
            f"{plain} ms, {QUESTIONS} questions by a program that does nothing else", "<= 50 ms")


def many_pods(stamp, size):
    """`size` rehearsal pods wait for one name that does not exist yet; then the leader comes, and the name."""
    with Stage(stamp) as stage:
        ground = stage.ground
        coredns = ground.name_server.process.pid
        command = [program("muster-init"), "--", program("muster"), "run", "--", "sh", "-c", "test $FLUX_TASK_RANK != 0 || date +'formed %s.%N'"]

        def start(rank):
            environment = {**ground.settings(rank, size, f"p-{rank}", "many", wait="10m"), "MUSTER_FLUX": "none", "MUSTER_LOG_LEVEL": "info"}
            if rank == 0:
                environment["MUSTER_BIND"] = ground.address(2)
            return ground.start(command, ground.log(f"p-{rank}"), environment)
        begin = time.monotonic()
        followers = [start(rank) for rank in range(1, size)]
        silent = [ground.log(f"p-{rank}") for rank in range(1, size)]
        while silent := [path for path in silent if " since 1.0 s: " not in path.read_text()]:
            if time.monotonic() - begin > 300:
                sys.exit(f"dns_bench: not all pods wait after 300 s:\n{last_words(ground, size)}")
            threading.Event().wait(0.2)
        started = time.monotonic() - begin
        used, since = processor_seconds(coredns), time.monotonic()
        threading.Event().wait(5)
        load = (processor_seconds(coredns) - used) / (time.monotonic() - since)
        backend = ground.authority.count(since) / (time.monotonic() - since)
        leader = start(0)
        wait_until(lambda: listens(ground.address(2)), "the leader listens")
        instant, wall = ground.authority.set(leader_name("many"), ground.address(2)), time.time()
        log = ground.log("p-0")
        while "\nformed " not in log.read_text():
            if time.monotonic() - instant > 300 or any(follower.poll() for follower in followers):
                sys.exit(f"dns_bench: not formed after {time.monotonic() - instant:.0f} s:\n{last_words(ground, size)}")
            threading.Event().wait(0.2)
        formed = float(log.read_text().split("\nformed ")[1].split()[0]) - wall
        _, status, usage = os.wait4(leader.pid, 0)  # muster-init's, and the broker's that it has waited for
        leader.returncode = os.waitstatus_to_exitcode(status)
        for process in followers:
            process.wait(300)
        ended = time.monotonic() - instant
        codes = {process.returncode for process in [leader, *followers]}
        row(f"{size} rehearsal pods wait for one late name and leader", f"formed {formed:.1f} s after the name, gone after {ended:.1f} s (exit codes {codes}); leader {usage.ru_utime + usage.ru_stime:.1f} s of processor time",
            f"while they wait: {backend:.0f} questions/s at the backend, CoreDNS {load * 100:.0f} % of a core; {started:.0f} s to start them", "forms and ends")


def last_words(ground, size):
    """The last lines of the pods, counted by what they say apart from numbers."""
    import collections
    import re
    said = collections.Counter()
    for rank in range(size):
        lines = ground.log(f"p-{rank}").read_text(errors="replace").splitlines()
        said[re.sub(r"\d[\d.]*", "N", lines[-1])[:300] if lines else "nothing"] += 1
    return "\n".join(f"{count} x {text}" for text, count in said.most_common(12))


def start_orders(size, count, flux):
    """Random orders and delays of pods in namespaces: from the last pod's being up to the program's start."""
    import muster_testing
    from faulty import FaultyCluster
    from instance import Instance
    from start_orders import events, play, random_order
    if flux:
        os.environ["MUSTER_TEST_FLUX"] = flux
    kind = muster_testing.real_flux() if flux else "none"
    outcomes = []
    with tempfile.TemporaryDirectory(prefix="mb-", dir="/tmp") as directory:
        place = pathlib.Path(directory)
        (place / "out").mkdir()
        with FaultyCluster(place / "out", place / "scratch", kind="cached") as cluster:
            instance = Instance(cluster, muster_testing.Bench(place / "out"))
            for seed in range(count):
                outcomes.append(play(instance, kind, random_order(size, seed), f"o{seed}"))
    bad = sum(set(outcome.codes) != {0} for outcome in outcomes)
    long = sum(bool(events([*outcome.joins, outcome.took])) for outcome in outcomes)
    took = [outcome.took for outcome in outcomes]
    joins = [join for outcome in outcomes for join in outcome.joins]
    row(f"{count} random orders and delays of {size} pods, {'Flux' if flux else 'rehearsal'}: last pod up to program", f"{figures(took)}; p99/p50 {percentile(took, 99) / percentile(took, 50):.1f}",
        f"joins: {figures(joins)}; {long} runs with a delay of 5, 10, 15 or 30 s, {bad} that failed", "p99/p50 <= 2, none, none")


def processor_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def listens(address, port=8050):
    import socket
    with socket.socket() as probe:
        return probe.connect_ex((address, port)) == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few groups, 64 pods at most")
    parser.add_argument("--only", nargs="*", choices=ROWS, default=ROWS)
    parser.add_argument("--pods", type=int, default=1000)
    parser.add_argument("--flux", help="a real flux: the prefix above its bin")
    options = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("dns_bench: needs root: port 53 and a resolv.conf of its own")
    enter_own_namespaces()
    stamp = compiled("stamp")
    print("| what | muster | baseline, same run | goal |\n| --- | --- | --- | --- |", flush=True)
    if "early" in options.only:
        early_names(stamp, [(1, 10, 1), (16, 2, 1), (64, 1, 1)] if options.quick else [(1, 40, 1), (16, 6, 1), (64, 1, 4)])
    if "changed" in options.only:
        changed_addresses(stamp, 4, 3 if options.quick else 10)
    if "cpu" in options.only:
        processor_time(stamp, compiled("asker"))
    if "orders" in options.only:
        start_orders(16, 10 if options.quick else 100, None)
        if options.flux:
            start_orders(16, 5 if options.quick else 20, options.flux)
    if "many" in options.only:
        many_pods(stamp, 128 if options.quick else options.pods)


main()
