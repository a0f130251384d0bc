# SPDX-License-Identifier: Apache-2.0
"""The cluster, once for all tests of this folder: the one that KUBECONFIG names, one that `cluster up` has left, or one of our own."""
import contextlib
import os
import secrets

import muster_testing
import pytest
from api_proxy import ApiProxy
from muster_testing import program
from real_cluster import client, companion
from real_cluster.cluster import Cluster, spare
from real_cluster.lab import Lab


@contextlib.contextmanager
def one():
    if found := client.users():
        yield found
        return
    left = Cluster(client.name())
    if left.is_up() and os.environ.get("PYTEST_XDIST_WORKER", "gw0") == "gw0":  # of several workers each has a cluster of its own
        left.load_own_images()  # of the programs that are tested
        yield client.of(left)
        return
    with spare() as own:
        yield client.of(own)


@pytest.fixture(scope="session")
def kubernetes():
    with one() as found, found.looking():
        yield found


@pytest.fixture
def space(kubernetes, request, output):
    """A namespace of the test's own. What anybody may read in it is kept, and searched for what its Secrets hold."""
    made = client.Space(kubernetes, f"muster-{request.node.originalname.lower().replace('_', '-')[5:40].strip('-')}-{secrets.token_hex(3)}")
    yield made
    muster_testing.REMEMBERED.extend(made.secrets())
    made.keep(output)
    made.delete()


@pytest.fixture
def certificate(bench, tmp_path, output):
    """The path of a new certificate, which is searched for in what the test leaves."""
    path = tmp_path / "curve.cert"
    assert bench.muster("keygen", path).code == 0
    muster_testing.remember_secrets(path)
    return path


@pytest.fixture(scope="session")
def installed(kubernetes):
    companion.install(kubernetes)
    return kubernetes


@pytest.fixture
def start(bench, space, installed, tmp_path):
    """start(*flags): a controller of this namespace, as the account that the Deployment has; `through` an ApiProxy."""
    path = companion.write_kubeconfig(installed, tmp_path / "controller.kubeconfig")

    def made(*flags, through=None):
        if through:
            through.lead(path)
        process = bench.start(program("muster-controller"), "run", "--kubeconfig", path, "--namespace", space.name, "--metrics-address", "none", *flags)
        if "--leader-elect" not in flags:
            process.wait_for("synced miniclusters=")
        return process
    return made


@pytest.fixture
def proxy(installed, tmp_path):
    """What a controller may be started through."""
    with ApiProxy(tmp_path / "proxy", *companion.server(installed, tmp_path / "authority.crt")) as made:
        yield made


@pytest.fixture
def lab(space, installed):
    return Lab(space)


def pytest_collection_modifyitems(items):
    """The first test waits for the cluster to be built."""
    for item in items:
        if item.path.parent.name == "kubernetes":
            item.add_marker(pytest.mark.timeout(1800))
