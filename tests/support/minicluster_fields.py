# SPDX-License-Identifier: Apache-2.0
"""The table of the fields of MiniCluster: for each path of the definition an object that uses it and what must come of it, or how it is refused;
and where a field does something within the pods, the test that shows that."""
import dataclasses
import json
from collections.abc import Callable

from miniclusters import with_container, with_spec

PODS, DRY_RUN = "tests/e2e/test_minicluster.py", "tests/integration/test_controller_dry_run.py"
CLUSTER, OBJECTS = "tests/e2e/kubernetes/test_controller.py", "tests/e2e/kubernetes/test_minicluster_objects.py"
FIELDS = "tests/e2e/kubernetes/test_fields.py"
IN_PODS = f"{FIELDS}::test_what_fields_do_in_pods"


class Made:
    """The objects of one MiniCluster."""

    def __init__(self, objects):
        self.objects = objects
        self.job = next(each for each in objects if each["kind"] == "Job")
        self.services = [each["spec"] for each in objects if each["kind"] == "Service"]
        self.template = self.job["spec"]["template"]
        self.pod = self.template["spec"]
        self.flux, *self.sidecars = self.pod["containers"]
        self.inits = {each["name"]: each for each in self.pod["initContainers"]}
        self.env = variables(self.flux)
        self.files = {key.rpartition("/")[2]: value for key, value in self.template["metadata"].get("annotations", {}).items()}
        self.service_pod = next((each["spec"] for each in objects if each["kind"] == "Pod"), None)


def variables(container):
    return {row["name"]: row.get("value") for row in container.get("env", [])}


def has(value, part):
    """Whether `value` has all of `part`: members of objects, items of lists."""
    if isinstance(part, dict):
        return isinstance(value, dict) and all(key in value and has(value[key], each) for key, each in part.items())
    if isinstance(part, list):
        return isinstance(value, list) and all(any(has(each, wanted) for each in value) for wanted in part)
    return value == part


@dataclasses.dataclass
class Row:
    """What `path` comes to: check(Made), of what is made of `given`. `shown`: the test of what it does in a pod."""
    path: str
    given: dict
    check: Callable[[Made], bool]
    shown: str = ""


@dataclasses.dataclass
class Refused:
    path: str
    given: dict
    sentence: str


def row(path, value, check, shown=""):
    """A field below spec, and not in a list."""
    spec = value
    for name in reversed(path.removesuffix("{}").split(".")[1:]):
        spec = {name: spec}
    return Row(path, with_spec(**spec), check, shown)


