# SPDX-License-Identifier: Apache-2.0
"""The controllers of JobSet and LeaderWorkerSet, run on the control plane's machine: definitions and webhooks come out of their modules, the
API server dials the webhooks by address."""
import base64
import json

import yaml

import kubernetes_schemas
from real_cluster import control
from real_cluster.programs import CONTROLLERS, program, run_go

# name: (module, its manifests of webhooks, the label that its pods have, the API group of its settings, port of its webhooks)
KINDS = {
    "jobset": ("sigs.k8s.io/jobset", "config/components/webhook/manifests.yaml", "jobset.sigs.k8s.io/jobset-name", "config.jobset.x-k8s.io", 9443),
    "lws": ("sigs.k8s.io/lws", "config/webhook/manifests.yaml", "leaderworkerset.sigs.k8s.io/name", "config.lws.x-k8s.io", 9444),
}


def start(cluster):
    """Returns when both serve; cluster DNS and all else is there already."""
    for name in KINDS:
        _start(cluster, name)


def _start(cluster, name):
    module, manifests, label, group, port = KINDS[name]
    machine = cluster.control.machine
    definition = kubernetes_schemas.fetch(next(each for each in kubernetes_schemas.MODULES if each.path == module))
    cluster.kubectl("apply", "--server-side", "-f", definition)
    _keys(cluster, name)
    settings = machine.directory / f"{name}.yaml"
    settings.write_text(json.dumps({
        "apiVersion": f"{group}/v1alpha1", "kind": "Configuration", "leaderElection": {"leaderElect": False}, "internalCertManagement": {"enable": False},
        "webhook": {"port": port, "certDir": str(cluster.keys.path(name))}, "health": {"healthProbeBindAddress": "0"}, "metrics": {"bindAddress": "0"}}))
    machine.start(name, program(name, CONTROLLERS), f"--config={settings}", env={"KUBECONFIG": cluster.kubeconfig})
    machine.wait_for(name, lambda: "Serving webhook server" in machine.log(name, 1 << 20), f"{name} serves its webhooks")
    folder = run_go(CONTROLLERS, "list", "-m", "-f", "{{.Dir}}", module).strip()
    with open(f"{folder}/{manifests}", encoding="utf-8") as file:
        hooks = [_at(cluster, each, name, label, port) for each in yaml.safe_load_all(file)]
    cluster.kubectl("apply", "--server-side", "-f", "-", input="\n".join(map(json.dumps, hooks)))


def _keys(cluster, name):
    """A certificate for its webhooks, under the names that controller-runtime reads."""
    cluster.keys.sign(name, f"/CN={name}", [f"IP:{control.ADDRESS}"])
    place = cluster.keys.path(name)
    place.mkdir(exist_ok=True)
    for kind in ("crt", "key"):
        cluster.keys.path(f"{name}.{kind}").replace(place / f"tls.{kind}")


def _at(cluster, configuration, name, label, port):
    """The webhooks of a manifest, dialled by address, and asked about their own pods only (as its kustomization says)."""
    configuration["metadata"]["name"] = f"{name}-{configuration['metadata']['name']}"
    authority = base64.b64encode(cluster.keys.path("ca.crt").read_bytes()).decode()
    for hook in configuration["webhooks"]:
        path = hook["clientConfig"].pop("service")["path"]
        hook["clientConfig"].update(url=f"https://{control.ADDRESS}:{port}{path}", caBundle=authority)
        if path.endswith("--v1-pod"):
            hook["objectSelector"] = {"matchExpressions": [{"key": label, "operator": "Exists"}]}
    return configuration
