# SPDX-License-Identifier: Apache-2.0
"""Where no Kubernetes cluster can be started, the command says why and what to do (tests/e2e/kubernetes/cluster)."""
import os

import pytest
from muster_testing import REPOSITORY
from real_cluster import cluster, images

COMMAND = str(REPOSITORY / "tests" / "e2e" / "kubernetes" / "cluster")
NOWHERE = {"MUSTER_TEST_CLUSTER": "nowhere"}


@pytest.mark.skipif(os.geteuid() != 0, reason="taking rights away needs root")
@pytest.mark.parametrize("without, words", [
    (["setpriv", "--reuid=12345", "--regid=12345", "--clear-groups"], "run as root, or set KUBECONFIG"),
    (["setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin"], "use a machine or a privileged container"),
    (["unshare", "--mount", "sh", "-c", 'umount -R /sys/fs/cgroup && exec "$@"', "sh"], "lacks the controllers cpu, cpuset, memory, pids"),
])
def test_why_there_is_no_cluster(bench, without, words):
    if reason := cluster.why_not():
        pytest.skip(reason)
    done = bench.run(*without, "/usr/bin/python3", "-B", COMMAND, "why-not", env={"PATH": os.environ["PATH"], "HOME": "/root"})
    assert done.code == 0 and words in done.out and "\n" not in done.out, done


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may start a cluster")
@pytest.mark.parametrize("words, code", [(["why-not"], 0), (["up"], 1)])
def test_what_is_missing_is_named(bench, tmp_path, words, code):
    done = bench.run("/usr/bin/python3", "-B", COMMAND, *words, env={"PATH": str(tmp_path), **NOWHERE})
    assert done.code == code and "containerd, ctr, runc, " in done.out + done.err and "not installed: containers/install-packages cluster" in done.out + done.err, done


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may start a cluster")
def test_without_go_it_says_what_to_install(bench, tmp_path):
    for name in cluster.NEEDED:
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    if not os.path.exists("/usr/lib/cni/ptp"):
        pytest.skip("no plugins for pods' networks: containers/install-packages cluster")
    done = bench.run("/usr/bin/python3", "-B", COMMAND, "up", env={"PATH": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path), **NOWHERE})
    assert done.code == 1 and "install Go 1.26 or newer" in done.err, done


def test_the_users_cluster_is_never_one_of_ours(bench):
    done = bench.run("/usr/bin/python3", "-B", COMMAND, "why-not", env={"PATH": "/nowhere", "KUBECONFIG": "/somewhere"})
    assert (done.code, done.out) == (0, ""), done


@pytest.mark.parametrize("words, said", [(["kubeconfig"], "it is not up: cluster up"), (["kubectl", "get", "pods"], "it is not up: cluster up"), (["down"], "there is no cluster")])
def test_where_there_is_none_it_says_so(bench, words, said):
    done = bench.run("/usr/bin/python3", "-B", COMMAND, *words, env=NOWHERE)
    assert said in done.out + done.err, done


@pytest.mark.parametrize("name", ["a/b", "..", "With-Capitals", "x" * 13])
def test_a_name_that_is_no_clusters_is_refused(bench, name):
    done = bench.run("/usr/bin/python3", "-B", COMMAND, "down", env={"MUSTER_TEST_CLUSTER": name})
    assert done.code == 1 and f"'{name}' is no name for a cluster" in done.err, done


def test_an_archive_names_each_layer_once(tmp_path):
    (tmp_path / "layer.tar").write_bytes(b"")
    layer = images.Layer(tmp_path / "layer.tar")
    images.write(tmp_path / "images.tar", {"localhost/one:test": ([layer], {}), "localhost/two:test": ([layer], {"Cmd": ["x"]})})
    names = images.tarfile.open(tmp_path / "images.tar").getnames()
    assert names.count(f"{layer.digest}/layer.tar") == 1 and "manifest.json" in names and len(names) == len(set(names)) == 4
