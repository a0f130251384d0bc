# SPDX-License-Identifier: Apache-2.0
"""What `kubectl get --output=json` and `kubectl logs` say, for a few ms of processor time a look, of which a kubectl takes a hundred: `kubectl proxy`
runs once, dials and signs as the kubeconfig has it, and is asked by HTTP through a socket. What this does not know is None, and kubectl's to say:
an option that is not here, a kind or an object that is not there. A namespace is made and deleted so, too, as every test does it."""
import contextlib
import http.client
import json
import pathlib
import socket
import subprocess
import tempfile
import urllib.parse

from muster_testing import end_with_parent, wait_until

SELECTORS = {"--selector": "labelSelector", "--field-selector": "fieldSelector"}
DISCOVERY = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"  # all groups in one answer, from Kubernetes 1.30 on


class _Connection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=300)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


@contextlib.contextmanager
def through(kubectl):
    """Looks by `kubectl`, a command line's beginning, while the context lasts."""
    with tempfile.TemporaryDirectory(prefix="muster-looks-") as directory:
        path, log = f"{directory}/socket", pathlib.Path(directory, "log")
        with open(log, "wb") as file:
            proxy = subprocess.Popen([*kubectl, "proxy", f"--unix-socket={path}"], stdin=subprocess.DEVNULL, stdout=file, stderr=file,
                                     preexec_fn=end_with_parent)
        try:
            wait_until(lambda: pathlib.Path(path).exists() or proxy.poll() is not None, "kubectl proxy listens")
            assert proxy.poll() is None, f"kubectl proxy: {log.read_text()}"
            yield Looks(path)
        finally:
            proxy.kill()
            proxy.wait()


class Looks:
    def __init__(self, path):
        self.path = path
        self.kinds = {}  # by every word for them: the paths of their objects, below a namespace's

    def get(self, namespace, what, *words):
        """Of `kubectl --namespace=NAMESPACE get WHAT WORD...`."""
        names = [word for word in words if not word.startswith("--")]
        options = [word.partition("=") for word in words if word.startswith("--")]
        kinds = [self._paths(word) for word in what.split(",")]
        paths = [f"{path}/namespaces/{namespace}/{kind}" for found in kinds for path, kind in found]
        if not all(kinds) or any(name not in SELECTORS for name, _, _ in options):
            return None
        if names:
            return self._object(f"{paths[0]}/{names[0]}") if len(names) == len(paths) == 1 and not options else None
        query = urllib.parse.urlencode([(SELECTORS[name], value) for name, _, value in options])
        lists = [self._ask(f"{path}?{query}") for path in paths]
        return None if None in lists else {"apiVersion": "v1", "kind": "List", "metadata": {"resourceVersion": ""},
                                           "items": [each for found in map(json.loads, lists) for each in _items(found)]}

    def log(self, namespace, pod, *options):
        """Of `kubectl --namespace=NAMESPACE logs POD OPTION...`; None where it has several containers and none is named."""
        given = [word.partition("=") for word in options]
        if any(name != "--container" for name, _, _ in given):
            return None
        query = urllib.parse.urlencode([("container", value) for _, _, value in given])
        said = self._ask(f"/api/v1/namespaces/{namespace}/pods/{pod}/log?{query}")
        return None if said is None else said.decode()

    def make_namespace(self, name):
        """As `kubectl create namespace`; whether it was made."""
        return self._answer("POST", "/api/v1/namespaces", {"Content-Type": "application/json"}, json.dumps({"metadata": {"name": name}}))[0] == 201

    def delete_namespace(self, name):
        """As `kubectl delete namespace --wait=false`; whether it will be."""
        return self._answer("DELETE", f"/api/v1/namespaces/{name}", {})[0] == 200

    def _object(self, path):
        found = self._ask(path)
        return None if found is None else _shown(json.loads(found))

    def _paths(self, word):
        """(path of the API, kind) of each kind that a name or a category means; the server is asked for those that are new."""
        if word not in self.kinds:
            self.kinds = self._discover()
        return self.kinds.get(word, [])

    def _discover(self):
        kinds = {}
        groups = [(root, group) for root in ("/api", "/apis") for group in json.loads(self._ask(root, DISCOVERY) or "{}").get("items", [])]
        for root, group in groups:
            members = {}  # of a kind's versions the first is meant
            for version in group["versions"]:
                path = "/".join(filter(None, (root, group["metadata"].get("name"), version["version"])))
                for each in version["resources"]:
                    if each["scope"] == "Namespaced" and "list" in each["verbs"]:
                        members.setdefault(each["resource"], (path, each))
            for kind, (path, each) in members.items():
                for name in (kind, each.get("singularResource"), *each.get("shortNames", [])):
                    kinds.setdefault(name, [(path, kind)])  # and of a name's groups, too
                for category in each.get("categories", []):
                    kinds.setdefault(category, []).append((path, kind))
        return kinds

    def _ask(self, path, accept="application/json"):
        """The body of an answer that is one."""
        code, body = self._answer("GET", path, {"Accept": accept})
        return body if code == 200 else None

    def _answer(self, method, path, headers, body=None):
        with contextlib.closing(_Connection(self.path)) as connection:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()


def _items(found):
    """Of a list, each with the kind that it has by itself."""
    return [_shown({"apiVersion": found["apiVersion"], "kind": found["kind"].removesuffix("List"), **each}) for each in found["items"]]


def _shown(found):
    found["metadata"].pop("managedFields", None)
    return found
