# SPDX-License-Identifier: Apache-2.0
"""The same four brokers in four ways: a MiniCluster, Indexed Jobs as a person writes them (containers/kubernetes/examples), and brokers that never saw muster."""
import base64
import json
import pathlib
import subprocess
import tempfile

import manifests
from muster_testing import REPOSITORY, program
from real_cluster import client

EXAMPLES = REPOSITORY / "containers" / "kubernetes" / "examples"
SPEAK = ["sh", "-c", "echo spoken; exec sleep inf"]
RESOURCES = {"requests": {"cpu": "50m", "memory": "32Mi"}, "limits": {"cpu": "2", "memory": "1Gi"}}
NOWHERE = {"no-node-has": "this"}


def minicluster(images, name, size, flux, has_job=True, is_own=False, **spec):
    """muster installed by an init container, or with `is_own` the image's own; with `has_job` a program that speaks and stays."""
    muster = images.flux if is_own and flux != "none" else images.muster
    container = {"image": muster if is_own else images.application if flux == "none" else images.flux, "resources": RESOURCES}
    if has_job:
        container["command"] = "sh -c 'echo spoken; exec sleep inf'"
    given = {"size": size, "tasks": size, "flux": {"container": {"disable": True}}, "muster": {"image": muster, **({"flux": "none"} if flux == "none" else {})},
             "containers": [container], **({} if has_job else {"interactive": True}), **spec}
    return [{"apiVersion": "flux-framework.org/v1alpha2", "kind": "MiniCluster", "metadata": {"name": name}, "spec": given}]


def certificate():
    with tempfile.TemporaryDirectory(prefix="mb-", dir="/tmp") as directory:
        path = pathlib.Path(directory) / "curve.cert"
        subprocess.run([program("muster"), "keygen", path], check=True, stderr=subprocess.DEVNULL)
        return base64.b64encode(path.read_bytes()).decode()


def example(kind, images, name, size, flux, has_job=True):
    """The Indexed Job of an example: `indexed-job` (muster in the image) or `bundle` (an init container)."""
    documents = client.adapt(manifests.load(EXAMPLES / f"{kind}.yaml"), images, flux)
    documents = json.loads(json.dumps(documents).replace("hello", name))
    spec = documents[-1]["spec"]
    spec["completions"] = spec["parallelism"] = size
    container = spec["template"]["spec"]["containers"][0]
    container["args"] = SPEAK if has_job else []
    container["env"] = [row if row["name"] != "MUSTER_SIZE" else {**row, "value": str(size)} for row in container["env"]]
    if kind == "bundle" and flux != "none":
        container["image"] = images.flux
        container["env"] = [row for row in container["env"] if row["name"] != "MUSTER_FLUX"]
    if not has_job:
        container["env"].append({"name": "MUSTER_MODE", "value": "interactive"})
    return [secret(f"{name}-curve", {"curve.cert": certificate()}), *documents]


def secret(name, files):
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "data": files}


def bare(images, name, size, flux, has_job=True, is_init=True):
    """Brokers that never saw muster, as the Flux Operator configures them: the first process of the container, or under a shell."""
    flux_program = "muster-rehearsal" if flux == "none" else f"{flux}/bin/flux"
    hosts = f"{name}-[0-{size - 1}]"
    toml = (f'[bootstrap]\ncurve_cert = "/run/muster/curve.cert"\ndefault_port = 8050\ndefault_bind = "tcp://eth0:%p"\n'
            f'default_connect = "tcp://%h.{name}.bench.svc.cluster.local:%p"\nhosts = [ {{ host = "{hosts}" }} ]\n'
            '[resource]\nnoverify = true\npath = "/etc/flux/R"\n')
    resources = {"version": 1, "execution": {"R_lite": [{"rank": f"0-{size - 1}", "children": {"core": "0-1"}}], "starttime": 0, "expiration": 0, "nodelist": [hosts]}}
    files = {"broker.toml": base64.b64encode(toml.encode()).decode(), "R": base64.b64encode(json.dumps(resources).encode()).decode(), "curve.cert": certificate()}
    broker = (f"{flux_program} broker --config-path=/etc/flux/broker.toml -S hostname=$(hostname) -S rundir=/run/muster/run -S local-uri=local:///run/muster/run/local"
              f" -S tbon.connect_timeout=5s -S log-stderr-mode=local{'' if has_job else ' -S broker.rc2_none'}")
    words = f"{'run' if flux == 'none' else 'submit --watch'} -N{size} -n{size} sh -c 'echo spoken; exec sleep inf'"
    job = f"[ $JOB_COMPLETION_INDEX != 0 ] || set -- {flux_program} {words}; " if has_job else ""
    script = (f"mkdir -p /run/muster/run; install -m 600 /etc/flux/curve.cert /run/muster/; set --; {job}"
              + (f"exec {broker} \"$@\"" if is_init else f"while ! {broker} \"$@\"; do sleep 15; done"))
    container = {"name": "broker", "image": images.muster if flux == "none" else images.flux, "command": ["sh", "-c", script], "resources": RESOURCES,
                 "volumeMounts": [{"name": "files", "mountPath": "/etc/flux"}, {"name": "run", "mountPath": "/run/muster"}]}
    labels = {"app.kubernetes.io/instance": name}
    pod = {"subdomain": name, "restartPolicy": "Never", "enableServiceLinks": False, "automountServiceAccountToken": False, "containers": [container],
           "securityContext": {"runAsUser": 1000, "runAsGroup": 1000, "fsGroup": 1000},
           "volumes": [{"name": "files", "secret": {"secretName": name, "defaultMode": 0o440}}, {"name": "run", "emptyDir": {}}]}
    return [secret(name, files),
            {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
             "spec": {"clusterIP": "None", "publishNotReadyAddresses": True, "selector": labels, "ports": [{"name": "flux", "port": 8050}]}},
            {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name},
             "spec": {"completionMode": "Indexed", "completions": size, "parallelism": size, "backoffLimit": 100, "template": {"metadata": {"labels": labels}, "spec": pod}}}]
