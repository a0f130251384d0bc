# SPDX-License-Identifier: Apache-2.0
"""The rules of the house that a machine can check: README "rooms", tests/run --only house."""
import json
import pathlib
import re
import shlex
import subprocess

import pytest
from muster_testing import BIN, REPOSITORY

BUILD = BIN.parent
SPDX = "SPDX-License-Identifier: Apache-2.0"

# What each room may include, beside its own headers: rooms further down. A room's public headers are
# <room>/include/muster/..., so the first folder or stem after "muster/" names the room.
ROOMS = {
    "agent/base": [],
    "agent/log": ["agent/base"],
    "agent/json": ["agent/base"],
    "curve": ["agent/base", "agent/log", "agent/json"],
    "broker-config": ["agent/base", "agent/log", "agent/json"],
    "hwloc": ["agent/base", "agent/log", "agent/json"],
    "agent/discovery": ["agent/base", "agent/log", "agent/json"],
}
MIDDLE = ["agent/discovery", "broker-config", "curve", "hwloc", "agent/base", "agent/log", "agent/json"]
ROOMS.update({"agent/bootstrap": MIDDLE, "agent/local": MIDDLE, "agent/rehearsal": MIDDLE, "entrypoint": ["agent/base"],
              "agent/doctor": [*MIDDLE, "agent/bootstrap"],
              "agent/diagnosis": ["agent/base"], "agent/bundle": ["agent/base"],
              "agent/timeline": ["agent/base", "agent/log", "agent/json", "agent/local"],
              "containers/yaml": ["agent/base"], "containers/kubectl": ["agent/base", "agent/log", "containers/yaml"],
              "containers/kube": ["agent/base", "agent/json", "containers/yaml"],
              "containers/controller": ["agent/base", "agent/log", "agent/json", "curve", "containers/yaml", "containers/kube"]})

# Third-party headers, each included by the sources of these rooms only (never by a public header).
FOREIGN = {
    "zmq": ["agent/rehearsal"],
    "ares": ["agent/discovery"],
    "hwloc": ["hwloc"],
    "sodium": ["curve"],
    "curl": ["containers/kube"],
    "microhttpd": ["containers/controller"],
    "libfyaml": ["containers/yaml"],
    "toml++": ["broker-config"],
    "spdlog": ["agent/log"],
    "jansson": ["agent/json"],
    "CLI": ["agent"],
}


def committed(*patterns):
    """The files that git tracks or would track, relative to the repository."""
    listing = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "-z", "--", *patterns], cwd=REPOSITORY,
                             capture_output=True, text=True, check=True).stdout
    return [name for name in listing.split("\0") if name and (REPOSITORY / name).is_file()]


def text(name):
    return (REPOSITORY / name).read_text(encoding="utf-8", errors="replace")


