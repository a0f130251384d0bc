# SPDX-License-Identifier: Apache-2.0
"""The manifests of containers/kubernetes/examples against the API's own schemas, the settings table, the table of exit codes,
and the rules of manifest_rules.py. Each check is shown to refuse a manifest that was made wrong."""
import copy
import dataclasses
import os
import shutil

import go_module
import kubernetes_schemas
import manifest_rules as rules
import manifests
import pages
import pytest
import yaml
from muster_testing import BIN, REPOSITORY

EXAMPLES = REPOSITORY / "containers" / "kubernetes" / "examples"
NAMES = ["bundle", "indexed-job", "job-set", "leader-worker-set", "sidecar", "stateful-set"]
RULES = [*rules.NEEDED, rules.the_pod_is_hardened]


def read(name):
    return manifests.load(EXAMPLES / f"{name}.yaml")


def schema_complaints(objects):
    return [f"{each.get('kind')}: {complaint}" for each in objects for complaint in kubernetes_schemas.complaints(each)]


def test_every_example_is_checked():
    assert sorted(path.stem for path in EXAMPLES.glob("*.yaml")) == NAMES
    readme = (EXAMPLES / "README.md").read_text()
    assert all(f"({name}.yaml)" in readme for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_the_api_takes_it(name):
    assert not schema_complaints(read(name))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("name", NAMES)
def test_it_keeps_the_rules(name, rule):
    assert not rule(read(name))


@pytest.mark.parametrize("name", NAMES)
def test_its_own_commands_name_its_own_objects(name):
    """The Secret is made, and the file applied, by the commands in the comment at its head."""
    text = (EXAMPLES / f"{name}.yaml").read_text()
    head = text[:text.index("apiVersion")]
    spec = manifests.groups(read(name))[0].pods[0].spec
    secret = next(volume["secret"]["secretName"] for volume in spec["volumes"] if "secret" in volume)
    assert f"muster keygen curve.cert && kubectl create secret generic {secret} --from-file=curve.cert\n" in head
    assert f"kubectl apply -f {name}.yaml\n" in head
    assert manifests.environment(manifests.muster_of(spec))["MUSTER_CERT"].endswith("/curve.cert")


def test_the_first_commands_of_the_page(bench, tmp_path):
    """As printed, with a kubectl that only notes what it is asked: they name the objects of the manifest that they apply."""
    directory, asked = tmp_path / "examples", tmp_path / "asked"
    shutil.copytree(EXAMPLES, directory)
    (tmp_path / "kubectl").write_text(f'#!/bin/sh\necho "$*" >>{asked}\n')
    (tmp_path / "kubectl").chmod(0o755)
    block = pages.blocks((EXAMPLES / "README.md").read_text())[0]
    done = bench.run("sh", "-ec", block, cwd=directory, env={"PATH": f"{tmp_path}:{BIN}:{os.environ['PATH']}"})
    assert done.code == 0, done
    secret, apply, wait, logs = [line.split() for line in asked.read_text().splitlines()]
    objects = manifests.load(directory / apply[-1])
    pod, found = manifests.groups(objects)[0].pods[0].spec, workload(objects)
    volume = next(each["secret"]["secretName"] for each in pod["volumes"] if "secret" in each)
    assert secret == ["create", "secret", "generic", volume, "--from-file=curve.cert"] and (directory / "curve.cert").exists()
    assert wait == ["wait", "--for=condition=Complete", f"job/{found['metadata']['name']}"]
    labels = {**found["spec"]["template"]["metadata"]["labels"], "batch.kubernetes.io/job-completion-index": "0"}
    selected = dict(each.split("=") for each in logs[-1].split(","))
    assert logs[:2] == ["logs", "-l"] and selected.items() <= labels.items(), (logs, labels)


@pytest.mark.parametrize("name, retried", [("indexed-job", {68, 69, 76}), ("job-set", {68, 69, 76}), ("bundle", {68, 69, 76}), ("sidecar", set())])
def test_a_job_tries_again_only_what_may_mend_itself(name, retried):
    policy = manifests.groups(read(name))[0].job["podFailurePolicy"]
    for code in [*rules.exit_codes(), 1, 3, 137, 143]:
        assert rules.action_of(policy, code) == ("Count" if code in retried else "FailJob"), code
        assert rules.action_of(policy, code, ["DisruptionTarget"]) == "Ignore"


# --- each check refuses

def workload(objects):
    return manifests.of_kind(objects, *manifests.WORKLOADS)[0]


def job(objects):
    found = workload(objects)["spec"]
    return found["replicatedJobs"][0]["template"]["spec"] if "replicatedJobs" in found else found


def spec(objects):
    found = job(objects)
    return (found["leaderWorkerTemplate"]["workerTemplate"] if "leaderWorkerTemplate" in found else found["template"])["spec"]


def muster(objects):
    return manifests.muster_of(spec(objects))


def service(objects):
    return manifests.of_kind(objects, "Service")[0]


def policy(objects):
    return manifests.of_kind(objects, "NetworkPolicy")[0]


def variable(objects, name):
    return next(each for each in muster(objects)["env"] if each["name"] == name)


def remove_mount(objects, path):
    muster(objects)["volumeMounts"] = [each for each in muster(objects)["volumeMounts"] if each["mountPath"] != path]


def add(where, key, value):
    where[key] = value


@dataclasses.dataclass
class Wrong:
    """A change to an example, and what must be said of it by `rule` (None: by the API's schema)."""
    name: str
    rule: object
    change: object
    said: str

    def __str__(self):
        return f"{self.name}: {self.said}"


SCHEMA = None
WRONG = [
    Wrong("indexed-job", SCHEMA, lambda o: add(job(o), "completionsMode", "Indexed"), "'completionsMode' was unexpected"),
    Wrong("indexed-job", SCHEMA, lambda o: add(muster(o), "terminationMessagepath", "/x"), "'terminationMessagepath' was unexpected"),
    Wrong("indexed-job", SCHEMA, lambda o: add(variable(o, "MUSTER_SIZE"), "value", 4), "4 is not of type 'string'"),
    Wrong("indexed-job", SCHEMA, lambda o: add(job(o), "completions", "4"), "'4' is not of type 'integer'"),
    Wrong("indexed-job", SCHEMA, lambda o: job(o)["podFailurePolicy"]["rules"][1].pop("action"), "'action' is a required property"),
    Wrong("indexed-job", SCHEMA, lambda o: add(workload(o), "apiVersion", "batch/v3"), "no such kind: batch/v3 Job"),
    Wrong("indexed-job", SCHEMA, lambda o: workload(o)["metadata"].pop("name"), "metadata.name is missing"),
    Wrong("indexed-job", SCHEMA, lambda o: add(service(o)["spec"], "publishNotReady", True), "'publishNotReady' was unexpected"),
    Wrong("stateful-set", SCHEMA, lambda o: workload(o)["spec"].pop("selector"), "'selector' is a required property"),
    Wrong("job-set", SCHEMA, lambda o: add(workload(o)["spec"]["network"], "enableDNS", True), "'enableDNS' was unexpected"),
    Wrong("job-set", SCHEMA, lambda o: add(workload(o)["spec"]["failurePolicy"]["rules"][0], "action", "Fail"), "'Fail' is not one of"),
    Wrong("job-set", SCHEMA, lambda o: add(muster(o), "imag", "x"), "'imag' was unexpected"),
    Wrong("leader-worker-set", SCHEMA, lambda o: add(workload(o)["spec"]["leaderWorkerTemplate"], "restartPolicy", "Never"), "'Never' is not one of"),
    Wrong("leader-worker-set", SCHEMA, lambda o: add(spec(o), "subdomains", "x"), "'subdomains' was unexpected"),
    Wrong("sidecar", SCHEMA, lambda o: add(spec(o)["initContainers"][0], "restart", "Always"), "'restart' was unexpected"),
    Wrong("indexed-job", rules.every_pod_runs_muster, lambda o: add(muster(o), "command", ["muster", "run"]), "begins with muster-init"),
    Wrong("sidecar", rules.every_pod_runs_muster, lambda o: add(spec(o)["containers"][0], "command", ["muster-init", "x"]), "more than one"),
    Wrong("indexed-job", rules.every_pod_runs_muster, lambda o: o.remove(workload(o)), "no workload"),
    *(Wrong(name, rules.environment_is_in_the_settings_table, lambda o: add(muster(o)["env"][-1], "name", "MUSTER_CERTS"), "MUSTER_CERTS is no setting")
      for name in NAMES),
    Wrong("indexed-job", rules.names_lead_to_the_pods, lambda o: spec(o).pop("subdomain"), "the Service None, which is not there"),
    Wrong("stateful-set", rules.names_lead_to_the_pods, lambda o: add(workload(o)["spec"], "serviceName", "x"), "the Service x, which"),
    Wrong("job-set", rules.names_lead_to_the_pods, lambda o: add(workload(o)["spec"]["network"], "subdomain", "x"), "the Service x, which"),
    Wrong("job-set", rules.names_lead_to_the_pods, lambda o: add(workload(o)["spec"]["network"], "enableDNSHostnames", False), "without enableDNSHostnames"),
    Wrong("leader-worker-set", rules.names_lead_to_the_pods, lambda o: add(workload(o)["metadata"], "name", "x"), "the Service x, which"),
    Wrong("indexed-job", rules.names_lead_to_the_pods, lambda o: service(o)["spec"].pop("clusterIP"), "is not headless"),
    Wrong("indexed-job", rules.names_lead_to_the_pods, lambda o: service(o)["spec"].pop("publishNotReadyAddresses"), "hides pods"),
    Wrong("indexed-job", rules.names_lead_to_the_pods, lambda o: service(o)["spec"].pop("ports"), "has no port"),
    Wrong("bundle", rules.names_lead_to_the_pods, lambda o: service(o)["spec"]["selector"].update(more="x"), "does not select its pods"),
    Wrong("bundle", rules.names_lead_to_the_pods, lambda o: policy(o)["spec"]["podSelector"]["matchLabels"].update(more="x"), "NetworkPolicy does not select"),
    Wrong("bundle", rules.names_lead_to_the_pods, lambda o: add(policy(o)["spec"]["ingress"][0], "ports", [{"port": 8050}]), "on all ports"),
    Wrong("indexed-job", rules.sizes_agree, lambda o: add(variable(o, "MUSTER_SIZE"), "value", "5"), "MUSTER_SIZE is 5, but it has 4 pods"),
    Wrong("indexed-job", rules.sizes_agree, lambda o: add(job(o), "parallelism", 2), "completions and parallelism differ"),
    Wrong("indexed-job", rules.sizes_agree, lambda o: job(o).pop("completionMode"), "no index"),
    Wrong("stateful-set", rules.sizes_agree, lambda o: add(workload(o)["spec"], "replicas", 3), "but it has 3 pods"),
    Wrong("stateful-set", rules.sizes_agree, lambda o: workload(o)["spec"].pop("podManagementPolicy"), "one after another"),
    Wrong("job-set", rules.sizes_agree, lambda o: add(job(o), "completions", 8), "but it has 8 pods"),
    Wrong("leader-worker-set", rules.sizes_agree, lambda o: muster(o)["env"].append({"name": "MUSTER_SIZE", "value": "2"}), "MUSTER_SIZE is 2"),
    Wrong("indexed-job", rules.volumes_are_there, lambda o: spec(o)["volumes"].pop(0), "mounts muster, which is no volume"),
    Wrong("indexed-job", rules.volumes_are_there, lambda o: remove_mount(o, "/run/muster"), "no emptyDir at /run/muster"),
    Wrong("indexed-job", rules.volumes_are_there, lambda o: add(variable(o, "MUSTER_CERT"), "value", "/tmp/x"), "/tmp/x is not in a Secret"),
    Wrong("bundle", rules.volumes_are_there, lambda o: remove_mount(o, "/muster"), "/muster/bin/muster-init is in no volume"),
    Wrong("job-set", rules.exit_codes_are_ours, lambda o: add(job(o)["podFailurePolicy"]["rules"][1]["onExitCodes"], "values", [68, 71]), "names 71, which"),
    Wrong("job-set", rules.exit_codes_are_ours, lambda o: add(job(o)["podFailurePolicy"]["rules"][1]["onExitCodes"], "values", [0]), "has 0 among"),
    Wrong("job-set", rules.exit_codes_are_ours, lambda o: add(job(o)["podFailurePolicy"]["rules"][1]["onExitCodes"], "containerName", "x"), "names x, which"),
    Wrong("job-set", rules.exit_codes_are_ours, lambda o: add(spec(o), "restartPolicy", "OnFailure"), "needs restartPolicy Never"),
    Wrong("job-set", rules.exit_codes_are_ours, lambda o: job(o)["podFailurePolicy"]["rules"].reverse(), "does not begin with Ignore"),
    Wrong("indexed-job", rules.the_pod_is_hardened, lambda o: spec(o).pop("enableServiceLinks"), "enableServiceLinks"),
    Wrong("indexed-job", rules.the_pod_is_hardened, lambda o: spec(o)["securityContext"].pop("runAsNonRoot"), "runAsNonRoot"),
    Wrong("indexed-job", rules.the_pod_is_hardened, lambda o: muster(o)["securityContext"].pop("readOnlyRootFilesystem"), "can be written"),
    Wrong("bundle", rules.the_pod_is_hardened, lambda o: spec(o)["initContainers"][0].pop("securityContext"), "privileges are left"),
    Wrong("indexed-job", rules.the_pod_is_hardened, lambda o: muster(o)["startupProbe"].pop("failureThreshold"), "ends before MUSTER_WAIT"),
    Wrong("bundle", rules.the_pod_is_hardened, lambda o: muster(o)["livenessProbe"]["exec"]["command"].append("x"), "livenessProbe is not"),
    Wrong("sidecar", rules.the_pod_is_hardened, lambda o: muster(o).pop("lifecycle"), "preStop is not"),
    Wrong("indexed-job", rules.the_pod_is_hardened, lambda o: spec(o).pop("terminationGracePeriodSeconds"), "the grace ends"),
    Wrong("indexed-job", rules.the_pod_is_hardened, lambda o: muster(o).pop("terminationMessagePath"), "looked for elsewhere"),
    Wrong("indexed-job", rules.the_pod_is_hardened, lambda o: job(o).pop("successPolicy"), "successPolicy is not"),
    Wrong("indexed-job", rules.the_pod_is_hardened, lambda o: job(o).pop("podFailurePolicy"), "no podFailurePolicy"),
]


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_a_wrong_manifest_is_refused(wrong):
    objects = copy.deepcopy(read(wrong.name))
    wrong.change(objects)
    found = schema_complaints(objects) if wrong.rule is SCHEMA else wrong.rule(objects)
    assert any(wrong.said in complaint for complaint in found), found


def test_every_rule_is_shown_to_refuse():
    assert {each.rule for each in WRONG} == {SCHEMA, *RULES}


def test_a_key_given_twice_is_refused():
    with pytest.raises(yaml.YAMLError, match="given twice: image"):
        kubernetes_schemas.load("spec:\n  image: a\n  image: b\n")


def test_a_module_with_another_checksum_is_refused(monkeypatch, tmp_path):
    """What was fetched before is not believed for another version, nor a module whose content is not what it was."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(go_module.CannotFetch, match="has the checksum h1:.*, not h1:other"):
        kubernetes_schemas.fetch(dataclasses.replace(kubernetes_schemas.MODULES[2], sum="h1:other"))


def test_without_go_the_reason_is_said(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(go_module.CannotFetch, match="there is no `go` in PATH"):
        kubernetes_schemas.fetch(kubernetes_schemas.MODULES[2])
