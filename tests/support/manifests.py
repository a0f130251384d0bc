# SPDX-License-Identifier: Apache-2.0
"""Manifests of Kubernetes as the tests see them: which pods a workload's controller makes, under which names, with which
variables, and which of their containers are muster's."""
import dataclasses
import os
import re

import kubernetes_schemas

WORKLOADS = ("Job", "StatefulSet", "JobSet", "LeaderWorkerSet")
NAMESPACE = "lab"


@dataclasses.dataclass
class PodOf:
    """A pod that a workload's controller makes: `env` is what it adds, `template` is the manifest's."""
    hostname: str
    subdomain: str
    env: dict
    template: dict

    @property
    def spec(self):
        return self.template["spec"]


@dataclasses.dataclass
class Group:
    """The pods of one instance. `job` is the spec of their Job, where one is."""
    what: str
    pods: list
    job: dict | None = None


def load(path):
    with open(path, encoding="utf-8") as file:
        return kubernetes_schemas.load(file.read())


def of_kind(documents, *kinds):
    return [document for document in documents if document["kind"] in kinds]


def _job(name, spec, subdomain):
    pods = [PodOf(f"{name}-{n}", subdomain, {"JOB_COMPLETION_INDEX": n}, spec["template"]) for n in range(spec["completions"])]
    return Group(f"Job {name}", pods, spec)


def _groups(document):
    name, spec = document["metadata"]["name"], document["spec"]
    if document["kind"] == "Job":
        return [_job(name, spec, spec["template"]["spec"].get("subdomain"))]
    if document["kind"] == "StatefulSet":
        first = spec.get("ordinals", {}).get("start", 0)
        return [Group(f"StatefulSet {name}", [PodOf(f"{name}-{first + n}", spec.get("serviceName"), {}, spec["template"])
                                              for n in range(spec["replicas"])])]
    if document["kind"] == "JobSet":
        subdomain = spec.get("network", {}).get("subdomain", name)
        return [_job(f"{name}-{each['name']}-{replica}", each["template"]["spec"], subdomain)
                for each in spec["replicatedJobs"] for replica in range(each.get("replicas", 1))]
    template = spec["leaderWorkerTemplate"]
    size = template["size"]
    return [Group(f"LeaderWorkerSet {name}, group {group}", [
        PodOf(f"{name}-{group}" + (f"-{n}" if n else ""), name,
              {"LWS_LEADER_ADDRESS": f"{name}-{group}.{name}.{NAMESPACE}", "LWS_GROUP_SIZE": size, "LWS_WORKER_INDEX": n},
              template["workerTemplate"] if n else template.get("leaderTemplate", template["workerTemplate"])) for n in range(size)])
        for group in range(spec.get("replicas", 1))]


def groups(documents):
    """The instances that these objects make."""
    return [group for document in of_kind(documents, *WORKLOADS) for group in _groups(document)]


def containers(spec):
    return [*spec.get("initContainers", []), *spec["containers"]]


def muster_of(spec):
    """The container whose entrypoint is muster-init, or becomes it: one, or a native sidecar. Others do not count."""
    found = [each for each in containers(spec) if any(os.path.basename(word) == "muster-init" for word in each.get("command", []))]
    return found[0] if len(found) == 1 else None


def environment(container):
    return {each["name"]: each["value"] for each in container.get("env", []) if "value" in each}


def expand(word, variables):
    """$(NAME) of a variable that is there, and $$, as the kubelet replaces them (Kubernetes' API reference, Container, command)."""
    def replace(match):
        return "$" if match.group() == "$$" else variables.get(match.group(1), match.group())
    return re.sub(r"\$\$|\$\(([^)]*)\)", replace, word)


def argv(container):
    variables = environment(container)
    return [expand(word, variables) for word in (*container.get("command", []), *container.get("args", []))]
