# SPDX-License-Identifier: Apache-2.0
"""What must be true of a manifest that brings muster up, and what no schema says. Each rule takes the objects of a manifest and
gives its complaints, one sentence each."""
import re
import subprocess

import manifests
from muster_testing import program

RUN_DIRECTORY = "/run/muster"  # MUSTER_DIR where nothing else is said
GRACE = 25  # MUSTER_GRACE, seconds


def _help(topic):
    return subprocess.run([program("muster"), "help", topic], check=True, capture_output=True, text=True).stdout


def settings():
    """The variables of the settings table."""
    found = set(re.findall(r"`(MUSTER_\w+)`", _markdown()))
    assert len(found) > 30, "the settings table was not understood"
    return found


def _markdown():
    return subprocess.run([program("muster"), "help", "settings", "--markdown"], check=True, capture_output=True, text=True).stdout


def exit_codes():
    """The codes of the table that are failures."""
    found = {int(code) for code in re.findall(r"^ *(\d+) ", _help("exit-codes"), re.M)} - {0}
    assert {64, 68, 127} <= found, "the table of exit codes was not understood"
    return found


def _pods(objects):
    return [(group, pod, manifests.muster_of(pod.spec)) for group in manifests.groups(objects) for pod in group.pods]


def environment_is_in_the_settings_table(objects):
    known, found = settings(), []
    for each in manifests.of_kind(objects, *manifests.WORKLOADS):
        for name in sorted(set(re.findall(r"'name': '(MUSTER_\w+)'", repr(each)))):
            if name not in known:
                found.append(f"{name} is no setting")
    return found


def every_pod_runs_muster(objects):
    if not manifests.groups(objects):
        return ["no workload"]
    return [f"{group.what}: no container, or more than one, begins with muster-init" for group, _, muster in _pods(objects) if not muster]


def names_lead_to_the_pods(objects):
    found = []
    services = {each["metadata"]["name"]: each["spec"] for each in manifests.of_kind(objects, "Service")}
    for group, pod, _ in _pods(objects):
        service = services.get(pod.subdomain)
        if service is None:
            found.append(f"{group.what}: its pods are of the Service {pod.subdomain}, which is not there")
            continue
        if service.get("clusterIP") != "None":
            found.append(f"Service {pod.subdomain} is not headless")
        if not service.get("publishNotReadyAddresses"):
            found.append(f"Service {pod.subdomain} hides pods that are not ready")
        if not service.get("ports"):
            found.append(f"Service {pod.subdomain} has no port, hence no SRV records")
        labels = _labels(objects, pod)
        if not service.get("selector") or not service["selector"].items() <= labels.items():
            found.append(f"{group.what}: Service {pod.subdomain} does not select its pods")
        for policy in manifests.of_kind(objects, "NetworkPolicy"):
            found += _policy(policy, group, labels)
    for each in manifests.of_kind(objects, "JobSet"):
        if not each["spec"].get("network", {}).get("enableDNSHostnames", True):
            found.append("a JobSet without enableDNSHostnames gives its pods no names")
    return found


def _labels(objects, pod):
    """The template's labels, and those that the workload's controller sets."""
    labels = dict(pod.template.get("metadata", {}).get("labels", {}))
    for each in manifests.of_kind(objects, *manifests.WORKLOADS):
        label = {"Job": "batch.kubernetes.io/job-name", "JobSet": "jobset.sigs.k8s.io/jobset-name",
                 "LeaderWorkerSet": "leaderworkerset.sigs.k8s.io/name"}.get(each["kind"])
        if label:
            labels[label] = each["metadata"]["name"]
    return labels


def _policy(policy, group, labels):
    chosen = policy["spec"]["podSelector"].get("matchLabels", {})
    own = [peer for rule in policy["spec"].get("ingress", []) if not rule.get("ports") for peer in rule.get("from", [])]
    found = []
    if not chosen or not chosen.items() <= labels.items():
        found.append(f"{group.what}: the NetworkPolicy does not select its pods")
    if not any(peer.get("podSelector", {}).get("matchLabels") == chosen for peer in own):
        found.append(f"{group.what}: the NetworkPolicy does not let its pods reach each other on all ports")
    return found


def sizes_agree(objects):
    found = []
    for group, pod, muster in _pods(objects):
        size = manifests.environment(muster or {}).get("MUSTER_SIZE", pod.env.get("LWS_GROUP_SIZE"))
        if str(size) != str(len(group.pods)):
            found.append(f"{group.what}: MUSTER_SIZE is {size}, but it has {len(group.pods)} pods")
        if group.job and not group.job["completions"] == group.job.get("parallelism"):
            found.append(f"{group.what}: completions and parallelism differ")
        if group.job and group.job.get("completionMode") != "Indexed":
            found.append(f"{group.what}: its pods have no index")
    for each in manifests.of_kind(objects, "StatefulSet"):
        if each["spec"].get("podManagementPolicy") != "Parallel":
            found.append("the StatefulSet starts its pods one after another")
    return found


