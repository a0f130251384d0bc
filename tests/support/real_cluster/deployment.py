# SPDX-License-Identifier: Apache-2.0
"""muster-controller as its Deployment runs it: applied with kustomize as containers/kubernetes has it, but for the image's name."""
import os
import re

import yaml
from muster_testing import REPOSITORY, wait_until
from real_cluster.client import REST
from real_cluster.node import SOCKET

YAML = REPOSITORY / "containers" / "kubernetes"
PAGE = (REPOSITORY / "containers" / "controller" / "operating.md").read_text()
NAME = "muster-controller"


def customize(directory, base, image, **more):
    """Writes a kustomization of one's own: `base` with this image."""
    name, tag = image.rsplit(":", 1)
    made = {"resources": [os.path.relpath(base, directory.resolve())], "images": [{"name": NAME, "newName": name, "newTag": tag}], **more}
    (directory / "kustomization.yaml").write_text(yaml.safe_dump(made))
    return directory


class Deployment:
    """The Deployment of a namespace, and its pods."""

    def __init__(self, kubernetes, name_space):
        self.kubernetes, self.name_space = kubernetes, name_space

    def kubectl(self, *words, **options):
        return self.kubernetes.kubectl(f"--namespace={self.name_space}", *words, **options)

    def apply(self, directory):
        self.kubernetes.kubectl("apply", "--validate=strict", "-k", directory)
        return self.wait_available()

    def wait_available(self):
        done = self.kubectl("rollout", "status", f"deployment/{NAME}", "--timeout=90s", check=False)
        assert done.returncode == 0, f"{done}\n{self.kubectl('describe', 'pods', check=False).stdout}\n{self.logs()}"
        return self

    def pods(self):
        """Those that do not end, by name."""
        found = self.kubernetes.get(self.name_space, "pods", f"--selector=app.kubernetes.io/name={NAME}")["items"]
        return {each["metadata"]["name"]: each for each in found if "deletionTimestamp" not in each["metadata"]}

    def page(self, pod, path):
        """What it answers on its port, through the API server."""
        return self.kubernetes.kubectl("get", "--raw", f"/api/v1/namespaces/{self.name_space}/pods/{pod}:8080/proxy/{path}").stdout

    def metrics(self, pod):
        return {name: int(value) for name, value in re.findall(r"(?m)^muster_controller_(\S+) (\d+)$", self.page(pod, "metrics"))}

    def log(self, pod, *options):
        return self.kubernetes.log(self.name_space, pod, *options, check=False)

    def logs(self):
        return {name: self.log(name) for name in self.pods()}

    def wait_leader(self, other_than=()):
        """The one pod that acts."""
        def acting():
            found = [name for name in self.pods() if name not in other_than and "leading lease" in self.log(name)]
            return found[0] if len(found) == 1 else None
        return wait_until(acting, lambda: f"one of them leads: {self.logs()}", rest=REST)

    def kill(self, pod):
        """SIGKILL to the program of a pod of this machine's cluster."""
        status = self.pods()[pod]
        node, = [each for each in self.kubernetes.own.nodes if each.machine.name == status["spec"]["nodeName"]]
        container = status["status"]["containerStatuses"][0]["containerID"].removeprefix("containerd://")
        node.machine.run("ctr", f"--address={SOCKET}", "--namespace=k8s.io", "tasks", "kill", "--signal=SIGKILL", container)
