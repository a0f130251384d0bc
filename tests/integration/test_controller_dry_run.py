# SPDX-License-Identifier: Apache-2.0
"""`muster-controller --dry-run`: what a MiniCluster comes to, that the API takes it, and what is refused; and the
CustomResourceDefinition, which comes out of the same table of fields."""
import copy
import re

import kubernetes_schemas
import manifests
import minicluster_fields
import miniclusters
import pages
import pytest
import yaml
from miniclusters import MINIMAL, with_container, with_spec
from muster_testing import REPOSITORY, plain_environment, program

DATA = REPOSITORY / "tests" / "data" / "minicluster"
CRD = REPOSITORY / "containers" / "kubernetes" / "crd.yaml"
NAMES = sorted(path.name for path in DATA.glob("*.yaml"))


@pytest.fixture
def dry_run(bench, tmp_path):
    """dry_run(object): how it ended, with the object in a file."""
    def run(given):
        path = tmp_path / "minicluster.yaml"
        path.write_text(given if isinstance(given, str) else yaml.safe_dump(given))
        return bench.run(program("muster-controller"), "--dry-run", path)
    return run


def objects(done):
    assert done.code == 0, done
    return {each["kind"]: each for each in yaml.safe_load_all(done.out)}


def pod_of(done):
    return objects(done)["Job"]["spec"]["template"]["spec"]


def environment_of(done):
    return {row["name"]: row.get("value") for row in pod_of(done)["containers"][0]["env"]}


@pytest.mark.parametrize("name", NAMES)
def test_what_it_comes_to(bench, name):
    done = bench.run(program("muster-controller"), "--dry-run", DATA / name)
    assert (done.code, done.out) == (0, (DATA / "expected" / name).read_text()), done


def test_standard_input_is_read_as_a_file_is(bench):
    with open(DATA / "lammps.yaml", "rb") as file:
        done = bench.run(program("muster-controller"), "--dry-run", "-", stdin=file)
    assert done.out == (DATA / "expected" / "lammps.yaml").read_text(), done


@pytest.mark.parametrize("name", NAMES)
def test_the_api_takes_the_objects(name):
    for each in manifests.load(DATA / "expected" / name):
        assert not kubernetes_schemas.complaints(each), each["kind"]


def test_a_field_that_the_api_does_not_know_is_seen():
    job = next(each for each in manifests.load(DATA / "expected" / "lammps.yaml") if each["kind"] == "Job")
    job["spec"]["template"]["spec"]["containers"][0]["livenessprobe"] = {}
    assert kubernetes_schemas.complaints(job)


# ---- the table of fields

def rows(schema, path="spec"):
    """(path, schema) of each field, as the table has them."""
    yield path, schema
    for name, child in schema.get("properties", {}).items():
        yield from rows(child, f"{path}.{name}")
    if "additionalProperties" in schema:
        yield from rows(schema["additionalProperties"], path + "{}")
    if "items" in schema and not is_refused(schema) and path != "spec.services":  # which has those of spec.containers
        yield from rows(schema["items"], path + "[]")


def is_refused(schema):
    return schema.get("description", "").startswith("refused: ")


