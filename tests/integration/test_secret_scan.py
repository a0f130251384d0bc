# SPDX-License-Identifier: Apache-2.0
"""The search for leaked secrets finds a leak in every form, and nothing where there is none.

A search that finds nothing proves nothing, so each form is planted here once.
"""
import base64
import gzip
import hashlib
import html
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import urllib.parse

import pytest

import secret_scan

TOOL = pathlib.Path(secret_scan.__file__)


def secret_bytes(seed):
    return hashlib.sha256(f"not a secret {seed}".encode()).digest()


RAW = secret_bytes(1)
Z85 = secret_scan.z85_encode(RAW)
HEX = RAW.hex().encode()
CERTIFICATE = (b'metadata\n    name = "a"\ncurve\n    public-key = "' + secret_scan.z85_encode(secret_bytes(2)) +
               b'"\n    secret-key = "' + Z85 + b'"\n')
SHARED = b"muster-secret-v1:" + HEX + b":00000000\n"

LOG = b"".join(b"[up-%d] 12:00:%02d broker ready, fingerprint %08x\n" % (i % 4, i % 60, i * 2654435761 % 2**32) for i in range(200))


@pytest.fixture(name="scanner")
def make_scanner():
    return secret_scan.Scanner([secret_scan.secret_of(CERTIFICATE, "curve.cert")])


def aligned(data, offset):
    """base64 of `data` at an alignment within other bytes."""
    return base64.b64encode(b"abc"[:offset] + data + b"xyz")


def in_lines(text, width):
    return b"\n".join(text[i:i + width] for i in range(0, len(text), width))


LEAKS = {
    "raw": (RAW, "raw"),
    "raw, C escapes": ("".join(f"\\x{byte:02x}" for byte in RAW).encode(), "hex"),
    "raw, repr": (repr(RAW).encode(), "raw"),
    "raw, octal escapes": ("".join(f"\\{byte:03o}" for byte in RAW).encode(), "raw"),
    "raw, percent escapes": (urllib.parse.quote_from_bytes(RAW).encode(), "raw"),
    "raw, JSON of latin-1": (json.dumps(RAW.decode("latin-1")).encode(), "raw"),
    "decimal, JSON array": (json.dumps(list(RAW)).encode(), "decimal"),
    "decimal, lines": ("\n".join(map(str, RAW)).encode(), "decimal"),
    "hex": (HEX, "hex"),
    "HEX": (HEX.upper(), "hex"),
    "hex with colons": (RAW.hex(":").encode(), "hex"),
    "HEX with blanks": (RAW.hex(" ").upper().encode(), "hex"),
    "hex in pairs, xxd": (RAW.hex(" ", 2).encode(), "hex"),
    "hex, C array": (", ".join(f"0x{byte:02x}" for byte in RAW).encode(), "hex"),
    "hex in lines": (in_lines(HEX, 30), "hex"),
    "hex in UTF-16": (HEX.decode().encode("utf-16-le"), "hex"),
    "base64": (base64.b64encode(RAW), "base64"),
    "base64, alignment 0": (aligned(RAW, 0), "base64"),
    "base64, alignment 1": (aligned(RAW, 1), "base64"),
    "base64, alignment 2": (aligned(RAW, 2), "base64"),
    "url-safe base64": (base64.urlsafe_b64encode(RAW), "base64"),
    "url-safe base64, alignment 1": (base64.urlsafe_b64encode(b"a" + RAW), "base64"),
    "url-safe base64, alignment 2": (base64.urlsafe_b64encode(b"ab" + RAW), "base64"),
    "base64 in lines": (in_lines(aligned(RAW, 1), 17), "base64"),
    "base64 in JSON": (json.dumps(aligned(RAW, 2).decode()).replace("/", "\\/").encode(), "base64"),
    "Z85": (Z85, "Z85"),
    "Z85, percent escapes": (urllib.parse.quote_from_bytes(Z85, safe="").encode(), "Z85"),
    "Z85, HTML": (html.escape(Z85.decode()).encode(), "Z85"),
    "Z85, JSON as Go writes it": (json.dumps(Z85.decode()).replace("<", "\\u003c").replace(">", "\\u003e")
                                  .replace("&", "\\u0026").encode(), "Z85"),
    "Z85 in UTF-16": (Z85.decode().encode("utf-16-be"), "Z85"),
    "base64 of Z85": (base64.b64encode(Z85), "base64 of Z85"),
    "a Secret's data": (base64.b64encode(CERTIFICATE), "base64 of Z85"),
    "hex of Z85": (Z85.hex().encode(), "hex of Z85"),
    "base64 of hex": (aligned(HEX, 1), "base64 of hex"),
    "base64 of HEX": (aligned(HEX.upper(), 2), "base64 of hex"),
    "a certificate": (CERTIFICATE, "Z85"),
    "a shared secret": (SHARED, "hex"),
}


