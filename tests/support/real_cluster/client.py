# SPDX-License-Identifier: Apache-2.0
"""What tests do on a cluster, theirs or the user's: a namespace for each, objects, and waiting for what becomes of them."""
import base64
import contextlib
import dataclasses
import json
import os
import shutil
import subprocess

import manifests
from muster_testing import DEADLINE, wait_until
from real_cluster import images, looks, programs

REST = 0.05  # between two looks at what is waited for, s


@dataclasses.dataclass
class Images:
    """Names of images that the cluster's nodes have, or can pull."""
    muster: str = images.MUSTER
    application: str = images.APPLICATION
    controller: str = images.CONTROLLER
    flux: str | None = None


class Kubernetes:
    """A cluster by its kubeconfig; `own` is the one of this machine, which a test may treat as it likes, or None."""

    def __init__(self, kubeconfig, named, own=None):
        self.kubeconfig, self.images, self.own = kubeconfig, named, own
        self._kubectl = [(own is None and shutil.which("kubectl")) or programs.program("kubectl"), f"--kubeconfig={kubeconfig}"]
        self.looks = None

    @contextlib.contextmanager
    def looking(self):
        """While this lasts, a look at an object or a log costs no run of kubectl."""
        with looks.through(self._kubectl) as self.looks:
            yield self
        self.looks = None

    def kubectl(self, *words, check=True, given=None, timeout=300):
        """Runs `kubectl WORDS`; its completed process, texts. `given` is its standard input."""
        done = subprocess.run([*self._kubectl, *map(str, words)], input=given or "", capture_output=True, text=True, timeout=timeout, check=False)
        assert not check or done.returncode == 0, f"kubectl {words}: code {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def get(self, namespace, *words, check=True):
        """What `kubectl get WORDS --output=json` prints; None where that fails and `check` is not set."""
        if self.looks and (found := self.looks.get(namespace, *words)):
            return found
        done = self.kubectl(f"--namespace={namespace}", "get", *words, "--output=json", check=check)
        return json.loads(done.stdout) if done.returncode == 0 else None

    def log(self, namespace, pod, *options, check=True):
        """What `kubectl logs POD OPTIONS` prints."""
        found = self.looks.log(namespace, pod, *options) if self.looks else None
        return self.kubectl(f"--namespace={namespace}", "logs", pod, *options, check=check).stdout if found is None else found


def users():
    """The cluster that KUBECONFIG names, or None."""
    if not (kubeconfig := os.environ.get("KUBECONFIG")):
        return None
    named = Images(os.environ.get("MUSTER_TEST_IMAGE", images.MUSTER), os.environ.get("MUSTER_TEST_APPLICATION_IMAGE", images.APPLICATION),
                   os.environ.get("MUSTER_TEST_CONTROLLER_IMAGE", images.CONTROLLER), os.environ.get("MUSTER_TEST_FLUX_IMAGE"))
    return Kubernetes(kubeconfig, named)


def of(made):
    """The cluster of this machine."""
    return Kubernetes(made.kubeconfig, Images(flux=images.MUSTER_FLUX if images.real_flux() else None), made)


def name():
    return os.environ.get("MUSTER_TEST_CLUSTER") or "tests"


