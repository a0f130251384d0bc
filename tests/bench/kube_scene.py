# SPDX-License-Identifier: Apache-2.0
"""A cluster, and muster-controller beside it as the account that its Deployment has. What becomes of objects is told by one watch, by the nodes'
own files and by the API server's audit log, so that looking costs the cluster nothing."""
import base64
import contextlib
import http.client
import json
import pathlib
import ssl
import subprocess
import threading
import time

import yaml
from muster_testing import program
from real_cluster import client, companion
from real_cluster.audit import Audit, moment
from real_cluster.cluster import Cluster, spare

SPACE = "bench"
MINICLUSTERS = "/apis/flux-framework.org/v1alpha2"


class Api:
    """The API server as its administrator sees it; one connection a thread."""

    def __init__(self, kubeconfig):
        given = yaml.safe_load(pathlib.Path(kubeconfig).read_text())
        cluster, user = given["clusters"][0]["cluster"], given["users"][0]["user"]
        self.host, self.port = cluster["server"].removeprefix("https://").split(":")
        self.context = ssl.create_default_context(cadata=base64.b64decode(cluster["certificate-authority-data"]).decode())
        self.headers = {"Authorization": f"Bearer {user['token']}", "Content-Type": "application/json"}
        self.local = threading.local()

    def connect(self):
        return http.client.HTTPSConnection(self.host, int(self.port), context=self.context, timeout=900)

    def call(self, method, path, body=None):
        """The answer's object, or None where there is nothing of that name."""
        answer, said = self._ask(method, path, json.dumps(body) if body is not None else None)
        if answer.status >= 300 and answer.status != 404:
            raise SystemExit(f"kube_bench: {method} {path}: {said.get('message')}")
        return None if answer.status == 404 else said

    def _ask(self, method, path, text):
        for is_last in (False, True):
            if not hasattr(self.local, "connection"):
                self.local.connection = self.connect()
            try:
                self.local.connection.request(method, path, text, self.headers)
                answer = self.local.connection.getresponse()
                return answer, json.loads(answer.read())
            except (http.client.HTTPException, OSError):  # the server ends connections that rest
                del self.local.connection
                if is_last:
                    raise

    def events(self, path):
        """What a watch tells, on a connection of its own."""
        connection = self.connect()
        connection.request("GET", path, headers=self.headers)
        for line in connection.getresponse():
            yield json.loads(line)


def wait_for(condition, what, deadline=120):
    """The first true value of condition(). What it tells has times of its own: looking rarely leaves the processors to what is measured."""
    end = time.monotonic() + deadline
    while not (value := condition()):
        if time.monotonic() > end:
            raise SystemExit(f"kube_bench: not within {deadline} s: {what}")
        time.sleep(0.05)
    return value


def path_of(document, space=SPACE):
    """Where objects of this kind are."""
    group = document["apiVersion"]
    plural = {"NetworkPolicy": "networkpolicies"}.get(document["kind"], document["kind"].lower() + "s")
    return f"/{'apis' if '/' in group else 'api'}/{group}/namespaces/{space}/{plural}"


class Pods:
    """When pods of a namespace came and went, by their UID, as a watch tells."""

    def __init__(self, api, space=SPACE):
        self.seen = {}
        self.gone = {}
        self.ready = {}
        path = f"/api/v1/namespaces/{space}/pods?watch=true&allowWatchBookmarks=true&timeoutSeconds=7200"
        threading.Thread(target=self._listen, args=(api, path), daemon=True).start()

    def _listen(self, api, path):
        for event in api.events(path):
            now, pod = time.time(), event["object"]
            uid = pod["metadata"].get("uid")
            if event["type"] == "BOOKMARK":
                continue
            self.seen.setdefault(uid, pod["metadata"]["name"])
            if event["type"] == "DELETED":
                self.gone[uid] = now
            elif any(row["type"] == "Ready" and row["status"] == "True" for row in pod["status"].get("conditions", [])):
                self.ready.setdefault(uid, now)

    def of(self, name):
        """UIDs of the pods of the Job of this name that were ever there."""
        return {uid for uid, pod in list(self.seen.items()) if pod.startswith(f"{name}-") and pod.count("-") == name.count("-") + 2}

    def all_ready(self, uids):
        return all(uid in self.ready for uid in uids)

    def all_gone(self, uids):
        return all(uid in self.gone for uid in uids)


