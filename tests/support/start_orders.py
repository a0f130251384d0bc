# SPDX-License-Identifier: Apache-2.0
"""Pods that start in any order: plays a schedule, and measures what the order has cost."""
import dataclasses
import itertools
import random
import re
import time

from muster_testing import wait_until

TOPOLOGIES = ("flat", "kary:2", "kary:4", "binomial")
# What others lose: whole dials, resolver time-outs and caches.
EVENTS = (5.0, 10.0, 15.0, 30.0)


@dataclasses.dataclass
class Schedule:
    """When each rank is started, and how long after that its name appears: an EndpointSlice lags a pod's address."""
    starts: list
    lags: list
    topology: str = "flat"


@dataclasses.dataclass
class Outcome:
    codes: list
    joins: list          # how long each follower's broker was in state join
    took: float          # from the last pod's start, or the last name of a parent, to the program's start
    logs: str


def permutations(size, step=0.15):
    """Every order of `size` pods, one each `step` seconds, their names appearing at once or late."""
    for number, order in enumerate(itertools.permutations(range(size))):
        starts = [order.index(rank) * step for rank in range(size)]
        yield Schedule(starts, [(0.0, 0.2)[(number + rank) % 2] for rank in range(size)])


def random_order(size, seed, spread=2.0):
    dice = random.Random(seed)
    return Schedule([dice.uniform(0, spread) for _ in range(size)], [dice.uniform(0, 0.5) for _ in range(size)], dice.choice(TOPOLOGIES))


def leader_last(size, seconds):
    schedule = random_order(size, seconds, spread=0.5)
    schedule.starts[0] = seconds
    return schedule


def parents(topology, size):
    """The ranks whose names somebody asks for."""
    scheme, _, fanout = topology.partition(":")
    above = {"flat": lambda rank: 0, "binomial": lambda rank: rank & (rank - 1), "kary": lambda rank: (rank - 1) // int(fanout)}[scheme]
    return {above(rank) for rank in range(1, size)}


def play(instance, flux, schedule, job):
    """Starts pods of Job `job` (a name that is used once: caches remember) and returns the Outcome when all have ended."""
    cluster, size = instance.cluster, len(schedule.starts)
    cluster.job = job
    pods = instance.pods(size, "sh", "-c", "date +program-runs-%s.%N", flux=flux, topology=schedule.topology)
    steps = sorted([(start, 0, rank) for rank, start in enumerate(schedule.starts)]
                   + [(start + lag, 1, rank) for rank, (start, lag) in enumerate(zip(schedule.starts, schedule.lags))])
    asked_for = parents(schedule.topology, size)
    begin = time.monotonic()
    up = 0.0
    for when, step, rank in steps:
        wait_until(lambda when=when: time.monotonic() - begin >= when, "the schedule")
        if step == 0:
            pods[rank].start(wait=False)
            up = time.time()
        else:
            pods[rank].wait_started()  # no record is made for a pod without an address
            cluster.publish(pods[rank])
            up = time.time() if rank in asked_for else up
    started = float(pods[0].wait_log(r"program-runs-([\d.]+)").group(1))
    codes = [pod.wait() for pod in pods]
    joins = [float(value) / {"ms": 1e3, "s": 1}[unit] for pod in pods[1:]
             for value, unit in re.findall(r"parent-ready: join->config-sync ([\d.]+)(m?s)\b", pod.log())]
    logs = "\n".join(f"=== {pod.hostname}\n{pod.log()}" for pod in pods)
    for pod in pods:
        pod.delete()
        cluster.pods.remove(pod)
    return Outcome(codes, joins, started - up, logs)


def events(delays):
    """Which of these lasted as long as one of the EVENTS, within 10 %."""
    return [round(value, 2) for value in delays if any(abs(value - event) <= event / 10 for event in EVENTS)]
