# SPDX-License-Identifier: Apache-2.0
"""A MiniCluster as tests know it: applied, looked at, waited for."""
import re

HOLD = "until [ -e /tmp/go ]; do sleep 0.1; done"  # of a program, until release()


class Lab:
    """The MiniCluster "lab" of a namespace, or one of another name."""

    def __init__(self, space, name="lab"):
        self.space, self.name = space, name

    def described(self, command="hostname", size=2, spec=None, **container):
        """The object."""
        named = self.space.kubernetes.images
        return {
            "apiVersion": "flux-framework.org/v1alpha2", "kind": "MiniCluster", "metadata": {"name": self.name},
            "spec": {"size": size, "flux": {"container": {"disable": True}}, "muster": {"image": named.muster, "flux": "none", "grace": 3},
                     "containers": [{"image": named.application, "command": command, **container}], **(spec or {})}}

    def apply(self, *words, **fields):
        """Of what described() takes."""
        self.space.apply([self.described(*words, **fields)])
        return self

    def get(self):
        return self.space.get("minicluster", self.name)

    def status(self):
        return self.get().get("status", {})

    def condition(self, name):
        return next((row for row in self.status().get("conditions", []) if row["type"] == name), {})

    def wait_phase(self, *phases):
        return self.space.wait(lambda: self.status() if self.status().get("phase") in phases else None, f"phase {phases}")

    def wait_for(self, condition, pattern):
        """Until the message of a condition is of this kind."""
        return self.space.wait(lambda: re.search(pattern, self.condition(condition).get("message", "")), f"{condition}: {pattern}")

    def events(self):
        found = self.space.get("events", "--field-selector=involvedObject.kind=MiniCluster")["items"]
        return [(each["reason"], each["message"]) for each in found]

    def pods(self):
        return self.space.pods(f"app.kubernetes.io/name={self.name}")

    def release(self):
        """Lets all go that HOLD holds."""
        for name, pod in self.pods().items():
            if pod["status"]["phase"] == "Running":
                self.space.exec(name, "touch", "/tmp/go")

    def leader(self):
        """The name of its only pod of index 0."""
        found = list(self.space.pods("batch.kubernetes.io/job-completion-index=0"))
        assert len(found) == 1, f"{found}\n{self.space.told()}"
        return found[0]


def versions(space):
    """The resourceVersions of all that the controller has to do with."""
    found = space.get("miniclusters,jobs,services,secrets")["items"]
    return {(each["kind"], each["metadata"]["name"]): each["metadata"]["resourceVersion"] for each in found}
