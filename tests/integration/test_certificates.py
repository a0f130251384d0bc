# SPDX-License-Identifier: Apache-2.0
"""Certificates: generated, read, derived, copied; what may not be used is refused in a sentence of its own; no secret
is ever shown."""
import os
import re
import stat

import pytest
from muster_testing import program, remember_secrets

pytestmark = pytest.mark.asan

MALFORMED, IO, DENIED, CONFIG = 65, 73, 77, 78


@pytest.fixture
def certificate(bench, tmp_path):
    path = tmp_path / "curve.cert"
    done = bench.muster("keygen", path)
    assert done.code == 0, done
    remember_secrets(path)
    return path


@pytest.fixture
def run(bench, tmp_path):
    """Runs rank 0 of an instance whose only program is to end, with a certificate or secret."""
    def start(*arguments, command="run", hosts="here", **options):
        env = {"MUSTER_DIR": tmp_path / "m", "MUSTER_FLUX": "none", "MUSTER_HOSTS": hosts, "MUSTER_NAME": "here",
               "MUSTER_MODE": "launcher"}
        program_words = ["--", "true"] if command == "run" else []
        return bench.run(program("muster"), command, *arguments, *program_words, env=env, **options)
    return start


def keys_of(path):
    """(public, secret) as written, in Z85."""
    found = dict(re.findall(r'^\s+(public-key|secret-key) = "(.{40})"$', path.read_text(), re.M))
    return found["public-key"], found["secret-key"]


def assert_refused(done, code, *patterns):
    lines = [line for line in done.err.splitlines() if line.strip()]
    assert done.code == code, done
    assert len(lines) == 1, done
    for pattern in patterns:
        assert re.search(pattern, lines[0]), f"{pattern!r} is not in: {lines[0]}"


def test_keygen_writes_what_only_its_owner_may_read(certificate):
    assert stat.S_IMODE(certificate.stat().st_mode) == 0o600
    text = certificate.read_text()
    assert re.search(r"^metadata$", text, re.M) and re.search(r"^curve$", text, re.M)
    assert re.search(r'^\s+name = "[^"_]+"$', text, re.M), "Flux needs metadata name, without an underscore"
    assert len(set(keys_of(certificate))) == 2


def test_keygen_takes_a_name(bench, tmp_path):
    assert bench.muster("keygen", "--name", "sample", tmp_path / "c").code == 0
    assert 'name = "sample"' in (tmp_path / "c").read_text()
    remember_secrets(tmp_path / "c")


def test_two_certificates_differ(bench, certificate, tmp_path):
    assert bench.muster("keygen", tmp_path / "second").code == 0
    remember_secrets(tmp_path / "second")
    assert keys_of(certificate) != keys_of(tmp_path / "second")


def test_keygen_takes_a_file_whose_name_begins_with_a_dash(bench, tmp_path):
    assert bench.muster("keygen", "--", "--foo", cwd=tmp_path).code == 0
    assert (tmp_path / "--foo").exists()
    assert_refused(bench.muster("keygen", "--foo"), 64, "'--foo'")


@pytest.mark.parametrize("secret", [[], ["--secret"]])
def test_keygen_replaces_a_file_only_when_it_is_told_to(bench, certificate, secret):
    before = certificate.read_bytes()
    assert_refused(bench.muster("keygen", *secret, certificate), IO, "curve.cert exists", "--force")
    assert certificate.read_bytes() == before
    assert bench.muster("keygen", *secret, "--force", certificate).code == 0
    remember_secrets(certificate)
    assert certificate.read_bytes() != before


def test_keygen_into_nowhere(bench, tmp_path):
    assert_refused(bench.muster("keygen", tmp_path / "no" / "such" / "c"), IO, "no/such")
    assert_refused(bench.muster("keygen"), 64, "FILE")


def test_the_certificate_is_copied_to_a_private_file(run, certificate, tmp_path):
    done = run("--cert", certificate)
    assert done.code == 0, done
    copy = tmp_path / "m" / "curve.cert"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert stat.S_IMODE(copy.parent.stat().st_mode) == 0o700
    assert keys_of(copy) == keys_of(certificate)


def test_every_rank_derives_the_same_certificate_from_a_shared_secret(bench, run, tmp_path):
    secret = tmp_path / "secret"
    assert bench.muster("keygen", "--secret", secret).code == 0
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    remember_secrets(secret)
    copy = tmp_path / "m" / "curve.cert"
    assert run("--secret", secret).code == 0
    first = keys_of(copy)
    remember_secrets(copy)
    copy.unlink()
    assert run("--secret", secret).code == 0
    assert keys_of(copy) == first
    assert bench.muster("keygen", "--force", "--secret", secret).code == 0
    remember_secrets(secret)
    assert run("--secret", secret).code == 0
    remember_secrets(copy)
    assert keys_of(copy) != first


def spoil(change):
    """A function that rewrites a good certificate's text."""
    def apply(path):
        path.write_text(change(path.read_text()))
    return apply


def swap_public(text):
    public, secret = re.findall(r'-key = "(.{40})"', text)
    return text.replace(public, secret[:39] + ("0" if secret[39] != "0" else "1"))