@pytest.mark.parametrize("name", LEAKS)
def test_a_planted_leak_is_found(scanner, name):
    leak, encoding = LEAKS[name]
    found = scanner.scan_bytes(LOG + leak + LOG, "log")
    assert (encoding, "whole") in {(finding.encoding, finding.part) for finding in found}
    assert all(finding.secret == "curve.cert" and finding.where == "log" for finding in found)


@pytest.mark.parametrize("name", LEAKS)
def test_the_same_forms_of_another_secret_are_none(name):
    other = secret_scan.Scanner([secret_scan.Secret("other", secret_bytes(3))])
    assert other.scan_bytes(LOG + LEAKS[name][0] + LOG) == []


def test_control_characters_in_escapes():
    raw = bytes(range(32))
    scanner = secret_scan.Scanner([secret_scan.Secret("counting", raw)])
    for leak in (repr(raw), json.dumps(raw.decode("latin-1"))):
        assert ("raw", "whole") in {(f.encoding, f.part) for f in scanner.scan_bytes(leak.encode())}, leak


def test_every_alignment_within_a_longer_text(scanner):
    for before in range(12):
        for after in range(4):
            text = base64.b64encode(os.urandom(before) + RAW + os.urandom(after))
            assert "base64" in {finding.encoding for finding in scanner.scan_bytes(text)}, (before, after)


@pytest.mark.parametrize("encode", [bytes, bytes.hex, secret_scan.z85_encode, base64.b64encode])
def test_a_cut_leak_is_found(scanner, encode):
    for piece, part in ((RAW[:17], "first half"), (RAW[:20], "first half"), (RAW[12:], "second half")):
        if encode is secret_scan.z85_encode and len(piece) % 4:
            continue
        text = encode(piece)
        found = scanner.scan_bytes(b"key " + (text if isinstance(text, bytes) else text.encode()) + b"...")
        assert {finding.part for finding in found} == {part}


def test_noise_is_no_leak(scanner):
    noise = random.Random(1)
    assert scanner.scan_bytes(noise.randbytes(1 << 20)) == []
    assert scanner.scan_bytes(noise.randbytes(1 << 18).hex().encode()) == []
    assert scanner.scan_bytes(base64.b64encode(noise.randbytes(1 << 18))) == []
    public_half = CERTIFICATE.split(b"secret-key")[0]
    assert scanner.scan_bytes(LOG + public_half) == []
    assert scanner.scan_bytes(b"") == []


def test_offsets_and_the_seams_of_chunks(scanner, monkeypatch):
    monkeypatch.setattr(secret_scan, "CHUNK", 1000)
    monkeypatch.setattr(secret_scan, "OVERLAP", 200)
    for at in (0, 1, 990, 999, 1000, 1001, 1985, 5000):
        found = scanner.scan_bytes(b"." * at + RAW + b"." * 1500)
        assert [(finding.encoding, finding.offset, finding.part) for finding in found] == [("raw", at, "whole")]


def test_a_finding_does_not_repeat_the_leak(scanner):
    shown = [str(scanner.scan_bytes(leak)) + repr(secret_scan.secret_of(CERTIFICATE, "c")) for leak, _ in LEAKS.values()]
    assert scanner.scan_bytes("\n".join(shown).encode()) == []


def test_without_a_secret_there_is_no_search():
    with pytest.raises(ValueError):
        secret_scan.Scanner([])


@pytest.mark.parametrize("content", [CERTIFICATE, CERTIFICATE.replace(b"\n", b"\r\n"), SHARED, RAW, HEX, HEX.upper() + b"\n",
                                     Z85, Z85 + b"\n"])
def test_key_files(content):
    assert secret_scan.secret_of(content, "key").raw == RAW


