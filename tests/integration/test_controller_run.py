# SPDX-License-Identifier: Apache-2.0
"""`muster-controller run` where there is no cluster: its flags, its pages, its end. With a cluster: tests/e2e/kubernetes."""
import http.client
import signal
import socket

import pytest
import yaml
from api_server import ApiServer
from muster_testing import plain_environment, program, wait_until


@pytest.fixture
def kubeconfig(tmp_path):
    """One of a server that is not there."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    path = tmp_path / "kubeconfig"
    path.write_text(yaml.safe_dump({
        "apiVersion": "v1", "kind": "Config", "current-context": "here",
        "clusters": [{"name": "here", "cluster": {"server": f"https://127.0.0.1:{port}"}}],
        "users": [{"name": "me", "user": {"token": "a-token-of-mine"}}],
        "contexts": [{"name": "here", "context": {"cluster": "here", "user": "me"}}]}))
    return path


def start(bench, kubeconfig, *flags):
    """(process, port of its pages)"""
    process = bench.start(program("muster-controller"), "run", "--kubeconfig", kubeconfig, "--metrics-address", "127.0.0.1:0", *flags)
    return process, int(process.wait_for(r"listening port=(\d+)")[1])


def ask(port, path, method="GET"):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request(method, path)
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def test_it_lives_and_is_not_ready_without_its_cluster(bench, kubeconfig):
    process, port = start(bench, kubeconfig)
    assert ask(port, "/livez") == (200, "ok\n")
    assert ask(port, "/readyz") == (503, "not synced\n")
    assert ask(port, "/nothing")[0] == 404 and ask(port, "/livez", "POST")[0] == 405
    wait_until(lambda: 'api_requests_total{method="GET",code="0"}' in ask(port, "/metrics")[1], "failed requests to be counted")
    process.wait_for(r"watch kind=MiniCluster error=")
    assert "a-token-of-mine" not in process.err()
    process.signal(signal.SIGTERM)
    assert process.wait().code == 0


def test_one_that_waits_for_the_lease_is_ready(bench, kubeconfig):
    process, port = start(bench, kubeconfig, "--leader-elect", "--lease-namespace", "muster")
    assert ask(port, "/readyz") == (200, "ok\n")
    assert "muster_controller_leader 0\n" in ask(port, "/metrics")[1]
    process.signal(signal.SIGTERM)
    assert process.wait().code == 0


@pytest.mark.parametrize("kind, mend", [("apis/flux-framework.org/v1alpha2/miniclusters", "; .*: apply containers/kubernetes/crd.yaml"), ("apis/batch/v1/jobs", "")])
def test_a_cluster_that_does_not_know_a_kind(bench, tmp_path, kind, mend):
    with ApiServer(tmp_path / "server") as server:
        process, _ = start(bench, server.kubeconfig())
        server.expect("GET", f"/{kind}").answer("404 page not found\n", code=404)
        process.wait_for(f'watch kind=[A-Za-z]+ error="GET /{kind}.* answered 404: 404 page not found{mend}" again=')


def test_many_connections_that_say_nothing_do_not_stop_it(bench, kubeconfig):
    _, port = start(bench, kubeconfig)
    idle = [socket.create_connection(("127.0.0.1", port)) for _ in range(20)]
    assert ask(port, "/livez") == (200, "ok\n")
    for each in idle:
        each.close()


@pytest.mark.parametrize("flags, sentence", [
    (["--nope"], "run: unknown flag '--nope'"),
    (["--namespace"], "run: flag '--namespace' needs a value"),
    (["--namespace="], "run: the value of '--namespace' is empty"),
    (["--leader-elect=perhaps"], "run: flag '--leader-elect': 'perhaps' is neither true nor false"),
    (["--log-level", "loud"], "run: --log-level: 'loud' is none of debug, info, warning, error"),
])
def test_a_wrong_flag(bench, flags, sentence):
    done = bench.run(program("muster-controller"), "run", *flags)
    assert (done.code, done.out) == (64, "") and sentence in done.err, done


def test_an_address_that_is_none(bench, kubeconfig):
    done = bench.run(program("muster-controller"), "run", "--kubeconfig", kubeconfig, "--metrics-address", "8080")
    assert done.code == 64 and "run: '8080' is no ADDRESS:PORT to listen on\n" in done.err, done


def test_an_address_that_is_taken(bench, kubeconfig):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = bench.run(program("muster-controller"), "run", "--kubeconfig", kubeconfig, "--metrics-address", address)
    assert done.code == 73 and f"run: listen on {address}: " in done.err, done


def test_no_cluster_is_known(bench, tmp_path):
    done = bench.run(program("muster-controller"), "run", env=plain_environment(HOME=str(tmp_path)))
    assert done.code == 78 and done.err.count("error:") == 1, done


def test_the_flags_are_told(bench):
    done = bench.run(program("muster-controller"), "run", "--help")
    assert done.code == 0 and "--metrics-address ADDRESS:PORT" in done.out, done
