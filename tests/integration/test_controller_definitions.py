# SPDX-License-Identifier: Apache-2.0
"""containers/kubernetes: the one file is its parts, and the definitions for one namespace are those for all."""
import yaml
from muster_testing import REPOSITORY

YAML = REPOSITORY / "containers" / "kubernetes"
WHOLE = YAML / "muster-controller.yaml"
ANEW = f"(echo '# SPDX-License-Identifier: Apache-2.0'; kubectl kustomize containers/kubernetes) >{WHOLE.relative_to(REPOSITORY)}"


def read(*paths):
    """The objects of files, by kind and name."""
    objects = [each for path in paths for each in yaml.safe_load_all(path.read_text())]
    return {(each["kind"], each["metadata"]["name"]): each for each in objects}


def parts(directory):
    """What the kustomization there names."""
    return read(*(directory / name for name in yaml.safe_load((directory / "kustomization.yaml").read_text())["resources"]))


def test_the_one_file_is_its_parts():
    assert read(WHOLE) == parts(YAML), f"make it anew: {ANEW}"


def test_one_namespace_has_the_same_rights_as_all():
    for_all, for_one = parts(YAML), parts(YAML / "namespaced")
    assert for_one["Role", "muster-controller"]["rules"] == for_all["ClusterRole", "muster-controller"]["rules"]
    lease = "Role", "muster-controller-lease"
    assert for_one[lease]["rules"] == for_all[lease]["rules"]
    assert not [kind for kind, _ in for_one if kind.startswith("Cluster")]


def test_one_namespace_has_the_same_pod_as_all():
    one, other = (parts(place)["Deployment", "muster-controller"]["spec"] for place in (YAML / "namespaced", YAML))
    container, = one["template"]["spec"]["containers"]
    assert container.pop("env")[0]["name"] == "NAMESPACE"
    assert container["args"].pop() == "--namespace=$(NAMESPACE)"
    assert one == other


def test_its_rights_are_few():
    rules = parts(YAML)["ClusterRole", "muster-controller"]["rules"]
    allowed = {(resource, verb) for rule in rules for resource in rule["resources"] for verb in rule["verbs"]}
    assert not [row for row in allowed if "*" in row or row[0] in ("nodes", "pods/exec", "configmaps")]
    assert {verb for resource, verb in allowed if resource == "secrets"} == {"get", "create"}