TABLE = dict(rows(yaml.safe_load(CRD.read_text())["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]))
REFUSED = sorted(path for path, schema in TABLE.items() if is_refused(schema))


def paths_in(value, path="spec"):
    """Those of TABLE that an object uses."""
    yield path
    schema = TABLE[path]
    if "properties" in schema:
        for name, child in value.items():
            yield from paths_in(child, f"{path}.{name}")
    elif "additionalProperties" in schema:
        for child in value.values():
            yield from paths_in(child, path + "{}")
    elif "items" in schema and isinstance(value, list):
        for child in value:
            yield from paths_in(child, "spec.containers[]" if path == "spec.services" else path + "[]")


def test_the_definition_is_that_of_the_program(bench):
    assert bench.run(program("muster-controller"), "--crd").out == CRD.read_text()


def test_the_api_takes_the_definition():
    assert not kubernetes_schemas.complaints(yaml.safe_load(CRD.read_text()))


def test_every_field_has_a_row():
    schema = yaml.safe_load(CRD.read_text())["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    has = [row.path for row in minicluster_fields.WORKS + minicluster_fields.REFUSED]
    assert sorted(has) == sorted({*minicluster_fields.leaves(schema), "spec.services[].logs"})


def test_every_field_comes_to_what_its_row_says(dry_run):
    rows = minicluster_fields.WORKS
    done = dry_run(yaml.safe_dump_all(minicluster_fields.named(row, f"lab-{number}") for number, row in enumerate(rows)))
    assert done.code == 0, done
    made = {}
    for each in kubernetes_schemas.load(done.out):
        made.setdefault(each["metadata"]["labels"]["app.kubernetes.io/name"], []).append(each)
    wrong = [row.path for number, row in enumerate(rows) if not row.check(minicluster_fields.Made(made[f"lab-{number}"]))]
    assert not wrong


@pytest.mark.parametrize("row", minicluster_fields.REFUSED, ids=lambda row: row.path)
def test_what_is_no_field_of_a_service_is_refused(dry_run, row):
    done = dry_run(row.given)
    assert done.code == 65 and row.path.replace("[]", "[0]") + ": " + row.sentence in done.err, done


def test_the_tests_that_show_fields_are_there():
    for shown in {row.shown for row in minicluster_fields.WORKS if row.shown}:
        path, _, name = shown.partition("::")
        assert f"\ndef {name}(" in (REPOSITORY / path).read_text(), shown


def test_every_field_that_works_is_used_by_an_example():
    used = {path for name in NAMES for each in manifests.load(DATA / name) for path in paths_in(each["spec"])}
    assert sorted(set(TABLE) - used) == REFUSED


def test_the_page_shows_a_refusal(bench, tmp_path):
    page = (REPOSITORY / "containers" / "controller" / "moving.md").read_text()
    (command, shown), = pages.shown_commands(page)
    assert command == "muster-controller --dry-run minicluster.yaml"
    (tmp_path / "minicluster.yaml").write_text(yaml.safe_dump(with_spec(flux={"mungeSecret": "munge"})))
    done = bench.run(program("muster-controller"), *command.split()[1:], cwd=tmp_path)
    assert (done.code, done.err) == (65, shown) and "exit code 65" in page, done


def test_the_page_names_what_is_refused():
    page = (REPOSITORY / "containers" / "controller" / "moving.md").read_text()
    assert re.findall(r"^\| `(spec[^`]*)` \| (.*) \|$", page, re.M) == [
        (path, TABLE[path]["description"].removeprefix("refused: ")) for path in REFUSED]


def test_the_page_names_what_is_refused_beside_something_else():
    page = (REPOSITORY / "containers" / "controller" / "moving.md").read_text()
    named = dict(re.findall(r"^\| `(?!spec)([^`]*)`.* \| (.*) \|$", page, re.M))
    rules = [row for row in miniclusters.WRONG if row.moving]
    assert {field: said[:len(row.sentence)] for row in rules for field, said in named.items() if field == row.moving} == {row.moving: row.sentence for row in rules}
    assert set(named) == {row.moving for row in rules}


def value_for(schema):
    """A value that is not its type's empty one."""
    return {"string": "x", "integer": 7, "boolean": True, "array": [{"image": "x"}], "object": {"x": "y"}}[schema["type"]]


def empty_for(schema):
    return {"string": "", "integer": 0, "boolean": False, "array": [], "object": {}}[schema["type"]]


def put(given, path, value):
    """Sets a field by its path in the table."""
    place = given
    *parents, last = re.findall(r"[A-Za-z]+(?:\[\]|\{\})?", path)
    for name in parents:
        if name.endswith("[]"):
            place = place.setdefault(name[:-2], [{}])[0]
        else:
            place = place.setdefault(name, {})
    place[last] = value
    return given


@pytest.mark.parametrize("path", REFUSED)
def test_what_is_refused_says_why(dry_run, path):
    done = dry_run(put(copy.deepcopy(MINIMAL), path, value_for(TABLE[path])))
    shown = path.replace("[]", "[0]")
    reason = TABLE[path]["description"].removeprefix("refused: ")
    assert (done.code, done.out) == (65, "") and f"minicluster.yaml: {shown}: {reason}\n" in done.err, done
    assert dry_run(put(copy.deepcopy(MINIMAL), path, empty_for(TABLE[path]))).code == 0, "as a default would leave it"


@pytest.mark.parametrize("path", sorted(path for path, schema in TABLE.items() if schema.get("type") in ("string", "integer", "boolean")
                                        and "{}" not in path and path not in REFUSED))
def test_a_value_of_another_type_is_refused(dry_run, path):
    done = dry_run(put(copy.deepcopy(MINIMAL), path, ["of", "another"]))
    assert (done.code, done.out) == (65, "") and "this must be" in done.err, done


# ---- one sentence

FILES = [
    ("a: [1", "minicluster.yaml:"),
    ("a: 1\na: 2\n", "the key 'a' is given twice"),
    ("a: &x 1\nb: *x\n", "minicluster.yaml:2: an alias (*x)"),
    ("? [a]\n: b\n", "minicluster.yaml:1: a key that is no string"),
    ("", "there is no object in it"),
]
WRONG = [(row.given, f"minicluster.yaml: {row.field}{row.field and ': '}{row.sentence}") for row in miniclusters.WRONG] + FILES


@pytest.mark.parametrize("given, sentence", WRONG, ids=[row[1].removeprefix("minicluster.yaml: ")[:60] for row in WRONG])
def test_what_is_wrong_is_told(dry_run, given, sentence):
    done = dry_run(given)
    assert (done.code, done.out) == (65, "") and sentence in done.err and done.err.count("\n") == 1, done


@pytest.mark.parametrize("given", miniclusters.RIGHT, ids=range(len(miniclusters.RIGHT)))
def test_what_is_just_right_is_taken(dry_run, given):
    assert dry_run(given).code == 0


@pytest.mark.parametrize("words, sentence", [([], "what is there to do"), (["--nope"], "unknown argument '--nope'"),
                                             (["--dry-run"], "--dry-run takes one FILE, not 0"), (["--dry-run", "a", "b"], "not 2")])
def test_a_wrong_command_line(bench, words, sentence):
    done = bench.run(program("muster-controller"), *words)
    assert (done.code, done.out) == (64, "") and sentence in done.err, done


def test_a_file_that_is_not_there(bench):
    done = bench.run(program("muster-controller"), "--dry-run", "/nowhere/at/all")
    assert done.code == 73 and "/nowhere/at/all" in done.err, done


# ---- what the Flux Operator got wrong

@pytest.mark.parametrize("command, words", [
    ('python -c "print(1)"', ["python", "-c", "print(1)"]),
    ("sh -c 'echo $$ $HOME $(hostname) $(MUSTER_SIZE)'", ["sh", "-c", "echo $$ $HOME $(hostname) $(MUSTER_SIZE)"]),
    ("echo 'a  b' \"it's\" c\\ d", ["echo", "a  b", "it's", "c d"]),
])
def test_the_commands_words_arrive_unchanged(dry_run, command, words):
    said = manifests.argv(pod_of(dry_run(with_container(command=command)))["containers"][0])
    assert said == ["/muster/bin/muster-init", "/muster/bin/muster", "run", "--", *words]


def test_an_image_that_has_muster_needs_no_installation(dry_run):
    given = with_container(image="registry/with-muster:1", command="hostname")
    given["spec"]["muster"] = {"image": "registry/with-muster:1"}
    pod = pod_of(dry_run(given))
    container = pod["containers"][0]
    assert "muster-install" not in str(pod) and "muster-bundle" not in str(pod)
    assert manifests.argv(container) == ["muster-init", "muster", "run", "--", "hostname"]
    assert container["startupProbe"]["exec"]["command"] == ["muster", "probe", "startup"]
    assert container["lifecycle"]["preStop"]["exec"]["command"] == ["muster", "leave"]
    given["spec"]["muster"] = {"image": "registry/with-muster:2"}
    assert pod_of(dry_run(given))["initContainers"][0]["name"] == "muster-install"


def test_shell_text_is_one_argument_and_muster_init_follows(dry_run):
    done = dry_run(with_container(commands={"pre": 'echo "$PATH" $(hostname)', "workerPre": "sleep 1"}))
    shell, option, text, name, *rest = manifests.argv(pod_of(done)["containers"][0])
    assert (shell, option, name, rest[0]) == ("sh", "-c", "sh", "/muster/bin/muster-init")
    assert 'echo "$PATH" $(hostname)\n' in text and text.startswith("set -e\n") and text.endswith('exec "$@"\n')


@pytest.mark.parametrize("command, post, code", [
    (["true"], "echo after", 0), (["sh", "-c", "exit 3"], "echo after", 3), (["sh", "-c", "exit 3"], "echo after; exit 4", 3),
    (["true"], "echo after; exit 4", 4), (["true"], "echo after; false; echo not this", 1),
    (["sh", "-c", "trap 'exit 5' TERM; kill -TERM $PPID; while :; do sleep 0.1; done"], "echo after", 5),
])
@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_what_follows_the_program_keeps_its_exit_code(bench, dry_run, shell, command, post, code):
    _, option, text, name, *_ = manifests.argv(pod_of(dry_run(with_container(commands={"pre": "echo before", "post": post})))["containers"][0])
    done = bench.run(shell, option, text, name, *command)
    assert (done.code, done.out) == (code, "before\nafter\n"), done


# The text, the rank that runs it, the code of the end (3: that of the program), the part that the cause names.
PARTS = [
    ({"init": "echo init", "pre": "exit 4"}, 0, 4, "pre"), ({"init": "false", "pre": "echo never"}, 0, 1, "init"),
    ({"brokerPre": "false"}, 0, 1, "brokerPre"), ({"brokerPre": "false"}, 1, 3, None),
    ({"workerPre": "sh -c 'exit 5'", "post": "echo post"}, 1, 5, "workerPre"), ({"pre": "false || true; ! true; [ a = b ] && false"}, 0, 3, None),
    ({"pre": "echo ${NOT_SET?}"}, 0, None, "pre"), ({"pre": "sh -c 'kill -KILL $$'"}, 0, 137, "pre"), ({"pre": "exit 0"}, 0, 0, None),
    ({"pre": "set -C; false"}, 0, 1, "pre"), ({"pre": "echo pre"}, 0, 3, None), ({"pre": "echo pre", "post": "false"}, 0, 3, None), ({"pre": "if"}, 0, None, "pre"),
]


@pytest.mark.parametrize("shell", [["dash"], ["bash"], ["busybox", "sh"]], ids=lambda shell: shell[0])
@pytest.mark.parametrize("commands, rank, code, part", PARTS, ids=range(len(PARTS)))
def test_a_part_that_fails_is_named(bench, dry_run, tmp_path, shell, commands, rank, code, part):
    _, option, text, name, *_ = manifests.argv(pod_of(dry_run(with_container(commands=commands)))["containers"][0])
    told = tmp_path / "termination-log"
    told.touch()
    text = text.replace("/dev/termination-log", str(told))
    done = bench.run(*shell, option, text, name, "sh", "-c", "exit 3", env=plain_environment(JOB_COMPLETION_INDEX=str(rank)))
    assert done.code == code if code is not None else done.code in (1, 2, 127), done
    assert told.read_text() == (f"muster: commands.{part} failed\n" if part else ""), done


def test_a_part_that_fails_where_there_is_no_such_file(bench, dry_run, tmp_path):
    _, option, text, name, *_ = manifests.argv(pod_of(dry_run(with_container(commands={"pre": "exit 4"})))["containers"][0])
    done = bench.run("sh", option, text.replace("/dev/termination-log", str(tmp_path / "none")), name, "true")
    assert (done.code, done.out, done.err) == (4, "", "") and not (tmp_path / "none").exists(), done


@pytest.mark.parametrize("is_there", [True, False])
def test_an_archive_is_restored_where_there_is_one(bench, dry_run, tmp_path, is_there):
    path = tmp_path / "it's an archive"
    if is_there:
        path.touch()
    _, option, text, name, *_ = manifests.argv(pod_of(dry_run(with_spec(archive={"path": str(path)})))["containers"][0])
    done = bench.run("sh", option, text, name, "sh", "-c", 'echo "${MUSTER_RESTORE-nothing}"')
    assert done.out == (f"{path}\n" if is_there else "nothing\n"), done


@pytest.mark.parametrize("tasks, said", [({}, "1"), ({"tasks": 8}, "8"), ({"tasks": 0}, None)])
def test_tasks(dry_run, tasks, said):
    assert environment_of(dry_run(with_spec(size=4, **tasks))).get("MUSTER_TASKS") == said


def test_objects_of_one_name_and_two_uids_do_not_meet(dry_run):
    """A name in DNS that an earlier object had may still be in a cache."""
    def made(uid):
        done = dry_run({**MINIMAL, "metadata": {"name": "lab", "uid": uid}})
        service = objects(done)["Service"]
        return service["metadata"]["name"], service["spec"]["selector"], pod_of(done)["subdomain"]
    (first, selector, subdomain), (second, other, _) = made("aaaaaaaa-1"), made("bbbbbbbb-2")
    assert first != second and selector != other and subdomain == first


def test_everything_is_owned_by_its_minicluster(dry_run):
    for each in objects(dry_run({**MINIMAL, "metadata": {"name": "lab", "uid": "aaaaaaaa-1"}})).values():
        owner, = each["metadata"]["ownerReferences"]
        assert (owner["uid"], owner["controller"]) == ("aaaaaaaa-1", True)


def test_no_pod_failure_policy_with_on_failure(dry_run):
    assert "podFailurePolicy" in objects(dry_run(MINIMAL))["Job"]["spec"]
    assert "podFailurePolicy" not in objects(dry_run(with_spec(pod={"restartPolicy": "OnFailure"})))["Job"]["spec"]


def test_no_secret_is_printed(dry_run):
    assert not {"data", "stringData"} & set(objects(dry_run(MINIMAL))["Secret"])


def test_a_patch_is_put_over_the_template(dry_run):
    """Items by what names them, null takes away, and what has no name is replaced whole."""
    patch = {"spec": {"enableServiceLinks": None, "tolerations": [{"operator": "Exists"}],
                      "containers": [{"name": "lab", "lifecycle": None, "env": [{"name": "MUSTER_SIZE", "value": "7"}, {"name": "MORE", "value": "1"}]},
                                     {"name": "second", "image": "b"}]}}
    plain = pod_of(dry_run(with_spec(pod={"tolerations": [{"key": "a"}]})))
    made = pod_of(dry_run(with_spec(pod={"tolerations": [{"key": "a"}]}, muster={"podTemplate": patch})))
    assert "enableServiceLinks" not in made and made["tolerations"] == [{"operator": "Exists"}]
    flux, second = made["containers"]
    assert second == {"name": "second", "image": "b"} and "lifecycle" not in flux and flux["command"] == plain["containers"][0]["command"]
    before = [{**row, "value": "7"} if row["name"] == "MUSTER_SIZE" else row for row in plain["containers"][0]["env"]]
    assert flux["env"] == [*before, {"name": "MORE", "value": "1"}]
