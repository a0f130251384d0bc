# SPDX-License-Identifier: Apache-2.0
"""What every Python test of muster uses: the built programs, processes with deadlines, waiting for conditions.

Whatever a process prints goes to a file under the test's directory of MUSTER_TEST_OUTPUT (by default
build/tests/output), because when the test ends all of it is searched for the secrets that the test made.
"""
import contextlib
import ctypes
import dataclasses
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("MUSTER_BIN") or REPOSITORY / "build" / "dev" / "bin").resolve()
OUTPUT = pathlib.Path(os.environ.get("MUSTER_TEST_OUTPUT") or REPOSITORY / "build" / "tests" / "output").resolve()
# What secrets the present test made and then changed or removed; conftest's `output` searches for them.
REMEMBERED = []

LIBC = ctypes.CDLL(None)

# Nothing here should take long; on a loaded machine it may. A deadline that passes is a failure, not a measurement.
DEADLINE = 60.0


def program(name):
    """The path of a built program."""
    return str(BIN / name)


def real_flux():
    """The path of a real `flux`, or None: MUSTER_TEST_FLUX is the directory that holds it, or the prefix above."""
    place = os.environ.get("MUSTER_TEST_FLUX")
    for candidate in (f"{place}/flux", f"{place}/bin/flux") if place else ():
        if os.access(candidate, os.X_OK) and not os.path.isdir(candidate):
            return os.path.realpath(candidate)
    return None


def plain_environment(**more):
    """An environment with nothing of muster's or Flux's in it but what `more` says."""
    # No HOME: Flux's rc1 starts bash, which would read somebody's .bashrc.
    kept = ("PATH", "LANG", "LC_ALL", "TMPDIR", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "USER", "TERM")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    return {"HOME": "/nonexistent", **environment, **{name: str(value) for name, value in more.items() if value is not None}}


def wait_until(condition, what, deadline=DEADLINE, rest=0.01):
    """The first true value of condition(), asked again and again, `rest` seconds apart; fails after `deadline` seconds, naming `what`."""
    end = time.monotonic() + deadline
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= end:
            raise AssertionError(f"not within {deadline} s: {what() if callable(what) else what}")
        time.sleep(rest)


@dataclasses.dataclass
class Done:
    """How a process ended: `code` is its exit code, or minus the signal that killed it."""
    argv: list
    code: int
    out: str
    err: str
    seconds: float

    def __str__(self):
        return f"{self.argv}: code {self.code}\n--- stdout\n{self.out}\n--- stderr\n{self.err}"


def end_with_parent(number=signal.SIGKILL):
    """In a child before exec: this signal when the test process ends, however it ends (prctl(2), PR_SET_PDEATHSIG)."""
    LIBC.prctl(1, number, 0, 0, 0)


class Process:
    """A started process whose output goes to files; killed with its process group when the test ends."""

    def __init__(self, argv, directory, name, environment, cwd, stdin):
        directory.mkdir(parents=True, exist_ok=True)
        self.argv = [str(word) for word in argv]
        self.out_path, self.err_path = directory / f"{name}.out", directory / f"{name}.err"
        self.started = time.monotonic()
        with open(self.out_path, "wb") as out, open(self.err_path, "wb") as err:
            self.popen = subprocess.Popen(self.argv, stdin=stdin, stdout=out, stderr=err, env=environment, cwd=cwd,
                                          start_new_session=True, preexec_fn=end_with_parent)
        self.pid = self.popen.pid

    def out(self):
        return self.out_path.read_text(encoding="utf-8", errors="replace")

    def err(self):
        return self.err_path.read_text(encoding="utf-8", errors="replace")

    def signal(self, number):
        self.popen.send_signal(number)

    def running(self):
        return self.popen.poll() is None

    def wait(self, deadline=DEADLINE):
        """Its end, as a Done; kills it and fails when it has not ended in time."""
        try:
            code = self.popen.wait(deadline)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"still running after {deadline} s: {self.done()}") from None
        return self.done(code)

    def done(self, code=None):
        code = self.popen.returncode if code is None else code
        return Done(self.argv, code, self.out(), self.err(), time.monotonic() - self.started)

    def wait_for(self, pattern, deadline=DEADLINE):
        """The match of a regular expression in what it printed so far, stdout and stderr."""
        def look():
            found = re.search(pattern, self.out() + self.err(), re.MULTILINE)
            if not found and not self.running():
                found = re.search(pattern, self.out() + self.err(), re.MULTILINE)
                assert found, f"ended without {pattern!r}: {self.done()}"
            return found
        return wait_until(look, lambda: f"{pattern!r} from {self.done()}", deadline)

    def kill(self):
        """SIGKILL to its process group, and to it."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.popen.wait()


def remember_secrets(path):
    """Keeps the content of a certificate or shared secret for the search when the test ends; returns its text."""
    content = pathlib.Path(path).read_bytes()
    REMEMBERED.append(content)
    return content.decode()


class Bench:
    """A test's workbench: starts processes, keeps their output, ends what is left over."""

    def __init__(self, directory):
        self.directory = directory
        self.processes = []

    def start(self, *argv, env=None, cwd=None, stdin=subprocess.DEVNULL, name=None):
        """Starts argv. env is added to plain_environment()."""
        name = name or f"{len(self.processes):02}-{os.path.basename(str(argv[0]))}"
        process = Process(argv, self.directory, name, plain_environment(**(env or {})), cwd, stdin)
        self.processes.append(process)
        return process

    def run(self, *argv, deadline=DEADLINE, **options):
        """Runs argv to its end."""
        return self.start(*argv, **options).wait(deadline)

    def muster(self, *arguments, **options):
        return self.run(program("muster"), *arguments, **options)

    def close(self):
        for process in self.processes:
            process.kill()


def sanitizer_reports(directory):
    """What AddressSanitizer, LeakSanitizer or UndefinedBehaviorSanitizer said in the files of a test, or ""."""
    for path in sorted(pathlib.Path(directory).iterdir()):
        text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
        if found := re.search(r"^.*(ERROR: \w+Sanitizer|runtime error: ).*$", text, re.M):
            return f"{path}:\n{text[found.start():found.start() + 8000]}"
    return ""


def directory_of(request):
    """The (empty) output directory of the test that `request` belongs to."""
    name = re.sub(r"[^\w.,=+-]+", "_", request.node.nodeid.split("/")[-1])[:150]
    directory = OUTPUT / name
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    return directory