def includes(source):
    return re.findall(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', source, re.M)


def room_of(name, rooms=ROOMS):
    """The room that a file belongs to: the longest folder that is one."""
    found = [room for room in rooms if name.startswith(room + "/")]
    return max(found, key=len, default=None)


def public_headers():
    """{"muster/base/fd.hpp": "agent/base", ...}"""
    found = {}
    for name in committed("*/include/muster/*.hpp", "*/include/muster/*.h"):
        found[name.split("/include/", 1)[1]] = name.split("/include/")[0]
    return found


def against_the_grain(name, source, owners):
    """The includes in `source` (of the file `name`) that its room may not make."""
    room = room_of(name)
    if room is None:
        return []
    allowed = {room, *ROOMS[room]}
    return [header for header in includes(source) if header in owners and owners[header] not in allowed]


def foreign_headers(name, source):
    """The third-party includes in `source` that do not belong in its room, or in any public header."""
    folder = room_of(name) or name.rsplit("/", 1)[0]
    found = []
    for header in includes(source):
        for library, rooms in FOREIGN.items():
            if re.match(rf"{re.escape(library)}(\.h|\.hpp|/.*|_addon\.hpp)?$", header):
                at_home = any(folder == room or folder.startswith(room + "/") and room_of(name) == room for room in rooms)
                if not at_home or "/include/" in name:
                    found.append(header)
    return found


def sources():
    return [name for name in committed("*.cpp", "*.hpp", "*.h", "*.c") if not name.startswith("tests/")]


def test_every_source_begins_with_its_licence():
    kinds = ("*.cpp", "*.hpp", "*.h", "*.c", "*.py", "*.sh", "*.cmake", "*CMakeLists.txt", ".ci/run", "tests/run",
             "containers/*")
    missing = []
    for name in committed(*kinds):
        if pathlib.Path(name).suffix in (".json", ".md", ".toml", ".cert", ".expected"):
            continue
        if SPDX not in "\n".join(text(name).split("\n")[:3]):
            missing.append(name)
    assert not missing
    assert "Apache License" in text("LICENSE")


def test_includes_point_downward_only():
    owners = public_headers()
    assert owners, "no public header was found: the check would be empty"
    wrong = {name: bad for name in sources() if (bad := against_the_grain(name, text(name), owners))}
    assert not wrong


def test_an_upward_include_would_be_noticed():
    owners = {"muster/curve.hpp": "curve", "muster/json.hpp": "agent/json", "muster/resources.hpp": "hwloc"}
    assert against_the_grain("curve/src/x.cpp", "#include <muster/resources.hpp>\n", owners) == ["muster/resources.hpp"]
    assert against_the_grain("agent/base/src/x.cpp", '# include "muster/json.hpp"\n', owners) == ["muster/json.hpp"]
    assert against_the_grain("hwloc/src/x.cpp", "#include <muster/json.hpp>\n#include <muster/resources.hpp>\n", owners) == []


def test_each_library_is_at_home_in_one_room():
    wrong = {name: bad for name in sources() if (bad := foreign_headers(name, text(name)))}
    assert not wrong


def test_a_library_outside_its_room_would_be_noticed():
    assert foreign_headers("curve/src/x.cpp", "#include <sodium.h>\n") == []
    assert foreign_headers("hwloc/src/x.cpp", "#include <sodium.h>\n") == ["sodium.h"]
    assert foreign_headers("curve/include/muster/curve.hpp", "#include <sodium.h>\n") == ["sodium.h"]
    assert foreign_headers("agent/base/src/x.cpp", "#include <toml++/toml.h>\n") == ["toml++/toml.h"]


def compile_commands():
    path = BUILD / "compile_commands.json"
    if not path.exists():
        pytest.fail(f"{path} is missing: the house is checked after a build")
    return json.loads(path.read_text())


def compile_in(room, source, tmp_path):
    """Compiles `source` with the flags of the first translation unit of `room`; the compiler's messages."""
    entry = next(e for e in compile_commands() if str(pathlib.Path(e["file"])).startswith(str(REPOSITORY / room / "src")))
    words = shlex.split(entry["command"])
    if pathlib.Path(words[0]).name == "ccache":
        words = words[1:]
    unit = tmp_path / "unit.cpp"
    unit.write_text(source)
    at = words.index("-o")
    del words[at:at + 2]
    words = [str(unit) if word == entry["file"] else word for word in words] + ["-fsyntax-only"]
    return subprocess.run(words, cwd=entry["directory"], capture_output=True, text=True, env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"})


def grains():
    """(room, header it must not be able to include): the first public header of every room not below it."""
    owners = public_headers()
    first = {}
    for header, owner in sorted(owners.items()):
        first.setdefault(owner, header)
    return [(room, header) for room, below in sorted(ROOMS.items()) if room in first
            for owner, header in sorted(first.items()) if owner != room and owner not in below]


@pytest.mark.parametrize("room, header", grains())
def test_an_include_against_the_grain_does_not_compile(room, header, tmp_path):
    done = compile_in(room, f"#include <{header}>\n", tmp_path)
    assert done.returncode != 0
    assert f"{header}: No such file or directory" in done.stderr


@pytest.mark.parametrize("room", sorted({owner for owner in public_headers().values() if owner in ROOMS}))
def test_an_include_with_the_grain_compiles(room, tmp_path):
    """The control: the same flags take the room's own header."""
    header = next(header for header, owner in sorted(public_headers().items()) if owner == room)
    done = compile_in(room, f"#include <{header}>\n", tmp_path)
    assert done.returncode == 0, done.stderr


def test_no_path_of_somebodys_machine_is_committed():
    pattern = re.compile(r"(^|[\"'\s=:(])/(work|farm|home)/[a-z.]", re.M)
    wrong = {name: found.group(0) for name in committed(".")
             if not name.startswith("tests/fuzz/corpus/") and (found := pattern.search(text(name)))}
    assert not wrong


def test_product_code_has_no_fixed_sleep_and_nothing_unfinished():
    sleeping = re.compile(r"\b(sleep_for|usleep|nanosleep|sleep)\s*\(")
    unfinished = re.compile(r"\b(TODO|FIXME|XXX)\b")
    assert not [name for name in sources() if sleeping.search(text(name))]
    assert not [name for name in committed("*.cpp", "*.hpp", "*.py", "*.sh", "*.txt")
                if unfinished.search(text(name)) and name != "tests/house/test_house.py"]


def test_every_file_is_of_a_size_that_a_reader_can_hold():
    long = {name: lines for name in sources() if (lines := text(name).count("\n")) > 600}
    assert not long


def test_programs_named_in_the_lists_of_packages_are_groups_that_exist():
    rows = [line.split() for line in text("containers/packages").splitlines() if line and not line.startswith("#")]
    assert {row[0] for row in rows} == {"build", "run", "test", "engine", "cluster"}
    assert all(len(row) == 2 for row in rows)
    assert len({tuple(row) for row in rows}) == len(rows)
