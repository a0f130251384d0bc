# SPDX-License-Identifier: Apache-2.0
"""Runs the pods of a manifest as a kubelet would: the Service's names, init containers in order, native sidecars until their
startup probe passes, then the containers, with the manifest's commands, variables, user, volumes and read-only root. A container is
a pod of pods.py; those of one pod share volumes and hostname, but not the network. Images are made up: what their names mean is IMAGES."""
import os
import pathlib
import re

import manifests
from muster_testing import BIN, DEADLINE, real_flux, wait_until
from pods import MUSTER_BIN, PATH

SYSTEM = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
CLIENT = "/opt/client/bin"


def _flux_prefix():
    flux = real_flux()
    prefix = flux and os.path.dirname(os.path.dirname(flux))
    return [[prefix, prefix, True]] if flux and not flux.startswith("/usr/") else []


def _image(name, flux):
    """(what it holds beside a plain system, its PATH). An application's has a Flux client, and nothing of muster's."""
    if name == "my-application":
        client = [str(BIN / "muster-rehearsal"), f"{CLIENT}/flux", True]
        return ([client], f"{CLIENT}:{SYSTEM}") if flux == "none" else (_flux_prefix(), f"{os.path.dirname(flux)}:{SYSTEM}")
    if name == "bare-application":
        return [], SYSTEM
    assert name in ("muster", "muster-flux"), f"what is the image {name}?"
    return [[str(BIN), MUSTER_BIN, True], *_flux_prefix()], PATH


class ManifestPod:
    """One pod of a manifest. `main` is its application's container, `muster` muster's; often they are the same."""

    def __init__(self, instance, of, flux):
        self.of, self.cluster, self.flux = of, instance.cluster, flux
        self.volumes = self.cluster.scratch / f"{of.hostname}.volumes"
        own = manifests.muster_of(of.spec)
        self.containers = {each["name"]: self._container(each) for each in manifests.containers(of.spec)}
        self.main = self.containers[of.spec["containers"][0]["name"]]
        self.muster = self.containers[own["name"]]
        self.handlers = {"preStop": own.get("lifecycle", {}).get("preStop", {}).get("exec", {}).get("command"),
                         **{probe: own.get(probe, {}).get("exec", {}).get("command")
                            for probe in ("startupProbe", "readinessProbe", "livenessProbe")}}

    def _container(self, container):
        more, path = _image(container["image"], self.flux)
        environment = {**self.of.env, **manifests.environment(container), "PATH": path}
        if any(name.startswith("MUSTER_") for name in environment):
            environment["MUSTER_FLUX"] = self.flux
        pod = self.cluster.pod(None, manifests.argv(container), env=environment, hostname=self.of.hostname,
                               read_only=container.get("securityContext", {}).get("readOnlyRootFilesystem", False))
        context = self.of.spec.get("securityContext", {})
        pod.uid, pod.gid = context.get("runAsUser", 0), context.get("fsGroup", 0)
        pod.env["HOME"] = "/root" if pod.uid == 0 else "/"
        pod.label = f"{self.of.hostname}.{container['name']}"
        pod.tmpfs, pod.binds = [], more + self._binds(container, pod)
        if not self.of.subdomain:
            pod.files = {"/etc/hosts": {"text": f"127.0.0.1\tlocalhost\n{pod.address}\t{self.of.hostname}\n"}}
        return pod

    def _binds(self, container, pod):
        """Its emptyDirs, and annotations as files. A Secret's is made by pods.py, where the container mounts one."""
        kinds = {each["name"]: each for each in self.of.spec.get("volumes", [])}
        found, has_secret = [], False
        for mount in container.get("volumeMounts", []):
            if "secret" in kinds[mount["name"]]:
                pod.secret_mode, has_secret = kinds[mount["name"]]["secret"].get("defaultMode", 0o644), True
                continue
            place = pathlib.Path(self.volumes / mount["name"])
            place.mkdir(parents=True, exist_ok=True)
            place.chmod(0o777)
            for item in kinds[mount["name"]].get("downwardAPI", {}).get("items", []):
                annotation = re.fullmatch(r"metadata\.annotations\['(.*)'\]", item["fieldRef"]["fieldPath"]).group(1)
                (place / item["path"]).write_text(self.of.template["metadata"]["annotations"][annotation], encoding="utf-8")
            found.append([str(place / mount.get("subPath", "")), mount["mountPath"], mount.get("readOnly", False)])
        if not has_secret:
            pod._secrets = dict
        return found

    def start_before(self):
        """Init containers, and sidecars, which are not waited for."""
        for container in self.of.spec.get("initContainers", []):
            pod = self.containers[container["name"]]
            pod.start()
            if container.get("restartPolicy") != "Always":
                assert pod.wait() == 0, pod.log()

    def start(self):
        if self.main is not self.muster:
            self.wait_probe("startupProbe")
        for container in self.of.spec["containers"]:
            self.containers[container["name"]].start()

    def call(self, handler):
        return self.muster.exec(*self.handlers[handler])

    def wait_probe(self, probe, deadline=DEADLINE):
        wait_until(lambda: self.call(probe).code == 0, lambda: f"{probe} of {self.of.hostname}:\n{self.muster.log()}", deadline)

    def stop(self):
        """As a kubelet stops it: preStop, SIGTERM to PID 1 of each container. Returns when they have ended."""
        if self.muster.running():
            self.call("preStop")
        for pod in self.containers.values():
            if pod.running():
                pod.signal(15)
        for pod in self.containers.values():
            if pod.pid is not None:
                pod.wait()


def network_of(group):
    """What the Cluster of its pods is called: their headless Service and namespace."""
    return {"service": group.pods[0].subdomain or "nobody", "namespace": manifests.NAMESPACE}


def start(instance, group, flux):
    """All pods of one instance; `instance.cluster` must be one of the group's Service."""
    made = [ManifestPod(instance, of, flux) for of in group.pods]
    instance.cluster.publish(*(each.muster for each in made))
    for each in made:
        each.start_before()
    for each in made:
        each.start()
    return made
