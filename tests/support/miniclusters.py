# SPDX-License-Identifier: Apache-2.0
"""MiniClusters: the smallest one, what is made of it, and those that are refused, each with the sentence that says so."""
import copy
import dataclasses

MINIMAL = {"apiVersion": "flux-framework.org/v1alpha2", "kind": "MiniCluster", "metadata": {"name": "lab"},
           "spec": {"containers": [{"image": "app", "command": "hostname"}]}}


def with_spec(**spec):
    made = copy.deepcopy(MINIMAL)
    made["spec"].update(spec)
    return made


def with_container(**fields):
    made = copy.deepcopy(MINIMAL)
    made["spec"]["containers"][0].update(fields)
    return made


def named(name, **spec):
    return {**with_spec(**spec), "metadata": {"name": name}}


SAME = "the same"  # words
NOTHING = None


@dataclasses.dataclass
class Wrong:
    """A MiniCluster that `muster-controller --dry-run` refuses; what the API server, which the definition alone tells, says when it is applied:
    the same sentence, words of its own, or nothing. Then the condition SpecApplied has the sentence."""
    given: dict
    field: str
    sentence: str
    in_api: str | None = SAME
    moving: str | None = None  # the field as containers/controller/moving.md names it, for what worked in the Flux Operator


TWO = {"runFlux": True, "image": "a"}
WRONG = [
    Wrong(with_spec(sise=3), "spec.sise", "a MiniCluster has no such field", 'unknown field "spec.sise"'),
    Wrong(with_spec(services=[{"image": "a", "nope": "b"}]), "spec.services[0].nope", "a MiniCluster has no such field", 'unknown field "spec.services[0].nope"'),
    Wrong(with_spec(size="4"), "spec.size", "this must be a whole number", "must be of type integer"),
    Wrong(with_spec(muster={"podTemplate": "x"}), "spec.muster.podTemplate", "this must be an object", "must be of type object"),
    Wrong(with_container(resources={"limit": {"cpu": 1}}), "spec.containers[0].resources.limit", "a MiniCluster has no such field",
          'unknown field "spec.containers[0].resources.limit"'),
    Wrong(with_container(resources={"limits": {"cpu": "abc"}}), "spec.containers[0].resources.limits.cpu", "this is no quantity: a number, and its unit",
          "spec.containers[0].resources.limits.cpu: Invalid value: \"abc\""),
    Wrong(with_spec(size=0), "spec.size", "0 pods are no instance: give 1 or more"),
    Wrong(with_spec(size=-1), "spec.size", "this is not a number from 0 to 2147483647"),
    Wrong(with_spec(tasks=2**31), "spec.tasks", "this is not a number from 0 to 2147483647"),
    Wrong(with_spec(size=3, maxSize=2), "spec.maxSize", "this is less than spec.size"),
    Wrong(with_spec(maxSize=-1), "spec.maxSize", "this is not a number from 0 to 2147483647"),
    Wrong(with_spec(minSize=2), "spec.minSize", "this is more than spec.size"),
    Wrong(with_spec(deadlineSeconds=0), "spec.deadlineSeconds", "with 0 the Job would end before it starts"),
    Wrong(with_spec(flux={"logLevel": 8}), "spec.flux.logLevel", "this is not a number from 0 to 7"),
    Wrong(with_spec(muster={"port": 65536}), "spec.muster.port", "this is not a number from 1 to 65535"),
    Wrong(with_spec(muster={"ip": "5"}), "spec.muster.ip", "this must be one of 4, 6, auto"),
    Wrong(with_spec(flux={"scheduler": {"queuePolicy": "a\"\n"}}), "spec.flux.scheduler.queuePolicy", "this must be one of fcfs, easy, conservative, hybrid"),
    Wrong(with_spec(pod={"restartPolicy": "Always"}), "spec.pod.restartPolicy", "this must be one of Never, OnFailure"),
    Wrong(with_spec(pod={"dnsPolicy": "default"}), "spec.pod.dnsPolicy", "this must be one of ClusterFirst, ClusterFirstWithHostNet, Default, None"),
    Wrong(with_spec(containers=[]), "spec.containers", "one is needed, in which Flux runs"),
    Wrong(with_spec(containers=[{"image": "a"}, {"image": "b"}]), "spec.containers", "exactly one must have runFlux"),
    Wrong(with_spec(containers=[TWO, {**TWO, "image": "b"}]), "spec.containers", "exactly one must have runFlux"),
    Wrong(with_spec(interactive=True), "spec.containers[0].command", "spec.interactive has no program: leave one of them out", moving="command"),
    Wrong(with_spec(flux={"optionFlags": "it's"}), "spec.flux.optionFlags", "", NOTHING),
    Wrong(with_container(image=""), "spec.containers[0].image", "which image is the container's?"),
    Wrong(with_spec(services=[{"command": "a"}]), "spec.services[0].image", "which image is the container's?"),
    Wrong(with_container(imagePullPolicy="always"), "spec.containers[0].imagePullPolicy", "this must be one of Always, IfNotPresent, Never"),
    Wrong(with_container(command='python -c "print(1)'), "spec.containers[0].command", "", NOTHING),
    Wrong(with_container(command="", launcher=True), "spec.containers[0].command", "launcher and batch need one"),
    Wrong(with_container(launcher=True, batch=True), "spec.containers[0]", "launcher and batch exclude each other", moving="launcher"),
    Wrong(with_container(ports=[70000]), "spec.containers[0].ports[0]", "this is not a number from 1 to 65535"),
    Wrong(with_container(secrets={"TOKEN": {"name": "x"}}), "spec.containers[0].secrets.TOKEN", "which Secret, and which key of it?"),
    Wrong(with_container(volumes={"data": {"path": "/data"}}), "spec.containers[0].volumes.data", "this must have exactly one of hostPath, configMapName"),
    Wrong(with_container(volumes={"data": {"path": "/data", "hostPath": "/a", "claimName": "b"}}), "spec.containers[0].volumes.data", "this must have exactly one of"),
    Wrong(with_container(volumes={"data": {"hostPath": "/a"}}), "spec.containers[0].volumes.data.path", "where is the volume to be mounted?"),
    Wrong(with_container(lifeCycle={"preStopExec": "x"}), "spec.containers[0].lifeCycle.preStopExec", "here muster's own preStop drains the broker: give lifeCycle.preStopExec",
          moving="lifeCycle.preStopExec"),
    Wrong(with_container(commands={"script": "a"}), "spec.containers[0].commands.script", "the container has a command, too", moving="commands.script"),
    Wrong(with_container(command="", batch=True, commands={"script": "a"}), "spec.containers[0].commands.script", "a batch takes its jobs from command"),
    Wrong(with_container(commands={"servicePre": "a"}), "spec.containers[0].commands.servicePre", "Flux runs in this container", moving="commands.servicePre"),
    Wrong(with_spec(containers=[TWO, {"image": "b", "commands": {"pre": "a"}}]), "spec.containers[1].commands", "before and after what?"),
    Wrong(with_spec(containers=[TWO, {"image": "b", "commands": {"script": "a"}}]), "spec.containers[1].commands.script", "Flux does not run in this"),
    Wrong(with_spec(containers=[TWO, {"image": "b", "launcher": True, "command": "a"}]), "spec.containers[1].launcher", "Flux does not run in this"),
    Wrong(with_spec(services=[{"image": "a", "runFlux": True}]), "spec.services[0].runFlux", "Flux does not run in this container"),
    Wrong(with_spec(services=[{"image": "a", "command": "b", "batch": True}]), "spec.services[0].batch", "Flux does not run in this container"),
    Wrong(with_spec(services=[{"image": "a", "command": "b", "commands": {"prefix": "c"}}]), "spec.services[0].commands.prefix", "Flux does not run in this container"),
    Wrong(with_spec(services=[{"image": "a", "command": "b", "commands": {"brokerPre": "c"}}]), "spec.services[0].commands.brokerPre", "a service is neither leader"),
    Wrong(with_spec(services=[{"image": "a", "commands": {"servicePre": "c"}}]), "spec.services[0].commands", "before and after what?"),
    Wrong(with_spec(services=[{"image": "a", "logs": "b"}]), "spec.services[0].logs", "the jobs' output goes to the pod's log"),
    Wrong({**MINIMAL, "kind": "Job"}, "", "this is 'Job' of 'flux-framework.org/v1alpha2', not a MiniCluster", "no matches for kind"),
    Wrong({**MINIMAL, "apiVersion": "flux-framework.org/v1alpha1"}, "", "this is 'MiniCluster' of", "no matches for kind"),
    Wrong({**MINIMAL, "metadata": {}}, "metadata.name", "the MiniCluster has no name", "resource name may not be empty"),
    Wrong({key: value for key, value in MINIMAL.items() if key != "spec"}, "spec", "the MiniCluster has none", "spec: Required value"),
    Wrong(named("a.b"), "metadata.name", "this is to be a host name: small letters"),
    Wrong(named("7seas"), "metadata.name", "this is to be a Service's name: a small letter"),
    Wrong(with_spec(network={"headlessName": "7seas"}), "spec.network.headlessName", "this is to be a Service's name: a small letter"),
    Wrong(named("n" * 62), "metadata.name", "a host name, this with the last rank behind it, may have 63 characters"),
    Wrong(named("m" * 61, maxSize=11, network={"headlessName": "x"}), "metadata.name", "a host name, this with the last rank behind it"),
    Wrong(named("n" * 55), "metadata.name", "a Service's name, this and what is put behind it, may have 63 characters"),
    Wrong(named("n" * 48, flux={"minimalService": True}), "metadata.name", "a Service's name, this and what is put behind it"),
    Wrong(with_spec(network={"headlessName": "n" * 64}), "spec.network.headlessName", "a Service's name, this and what is put behind it"),
    Wrong(named("m" * 55, network={"headlessName": "x"}, services=[{"image": "a"}]), "metadata.name", "a host name, this and -services"),
]
# At the edge of what is refused.
RIGHT = [
    *(with_container(resources={"limits": {"memory": given}}) for given in (0, 2, "", "0", "1.5", ".5Gi", "12E", "3n", "500m", "7Ki")),
    named("n" * 61, network={"headlessName": "x"}, maxSize=10),
    named("7seas", network={"headlessName": "seas"}),
    named("n" * 54, services=[{"image": "a"}]),
    named("n" * 47, flux={"minimalService": True}),
    with_spec(network={"headlessName": "n" * 56}, flux={"minimalService": True}),
    with_spec(size=2**31 - 1),
]
