# SPDX-License-Identifier: Apache-2.0
"""`muster up` over stand-ins for its pods (tests/support/up_driver.cpp, stand_in_pod.py)."""
import contextlib
import json
import os
import pathlib
import re
import tempfile

from muster_testing import program

STAND_IN = ["/usr/bin/python3", "-I", "-S", str(pathlib.Path(__file__).parent / "stand_in_pod.py")]


def argv(size, *command, pod=STAND_IN, **options):
    """The driver's argument vector: options are UpOptions' names, "_" for "-"."""
    words = [program("up-driver"), str(size)]
    for word in pod:
        words += ["--pod", word]
    for name, value in options.items():
        for one in value if isinstance(value, list) else [value]:
            words += ["--" + name.replace("_", "-"), str(one)]
    return [*words, "--", *command] if command else words


def environment(behaviour=None, **more):
    """Variables for the driver: `behaviour` maps a rank to what its stand-in does."""
    if behaviour:
        more["STAND_IN"] = json.dumps({str(rank): row for rank, row in behaviour.items()})
    return more


@contextlib.contextmanager
def place():
    """A directory for instances, whose path is short enough for their sockets."""
    with tempfile.TemporaryDirectory(prefix="up-", dir="/tmp") as made:
        yield pathlib.Path(made)


def with_word(word):
    """The pids of living processes that have `word` in their command line or environment."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            text = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
            state = re.search(r"^State:\s+(\w)", (entry / "status").read_text(), re.M).group(1)
            if word.encode() in text and state != "Z":
                found.append(int(entry.name))
    return found
