# SPDX-License-Identifier: Apache-2.0
"""What a command with --json prints when it fails: an object with the sentence and the exit code, as on success."""
import json

import jsonschema
import pytest
from muster_testing import REPOSITORY

SCHEMAS = {name: json.loads((REPOSITORY / "tests" / "data" / "schema" / f"{name}.schema.json").read_text())
           for name in ("status", "peers", "check", "leave", "probe")}


@pytest.fixture
def pod(tmp_path):
    """The environment of a pod in which nothing runs."""
    return {"MUSTER_DIR": tmp_path / "m", "MUSTER_FLUX": "none", "MUSTER_HOSTS": "here,there", "MUSTER_NAME": "here"}


@pytest.mark.parametrize("command, arguments, env, code, words", [
    ("status", [], {}, 69, "no broker was started"),
    ("status", [], {"MUSTER_NAME": "elsewhere"}, 78, "elsewhere"),
    ("status", ["--port", "x"], {}, 64, "port"),
    ("peers", [], {"MUSTER_NAME": "elsewhere"}, 78, "elsewhere"),
    ("peers", [], {"MUSTER_HOSTS": "here"}, 69, "no broker was started"),
    ("check", ["--port", "x"], {}, 64, "port"),
    ("probe", ["--port", "x"], {}, 64, "port"),
    ("leave", [], {"MUSTER_NAME": "elsewhere"}, 78, "elsewhere"),
    ("leave", [], {}, 69, "no broker was started"),
    ("leave", [], {"MUSTER_NAME": "there"}, 69, "no broker was started"),
    ("timeline", ["/no/such/path"], {}, 73, "/no/such/path"),
    ("timeline", [], {}, 69, "no instance can be asked"),
])
def test_a_failure_is_an_object_too(bench, pod, command, arguments, env, code, words):
    words_of = [command, "live"] if command == "probe" else [command]
    done = bench.muster(*words_of, "--json", *arguments, env={**pod, **env})
    assert done.code == code, done
    found = json.loads(done.out)
    assert (found["command"], found["code"]) == (command, code) and words in found["error"], found
    assert found["error"] in done.err, "a person sees it as well"
    assert set(found) == {"command", "code", "error"}
    if command in SCHEMAS:
        jsonschema.validate(found, SCHEMAS[command])
    assert not bench.muster(*words_of, *arguments, env={**pod, **env}).out, "and without --json only a person"


def test_the_schemas_refuse_half_a_failure():
    for name, schema in SCHEMAS.items():
        for wrong in ({"command": name, "error": "e"}, {"command": name, "code": 69}, {"command": name}):
            with pytest.raises(jsonschema.ValidationError):
                jsonschema.validate(wrong, schema)
