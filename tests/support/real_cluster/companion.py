# SPDX-License-Identifier: Apache-2.0
"""muster-controller on a cluster, without its Deployment: what containers/kubernetes gives it, and a kubeconfig of the account that it has there."""
import base64
import functools

import yaml
from muster_testing import REPOSITORY

YAML = REPOSITORY / "containers" / "kubernetes"
SYSTEM = "muster-system"


def account(namespace=SYSTEM):
    """The user that the API server takes it for."""
    return f"system:serviceaccount:{namespace}:muster-controller"


def install(kubernetes):
    """The definition and the rights: `kubectl apply -k` without the Deployment."""
    deployment = [each for each in yaml.safe_load_all((YAML / "deployment.yaml").read_text()) if each["kind"] == "Namespace"]
    kubernetes.kubectl("apply", "-f", "-", given=yaml.safe_dump_all(deployment))
    kubernetes.kubectl("apply", "--validate=strict", "-f", YAML / "crd.yaml", "-f", YAML / "rbac.yaml")
    kubernetes.kubectl("wait", "--for=condition=Established", "--timeout=60s", "crd/miniclusters.flux-framework.org")


def write_kubeconfig(kubernetes, path, namespace=SYSTEM):
    """Of the Deployment's account, or that of the Deployment of one namespace."""
    path.write_text(_kubeconfig(kubernetes, namespace))
    return path


@functools.cache  # for each test the same, while the tests last
def _kubeconfig(kubernetes, namespace):
    token = kubernetes.kubectl("create", "token", "muster-controller", f"--namespace={namespace}", "--duration=6h").stdout.strip()
    given = yaml.safe_load(kubernetes.kubectl("config", "view", "--raw", "--minify").stdout)
    given["users"] = [{"name": given["contexts"][0]["context"]["user"], "user": {"token": token}}]
    return yaml.safe_dump(given)


def server(kubernetes, authority):
    """The URL of the API server, and its authority's certificate, which is written to this file."""
    given = _cluster(kubernetes)
    authority.write_bytes(base64.b64decode(given["certificate-authority-data"]))
    return given["server"], authority


@functools.cache
def _cluster(kubernetes):
    return yaml.safe_load(kubernetes.kubectl("config", "view", "--raw", "--minify", "--flatten").stdout)["clusters"][0]["cluster"]