@pytest.mark.parametrize("name, change, code, patterns", [
    ("group-readable", lambda path: path.chmod(0o640), DENIED, ["0640", "chmod 600"]),
    ("world-readable", lambda path: path.chmod(0o604), DENIED, ["0604"]),
    ("missing", lambda path: path.unlink(), IO, ["no such file"]),
    ("empty", lambda path: path.write_text(""), MALFORMED, ["empty|no 'curve'|key"]),
    ("truncated", spoil(lambda text: text[:-30]), MALFORMED, ["truncated"]),
    ("without the secret half", spoil(lambda text: re.sub(r".*secret-key.*\n", "", text)), MALFORMED, ["before its keys"]),
    ("mismatched", spoil(swap_public), MALFORMED, ["belong|match"]),
    ("without a name", spoil(lambda text: re.sub(r"\s+name = .*\n", "\n", text)), MALFORMED, ["name"]),
    ("with an underscore", spoil(lambda text: text.replace('name = "', 'name = "a_')), MALFORMED, ["_"]),
    ("no certificate", spoil(lambda text: "hello\n"), MALFORMED, ["certificate"]),
    ("a directory", lambda path: (path.unlink(), path.mkdir()), CONFIG, ["directory"]),
    ("a pipe", lambda path: (path.unlink(), os.mkfifo(path, 0o600)), CONFIG, ["regular file"]),
    ("huge", spoil(lambda text: text + "#\n" * 100000), MALFORMED, ["longer|large"]),
])
def test_a_certificate_that_may_not_be_used(run, certificate, tmp_path, name, change, code, patterns):
    change(certificate)
    done = run("--cert", certificate)
    assert_refused(done, code, str(certificate), *patterns)
    assert not (tmp_path / "m" / "curve.cert").exists()


def test_every_refusal_has_a_sentence_of_its_own(run, bench, tmp_path):
    """No two of the above read alike but for the path."""
    marks = next(mark for mark in test_a_certificate_that_may_not_be_used.pytestmark if mark.name == "parametrize")
    sentences = {}
    for number, (name, change, _, _) in enumerate(marks.args[1]):
        path = tmp_path / f"c{number}"
        assert bench.muster("keygen", path).code == 0
        remember_secrets(path)
        change(path)
        sentences[name] = run("--cert", path).err.replace(str(path), "PATH").strip()
    del sentences["world-readable"]
    assert len(set(sentences.values())) == len(sentences), sentences


@pytest.mark.parametrize("text, code, patterns", [
    ("correct horse battery staple\n", CONFIG, ["password|keygen --secret"]),
    ("x" * 32 + "\n", CONFIG, ["keygen --secret"]),
    ("0" * 64 + "\n", CONFIG, ["keygen --secret"]),
    ("", MALFORMED, ["empty"]),
])
def test_a_shared_secret_that_is_a_password_is_refused(run, tmp_path, text, code, patterns):
    secret = tmp_path / "secret"
    secret.write_text(text)
    secret.chmod(0o600)
    done = run("--secret", secret)
    assert_refused(done, code, str(secret), *patterns)
    assert "correct horse" not in done.err, "not even a bad password is repeated"


def test_a_shared_secret_that_others_may_read_is_refused(run, bench, tmp_path):
    secret = tmp_path / "secret"
    assert bench.muster("keygen", "--secret", secret).code == 0
    remember_secrets(secret)
    secret.chmod(0o644)
    assert_refused(run("--secret", secret), DENIED, "0644")
    secret.chmod(0o600)
    secret.write_text(secret.read_text()[:-20])
    assert_refused(run("--secret", secret), MALFORMED, "truncated")


def test_certificate_and_secret_together(run, bench, certificate, tmp_path):
    assert bench.muster("keygen", "--secret", tmp_path / "s").code == 0
    remember_secrets(tmp_path / "s")
    assert_refused(run("--cert", certificate, "--secret", tmp_path / "s"), 64, "--cert", "--secret")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: the file must belong to somebody else")
def test_a_certificate_that_this_user_may_not_read(cluster, certificate):
    pod = cluster.pod(0, ["muster", "run", "--", "true"], uid=1000, env={
        "MUSTER_FLUX": "none", "MUSTER_HOSTS": "pod-0", "MUSTER_CERT": "/etc/c"},
        files={"/etc/c": {"text": certificate.read_text(), "mode": 0o400}}).start()
    assert pod.wait() == DENIED
    assert len(pod.log().splitlines()) == 1 and "1000" in pod.log() and "/etc/c" in pod.log(), pod.log()


def test_plan_tells_the_fingerprint_at_most(run, certificate):
    for arguments in ([], ["--json"]):
        done = run("--cert", certificate, *arguments, "--", "true", command="plan")
        assert done.code == 0, done
        assert keys_of(certificate)[1] not in done.out + done.err


def test_a_core_of_the_agent_holds_no_secret(bench, certificate, tmp_path):
    """prctl(PR_SET_DUMPABLE) or wiped memory: /proc/PID/coredump_filter cannot show what is not there."""
    env = {"MUSTER_DIR": tmp_path / "m", "MUSTER_FLUX": "none", "MUSTER_HOSTS": "there,here", "MUSTER_NAME": "here",
           "MUSTER_ADDRESSES": "127.0.0.1,127.0.0.2", "MUSTER_PORT": "1", "MUSTER_CERT": certificate}
    process = bench.start(program("muster"), "run", env=env)
    process.wait_for("waiting for", 30)
    secret = keys_of(certificate)[1].encode()
    assert secret not in memory_of(process.pid)
    assert certificate.as_posix().encode() in memory_of(process.pid), "the control: what it does hold is found"


def memory_of(pid):
    """The writable memory of a process, but for a sanitizer's own: terabytes of shadow, of which nothing is the program's."""
    found = b""
    with open(f"/proc/{pid}/maps", encoding="utf-8") as maps, open(f"/proc/{pid}/mem", "rb") as memory:
        for line in maps:
            span, mode = line.split()[:2]
            if not mode.startswith("rw"):
                continue
            start, end = (int(number, 16) for number in span.split("-"))
            if end - start > 1 << 30:
                continue
            try:
                memory.seek(start)
                found += memory.read(end - start)
            except OSError:
                continue
    return found
