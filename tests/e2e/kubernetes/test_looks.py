# SPDX-License-Identifier: Apache-2.0
"""What tests see of a cluster without kubectl (tests/support/real_cluster/looks.py) is what kubectl shows, and what they do not see so is left to it."""
import json

import pytest
from real_cluster.lab import HOLD

SAID = f"echo said by $0; {HOLD}"


def objects(space):
    labelled = {"name": "one", "labels": {"app": "one"}}
    containers = [{"name": name, "image": space.kubernetes.images.application, "command": ["sh", "-c", SAID, name]} for name in ("first", "second")]
    return [{"apiVersion": "v1", "kind": "Service", "metadata": labelled, "spec": {"ports": [{"port": 80}]}},
            {"apiVersion": "v1", "kind": "Secret", "metadata": labelled, "stringData": {"word": "secret"}},
            {"apiVersion": "v1", "kind": "Pod", "metadata": labelled, "spec": {"containers": containers, "terminationGracePeriodSeconds": 1}},
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "other"}, "spec": {"containers": containers[:1], "terminationGracePeriodSeconds": 1}}]


def test_what_is_seen_is_what_kubectl_shows(space, installed, lab):
    looks = installed.looks
    space.apply(objects(space))
    lab.apply()
    space.wait(lambda: all(pod["status"]["phase"] == "Running" for pod in space.pods().values()), "the pods run")
    for words in (["pods"], ["po", "other"], ["services,secrets,configmaps"], ["secret", "one"], ["all", "--selector=app=one"], ["mc"],
                  ["minicluster", "lab"], ["events", "--field-selector=involvedObject.name=one"], ["jobs"], ["endpointslices"]):
        def alike(words=words):  # at a moment at which nothing changes
            return looks.get(space.name, *words) == json.loads(space.kubectl("get", *words, "--output=json").stdout)
        space.wait(alike, f"{words}: alike", 15)
    for words in (["other"], ["one", "--container=second"]):
        assert looks.log(space.name, *words) == space.kubectl("logs", *words).stdout == f"said by {'second' if len(words) > 1 else 'first'}\n"
    assert looks.log(space.name, "one") is None


@pytest.mark.parametrize("words", [["pod", "no-such"], ["no-such"], ["pods,no-such"], ["pods", "--output=wide"], ["pods", "one", "other"], ["pods,jobs", "one"]])
def test_what_it_does_not_know_is_left_to_kubectl(space, words):
    assert space.kubernetes.looks.get(space.name, *words) is None
