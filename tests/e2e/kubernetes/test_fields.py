# SPDX-License-Identifier: Apache-2.0
"""Every field of MiniCluster on a real API server, which drops none and takes what comes of it; and in pods, what fields do there."""
import json
import re

import kubernetes_schemas
import minicluster_fields
import muster_testing
import pytest
import yaml
from muster_testing import program
from real_cluster.lab import HOLD

ROWS = [(f"lab-{number}", row) for number, row in enumerate(minicluster_fields.WORKS)]


def sent(space, objects):
    """What the API server would keep of objects, all in one go."""
    done = space.kubectl("create", "--dry-run=server", "--validate=strict", "--output=json", "-f", "-", given="\n".join(map(json.dumps, objects)))
    return kubernetes_schemas.load(re.sub(r"^}\n{", "}\n---\n{", done.stdout, flags=re.M))


def items(answers):
    return [item for each in answers for item in (each["items"] if each["kind"] == "List" else [each])]


def test_the_api_takes_every_field_and_what_comes_of_it(bench, space, installed, tmp_path):
    given = [minicluster_fields.named(row, name) for name, row in ROWS]
    kept = {each["metadata"]["name"]: each["spec"] for each in items(sent(space, given))}
    assert not [row.path for each, (name, row) in zip(given, ROWS, strict=True) if kept[name] != each["spec"]], "dropped"
    path = tmp_path / "all.yaml"
    path.write_text(yaml.safe_dump_all(given))
    done = bench.run(program("muster-controller"), "--dry-run", path)
    assert done.code == 0, done
    made = {}
    for each in items(sent(space, kubernetes_schemas.load(done.out))):
        made.setdefault(each["metadata"]["labels"]["app.kubernetes.io/name"], []).append(each)
    assert not [row.path for name, row in ROWS if not row.check(minicluster_fields.Made(made[name]))]


PROGRAM = """\
echo wrapped=$WRAPPED said=$SAID own=$OWN token=$TOKEN python=$PYTHONPATH in $PWD
cat /opt/view/word /mnt/spack/view/word /data/config/sub/file /data/secret/token
touch /data/node/here 2>&1 || echo node is read only
echo claimed >/data/claim/file && cat /data/claim/file
df -T /dev/shm | grep -c tmpfs
ps() { for each in /proc/[0-9]*; do tr '\\0' ' ' <$each/cmdline; echo; done; }
ps | grep -c 'until.*/run/muster/[g]o'
touch /run/muster/go
id -u
cat /tmp/started
grep licenses /etc/hosts
"""
# As the published images have it, but from the application's own.
VIEW = "mkdir -p view software && echo of the view >view/word && cp -a view software /mnt/spack/"


def volumes_of(space):
    """Objects that volumes name."""
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}, "storageClassName": "", "volumeName": space.name}
    disk = {"capacity": {"storage": "1Mi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": f"/tmp/{space.name}", "type": "DirectoryOrCreate"},
            "claimRef": {"namespace": space.name, "name": "claim"}}
    return [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "config"}, "data": {"key": "from a ConfigMap\n", "other": "x"}},
            {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "secret"}, "stringData": {"token": "from a Secret\n"}},
            {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": space.name}, "spec": disk},
            {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "claim"}, "spec": claim}]


