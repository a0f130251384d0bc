# SPDX-License-Identifier: Apache-2.0
"""The figures that muster promises (README of this folder), each beside a baseline in the same run."""
import argparse
import os
import pathlib
import resource
import signal
import subprocess
import sys
import time

from bench_support import BIN, ENVIRONMENT, Instance, Table, in_turn, program, ratios, resident_kib, spread, wait_until
from container_bench import containers


def exec_to_execve(table, stamp, runs):
    """From the exec of muster to the exec of its broker, on a follower whose parent listens; against the stamp alone."""
    instance = Instance(2, "none", ["true"])
    leader = instance.start([program("muster"), "run", *instance.settings(0), "--", "true"], 0)
    mark = instance.root / "stamp"
    environment = {**ENVIRONMENT, "BENCH_STAMP": str(mark)}
    follower = [program("muster"), "run", *instance.settings(1), "--flux", stamp]

    def timed(argv):
        begin = time.monotonic_ns()
        subprocess.run(argv, env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return (int(mark.read_text()) - begin) / 1e9

    def cpu(argv):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(argv, env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    wait_until(lambda: (instance.root / "0" / "run" / "local").exists() and leader.poll() is None, "a leader that listens")
    muster, bare = in_turn(runs, lambda: timed(follower), lambda: timed([stamp]))
    table.add("exec to execve of the broker, parent reachable", spread(muster), f"{spread(bare)}, the stamp alone", "<= 10 ms")
    muster, bare = in_turn(runs, lambda: cpu(follower), lambda: cpu([stamp]))
    table.add("its processor time", spread(muster), f"{spread(bare)}, the stamp alone", "-")
    instance.close()


def finished_job(table, name, flux, runs):
    """Four brokers from the first exec to the end of the leader, whose program is `true` on every rank."""

    def run(start):
        instance = Instance(4, flux, ["true"])
        getattr(instance, start)()
        instance.processes[0].wait()
        took = time.monotonic() - instance.begin
        code = instance.processes[0].returncode
        instance.wait()
        if code != 0:
            sys.exit(f"bench: the leader ended with {code}:\n{instance.log(0)}")
        instance.close()
        return took

    muster, bare = in_turn(runs, lambda: run("start_muster"), lambda: run("start_bare"))
    table.add(f"4 brokers to a finished job and a leader's end, {name}", f"{spread(muster)}; {ratios(muster, bare)}", f"{spread(bare)}, bare brokers", "ratio <= 1.05")


def stop_all_at_once(table, name, flux, runs):
    """SIGTERM to every pod at once while a job runs, until the last one is gone; against brokers with muster's
    configuration, and with real Flux against brokers as a person would start them without it."""

    def run(start):
        instance = Instance(4, flux, [])
        instance.command = ["sh", "-c", f"touch {instance.root}/started.$FLUX_TASK_RANK; exec sleep 300"]
        getattr(instance, start)()
        wait_until(lambda: len(list(instance.root.glob("started.*"))) == 4, "a running job")
        begin = time.monotonic()
        for process in instance.processes:
            process.send_signal(signal.SIGTERM)
        instance.wait()
        took = time.monotonic() - begin
        instance.close()
        return took

    muster, bare = in_turn(runs, lambda: run("start_muster"), lambda: run("start_bare"))
    table.add(f"SIGTERM to 4 pods at once, a job running, all gone, {name}", spread(muster, "s", 1), f"{spread(bare, 's', 1)}, bare brokers with muster's configuration", "about 2 s")
    if flux != "none":
        plain = [run("start_plain") for _ in range(runs)]
        table.add("the same, brokers that never saw muster", "-", f"{spread(plain, 's', 1)}, `flux submit --watch`, Flux's own cleanup-timeout", "-")


def resident_size(table):
    instance = Instance(1, "none", ["sleep", "300"])
    pod = instance.start_muster()[0]
    children = pathlib.Path(f"/proc/{pod.pid}/task/{pod.pid}/children")
    wait_until(lambda: children.read_text().strip() and (instance.root / "0" / "run" / "local").exists(), "a broker")
    broker = int(children.read_text().split()[0])
    table.add("resident in the pod after exec: muster-init", f"{resident_kib(pod.pid)} KiB", f"{resident_kib(broker)} KiB, the rehearsal broker", "<= 1024 KiB")
    pod.send_signal(signal.SIGTERM)
    instance.wait()
    instance.close()


def large_plan(table, runs):
    def run(argv):
        begin = time.monotonic()
        process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, env=ENVIRONMENT)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            sys.exit(f"bench: {argv} ended with {process.returncode}")
        return time.monotonic() - begin, usage.ru_maxrss

    for topology in ("flat", "kary:16"):
        def plan(hosts):
            return [program("muster"), "plan", "--rank", "1", "--topology", topology, "--hosts", hosts]
        large, small = in_turn(runs, lambda: run(plan("node-[0-9999]")), lambda: run(plan("node-[0-1]")))
        table.add(f"plan, TOML and R for 10,000 hosts, {topology}", f"{spread([t for t, _ in large])}, {max(m for _, m in large) // 1024} MiB",
                  f"{spread([t for t, _ in small])}, 2 hosts", "<= 100 ms, <= 64 MiB")


def many_pods(table, sizes):
    for size in sizes:
        begin = time.monotonic()
        process = subprocess.Popen([program("muster"), "up", "-n", str(size), "--flux", "none", "--", "sh", "-c", "test $FLUX_TASK_RANK != 0 || date +%s.%N"],
                                   env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        wall = time.time() - (time.monotonic() - begin)
        most = [0]

        def sample():
            used = memory_of_descendants(process.pid)
            most[0] = max(most[0], used)
            return process.poll() is not None
        wait_until(sample, f"{size} pods", 600)
        end = time.time()
        printed = process.stdout.read().decode().split()
        if process.returncode != 0 or not printed:
            sys.exit(f"bench: muster up -n {size} ended with {process.returncode}")
        formed = float(printed[0])
        table.add(f"`muster up -n {size}`, rehearsal", f"formed after {formed - wall:.1f} s, gone {end - formed:.1f} s later, {most[0] / size / 1024:.1f} MiB a pod (proportional)", bare_brokers(size), "forms and ends")


def memory_of_descendants(pid):
    """Proportional set size, in KiB, of a process and all below it that can be read."""
    total, waiting = 0, [pid]
    while waiting:
        current = waiting.pop()
        try:
            rollup = pathlib.Path(f"/proc/{current}/smaps_rollup").read_text()
            total += next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
            waiting += [int(child) for child in pathlib.Path(f"/proc/{current}/task/{current}/children").read_text().split()]
        except (OSError, StopIteration):
            continue
    return total


def bare_brokers(size):
    """The same number of rehearsal brokers without muster, from plan's files."""
    if size > 128:
        return "not run: a plan for each of them takes longer than the instance"
    instance = Instance(size, "none", ["true"])
    instance.start_bare()
    begin = instance.begin
    instance.wait()
    took = time.monotonic() - begin
    instance.close()
    return f"{took:.1f} s from exec to the last one's end, bare brokers"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--flux", help="a real flux: program, or the prefix above its bin")
    parser.add_argument("--runs", type=int, default=20, help="counted runs of the short benchmarks (a quarter of the long ones)")
    parser.add_argument("--pods", type=int, nargs="*", default=[16, 128, 1000], help="sizes of muster up")
    parser.add_argument("--only-containers", action="store_true", help="the rows of images and containers")
    options = parser.parse_args()
    stamp = str(BIN.parent / "bench-stamp")
    subprocess.run(["c++", "-O2", "-static", "-o", stamp, str(pathlib.Path(__file__).with_name("stamp.cpp"))], check=True)
    brokers = [("rehearsal", "none")] + ([("Flux", options.flux)] if options.flux else [])
    long_runs = max(3, options.runs // 4)
    table = Table()
    table.head()
    if options.only_containers:
        containers(table, options.runs)
        return
    exec_to_execve(table, stamp, options.runs)
    for name, flux in brokers:
        finished_job(table, name, flux, options.runs if flux == "none" else long_runs)
    resident_size(table)
    large_plan(table, options.runs)
    for name, flux in brokers:
        stop_all_at_once(table, name, flux, 3)
    many_pods(table, options.pods)
    containers(table, options.runs)


main()