INSTANCE = [
    row("spec.size", 3, lambda made: has(made.job["spec"], {"completions": 3, "parallelism": 3}) and made.env["MUSTER_SIZE"] == "3", f"{PODS}::test_its_program_runs_on_every_pod"),
    row("spec.maxSize", 3, lambda made: made.env["MUSTER_MAX_SIZE"] == "3", f"{CLUSTER}::test_it_grows_and_shrinks"),
    Row("spec.minSize", with_spec(size=2, minSize=1), lambda made: made.env["MUSTER_MIN_SIZE"] == "1"),
    row("spec.tasks", 4, lambda made: made.env["MUSTER_TASKS"] == "4", f"{PODS}::test_its_program_runs_on_every_pod"),
    Row("spec.interactive", with_spec(interactive=True, containers=[{"image": "a"}]), lambda made: made.env["MUSTER_MODE"] == "interactive"),
    row("spec.cleanup", True, lambda made: True, f"{CLUSTER}::test_cleanup_deletes_it_when_it_has_ended"),
    row("spec.deadlineSeconds", 60, lambda made: made.job["spec"]["activeDeadlineSeconds"] == 60),
    row("spec.backoffLimit", 0, lambda made: made.job["spec"]["backoffLimit"] == 0),
    row("spec.jobLabels{}", {"kueue.x-k8s.io/queue-name": "users"}, lambda made: has(made.job["metadata"]["labels"], {"kueue.x-k8s.io/queue-name": "users"})),
    row("spec.shareProcessNamespace", True, lambda made: made.pod["shareProcessNamespace"] is True, IN_PODS),
    row("spec.archive.path", "/data/flux.tgz", lambda made: "MUSTER_RESTORE='/data/flux.tgz'" in made.flux["command"][2], f"{DRY_RUN}::test_an_archive_is_restored_where_there_is_one"),
    row("spec.network.headlessName", "brokers", lambda made: made.pod["subdomain"] == "brokers", f"{CLUSTER}::test_a_stranger_of_that_name_is_left_alone"),
    row("spec.network.disableAffinity", True, lambda made: "affinity" not in made.pod),
    row("spec.logging.quiet", True, lambda made: has(made.env, {"MUSTER_LOG_LEVEL": "error", "MUSTER_OPTION": "log-stderr-level=0"})),
    row("spec.logging.strict", True, lambda made: made.flux["command"][0] == "/muster/bin/muster-init", f"{PODS}::test_its_exit_code_arrives"),
    row("spec.logging.debug", True, lambda made: made.env["MUSTER_FLAGS"] == "-vvv"),
    row("spec.logging.zeromq", True, lambda made: made.env["MUSTER_OPTION"] == "tbon.zmqdebug=1"),
    row("spec.flux.container.image", "view:1", lambda made: made.inits["flux-view"]["image"] == "view:1"),
    row("spec.flux.container.name", "spack", lambda made: "spack" in made.inits and has(made.pod["volumes"], [{"name": "spack"}])),
    row("spec.flux.container.mountPath", "/mnt/view", lambda made: has(made.flux["volumeMounts"], [{"name": "flux-view", "mountPath": "/mnt/view"}]), IN_PODS),
    row("spec.flux.container.disable", True, lambda made: "flux-view" not in made.inits, f"{PODS}::test_its_program_runs_on_every_pod"),
    row("spec.flux.container.workingDir", "/tmp", lambda made: made.inits["flux-view"]["workingDir"] == "/tmp", IN_PODS),
    row("spec.flux.container.pythonPath", "/opt/view/python", lambda made: made.env["PYTHONPATH"] == "/opt/view/python", IN_PODS),
    row("spec.flux.container.resources.limits{}", {"cpu": "1"}, lambda made: made.inits["flux-view"]["resources"] == {"limits": {"cpu": "1"}}),
    row("spec.flux.container.resources.requests{}", {"cpu": "1"}, lambda made: made.inits["flux-view"]["resources"] == {"requests": {"cpu": "1"}}),
    row("spec.flux.container.pullAlways", True, lambda made: made.inits["flux-view"]["imagePullPolicy"] == "Always"),
    row("spec.flux.container.securityContext", {"runAsUser": 7}, lambda made: made.inits["flux-view"]["securityContext"] == {"runAsUser": 7}, IN_PODS),
    row("spec.flux.container.imagePullSecret", "pull", lambda made: made.pod["imagePullSecrets"] == [{"name": "pull"}]),
    row("spec.flux.connectTimeout", "7s", lambda made: made.env["MUSTER_OPTION"] == "tbon.connect_timeout=7s"),
    row("spec.flux.optionFlags", "-o verbose", lambda made: made.env["MUSTER_FLAGS"] == "-o verbose"),
    row("spec.flux.topology", "kary:2", lambda made: made.env["MUSTER_TOPOLOGY"] == "kary:2", f"{FIELDS}::test_a_minicluster_of_16_pods"),
    row("spec.flux.minimalService", True, lambda made: len(made.services) == 2 and "MUSTER_LEADER_ADDRESS" in made.env, f"{CLUSTER}::test_followers_dial_the_leaders_address"),
    row("spec.flux.noWaitSocket", True, lambda made: True, IN_PODS),
    row("spec.flux.completeWorkers", True, lambda made: made.env["MUSTER_ON_END"] == "rejoin", f"{PODS}::test_an_evicted_leaders_replacement_finds_its_followers"),
    row("spec.flux.logLevel", 7, lambda made: made.env["MUSTER_OPTION"] == "log-stderr-level=7"),
    row("spec.flux.brokerConfig", "[tbon]\n", lambda made: made.files["broker.toml"] == "[tbon]\n" and made.env["MUSTER_CONFIG"] == "/etc/muster-files/broker.toml",
        f"{FIELDS}::test_a_wrong_broker_config_is_named"),
    row("spec.flux.scheduler.queuePolicy", "easy", lambda made: 'queue-policy = "easy"' in made.files["broker.toml"]),
    row("spec.flux.scheduler.simple", True, lambda made: "FLUX_RC_EXTRA" not in made.env),
    row("spec.flux.environment{}", {"SAID": "flux"}, lambda made: made.env["SAID"] == "flux", IN_PODS),
]

