# SPDX-License-Identifier: Apache-2.0
"""muster-controller under the API server's own flow control (API Priority and Fairness): of all that it asks at once the server takes one
request, and refuses the others with 429 and Retry-After."""
import collections
import contextlib
import itertools

import pytest
from muster_testing import program
from real_cluster import companion
from real_cluster.audit import Audit, counted, moment
from real_cluster.lab import Lab

NOWHERE = {"pod": {"nodeSelector": {"no-node-has": "this"}}}


@pytest.fixture
def throttled(kubernetes, space, installed, bench, tmp_path):
    """(what a controller with an account of its own has asked, a context in which the server takes one request of it at a time)."""
    if not kubernetes.own:
        pytest.skip("this is the user's cluster: its flow control is left alone")
    space.kubectl("create", "serviceaccount", "muster-controller")
    space.kubectl("create", "rolebinding", "muster-controller", "--clusterrole=muster-controller", f"--serviceaccount={space.name}:muster-controller")
    path = companion.write_kubeconfig(installed, tmp_path / "controller.kubeconfig", space.name)
    process = bench.start(program("muster-controller"), "run", "--kubeconfig", path, "--namespace", space.name, "--metrics-address", "none")
    process.wait_for("synced miniclusters=")
    return Audit(kubernetes.own, companion.account(space.name)), one_at_a_time(space)


@contextlib.contextmanager
def one_at_a_time(space):
    """Of no seats at all the server still gives one where none is taken, so that nothing waits for ever."""
    limited = {"nominalConcurrencyShares": 0, "lendablePercent": 0, "borrowingLimitPercent": 0, "limitResponse": {"type": "Reject"}}
    subject = {"kind": "ServiceAccount", "serviceAccount": {"namespace": space.name, "name": "muster-controller"}}
    everything = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"], "namespaces": ["*"], "clusterScope": True}
    group, metadata = "flowcontrol.apiserver.k8s.io/v1", {"name": space.name}
    try:
        space.apply([
            {"apiVersion": group, "kind": "PriorityLevelConfiguration", "metadata": metadata, "spec": {"type": "Limited", "limited": limited}},
            {"apiVersion": group, "kind": "FlowSchema", "metadata": metadata, "spec": {
                "matchingPrecedence": 2, "priorityLevelConfiguration": metadata, "rules": [{"subjects": [subject], "resourceRules": [everything]}]}}])
        space.kubectl("wait", "--for=condition=Dangling=False", "--timeout=60s", f"flowschema/{space.name}")
        yield
    finally:
        space.kubectl("delete", f"flowschema/{space.name}", f"prioritylevelconfiguration/{space.name}", "--ignore-not-found", check=False)


def code(row):
    return row["responseStatus"]["code"]


def pauses(rows):
    """Seconds from each refusal of a status to its next try: the requests of which the log says whose they are, refused or not."""
    by_path = collections.defaultdict(list)
    for row in sorted(rows, key=lambda row: moment(row["requestReceivedTimestamp"])):
        if row["verb"] == "patch":
            by_path[row["requestURI"]].append(row)
    return [moment(after["requestReceivedTimestamp"]) - moment(before["stageTimestamp"])
            for tries in by_path.values() for before, after in itertools.pairwise(tries) if code(before) == 429]


def test_what_the_server_has_no_seat_for_comes_again_when_it_said(space, throttled):
    audit, limit = throttled
    labs = [Lab(space, f"lab-{number}") for number in range(24)]
    with limit:
        space.apply([lab.described(size=1, spec=NOWHERE) for lab in labs])
        space.wait(lambda: space.kubectl("get", "miniclusters", "--output=jsonpath={.items[*].status.conditions[?(@.reason=='Trouble')].reason}").stdout.split()
                   == ["Trouble"] * len(labs), "all are told that no node takes their pods", 600)
    rows = audit.work()
    refused = [row for row in rows if code(row) == 429]
    assert refused, counted(rows)
    # Retry-After is a second at least.
    waited = pauses(rows)
    assert waited and min(waited) >= 1, sorted(waited)
    made = collections.Counter(row["objectRef"]["resource"] for row in rows if row["verb"] == "create" and code(row) == 201)
    del made["events"]  # which may be lost
    assert made == dict.fromkeys(("secrets", "services", "jobs"), len(labs)), counted(rows)
    # Secrets are not watched: one that was made before its MiniCluster had to come again is known by its name, which is taken.
    taken = [row for row in rows if code(row) == 409]
    assert {(row["verb"], row["objectRef"]["resource"]) for row in taken} <= {("create", "secrets")}, counted(rows)
    assert {code(row) for row in rows} <= {200, 201, 409, 429}, counted(rows)
    uids = {lab["metadata"]["uid"]: lab["metadata"]["name"] for lab in space.get("miniclusters")["items"]}
    for kind in ("secrets", "services", "jobs"):
        owners = sorted(uids[each["metadata"]["ownerReferences"][0]["uid"]] for each in space.get(kind)["items"])
        assert owners == sorted(lab.name for lab in labs), kind
