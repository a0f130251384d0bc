#!/usr/bin/env -S /usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""The figures of muster-controller (README of this folder) on a real cluster, each beside a baseline in the same run.

kube_bench.py [--quick] [--only ROW ...] [--runs N] [--flux PREFIX]

Needs root and the release preset (tests/bench/run --only-kubernetes builds it). The cluster is the one that `tests/e2e/kubernetes/cluster up` has left
under the name in MUSTER_TEST_CLUSTER, or one of its own that ends with it. The nodes' images are made anew, with the programs of the release preset.
"""
import argparse
import itertools
import os
import pathlib
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
os.environ.setdefault("MUSTER_BIN", str(HERE.parents[1] / "build" / "release" / "bin"))
sys.path.insert(0, str(HERE.parent / "support"))
if "--flux" in sys.argv[:-1]:
    os.environ["MUSTER_TEST_FLUX"] = sys.argv[sys.argv.index("--flux") + 1]

import kube_crowds  # noqa: E402
from bench_support import Table, in_turn, ratios, spread, wait_until  # noqa: E402
from kube_objects import bare, example, minicluster  # noqa: E402
from kube_scene import Scene, wait_for  # noqa: E402
from muster_testing import real_flux  # noqa: E402
from real_cluster.control import CACHES  # noqa: E402

ROWS = ["memory", "life", "again", "dns", "many", "large"]


class Runs:
    """One instance after another; each under a name that was not there before."""

    numbers = itertools.count(1)  # of all: a scene remembers pods that are gone by their names

    def __init__(self, scene, flux="none"):
        self.scene, self.flux = scene, flux

    def make(self, kind, size=4, has_job=True):
        images, name = self.scene.kubernetes.images, f"{kind[:4]}{next(self.numbers)}"
        if kind in ("minicluster", "own"):
            return name, minicluster(images, name, size, self.flux, has_job, is_own=kind == "own")
        if kind in ("bundle", "indexed-job"):
            return name, example(kind, images, name, size, self.flux, has_job)
        return name, bare(images, name, size, self.flux, has_job, is_init=kind == "bare")

    def begin(self, name, documents, before=frozenset()):
        """(seconds from creation to the program's first line, its pods)."""
        begin = time.time()
        self.scene.create(documents)
        spoke = wait_for(lambda: self.scene.spoke(self.scene.pods.of(name) - before), f"{name} speaks", 120)
        return spoke - begin, self.scene.pods.of(name) - before

    def end(self, documents, pods):
        """Seconds from deletion to the last pod's being gone."""
        begin = time.time()
        self.scene.delete(documents)
        wait_for(lambda: self.scene.pods.all_gone(pods), f"the pods of {documents[0]['metadata']['name']} go", 120)
        return max(self.scene.pods.gone[uid] for uid in pods) - begin

    def forming(self, size):
        """To the first line of a MiniCluster: from its creation, and from the start of its last pod."""
        name, documents = self.make("minicluster", size)
        begin = time.time()
        took, pods = self.begin(name, documents)
        self.form(name, size)
        last = self.scene.started(pods)
        self.end(documents, pods)
        return took, begin + took - last

    def life(self, kind, size=4):
        """(creation to the program's first line, deletion to no pods)."""
        name, documents = self.make(kind, size)
        took, pods = self.begin(name, documents)
        self.form(name, size)
        return took, self.end(documents, pods)

    def idle_end(self, kind, size=4):
        """Deletion to no pods, of brokers without a job."""
        name, documents = self.make(kind, size, has_job=False)
        self.scene.create(documents)
        self.form(name, size)
        return self.end(documents, self.scene.pods.of(name))

    def form(self, name, size, before=frozenset()):
        """Until all its pods are ready: a kubelet that still starts one is slow to end it."""
        def formed():
            pods = self.scene.pods.of(name) - before
            return len(pods) == size and self.scene.pods.all_ready(pods)
        wait_for(formed, f"{name} forms", 120)

    def one_after_another(self, kind, is_same):
        """Creation to the first line: of one; and of the next, created when the first, formed, was just deleted. By hand it has a name of its own."""
        name, documents = self.make(kind)
        first, pods = self.begin(name, documents)
        self.form(name, 4)
        next_name, next_documents = (name, documents) if is_same else self.make(kind)
        self.scene.delete(documents)
        still, next_pods = self.begin(next_name, next_documents, pods)
        self.form(next_name, 4, pods)
        wait_for(lambda: self.scene.pods.all_gone(pods), f"the pods of {name} go", 120)
        self.end(next_documents, next_pods)
        if not is_same:
            return first, still
        after, last = self.begin(name, documents, pods | next_pods)
        self.end(documents, last)
        return first, still, after


def seconds(values):
    return spread(values, "s", 1)


def life(table, scene, runs, flux, what):
    """From nothing to the program's first line, and back to no pods."""
    instances = Runs(scene, flux)
    rows = in_turn(runs, *(lambda kind=kind: instances.life(kind) for kind in ("minicluster", "bundle", "own", "indexed-job")))
    for place, kind in ((0, "muster installed"), (2, "muster in its image")):
        for column, name in enumerate(("creation to the program's first line", "deletion to no pods, its program running")):
            mine, by_hand = ([each[column] for each in row] for row in rows[place:place + 2])
            table.add(f"MiniCluster of 4, {kind}, {what}: {name}", f"{seconds(mine)}; {ratios(mine, by_hand)}", f"{seconds(by_hand)}, the same Indexed Job by hand",
                      "<= 3 s, ratio <= 1.2" if column else "ratio <= 1.2")
    few = max(1, runs // 3)
    idle = [instances.idle_end("minicluster") for _ in range(few)]
    bares = [instances.life("bare") for _ in range(few)]
    bare_idle = [instances.idle_end("bare") for _ in range(few)]
    shells = [instances.life("shell") for _ in range(1)]
    table.add(f"the same without a program, {what}: deletion to no pods", seconds(idle), f"{seconds(bare_idle)}, bare brokers", "<= 3 s")
    table.add(f"brokers that never saw muster, {what}: creation to the first line; deletion to no pods", "-",
              f"{seconds([a for a, _ in bares])}; {seconds([b for _, b in bares])}; under a shell {seconds([b for _, b in shells])}", "-")


def again(table, scene, runs):
    """The same name, right after its deletion (pods still end) and after its last pod is gone."""
    instances = Runs(scene)
    rows = in_turn(runs, lambda: instances.one_after_another("minicluster", True), lambda: instances.one_after_another("bundle", False))
    first, still, after = zip(*rows[0])
    _, by_hand = zip(*rows[1])
    table.add("the same name created again while the old pods end: to the first line", f"{seconds(still)}; {ratios(still, by_hand)}",
              f"{seconds(by_hand)}, a Job by hand under another name meanwhile; {seconds(first)}, the MiniCluster the first time", "no slower")
    table.add("the same name created again after the last pod", f"{seconds(after)}; {ratios(after, first)}", f"{seconds(first)}, the first time", "no slower")


def dns(table, scene, runs, sizes):
    """Both cachings of cluster DNS."""
    import statistics
    took = {}
    bares = {}
    for kind in CACHES:
        scene.cluster.control.change_dns(kind)
        instances = Runs(scene)
        instances.life("minicluster", 2)  # CoreDNS answers
        for size in sizes:
            took[kind, size] = list(zip(*(instances.forming(size) for _ in range(runs)), strict=True))
        bares[kind] = instances.life("bare")[0]
    one, other = CACHES
    for size in sizes:
        for begin, shown, mine, theirs in zip(("creation", "the start of its last pod"), (seconds, spread), took[one, size], took[other, size], strict=True):
            apart = abs(statistics.median(mine) - statistics.median(theirs)), abs(max(mine) - max(theirs))
            table.add(f"MiniCluster of {size}, CoreDNS with `{one}`: {begin} to the first line", shown(mine),
                      f"{shown(theirs)}, `{other}`; medians {apart[0]:.2f}, worst {apart[1]:.2f} s apart", "<= 0.5 s apart")
    table.add("4 bare brokers, creation to the first line", "-", "; ".join(f"{took:.1f} s, `{kind}`" for kind, took in bares.items()), "-")
    scene.cluster.control.change_dns("cache-30")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="2 runs of each, 40 MiniClusters at once, one of 100 pods, 10 idle seconds")
    parser.add_argument("--only", nargs="*", choices=ROWS, default=ROWS)
    parser.add_argument("--runs", type=int, default=10, help="runs of each caching and size; of the other rows half as many")
    parser.add_argument("--sizes", type=int, nargs="*", default=[4, 8, 16], help="pods of a MiniCluster, with each caching")
    parser.add_argument("--many", type=int, default=500, help="MiniClusters at once")
    parser.add_argument("--large", type=int, default=1000, help="pods of one MiniCluster")
    parser.add_argument("--flux", metavar="PREFIX", help="a real Flux, for the rows of the life of one, too")
    options = parser.parse_args()
    if options.quick:
        options.runs, options.many, options.large = 2, 40, 100
    if options.flux and not real_flux():
        sys.exit(f"kube_bench: --flux {options.flux}: there is no bin/flux")
    half = max(2, options.runs // 2)
    table = Table()
    with tempfile.TemporaryDirectory(prefix="mb-", dir="/tmp") as directory, Scene(directory) as scene:
        table.head()
        if "memory" in options.only:
            kube_crowds.idle(table, scene, 100, 10 if options.quick else 60)
        if "many" in options.only:
            kube_crowds.many(table, scene, options.many)
        if "large" in options.only:
            kube_crowds.large(table, scene, options.large)
        scene.companion.end()
        scene.companion.start()
        if "life" in options.only:
            life(table, scene, half, "none", "rehearsal")
            if options.flux:
                life(table, scene, max(2, half // 2), options.flux, "Flux")
        if "again" in options.only:
            again(table, scene, half)
        if "dns" in options.only:
            dns(table, scene, options.runs, options.sizes)


main()
