# SPDX-License-Identifier: Apache-2.0
"""Both cachings of cluster DNS: what EKS, AKS, k3s and older kubeadm ship, and kubeadm's of today."""
import pytest
from real_cluster.control import CACHES
from test_examples import assert_hello, example, leader, start


@pytest.fixture(params=CACHES)
def caching(request, kubernetes):
    """Cluster DNS anew, with an empty cache."""
    if not kubernetes.own:
        pytest.skip("a cluster's DNS is its owner's")
    kubernetes.own.control.change_dns(request.param)
    yield request.param
    kubernetes.own.control.change_dns("cache-30")


def test_an_instance_forms_whose_names_are_asked_for_too_early(space, certificate, caching):
    """The Service comes last: until then every name is denied, which is what a cache keeps."""
    documents = example("indexed-job", space)
    service, rest = documents[:1], documents[1:]
    start(space, rest, certificate)
    space.wait(lambda: [pod["status"]["phase"] for pod in space.pods().values()].count("Running") == 4, "the pods run")
    space.wait(lambda: any("no such name" in space.log(name) for name in space.pods()), "a name is denied")
    space.apply(service)
    space.wait_job("hello", "Complete")
    assert_hello(space.log(leader(space)["metadata"]["name"]))
    assert space.get("job", "hello")["status"].get("failed", 0) == 0