@pytest.mark.parametrize("content", [b"", b"hunter2", b"x" * 64, b'curve\n    secret-key = "' + b"_" * 40 + b'"\n', b"#" * 40,
                                     b'curve\n    public-key = "' + Z85 + b'"\n'])
def test_no_key_files(content):
    assert secret_scan.secret_of(content, "key") is None


def test_z85_both_ways():
    assert secret_scan.z85_encode(bytes.fromhex("864fd26fb559f75b")) == b"HelloWorld"  # RFC 32
    for seed in range(50):
        assert secret_scan.z85_decode(secret_scan.z85_encode(secret_bytes(seed))) == secret_bytes(seed)
    for wrong in (b"0000", b"0000_", b"%nSc1"):
        with pytest.raises(ValueError):
            secret_scan.z85_decode(wrong)


def test_trees(scanner, tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "clean.log").write_bytes(LOG)
    (tmp_path / "a" / "b" / "leak.log").write_bytes(LOG + HEX)
    (tmp_path / "a" / "b" / "old.log.gz").write_bytes(gzip.compress(LOG + aligned(RAW, 1)))
    (tmp_path / "a" / "broken.gz").write_bytes(b"\x1f\x8b" + LOG)
    (tmp_path / "a" / "curve.cert").write_bytes(CERTIFICATE)
    (tmp_path / "a" / "dangling").symlink_to("nowhere")
    os.mkfifo(tmp_path / "a" / "fifo")
    found = scanner.scan(tmp_path, allow=["*.cert"])
    assert [pathlib.Path(finding.where.split(" ")[0]).name for finding in found] == ["leak.log", "old.log.gz"]
    assert [finding.encoding for finding in found] == ["hex", "base64"]
    assert "curve.cert" in str(scanner.scan(tmp_path / "a" / "curve.cert")[0])

    with pytest.raises(OSError):
        scanner.scan(tmp_path / "missing")
    unreadable = []
    scanner.scan(tmp_path / "missing", unreadable=unreadable)
    assert unreadable == [tmp_path / "missing"]


def test_secrets_under_a_directory(tmp_path):
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "curve.cert").write_bytes(CERTIFICATE)
    (tmp_path / "x" / "copy").write_bytes(CERTIFICATE)
    (tmp_path / "shared").write_bytes(b"muster-secret-v1:" + secret_bytes(4).hex().encode() + b":00000000\n")
    (tmp_path / "log").write_bytes(LOG)
    assert {secret.raw for secret in secret_scan.secrets_under(tmp_path)} == {RAW, secret_bytes(4)}
    assert len(secret_scan.secrets_under(tmp_path)) == 2


def test_environment_and_arguments_of_a_process(scanner):
    process = subprocess.Popen([shutil.which("cat")], env={"LEAK": HEX.decode()}, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        # Popen returns during execve, when /proc/PID/environ may still be empty; an answer shows that it is over.
        process.stdin.write(b"ready\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"ready\n"
        assert [f.encoding for f in scanner.scan_file(f"/proc/{process.pid}/environ")] == ["hex"]
        assert scanner.scan_file(f"/proc/{process.pid}/cmdline") == []
    finally:
        process.kill()
        process.communicate()


def run_tool(*arguments, stdin=b""):
    return subprocess.run([sys.executable, TOOL, *map(str, arguments)], input=stdin, capture_output=True, check=False)


def test_command_line(tmp_path):
    key = tmp_path / "curve.cert"
    key.write_bytes(CERTIFICATE)
    clean, leak = tmp_path / "clean.log", tmp_path / "leak.log"
    clean.write_bytes(LOG)
    leak.write_bytes(LOG + Z85)
    assert run_tool("--key", key, clean).returncode == 0
    found = run_tool("--key", key, tmp_path)
    assert found.returncode == 1
    assert found.stdout.decode() == f"{leak}: whole of the secret of {key} as Z85 at byte {len(LOG)}\n"
    assert run_tool("--key", key, "--allow", "leak.*", tmp_path).returncode == 0
    assert run_tool("--key", key, "-", stdin=HEX).returncode == 1
    assert run_tool("--key", key, "-", stdin=LOG).returncode == 0
    missing = run_tool("--key", key, tmp_path / "missing")
    assert missing.returncode == 2 and b"cannot read" in missing.stderr
    for wrong in (clean, tmp_path / "missing"):
        assert run_tool("--key", wrong, clean).returncode == 2
    assert run_tool(clean).returncode == 2
