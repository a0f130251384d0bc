# SPDX-License-Identifier: Apache-2.0
"""The project's pages beside what is true: the commands that a page shows are run as printed, and what it says that muster
prints is compared with what muster prints."""
import re

PLACEHOLDERS = [
    (r"key [0-9a-f]{8}", "key K"),
    (r"\(asked [^()]*\)", "(asked N times)"),
    (r"\b(?!127\.0\.0\.11\b)\d+\.\d+\.\d+\.\d+\b", "ADDRESS"),
    (r"\bhost [\w.-]+", "host HOST"),
    (r"\b[0-9a-f]{12}\b", "CONTAINER"),
]


def blocks(page):
    """The indented blocks of a page's text, in order, each without its indent."""
    found = re.findall(r"(?m)(?<=\n\n)((?:    .*\n)+)", page)
    return [re.sub(r"(?m)^    ", "", block) for block in found]


def block(page, begin):
    """The only block of a page that begins so."""
    found, = [each for each in blocks(page) if each.startswith(begin)]
    return found


def shown_commands(page):
    """(command, what it prints) of each block that begins with `$ command`."""
    return [tuple(block[2:].split("\n", 1)) for block in blocks(page) if block.startswith("$ ")]


def comparable(text):
    """The lines, without what differs from run to run: keys, addresses, hosts that an engine names, times and counts."""
    for pattern, name in PLACEHOLDERS:
        text = re.sub(pattern, name, text)
    return [line.strip() for line in text.splitlines() if line.strip()]


def assert_shown(page, lines):
    """That these lines stand in the page as they are, one after the other."""
    shown, wanted = comparable(page), comparable("\n".join(lines))
    assert wanted and any(shown[n:n + len(wanted)] == wanted for n in range(len(shown))), "not in the page:\n" + "\n".join(lines)


def assert_check_shown(page, printed, step):
    """That the page has what `muster check` printed, whose failing step is `step`."""
    lines = printed.splitlines()
    last = next((n for n, line in enumerate(lines) if "FAILED" in line), None)
    assert last is not None and lines[last].split()[1] == step, printed
    assert_shown(page, lines[:last + 1])
    assert_shown(page, [next(line for line in lines if line.startswith("exit code "))])
