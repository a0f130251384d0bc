# SPDX-License-Identifier: Apache-2.0
"""`kubectl muster inject`: what it adds, what it leaves alone, what it refuses; and that the API takes the result."""
import difflib
import json

import kubernetes_schemas
import manifest_rules
import manifests
import pytest
from muster_testing import REPOSITORY, program

DATA = REPOSITORY / "tests" / "data" / "inject"
EXAMPLES = sorted((REPOSITORY / "containers" / "kubernetes" / "examples").glob("*.yaml"))
FLAGS = {
    "job.yaml": [],
    "job.json": [],
    "stateful-set.yaml": ["--container", "worker", "--flux=none"],
    "job-set.yaml": ["--job=workers", "--secret", "shared", "--image", "registry.example/muster:1"],
    "leader-worker-set.yaml": [],
}
ENTRYPOINT = ["/muster/bin/muster-init", "/muster/bin/muster", "run", "--"]
JOB = (DATA / "job.yaml").read_text()


@pytest.fixture
def inject(bench, tmp_path):
    """inject(manifest, flag...): how it ended, given on standard input."""
    def run(manifest, *flags):
        path = tmp_path / "manifest"
        path.write_text(manifest)
        with open(path, "rb") as file:
            return bench.run(program("kubectl-muster"), "inject", *flags, stdin=file)
    return run


def injected(inject, name):
    done = inject((DATA / name).read_text(), *FLAGS[name])
    assert done.code == 0, done
    return done.out


def test_every_manifest_is_tried():
    assert sorted(path.name for path in DATA.iterdir() if path.is_file()) == sorted(FLAGS)


@pytest.mark.parametrize("name", FLAGS)
def test_it_adds_what_muster_needs(inject, name):
    assert injected(inject, name) == (DATA / "expected" / name).read_text()


@pytest.mark.parametrize("name", FLAGS)
def test_twice_is_once(inject, name):
    once = injected(inject, name)
    for flags in (FLAGS[name], FLAGS[name][:0] if name != "job-set.yaml" else ["--job=workers"]):
        again = inject(once, *flags)
        assert (again.code, again.out) == (0, once), again


@pytest.mark.parametrize("name", FLAGS)
def test_a_file_is_read_as_standard_input_is(inject, bench, name):
    done = bench.run(program("kubectl-muster"), "inject", *FLAGS[name], DATA / name)
    assert done.code == 0 and done.out == injected(inject, name)


@pytest.mark.parametrize("name", FLAGS)
def test_everything_else_stays_as_it_was(inject, name):
    """Lines are added; the only ones that change are those to which something was added: commands, empty lists, and JSON's ends."""
    before, after = (DATA / name).read_text().splitlines(), injected(inject, name).splitlines()
    gone = [line[2:] for line in difflib.ndiff(before, after) if line.startswith("- ")]
    commands = [line for line in gone if "command:" in line or "env: []" in line]
    ends = [line for line in gone if name.endswith(".json") and line.strip() in ("]", "}", '"solver"')]
    assert sorted(gone) == sorted(commands + ends), gone


@pytest.mark.parametrize("name", FLAGS)
def test_the_objects_that_were_there_are_there_and_the_command_is_as_it_was(inject, name):
    before, after = manifests.load(DATA / name), kubernetes_schemas.load(injected(inject, name))
    assert len(after) == len(before) + 1 and after[-1]["kind"] == "Service"
    commands_before, commands_after = commands_of(before), commands_of(after)
    wrapped = {where: command for where, command in commands_after.items() if command[:4] == ENTRYPOINT}
    assert wrapped
    for where, command in commands_before.items():
        assert commands_after[where] == ([*ENTRYPOINT, *command] if where in wrapped else command)
    assert_contains(after, before)


def commands_of(node, where=()):
    if isinstance(node, list):
        return {key: value for n, each in enumerate(node) for key, value in commands_of(each, (*where, n)).items()}
    if not isinstance(node, dict) or node.get("name") == "muster-install":
        return {}
    own = {(*where, "command"): node["command"]} if "command" in node else {}
    return {**own, **{key: value for name, each in node.items() for key, value in commands_of(each, (*where, name)).items()}}


def assert_contains(more, less):
    """All of `less` is in `more`, in its order."""
    if isinstance(less, dict):
        for key, value in less.items():
            if key != "command":
                assert_contains(more[key], value)
    elif isinstance(less, list):
        assert len(more) >= len(less)
        for mine, its in zip(more, less):
            assert_contains(mine, its)
    else:
        assert more == less and type(more) is type(less)


@pytest.mark.parametrize("name", FLAGS)
def test_the_api_takes_the_result_and_it_keeps_the_rules(inject, name):
    objects = kubernetes_schemas.load(injected(inject, name))
    assert not [complaint for each in objects for complaint in kubernetes_schemas.complaints(each)]
    for each in manifests.of_kind(objects, "JobSet"):  # muster is in one of its Jobs only
        each["spec"]["replicatedJobs"] = [job for job in each["spec"]["replicatedJobs"] if job["name"] == "workers"]
    for rule in manifest_rules.NEEDED:
        assert not rule(objects), rule.__name__


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_what_has_muster_already_stays_as_it_is(inject, path):
    done = inject(path.read_text())
    assert (done.code, done.out) == (0, path.read_text()), done


