# SPDX-License-Identifier: Apache-2.0
"""Start order: whoever comes first, all join, and nobody waits out a dial, a resolver or a cache.

Pods behind CoreDNS with `cache 30`, whose names appear some time after they start. Of the 100 random orders of 16 pods this
runs the first MUSTER_TEST_ORDERS (by default 4), and with real Flux four of the 24 permutations; tests/bench/dns_bench.py
--only orders runs all 100, and says p50 and p99.
"""
import os

import pods
import pytest
from faulty import FaultyCluster
from instance import Instance
from start_orders import events, leader_last, permutations, play, random_order

ORDERS = int(os.environ.get("MUSTER_TEST_ORDERS", "4"))


@pytest.fixture
def instance(output, tmp_path, bench):
    if reason := pods.why_not():
        pytest.skip(reason)
    with FaultyCluster(output, tmp_path / "cluster", kind="cached") as cluster:
        yield Instance(cluster, bench)


def check(outcome, size, flux):
    assert outcome.codes == [0] * size, outcome.logs
    assert len(outcome.joins) >= size - 1, outcome.logs
    # Sixteen brokers of Flux that start on two cores are some seconds' work: their total says nothing of the order.
    found = events(outcome.joins if flux != "none" else [*outcome.joins, outcome.took])
    assert not found, f"{found} s\n{outcome.logs}"


@pytest.mark.parametrize("part", range(4))
def test_every_permutation_of_four_pods(instance, flux, part):
    schedules = list(permutations(4))[part::4]
    for number, schedule in enumerate(schedules if flux == "none" else schedules[:1]):
        outcome = play(instance, flux, schedule, f"p{part}-{number}")
        print(f"{schedule.starts}: program after {outcome.took:.2f} s")
        check(outcome, 4, flux)


@pytest.mark.parametrize("seed", range(ORDERS))
def test_sixteen_pods_in_a_random_order(instance, flux, seed):
    schedule = random_order(16, seed)
    outcome = play(instance, flux, schedule, f"r{seed}")
    print(f"{schedule.topology}: program after {outcome.took:.2f} s")
    check(outcome, 16, flux)


def test_a_leader_that_comes_ten_seconds_late(instance, flux):
    outcome = play(instance, flux, leader_last(16, 10.0), "late")
    print(f"program after {outcome.took:.2f} s")
    check(outcome, 16, flux)
