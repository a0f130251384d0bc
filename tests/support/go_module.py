# SPDX-License-Identifier: Apache-2.0
"""Modules of the Go module proxy, by version and checksum: another one under that version is refused."""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile


class CannotFetch(Exception):
    """Why something out of a Go module is not to be had here: tests fail with it, they do not skip."""


def go():
    """The program `go` of PATH."""
    found = shutil.which("go")
    if found is None:
        raise CannotFetch("there is no `go` in PATH")
    return found


def download(path, version, checksum):
    """The directory of a module, without what it needs itself."""
    with tempfile.TemporaryDirectory() as nowhere:  # no go.mod: the module alone
        done = subprocess.run([go(), "mod", "download", "-json", f"{path}@{version}"], cwd=nowhere, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              env={**os.environ, "GOFLAGS": "-mod=mod", "GOWORK": "off", "GONOSUMDB": path})
    try:
        answer = json.loads(done.stdout[done.stdout.index("{"):])
        found = answer["Sum"]
    except (ValueError, KeyError):
        raise CannotFetch(f"{path} {version} cannot be fetched: go mod download says\n{done.stdout[-4000:]}") from None
    if found != checksum:
        raise CannotFetch(f"{path} {version} has the checksum {found}, not {checksum}")
    return pathlib.Path(answer["Dir"])