def test_a_guaranteed_pod_stays_guaranteed(inject):
    """Its QoS class takes all containers' requests and limits, init containers' too."""
    job = kubernetes_schemas.load(injected(inject, "job.yaml"))[0]
    spec = job["spec"]["template"]["spec"]
    assert spec["initContainers"][0]["resources"] == spec["containers"][0]["resources"] == {"limits": {"cpu": 2, "memory": "1Gi"}}


def test_what_the_user_says_is_left(inject):
    own = JOB.replace("        - {name: OUT, value: /data}", "        - {name: MUSTER_SECRET, value: /data/secret}\n"
                      "        - {name: MUSTER_SIZE, value: '4'}").replace("      restartPolicy", "      subdomain: mine\n      restartPolicy")
    done = inject(own, "--flux", "/opt/flux/bin/flux")
    assert done.code == 0, done
    job, service = kubernetes_schemas.load(done.out)
    variables = manifests.environment(job["spec"]["template"]["spec"]["containers"][0])
    assert variables == {"MUSTER_SECRET": "/data/secret", "MUSTER_SIZE": "4", "MUSTER_FLUX": "/opt/flux/bin/flux"}
    assert not [each for each in job["spec"]["template"]["spec"]["volumes"] if "secret" in each]
    assert service["metadata"]["name"] == "mine" and service["spec"]["selector"] == {"batch.kubernetes.io/job-name": "simulation"}


def test_a_service_that_is_there_is_not_made_again(inject):
    with_service = JOB + "---\nkind: Service\napiVersion: v1\nmetadata: {name: simulation}\nspec: {clusterIP: None, publishNotReadyAddresses: true}\n"
    done = inject(with_service)
    assert done.code == 0 and len(kubernetes_schemas.load(done.out)) == 2, done


def test_a_leader_worker_set_may_make_its_services_itself(inject):
    manifest = (DATA / "leader-worker-set.yaml").read_text().replace("  replicas: 2\n", "  replicas: 2\n  networkConfig: {subdomainPolicy: UniquePerReplica}\n")
    done = inject(manifest)
    assert done.code == 0 and "kind: Service" not in done.out, done


def test_one_of_several_workloads_is_named(inject):
    other = JOB.replace("name: simulation   # also its pods'", "name: other")
    done = inject(f"{JOB}---\n{other}", "--name=other")
    assert done.code == 0, done
    assert done.out.startswith(f"{JOB}---\n") and "job-name: other" in done.out


def change(old, new, text=JOB):
    assert old in text
    return text.replace(old, new)


REFUSED = [
    ("", [], "standard input: there is no Job, StatefulSet, JobSet or LeaderWorkerSet in it"),
    ("a: [", [], "standard input: line "),
    ("kind: Job\nkind: Job\n", [], "the key 'kind' is given twice"),
    (change("batch/v1", "batch.example/v1"), [], "there is no Job, StatefulSet, JobSet or LeaderWorkerSet in it"),
    (change("kind: Job", "kind: CronJob"), [], "there is no Job, StatefulSet"),
    (JOB + "---\n" + JOB, [], "there are 2 workloads in it: say which one with --name NAME"),
    (JOB, ["--name", "x"], "there is no Job, StatefulSet, JobSet or LeaderWorkerSet called 'x' in it"),
    (change("  name: simulation ", "  generateName: simulation- "), [], "has no metadata.name, which its Service needs"),
    (change("  name: simulation ", "  name: simulation.v1 "), [], "called 'simulation.v1', which is no DNS label: set spec.template.spec.subdomain"),
    (change("  completionMode: Indexed\n", ""), [], "line 2: Job simulation: its pods have no numbers: set completionMode to Indexed"),
    (change("  completions: 4\n", ""), [], "set completions and parallelism to one number"),
    (change("parallelism: 4", "parallelism: 2"), [], "set completions and parallelism to one number"),
    (change("      restartPolicy", "      hostNetwork: true\n      restartPolicy"), [], "hostNetwork gives its pods their nodes' names and ports"),
    (change('        command: ["python3", "-m", \'solver\']\n', ""), [], "container 'solver' has no command: write down its image's ENTRYPOINT"),
    (change('["python3", "-m", \'solver\']', "solver"), [], "container 'solver' has no command"),
    (change('["python3", "-m", \'solver\']', "[]"), [], "container 'solver' has no command"),
    (change("/data}\n      volumes", "/run/muster}\n      volumes"), [], "container 'solver' mounts 'data' at /run/muster, where muster's muster-run goes"),
    (change("- name: data\n", "- name: muster-run\n"), [], "its pods have a volume 'muster-run' that is not muster's"),
    (change("value: /data}", "value: &x /data}\n        - {name: IN, value: *x}"), [], "uses YAML's anchors and aliases"),
    (change("{name: OUT, value: /data}", "{name: MUSTER_SIZE, value: '8'}"), [], "MUSTER_SIZE is '8' in container 'solver', but it has 4 pods"),
    (JOB, ["--container", "x"], "Job simulation: its pods have no container 'x'"),
    ((DATA / "stateful-set.yaml").read_text(), [], "StatefulSet workers: its pods have 2 containers: say which one with --container NAME"),
    (change("  podManagementPolicy: Parallel\n", "", (DATA / "stateful-set.yaml").read_text()), [], "set podManagementPolicy to Parallel"),
    ((DATA / "job-set.yaml").read_text(), [], "has 2 replicatedJobs: say which one with --job NAME"),
    ((DATA / "job-set.yaml").read_text(), ["--job=x"], "has no job 'x' among its replicatedJobs"),
    ((DATA / "job-set.yaml").read_text(), ["--job=driver"], "set completionMode to Indexed"),
    (change("spec:\n  repl", "spec:\n  network: {enableDNSHostnames: false}\n  repl", (DATA / "job-set.yaml").read_text()), ["--job=workers"],
     "set network.enableDNSHostnames to true"),
    (change("        env:\n        - {name: OUT, value: /data}", "        env:"), [], "env is empty: leave it out, or write []"),
    ("kind: Job\napiVersion: batch/v1\nmetadata: {name: a}\n", [], "Job a: has no spec"),
]