class Companion:
    """muster-controller, from here."""

    def __init__(self, kubernetes, directory):
        self.path = companion.write_kubeconfig(kubernetes, directory / "controller.kubeconfig")
        self.log = directory / "controller.log"
        self.process = None

    def start(self, *flags):
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([program("muster-controller"), "run", "--kubeconfig", self.path, "--metrics-address", "none", "--leader-elect",
                                             "--lease-namespace", companion.SYSTEM, *flags], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_for(lambda: "synced miniclusters=" in self.log.read_text(), "the controller has synced")

    def memory(self):
        """(resident now, most so far) in MiB."""
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        rows = dict(line.split(":", 1) for line in text.splitlines())
        return tuple(int(rows[key].split()[0]) / 1024 for key in ("VmRSS", "VmHWM"))

    def end(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(10)


class Scene:
    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.stack = contextlib.ExitStack()

    def __enter__(self):
        self.cluster = Cluster(client.name())
        if not self.cluster.is_up():
            self.cluster = self.stack.enter_context(spare())
        self.cluster.load_own_images()
        self.kubernetes = client.of(self.cluster)
        companion.install(self.kubernetes)
        self.companion = Companion(self.kubernetes, self.directory)
        self.api = Api(self.cluster.kubeconfig)
        self.stack.callback(self.kubernetes.kubectl, "delete", "namespace", SPACE, "--wait=false", "--ignore-not-found")
        self.stack.callback(self.companion.end)
        self.kubernetes.kubectl("delete", "namespace", SPACE, "--ignore-not-found")
        self.kubernetes.kubectl("create", "namespace", SPACE)
        wait_for(lambda: self.api.call("GET", f"/api/v1/namespaces/{SPACE}/serviceaccounts/default"), "a namespace that takes pods")
        self.pods = Pods(self.api)
        return self

    def __exit__(self, *_):
        self.stack.close()

    def create(self, documents):
        for each in documents:
            self.api.call("POST", path_of(each), each)

    def delete(self, documents):
        """As `kubectl delete` does."""
        for each in reversed(documents):
            self.api.call("DELETE", f"{path_of(each)}/{each['metadata']['name']}", {"propagationPolicy": "Background"})

    def spoke(self, uids):
        """When a line of a program of these pods was first written to a node's log, or None."""
        for node in self.cluster.nodes:
            with contextlib.suppress(OSError):  # a log of another pod goes while it is looked for
                for path in (node.directory / "pod-logs").glob(f"{SPACE}_*/*/0.log"):
                    if path.parts[-3].rsplit("_", 1)[1] not in uids:
                        continue
                    for line in path.read_text(errors="replace").splitlines():
                        if line.endswith(" spoken"):
                            return moment(line.split(" ", 1)[0])
        return None

    def started(self, uids):
        """When the last of these pods had its brokers' container: its directory has been given a log. Until then all is the kubelet's."""
        return max(path.stat().st_mtime for node in self.cluster.nodes for path in (node.directory / "pod-logs").glob(f"{SPACE}_*/*")
                   if path.parts[-2].rsplit("_", 1)[1] in uids and path.name != "muster-install")

    def audit(self):
        return Audit(self.cluster)


def until_quiet(audit, seconds=3, deadline=600):
    """What the controller asked, when it has asked nothing for so long."""
    end = time.monotonic() + deadline
    while time.monotonic() < end:
        rows = audit.work()
        if rows and time.time() - max(moment(row["requestReceivedTimestamp"]) for row in rows) > seconds:
            return rows
        time.sleep(0.5)
    raise SystemExit(f"kube_bench: the controller still asks after {deadline} s")