POD = [
    row("spec.pod.annotations{}", {"a": "b"}, lambda made: made.template["metadata"]["annotations"] == {"a": "b"}),
    row("spec.pod.labels{}", {"a": "b"}, lambda made: made.template["metadata"]["labels"]["a"] == "b"),
    row("spec.pod.restartPolicy", "OnFailure", lambda made: made.pod["restartPolicy"] == "OnFailure" and "podFailurePolicy" not in made.job["spec"]),
    row("spec.pod.serviceAccountName", "flux", lambda made: made.pod["serviceAccountName"] == "flux"),
    row("spec.pod.automountServiceAccountToken", True, lambda made: made.pod["automountServiceAccountToken"] is True),
    row("spec.pod.runtimeClassName", "kata", lambda made: made.pod["runtimeClassName"] == "kata"),
    row("spec.pod.schedulerName", "fluence", lambda made: made.pod["schedulerName"] == "fluence"),
    row("spec.pod.nodeSelector{}", {"pool": "hpc"}, lambda made: made.pod["nodeSelector"] == {"pool": "hpc"}),
    Row("spec.pod.nodeAffinity{}[]", with_spec(pod={"nodeAffinity": {"pool": ["a", "b"]}}), lambda made: has(made.pod["affinity"], {
        "nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchExpressions": [
            {"key": "pool", "operator": "In", "values": ["a", "b"]}]}]}}})),
    row("spec.pod.tolerations", [{"operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 9}], lambda made: made.pod["tolerations"][0]["tolerationSeconds"] == 9),
    row("spec.pod.dnsPolicy", "Default", lambda made: made.pod["dnsPolicy"] == "Default"),
    row("spec.pod.hostIPC", True, lambda made: made.pod["hostIPC"] is True),
    row("spec.pod.hostPID", True, lambda made: made.pod["hostPID"] is True),
    row("spec.pod.securityContext", {"runAsUser": 1000, "fsGroup": 7}, lambda made: made.pod["securityContext"] == {"runAsUser": 1000, "fsGroup": 7}, IN_PODS),
]

MUSTER = [
    row("spec.muster.image", "m:1", lambda made: made.inits["muster-install"]["image"] == "m:1", IN_PODS),
    row("spec.muster.certificateSecret", "mine", lambda made: has(made.pod["volumes"], [{"secret": {"secretName": "mine"}}]) and not any(
        each["kind"] == "Secret" for each in made.objects), f"{FIELDS}::test_no_secret_is_told"),
    row("spec.muster.port", 8051, lambda made: made.env["MUSTER_PORT"] == "8051" and made.services[0]["ports"][0]["port"] == 8051, IN_PODS),
    row("spec.muster.domain", "cluster.test", lambda made: made.env["MUSTER_DOMAIN"] == "cluster.test"),
    row("spec.muster.ip", "4", lambda made: made.env["MUSTER_IP"] == "4", IN_PODS),
    row("spec.muster.flux", "none", lambda made: made.env["MUSTER_FLUX"] == "none" and "flux-view" not in made.inits, IN_PODS),
    row("spec.muster.grace", 30, lambda made: made.env["MUSTER_GRACE"] == "30s" and made.pod["terminationGracePeriodSeconds"] == 53),
    row("spec.muster.terminationGracePeriodSeconds", 99, lambda made: made.pod["terminationGracePeriodSeconds"] == 99),
    row("spec.muster.hostNetwork", True, lambda made: has(made.pod, {"hostNetwork": True, "dnsPolicy": "ClusterFirstWithHostNet"}) and has(
        made.flux["ports"], [{"containerPort": 8050}]), f"{FIELDS}::test_brokers_on_their_nodes_network"),
    row("spec.muster.priorityClassName", "high", lambda made: made.pod["priorityClassName"] == "high"),
    row("spec.muster.topologySpreadConstraints", [{"maxSkew": 1, "topologyKey": "rack", "whenUnsatisfiable": "DoNotSchedule"}],
        lambda made: has(made.pod["topologySpreadConstraints"], [{"topologyKey": "rack"}]) and made.pod["topologySpreadConstraints"][0]["labelSelector"]["matchLabels"]),
    row("spec.muster.probes.startup", {"failureThreshold": 900}, lambda made: has(made.flux["startupProbe"], {"failureThreshold": 900, "periodSeconds": 2})),
    row("spec.muster.probes.readiness", {"periodSeconds": 7}, lambda made: made.flux["readinessProbe"]["periodSeconds"] == 7),
    row("spec.muster.probes.liveness", {"periodSeconds": 7}, lambda made: made.flux["livenessProbe"]["periodSeconds"] == 7),
    row("spec.muster.podTemplate", {"spec": {"hostAliases": [{"ip": "10.0.0.1", "hostnames": ["a"]}], "containers": [{"name": "lab", "tty": True}]}},
        lambda made: made.pod["hostAliases"] and has(made.pod["containers"], [{"tty": True, "image": "app"}]) and len(made.pod["containers"]) == 1, IN_PODS),
]


def volume(part, source, **fields):
    """A volume of `fields`, and its source in the pod."""
    return {"volumes": {"data": {"path": "/data", **fields}}}, lambda container, pod: has(pod["volumes"], [{"name": "data", **source}]) and has(
        container["volumeMounts"], [{"name": "data", "mountPath": "/data", **part}])


def shell(**commands):
    return {"commands": commands}, lambda container, pod: container["command"][:2] == ["sh", "-c"] and all(text in container["command"][2] for text in commands.values())


# Of any container: what is set, and what the container and its pod must have.
ANY = {
    "image": ({"image": "i:1"}, lambda container, pod: container["image"] == "i:1"),
    "name": ({"name": "named"}, lambda container, pod: container["name"] == "named"),
    "command": ({"command": "a 'b c' $D"}, lambda container, pod: container["command"][-3:] == ["a", "b c", "$$D"]),
    "workingDir": ({"workingDir": "/w"}, lambda container, pod: container["workingDir"] == "/w"),
    "pullAlways": ({"pullAlways": True}, lambda container, pod: container["imagePullPolicy"] == "Always"),
    "imagePullPolicy": ({"imagePullPolicy": "Never"}, lambda container, pod: container["imagePullPolicy"] == "Never"),
    "imagePullSecret": ({"imagePullSecret": "pull"}, lambda container, pod: pod["imagePullSecrets"] == [{"name": "pull"}]),
    "ports[]": ({"ports": [7, 8]}, lambda container, pod: [each["containerPort"] for each in container["ports"]] == [7, 8]),
    "environment{}": ({"environment": {"A": "b"}}, lambda container, pod: variables(container)["A"] == "b"),
    "secrets{}.name": ({"secrets": {"T": {"name": "s", "key": "k"}}}, lambda container, pod: has(container["env"], [{"name": "T", "valueFrom": {"secretKeyRef": {"name": "s"}}}])),
    "secrets{}.key": ({"secrets": {"T": {"name": "s", "key": "k"}}}, lambda container, pod: has(container["env"], [{"name": "T", "valueFrom": {"secretKeyRef": {"key": "k"}}}])),
    "noWrapEntrypoint": ({"noWrapEntrypoint": True}, lambda container, pod: True),
    "lifeCycle.postStartExec": ({"lifeCycle": {"postStartExec": "a 'b c'"}}, lambda container, pod: container["lifecycle"]["postStart"]["exec"]["command"] == ["a", "b c"]),
    "resources.limits{}": ({"resources": {"limits": {"cpu": "2"}}}, lambda container, pod: has(container["resources"], {"limits": {"cpu": "2"}})),
    "resources.requests{}": ({"resources": {"requests": {"cpu": 1}}}, lambda container, pod: str(container["resources"]["requests"]["cpu"]) == "1"),
    "securityContext": ({"securityContext": {"privileged": True}}, lambda container, pod: container["securityContext"] == {"privileged": True}),
    "commands.init": shell(init="echo i"),
    "commands.pre": shell(pre="echo p"),
    "commands.post": shell(post="echo q"),
    "volumes{}.path": volume({}, {"emptyDir": {}}, emptyDir=True),
    "volumes{}.readOnly": volume({"readOnly": True}, {}, emptyDir=True, readOnly=True),
    "volumes{}.hostPath": volume({}, {"hostPath": {"path": "/srv", "type": "Directory"}}, hostPath="/srv"),
    "volumes{}.configMapName": volume({}, {"configMap": {"name": "other"}}, configMapName="other"),
    "volumes{}.items{}": volume({}, {"configMap": {"items": [{"key": "k", "path": "p/q"}]}}, configMapName="c", items={"k": "p/q"}),
    "volumes{}.claimName": volume({}, {"persistentVolumeClaim": {"claimName": "c"}}, claimName="c"),
    "volumes{}.secretName": volume({}, {"secret": {"secretName": "s"}}, secretName="s"),
    "volumes{}.emptyDir": volume({}, {"emptyDir": {}}, emptyDir=True),
    "volumes{}.emptyDirMedium": volume({}, {"emptyDir": {"medium": "Memory"}}, emptyDir=True, emptyDirMedium="memory"),
    "volumes{}.emptyDirSizeLimit": volume({}, {"emptyDir": {"sizeLimit": "1Gi"}}, emptyDir=True, emptyDirSizeLimit="1Gi"),
    "volumes{}.csiDriver": volume({}, {"csi": {"driver": "d"}}, csiDriver="d"),
    "volumes{}.csiDriverAttributes{}": volume({}, {"csi": {"volumeAttributes": {"a": "b"}}}, csiDriver="d", csiDriverAttributes={"a": "b"}),
}
# Of the container with Flux.
OF_FLUX = {
    "launcher": ({"launcher": True}, lambda made: made.env["MUSTER_MODE"] == "launcher", f"{PODS}::test_an_evicted_leaders_replacement_finds_its_followers"),
    "batch": ({"batch": True}, lambda made: made.env["MUSTER_MODE"] == "batch" and made.files["batch"] == "hostname\n", f"{PODS}::test_each_line_of_a_batch_is_a_job"),
    "batchRaw": ({"batchRaw": True}, lambda made: made.env["MUSTER_MODE"] == "batch-raw" and made.files["batch"] == "hostname\n", f"{PODS}::test_a_batch_script_runs_as_it_is"),
    "runFlux": ({"runFlux": True}, lambda made: "MUSTER_MODE" in made.env, IN_PODS),
    "commands.prefix": ({"commands": {"prefix": "env A=b"}}, lambda made: made.env["MUSTER_WRAP"] == "env A=b", IN_PODS),
    "commands.script": ({"command": "", "commands": {"script": "echo s"}}, lambda made: made.files["script"] == "echo s\n", f"{PODS}::test_a_script_is_the_program_and_post_follows_it"),
    "commands.workerPre": ({"commands": {"workerPre": "echo w"}}, lambda made: "echo w" in made.flux["command"][2], f"{PODS}::test_shell_text_comes_before_flux_by_role"),
    "commands.brokerPre": ({"commands": {"brokerPre": "echo b"}}, lambda made: "echo b" in made.flux["command"][2], f"{PODS}::test_shell_text_comes_before_flux_by_role"),
}
# Of a container without.
OF_OTHERS = {
    "lifeCycle.preStopExec": ({"lifeCycle": {"preStopExec": "a 'b c'"}}, lambda container, pod: container["lifecycle"]["preStop"]["exec"]["command"] == ["a", "b c"]),
    "commands.servicePre": shell(servicePre="echo s"),
}
NO_SERVICE = {"launcher": True, "batch": True, "batchRaw": True, "runFlux": True, "commands.prefix": "a", "commands.script": "a", "commands.workerPre": "a",
              "commands.brokerPre": "a"}


def with_other(kind, fields):
    """A MiniCluster with a sidecar, or a service, of these fields."""
    other = {"image": "other", "command": "true", **fields}
    return with_spec(services=[other]) if kind == "services" else with_spec(containers=[{"image": "app", "runFlux": True}, other])


CONTAINERS = [Row(f"spec.containers[].{path}", with_container(**fields), lambda made, check=check: check(made.flux, made.pod), IN_PODS)
              for path, (fields, check) in ANY.items()]
CONTAINERS += [Row(f"spec.containers[].{path}", with_container(**fields), check, shown) for path, (fields, check, shown) in OF_FLUX.items()]
CONTAINERS += [Row(f"spec.containers[].{path}", with_other("containers", fields), lambda made, check=check: check(made.sidecars[0], made.pod), IN_PODS)
               for path, (fields, check) in OF_OTHERS.items()]
SERVICES = [Row(f"spec.services[].{path}", with_other("services", fields), lambda made, check=check: check(made.service_pod["containers"][0], made.service_pod),
                f"{CLUSTER}::test_services_run_in_a_pod_of_their_own") for path, (fields, check) in {**ANY, **OF_OTHERS}.items()]


def refused_services():
    for path, value in NO_SERVICE.items():
        first, _, second = path.partition(".")
        yield Refused(f"spec.services[].{path}", with_other("services", {first: {second: value} if second else value}),
                      "a service is neither leader nor follower" if second in ("workerPre", "brokerPre") else "Flux does not run in this container")
    yield Refused("spec.services[].logs", with_other("services", {"logs": "/tmp"}), "the jobs' output goes to the pod's log")


WORKS = INSTANCE + POD + MUSTER + CONTAINERS + SERVICES
REFUSED = list(refused_services())


def named(row, name):
    """What it gives, under another name; its container may be named after the MiniCluster, in a patch of it."""
    return json.loads(json.dumps({**row.given, "metadata": {"name": name}}).replace('"name": "lab"', f'"name": "{name}"'))


def leaves(schema, path="spec"):
    """The paths of a schema that have none below them, but the refused."""
    if schema.get("description", "").startswith("refused: "):
        return
    below = [(f"{path}.{name}", child) for name, child in schema.get("properties", {}).items()]
    for mark, key in (("{}", "additionalProperties"), ("[]", "items")):
        if key in schema and not schema[key].get("x-kubernetes-preserve-unknown-fields"):
            below.append((path + mark, schema[key]))
    for name, child in below:
        yield from leaves(child, name)
    if not below:
        yield path