@pytest.mark.parametrize("manifest, flags, sentence", REFUSED, ids=[f"{n}" for n in range(len(REFUSED))])
def test_what_it_cannot_do_it_refuses(inject, manifest, flags, sentence):
    done = inject(manifest, *flags)
    assert done.code == 65 and done.out == "", done
    assert sentence in done.err and done.err.count("\n") == 1, done


@pytest.mark.parametrize("arguments, code, sentence", [
    (["inject", "--nope"], 64, "unknown flag '--nope'"),
    (["inject", "--secret"], 64, "flag '--secret' needs a value"),
    (["inject", "--image="], 64, "the value of '--image' is empty"),
    (["inject", "a", "b"], 64, "one FILE, not two: 'a' and 'b'"),
    (["inject", "/nonexistent/file"], 73, "read /nonexistent/file"),
    (["nope"], 64, "unknown command 'nope'"),
    ([], 64, "no command"),
])
def test_bad_arguments(bench, arguments, code, sentence):
    done = bench.run(program("kubectl-muster"), *arguments)
    assert done.code == code and done.out == "", done
    assert sentence in done.err and done.err.count("\n") == 1, done


def test_help_names_every_flag(bench):
    done = bench.run(program("kubectl-muster"), "inject", "--help")
    assert done.code == 0 and all(flag in done.out for flag in ("--image", "--secret", "--name", "--job", "--container", "--flux"))
    assert "inject [FLAGS] [FILE]" in bench.run(program("kubectl-muster"), "help").out
    assert bench.run(program("kubectl-muster"), "--version").out.startswith("kubectl-muster ")


def test_a_result_that_cannot_be_written_is_said(bench, tmp_path):
    done = bench.run("sh", "-c", 'exec "$0" inject "$1" >/dev/full', program("kubectl-muster"), DATA / "job.yaml")
    assert done.code == 73 and "standard output: write: No space left on device" in done.err, done


def test_json_stays_what_kubectl_reads_with_a_service_behind_it(inject):
    """By a brace at the beginning kubectl takes all of it for JSON, and stumbles over the second document."""
    made = injected(inject, "job.json")
    assert made.startswith("---\n{") and len(kubernetes_schemas.load(made)) == 2
    assert json.loads(made.split("---\n")[1])["spec"]["template"]["spec"]["containers"][0]["command"] == [*ENTRYPOINT, "solver"]


NUMBERS = ["0", "-1", "3.0", "0x3", "~", "99999999999999999999", "three"]


@pytest.mark.parametrize("number", NUMBERS)
def test_a_size_that_is_no_number_of_pods_is_refused(inject, number):
    given = JOB.replace("completions: 4", f"completions: {number}").replace("parallelism: 4", f"parallelism: {number}")
    assert given != JOB
    done = inject(given)
    assert (done.code, done.out) == (65, "") and f"completions is '{number}', which is no number of pods" in done.err, done


def test_nesting_without_end_is_refused(inject):
    done = inject("a: " + "[" * 50000 + "]" * 50000)
    assert (done.code, done.out) == (65, "") and "it is nested more than 256 deep" in done.err, done


@pytest.mark.parametrize("field, sentence", [
    ("clusterIP: 10.0.0.1, publishNotReadyAddresses: true", "is not headless: set clusterIP to None"),
    ("clusterIP: None", "set publishNotReadyAddresses to true"),
])
def test_a_service_that_gives_the_pods_no_names_is_refused(inject, field, sentence):
    name = next(each for each in kubernetes_schemas.load(injected(inject, "job.yaml")) if each["kind"] == "Service")["metadata"]["name"]
    done = inject(JOB.rstrip("\n") + f"\n---\napiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\nspec: {{{field}}}\n")
    assert (done.code, done.out) == (65, "") and sentence in done.err, done
