# SPDX-License-Identifier: Apache-2.0
"""Counts the tests in JUnit files, as ctest and pytest write them.

junit_totals.py FILE...             "PASSED FAILED SKIPPED", files that are absent or broken counting nothing
junit_totals.py --skipped FILE...   one line for each reason why tests were skipped, with their number
junit_totals.py --failed FILE...    the tests of pytest that failed, as pytest takes them on its command line
"""
import pathlib
import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter


def cases(files):
    """(suite, element) of every test case in `files`; the suite is the file's stem."""
    for file in files:
        try:
            root = ElementTree.parse(file).getroot()
        except (OSError, ElementTree.ParseError):
            continue
        for case in root.iter("testcase"):
            yield pathlib.Path(file).stem, case


def has_failed(case):
    return case.find("failure") is not None or case.find("error") is not None


def failures(files):
    """The node ids of the tests that failed; ours are functions, so that a class name is a module's."""
    return [f"{case.get('classname').replace('.', '/')}.py::{case.get('name')}" for _, case in cases(files) if has_failed(case)]


def totals(files):
    """(passed, failed, skipped) over `files`."""
    passed = failed = skipped = 0
    for _, case in cases(files):
        if has_failed(case):
            failed += 1
        elif case.find("skipped") is not None:
            skipped += 1
        else:
            passed += 1
    return passed, failed, skipped


def skip_reasons(files):
    """Lines like "e2e: 12 tests: needs root"."""
    reasons = Counter()
    for suite, case in cases(files):
        skip = case.find("skipped")
        if skip is not None and not has_failed(case):
            reasons[suite, skip.get("message", "no reason given").split("\n")[0]] += 1
    return [f"{suite}: {n} test{'s' if n > 1 else ''}: {why}" for (suite, why), n in sorted(reasons.items())]


if __name__ == "__main__":
    if sys.argv[1:2] == ["--skipped"]:
        for line in skip_reasons(sys.argv[2:]):
            print(line)
    elif sys.argv[1:2] == ["--failed"]:
        for failure in failures(sys.argv[2:]):
            print(failure)
    else:
        print(*totals(sys.argv[1:]))
