# SPDX-License-Identifier: Apache-2.0
"""The exit code of a plain program through muster-init, tini and catatonit; and what muster-init says when it cannot start one."""
import os
import re
import signal
import subprocess

import pytest
from inits import INITS, MODES, SIGNALS, command_of, unshare
from muster_testing import BIN, plain_environment, program

# What a program cannot be started for -> the exit code of muster-init, and of the references.
DIFFERENCES = {
    # case: (muster-init, tini, catatonit, why)
    "not found": (127, 127, 1, "the shell's codes (POSIX 2.8.2), as tini; catatonit has one code for its own failures"),
    "not found in PATH": (127, 127, 1, "the same"),
    "a directory": (126, 126, 1, "the same"),
    "not executable": (126, 126, 1, "the same"),
    "a path through a file": (127, 1, 1, "nothing is there: tini has 127 for ENOENT only"),
    "another machine's": (126, 127, 127, "theirs is what /bin/sh says about the bytes; we say: Exec format error"),
}
COLUMN = {"muster-init": 0, "tini": 1, "catatonit": 2}


def codes_of(init, mode, scripts):
    """Exit codes of `sh -c SCRIPT` under the init, started from one Python process (a Bench would keep 500 files)."""
    words = [*(unshare() if mode == "pid1" else ()), *command_of(init)]
    return {script: subprocess.run([*words, "sh", "-c", script], env=plain_environment(), stdin=subprocess.DEVNULL,
                                   capture_output=True, timeout=60, check=False).returncode for script in scripts}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("init", INITS)
def test_every_exit_code(init, mode):
    expected = {f"exit {code}": code for code in range(256)}
    assert codes_of(init, mode, expected) == expected


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("init", INITS)
def test_every_signal_that_ends_a_program(init, mode):
    harmless = {signal.SIGCHLD, signal.SIGCONT, signal.SIGURG, signal.SIGWINCH, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU}
    # A mask that the init leaves behind would keep the signal from ending the program: see catatonit in test_init_child.
    expected = {f"kill -{number} $$; exit 0": 128 + number for number in (*SIGNALS, signal.SIGKILL)
                if number not in harmless and number not in (32, 33)}
    assert codes_of(init, mode, expected) == expected


@pytest.mark.parametrize("case", DIFFERENCES)
@pytest.mark.parametrize("init", INITS)
def test_what_cannot_be_started(table, init, case, tmp_path):
    plain = tmp_path / "file"
    plain.write_text("no program\n", encoding="utf-8")
    garbage = tmp_path / "garbage"
    garbage.write_bytes(b"\x7fELF\x02\x01\x01" + bytes(100))
    garbage.chmod(0o755)
    command = {"not found": "/nope", "not found in PATH": "no-such-program", "a directory": str(tmp_path),
               "not executable": str(plain), "a path through a file": f"{plain}/x", "another machine's": str(garbage)}[case]
    done = table.run(init, "subreaper", command, env={"PATH": "/usr/bin:/bin"})
    assert done.code == DIFFERENCES[case][COLUMN[init]], done
    if init == "muster-init":
        assert re.fullmatch(rf"muster-init: cannot execute {re.escape(command)}: [A-Z][a-z ]+\n", done.err), done


@pytest.mark.parametrize("init", INITS)
def test_a_script_without_its_first_line(table, init, tmp_path):
    """execvp(3) gives it to /bin/sh, with its arguments as they are; also when it is found in PATH."""
    script = tmp_path / "plain-script"
    script.write_text('printf "[%s]" "$0" "$@"; exit 7\n', encoding="utf-8")
    script.chmod(0o755)
    for word in (str(script), "plain-script"):
        path = f"{tmp_path}:{os.environ['PATH']}"
        done = table.run(init, "subreaper", word, "a b", "$HOME", "", env={"PATH": path})
        assert (done.code, done.out) == (7, f"[{script}][a b][$HOME][]"), done


@pytest.mark.parametrize("init, code", [("muster-init", 127), ("tini", 126)])
def test_a_directory_in_path_that_may_not_be_searched(table, init, code, tmp_path):
    """An image's PATH for root, used by an arbitrary uid: execvp(3) then says "Permission denied" of what is not there. A shell does not."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0)
    prefix = ["setpriv", "--reuid=65534", "--clear-groups"] if os.geteuid() == 0 else []
    if prefix and table.bench.run(*prefix, program("muster-init"), "true").code != 0:
        pytest.skip("the programs lie where another uid may not go")
    done = table.run(init, "subreaper", "no-such-program", prefix=prefix, env={"PATH": f"{closed}:/usr/bin:/bin"})
    assert done.code == code, done


def test_an_empty_entry_of_path_is_the_current_directory(table, tmp_path):
    script = tmp_path / "here"
    script.write_text("exit 9\n", encoding="utf-8")
    script.chmod(0o755)
    assert table.run("muster-init", "subreaper", "here", cwd=tmp_path, env={"PATH": "/nope::/bin"}).code == 9


@pytest.mark.parametrize("arguments, sentence", [
    ([], "no command to run"),
    (["--"], "no command to run"),
    (["--grace", "soon", "true"], "--grace soon: must be a duration"),
    (["--grace", "0", "true"], "--grace 0: must be a duration"),
    (["--on-end", "again", "true"], "--on-end again: must be exit or rejoin"),
    (["--nonsense", "true"], "unknown flag --nonsense"),
    (["program", "true"], "program: --status PATH is missing"),
])
def test_what_is_refused_before_anything_runs(bench, arguments, sentence):
    done = bench.run(program("muster-init"), *arguments)
    assert done.code == 64 and done.out == "", done
    assert done.err.startswith(f"muster-init: {sentence}") and done.err.count("\n") == 1, done


def test_settings_in_the_environment(bench):
    """A bad one is refused, a Service link is not a setting, and the flag wins."""
    init = program("muster-init")
    assert bench.run(init, "true", env={"MUSTER_GRACE": "soon"}).code == 64
    assert bench.run(init, "true", env={"MUSTER_ON_END": "soon"}).code == 64
    assert bench.run(init, "true", env={"MUSTER_GRACE": "tcp://10.0.0.1:8050", "MUSTER_ON_END": "tcp://x"}).code == 0
    assert bench.run(init, "--grace", "5", "true", env={"MUSTER_GRACE": "soon"}).code == 0


def test_help_and_version(bench):
    init = program("muster-init")
    usage = bench.run(init, "--help")
    assert (usage.code, usage.err) == (0, "") and usage.out.startswith("usage: muster-init"), usage
    assert re.fullmatch(r"muster-init \d+\.\d+\.\d+\n", bench.run(init, "--version").out)


def test_it_is_one_static_file(bench):
    """No interpreter and no library: it runs in any image. Under 1 MB is asked of the stripped release build."""
    path = program("muster-init")
    headers = bench.run("readelf", "-lW", path).out
    dynamic = bench.run("readelf", "-dW", path).out
    assert "INTERP" not in headers and "NEEDED" not in dynamic
    assert re.search(r"\(FLAGS_1\) .*NOW PIE", dynamic), dynamic
    assert re.search(r"GNU_STACK .* RW ", headers) and "GNU_RELRO" in headers, headers
    stripped = bench.directory / "stripped"
    assert bench.run("strip", "-o", stripped, path).code == 0
    assert stripped.stat().st_size < 1_000_000
    stripped.unlink()
    # The control: the test's own helper is none of that.
    helper = str(BIN / "print-signals")
    assert "INTERP" in bench.run("readelf", "-lW", helper).out and "NEEDED" in bench.run("readelf", "-dW", helper).out