class Space:
    """A namespace, and what stands in it."""

    def __init__(self, kubernetes, name):
        self.kubernetes, self.name = kubernetes, name
        if not (kubernetes.looks and kubernetes.looks.make_namespace(name)):
            self.kubectl_of_all("create", "namespace", name)
        wait_until(lambda: self.get("serviceaccounts", "--field-selector=metadata.name=default")["items"], f"the default ServiceAccount of {name}", rest=REST)

    def kubectl_of_all(self, *words, **options):
        return self.kubernetes.kubectl(*words, **options)

    def kubectl(self, *words, **options):
        return self.kubernetes.kubectl(f"--namespace={self.name}", *words, **options)

    def apply(self, documents, *options, check=True):
        """Creates objects, whatever namespace they name; a field that the API does not know is an error."""
        text = "\n".join(json.dumps({**each, "metadata": {key: value for key, value in each["metadata"].items() if key != "namespace"}})
                         for each in documents)
        return self.kubectl("apply", "--validate=strict", "-f", "-", *options, given=text, check=check)

    def secret(self, name, **files):
        self.kubectl("create", "secret", "generic", name, *(f"--from-file={key.replace('_', '.')}={path}" for key, path in files.items()))

    def get(self, *words):
        return self.kubernetes.get(self.name, *words)

    def pods(self, selector=""):
        """Its pods, by name."""
        found = self.get("pods", *([f"--selector={selector}"] if selector else []))["items"]
        return {each["metadata"]["name"]: each for each in found}

    def log(self, pod, *options):
        return self.kubernetes.log(self.name, pod, *options)

    def exec(self, pod, *words, check=True):
        return self.kubectl("exec", pod, "--", *words, check=check)

    def wait(self, condition, what, deadline=2 * DEADLINE):
        return wait_until(condition, lambda: f"{what}\n{self.told()}", deadline, REST)

    def wait_job(self, name, condition, deadline=2 * DEADLINE):
        """Its Complete or Failed condition, which must be the one of this name."""
        def ended():
            rows = self.get("job", name)["status"].get("conditions", [])
            return next((row for row in rows if row["status"] == "True" and row["type"] in ("Complete", "Failed")), None)
        found = self.wait(ended, f"the Job {name} ends", deadline)
        assert found["type"] == condition, f"{found}\n{self.told()}"
        return found

    def told(self):
        """What one would look at when something did not come about."""
        said = [self.kubectl("get", "all", "--output=wide", check=False).stdout,
                self.kubectl("get", "events", "--sort-by=.lastTimestamp", check=False).stdout[-6000:]]
        said += [f"--- {name}\n{self.kubectl('logs', name, '--all-containers', '--tail=30', check=False).stdout}" for name in self.pods()]
        return "\n".join(said)

    def secrets(self):
        """What its Secrets hold."""
        return [base64.b64decode(value) for each in self.get("secrets")["items"] for value in each.get("data", {}).values()]

    def keep(self, directory):
        """Writes its objects but for the Secrets, its Events and its pods' logs to a directory."""
        kept = [self.kubernetes.get(self.name, kinds, check=False) for kinds in ("all,configmaps,endpointslices,events", "miniclusters")]
        (directory / "objects.json").write_text("\n".join(json.dumps(each, indent=1) for found in kept if found for each in found["items"]))
        for name, pod in self.pods().items():
            begun = [row["name"] for kind in ("initContainerStatuses", "containerStatuses") for row in pod["status"].get(kind, []) if "containerID" in row]
            logs = [self.kubernetes.log(self.name, name, f"--container={each}", check=False) for each in begun]
            (directory / f"{name}.log").write_text("".join(logs))

    def delete(self):
        if not (self.kubernetes.looks and self.kubernetes.looks.delete_namespace(self.name)):
            self.kubectl_of_all("delete", "namespace", self.name, "--wait=false", check=False)


def terminated(pod, container=0):
    """How a container of a pod ended: exitCode and message among it."""
    return pod["status"]["containerStatuses"][container]["state"]["terminated"]


def adapt(documents, named, flux="none"):
    """A manifest's objects for this cluster: its images, and no more cores asked for than a small machine has. What a pod may use
    stays as it was, and so does R."""
    templates = {id(pod.spec): pod.spec for group in manifests.groups(documents) for pod in group.pods}
    for spec in templates.values():
        for container in manifests.containers(spec):
            kind = container["image"]
            container["image"] = {"muster": named.muster, "muster-flux": named.muster if flux == "none" else named.flux,
                                  "my-application": named.application}[kind]
            if kind == "muster-flux" and flux == "none":
                container.setdefault("env", []).append({"name": "MUSTER_FLUX", "value": "none"})
            if "resources" in container:
                container["resources"]["requests"] = {"cpu": "50m", "memory": "32Mi"}
    return documents