def test_what_fields_do_in_pods(space, start, lab):
    start()
    named = space.kubernetes.images
    space.apply(volumes_of(space))
    flux = {"runFlux": True, "image": named.application, "name": "app", "workingDir": "/usr/lib", "environment": {"OWN": "container"},
            "secrets": {"TOKEN": {"name": "secret", "key": "token"}}, "securityContext": {"runAsUser": 0},
            "lifeCycle": {"postStartExec": "sh -c 'echo it has started >/tmp/started'"},
            "commands": {"init": "export FIRST=init", "pre": "echo pre after $FIRST", "post": "echo post of $(hostname)", "prefix": "env WRAPPED=yes", "script": PROGRAM},
            "volumes": {"node": {"path": "/data/node", "hostPath": "/usr", "readOnly": True},
                        "config": {"path": "/data/config", "configMapName": "config", "items": {"key": "sub/file"}},
                        "secret": {"path": "/data/secret", "secretName": "secret"}, "claim": {"path": "/data/claim", "claimName": "claim"},
                        "memory": {"emptyDir": True, "emptyDirMedium": "memory"}}}
    sidecar = {"image": named.application, "command": "sh -c 'until [ -e /run/muster/go ]; do sleep 0.2; done'", "commands": {"servicePre": "echo before the sidecar"}}
    view = {"name": "spack", "mountPath": "/mnt/spack", "image": named.application, "workingDir": "/tmp", "pythonPath": "/opt/view/python", "securityContext": {"runAsUser": 0}}
    patch = {"spec": {"hostAliases": [{"ip": "192.0.2.1", "hostnames": ["licenses"]}], "initContainers": [{"name": "spack", "command": ["sh", "-c", VIEW]}]}}
    lab.apply(size=1, spec={
        "containers": [sidecar, flux], "shareProcessNamespace": True, "flux": {"container": view, "environment": {"SAID": "flux", "OWN": "flux"}, "noWaitSocket": True},
        "pod": {"securityContext": {"fsGroup": 1000}}, "muster": {"image": named.muster, "flux": "none", "port": 8051, "ip": "4", "podTemplate": patch}})
    assert lab.wait_phase("Succeeded", "Failed")["phase"] == "Succeeded", space.told()
    log = space.log(lab.leader(), "--container=app")
    for line in ("pre after init", "wrapped=yes said=flux own=container token=from a Secret python=/opt/view/python in /usr/lib", "from a ConfigMap", "from a Secret",
                 "node is read only", "claimed", "1", "0", "it has started", "post of lab-0"):
        assert re.search(f"^{re.escape(line)}$", log, re.M), (line, log)
    assert log.count("of the view\n") == 2 and re.search(r"^192\.0\.2\.1\s+licenses", log, re.M), log
    assert space.log(lab.leader(), "--container=lab-0") == "before the sidecar\n"
    space.kubectl_of_all("delete", "persistentvolume", space.name, "--wait=false")


BROKERS = ["rehearsal", pytest.param("flux", marks=pytest.mark.skipif(not muster_testing.real_flux(), reason="MUSTER_TEST_FLUX names no Flux"))]


def broker_of(space, brokers):
    """What a MiniCluster has of spec, and its container, for such brokers."""
    named = space.kubernetes.images
    if brokers == "rehearsal":
        return {}, {}
    if not named.flux:
        pytest.skip("the cluster has no image with Flux")
    return {"muster": {"image": named.muster, "grace": 3}}, {"image": named.flux}


@pytest.mark.parametrize("brokers", BROKERS)
def test_a_minicluster_of_16_pods(space, start, lab, brokers):
    """Of 4, whose program fails, beside it."""
    start()
    spec, container = broker_of(space, brokers)
    lab.apply("sh -c 'echo task $FLUX_TASK_RANK of $FLUX_JOB_SIZE on $(hostname)'", size=16, spec={"tasks": 16, **spec, "flux": {
        "container": {"disable": True}, "topology": "kary:2"}}, **container)
    four = type(lab)(space, "four").apply("sh -c 'echo task $FLUX_TASK_RANK on $(hostname); exit 3'", size=4, spec={"tasks": 4, **spec}, **container)
    space.wait(lambda: all(each.status().get("phase") in ("Succeeded", "Failed") for each in (lab, four)), "both have ended", 6 * muster_testing.DEADLINE)
    assert lab.status()["phase"] == "Succeeded", space.told()
    assert four.status()["phase"] == "Failed" and "exit code 3" in four.condition("Finished")["message"], space.told()

    def told(each):
        leader, = [name for name, pod in each.pods().items() if pod["metadata"]["labels"]["batch.kubernetes.io/job-completion-index"] == "0"]
        return space.log(leader)
    assert sorted(re.findall(r"task (\d+) of 16 on (lab-\d+)", told(lab))) == sorted((str(rank), f"lab-{rank}") for rank in range(16))
    assert sorted(re.findall(r"task (\d) on (four-\d)", told(four))) == [(str(rank), f"four-{rank}") for rank in range(4)]