def volumes_are_there(objects):
    found = []
    for _, pod, muster in _pods(objects):
        volumes = {each["name"]: each for each in pod.spec.get("volumes", [])}
        for container in manifests.containers(pod.spec):
            for mount in container.get("volumeMounts", []):
                if mount["name"] not in volumes:
                    found.append(f"{container['name']} mounts {mount['name']}, which is no volume")
        if muster is None:
            continue
        at = {mount["mountPath"]: volumes.get(mount["name"], {}) for mount in muster.get("volumeMounts", [])}
        environment = manifests.environment(muster)
        if "emptyDir" not in at.get(environment.get("MUSTER_DIR", RUN_DIRECTORY), {}):
            found.append(f"{muster['name']} has no emptyDir at {environment.get('MUSTER_DIR', RUN_DIRECTORY)}")
        secret = environment.get("MUSTER_CERT", environment.get("MUSTER_SECRET", "(no certificate)"))
        if "secret" not in at.get(secret.rsplit("/", 1)[0], {}):
            found.append(f"{secret} is not in a Secret's volume")
        first = muster["command"][0]
        if first.startswith("/") and "emptyDir" not in at.get(first.split("/bin/")[0], {}):
            found.append(f"{first} is in no volume")
    return found


def exit_codes_are_ours(objects):
    known, found = exit_codes(), []
    for group in manifests.groups(objects):
        policy = (group.job or {}).get("podFailurePolicy")
        if policy is None:
            continue
        if group.pods[0].spec.get("restartPolicy") != "Never":
            found.append(f"{group.what}: a podFailurePolicy needs restartPolicy Never")
        names = {each["name"] for each in manifests.containers(group.pods[0].spec)}
        for rule in policy["rules"]:
            codes = rule.get("onExitCodes", {})
            if codes.get("containerName", "") not in names | {""}:
                found.append(f"{group.what}: podFailurePolicy names {codes['containerName']}, which is no container")
            if codes.get("operator") == "In" and 0 in codes["values"]:
                found.append(f"{group.what}: podFailurePolicy has 0 among the codes of a failure")
            found += [f"{group.what}: podFailurePolicy names {code}, which muster never ends with"
                      for code in codes.get("values", []) if code not in known | {0}]
        if [rule["action"] for rule in policy["rules"]][0] != "Ignore" or policy["rules"][-1]["action"] != "FailJob":
            found.append(f"{group.what}: podFailurePolicy does not begin with Ignore and end with FailJob")
    return found


def action_of(policy, code, conditions=()):
    """What a podFailurePolicy does about a pod whose container ended with `code`: the first rule that fits, or Count."""
    for rule in policy["rules"]:
        if any(each["type"] in conditions for each in rule.get("onPodConditions", [])):
            return rule["action"]
        codes = rule.get("onExitCodes")
        if codes and code and (code in codes["values"]) == (codes["operator"] == "In"):
            return rule["action"]
    return "Count"


def the_pod_is_hardened(objects):
    """What the examples show beside what muster needs."""
    found = []
    for group, pod, muster in _pods(objects):
        spec, context = pod.spec, pod.spec.get("securityContext", {})
        for name, is_so in {"enableServiceLinks": spec.get("enableServiceLinks") is False,
                            "automountServiceAccountToken": spec.get("automountServiceAccountToken") is False,
                            "runAsNonRoot": context.get("runAsNonRoot") and context.get("runAsUser", 0) > 0,
                            "seccompProfile": context.get("seccompProfile") == {"type": "RuntimeDefault"}}.items():
            if not is_so:
                found.append(f"{group.what}: {name}")
        for container in manifests.containers(spec):
            security = container.get("securityContext", {})
            if not security.get("readOnlyRootFilesystem"):
                found.append(f"{container['name']}: the root can be written")
            if security.get("allowPrivilegeEscalation") is not False or security.get("capabilities") != {"drop": ["ALL"]}:
                found.append(f"{container['name']}: privileges are left")
        found += _life(spec, muster) if muster else []
        if group.job and group.job.get("successPolicy") != {"rules": [{"succeededIndexes": "0"}]}:
            found.append(f"{group.what}: successPolicy is not the leader's end")
        if group.job and not group.job.get("podFailurePolicy"):
            found.append(f"{group.what}: no podFailurePolicy")
    return found


def _life(spec, muster):
    found, called = [], muster["command"][1]
    for probe, word, bound in (("startupProbe", "startup", 600), ("readinessProbe", "ready", 0), ("livenessProbe", "live", 0)):
        asked = muster.get(probe, {})
        if asked.get("exec", {}).get("command") != [called, "probe", word]:
            found.append(f"{muster['name']}: {probe} is not `{called} probe {word}`")
        if asked.get("failureThreshold", 3) * asked.get("periodSeconds", 10) <= bound:
            found.append(f"{muster['name']}: {probe} ends before MUSTER_WAIT does")
    if muster.get("lifecycle", {}).get("preStop", {}).get("exec", {}).get("command") != [called, "leave"]:
        found.append(f"{muster['name']}: preStop is not `{called} leave`")
    if spec.get("terminationGracePeriodSeconds", 30) < GRACE * 5 / 3:
        found.append(f"{muster['name']}: the grace ends before preStop and the stop can")
    if muster.get("terminationMessagePath") != "/dev/termination-log":
        found.append(f"{muster['name']}: the termination message is looked for elsewhere")
    return found


NEEDED = [every_pod_runs_muster, environment_is_in_the_settings_table, names_lead_to_the_pods, sizes_agree, volumes_are_there,
          exit_codes_are_ours]
