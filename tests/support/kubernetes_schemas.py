# SPDX-License-Identifier: Apache-2.0
"""The API's own schemas: Kubernetes' OpenAPI document and the custom resource definitions of JobSet and LeaderWorkerSet, out of
the Go modules that publish them. Taken once with the Go of PATH, and kept in the user's cache directory by version; a module
that is not the one whose checksum stands here is refused.

As the API server with fieldValidation=Strict does, a field that a schema does not know is an error, and so is a key given twice.
Not checked are the rules that stand in the API server's code (and CEL): manifests.py checks those that matter here."""
import dataclasses
import fcntl
import functools
import hashlib
import json
import os
import pathlib
import shutil

import go_module
import jsonschema
import yaml


@dataclasses.dataclass(frozen=True)
class Module:
    path: str
    version: str
    sum: str
    file: str  # the schema in it


MODULES = [
    Module("k8s.io/kubernetes", "v1.35.4", "h1:o/8dBC/pHVpYoGV4OAIytAlNPZbdYVTXJHoYvXC4qzM=", "api/openapi-spec/swagger.json"),
    Module("sigs.k8s.io/jobset", "v0.10.1", "h1:u8QKifNsrWVrlRFe6w2ofYTqFT9ma2DRHxfeB2m9xyU=",
           "config/components/crd/bases/jobset.x-k8s.io_jobsets.yaml"),
    Module("sigs.k8s.io/lws", "v0.7.0", "h1:qWfzX8+UBak+Hq0+m/PuE3uO0mp/3dmm5q/h/7z31A8=",
           "config/crd/bases/leaderworkerset.x-k8s.io_leaderworkersets.yaml"),
]


def _cache():
    return pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "muster"


def fetch(module):
    """The path of the module's schema in the cache; takes it from the module proxy where it is missing."""
    digest = hashlib.sha256(repr(module).encode()).hexdigest()[:12]
    place = _cache() / f"schema-{module.path.replace('/', '-')}-{module.version}-{digest}"
    place.mkdir(parents=True, exist_ok=True)
    schema = place / pathlib.Path(module.file).name
    with open(place / "lock", "wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not schema.exists():
            new = schema.with_suffix(".new")
            shutil.copyfile(go_module.download(module.path, module.version, module.sum) / module.file, new)
            new.rename(schema)
    return schema


class _OnceLoader(yaml.SafeLoader):
    """YAML 1.1 as kubectl reads it, where no key may be given twice."""

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = {key for key in keys if keys.count(key) > 1}
        if twice:
            raise yaml.constructor.ConstructorError(None, None, f"given twice: {', '.join(map(str, twice))}", node.start_mark)
        return super().construct_mapping(node, deep)


def load(text):
    """The documents of a YAML stream."""
    return [document for document in yaml.load_all(text, _OnceLoader) if document is not None]


def strict(schema):
    """The schema with unknown fields refused, and with what OpenAPI says in words of its own said in JSON Schema's."""
    if isinstance(schema, list):
        return [strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: ({name: strict(each) for name, each in value.items()} if key in ("properties", "definitions") else strict(value))
            for key, value in schema.items()}
    if isinstance(schema.get("properties"), dict) and not schema.get("x-kubernetes-preserve-unknown-fields"):
        made.setdefault("additionalProperties", False)
    if schema.get("x-kubernetes-int-or-string") or schema.get("format") == "int-or-string":
        made = {"type": ["integer", "string"]}
    return made


@functools.cache
def _schemas():
    """{(apiVersion, kind): a JSON Schema}"""
    core, *customs = [fetch(module) for module in MODULES]
    definitions = strict(json.loads(core.read_text())["definitions"])
    definitions["io.k8s.apimachinery.pkg.api.resource.Quantity"] = {"type": ["string", "number"]}
    found = {}
    for name, definition in definitions.items():
        for kind in definition.get("x-kubernetes-group-version-kind", []):
            version = "/".join(filter(None, (kind["group"], kind["version"])))
            found[version, kind["kind"]] = {"$ref": f"#/definitions/{name}", "definitions": definitions}
    for path in customs:
        custom = yaml.load(path.read_text(), yaml.CSafeLoader)["spec"]
        for version in custom["versions"]:
            schema = strict(version["schema"]["openAPIV3Schema"])
            schema["properties"]["metadata"] = {"$ref": "#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"}
            found[f"{custom['group']}/{version['name']}", custom["names"]["kind"]] = {**schema, "definitions": definitions}
    return found


def complaints(document):
    """What the API's schema has against this object, one sentence each."""
    what = document.get("apiVersion"), document.get("kind")
    schema = _schemas().get(what)
    if schema is None:
        return [f"no such kind: {what[0]} {what[1]}"]
    missing = [] if document.get("metadata", {}).get("name") else ["metadata.name is missing"]
    validator = jsonschema.Draft7Validator(schema)
    return missing + [f"{'.'.join(map(str, error.absolute_path)) or '.'}: {error.message[:300]}" for error in validator.iter_errors(document)]


if __name__ == "__main__":
    import sys
    try:
        for each in MODULES:
            fetch(each)
    except go_module.CannotFetch as why:
        sys.exit(str(why))