def test_a_wrong_broker_config_is_named(start, lab):
    start()
    lab.apply(spec={"flux": {"container": {"disable": True}, "brokerConfig": "[tbon\n"}})
    assert lab.wait_phase("Succeeded", "Failed")["phase"] == "Failed"
    assert re.search(r"/etc/muster-files/broker.toml", lab.condition("Finished")["message"]), lab.condition("Finished")


def test_brokers_on_their_nodes_network(space, start, lab):
    start()
    lab.apply("sh -c 'echo task $FLUX_TASK_RANK'", spec={"tasks": 2, "muster": {
        "image": space.kubernetes.images.muster, "flux": "none", "grace": 3, "hostNetwork": True, "port": 18050}})
    assert lab.wait_phase("Succeeded", "Failed")["phase"] == "Succeeded", space.told()
    assert sorted(re.findall(r"task (\d)", space.log(lab.leader()))) == ["0", "1"]


def found_in(space, controller, secret):
    """Where `secret` is told: in an object's view, an Event, a condition, a log."""
    told = {kind: json.dumps(space.get(kind)) for kind in ("configmaps", "events", "miniclusters", "jobs", "pods", "services")}
    told["describe"] = space.kubectl("describe", "miniclusters,jobs,pods,services,configmaps,secrets").stdout
    told.update({f"log of {name}": space.log(name, "--all-containers") for name in space.pods()})
    told["the controller"] = controller.out() + controller.err()
    return sorted(place for place, text in told.items() if any(each in text for each in (secret, json.dumps(secret)[1:-1])))


def test_no_secret_is_told(space, start, lab, certificate):
    """Certificates, made or the user's, and variables from Secrets, while all pods run and after the end; a planted one is found."""
    controller = start("--log-level", "debug")
    space.secret("mine", curve_cert=certificate)
    space.kubectl("create", "secret", "generic", "token", "--from-literal=key=hunter2-of-nobody")
    theirs = type(lab)(space, "theirs")
    muster = {"image": space.kubernetes.images.muster, "flux": "none", "grace": 3, "certificateSecret": "mine"}
    lab.apply(f"sh -c '{HOLD}; exit 3'", secrets={"TOKEN": {"name": "token", "key": "key"}})
    theirs.apply(f"sh -c '{HOLD}'", spec={"muster": muster})
    for each in (lab, theirs):
        each.wait_for("BrokersOnline", "2 of 2 brokers")
    values = [re.search(r'secret-key = "(.*)"', each.decode())[1] for each in space.secrets() if b"secret-key" in each]
    assert len(values) == 2, "one is made, one the user's"
    nowhere = {value: [] for value in [*values, "hunter2-of-nobody"]}
    assert {value: found_in(space, controller, value) for value in nowhere} == nowhere
    for each, end in ((lab, "Failed"), (theirs, "Succeeded")):
        each.release()
        each.wait_phase(end)
    space.wait(lambda: all(pod["status"]["phase"] in ("Failed", "Succeeded") for pod in space.pods().values()), "the followers go with the Jobs")
    assert {value: found_in(space, controller, value) for value in nowhere} == nowhere
    space.kubectl("create", "configmap", "planted", f"--from-literal=cert={values[0]}")
    planted = found_in(space, controller, values[0])
    space.kubectl("delete", "configmap", "planted")
    assert planted == ["configmaps", "describe"]
