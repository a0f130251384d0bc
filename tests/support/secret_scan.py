#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Searches files, directories and byte streams for secrets in the forms in which they leak.

    secret_scan.py --key FILE [--key FILE ...] [--allow GLOB ...] PATH...      ("-" is standard input)

A key FILE is a certificate (its secret-key), a shared secret, or 32 bytes raw, in hex or in Z85. Exit code 0: nothing
was found; 1: something was, one line each, which never shows the secret; 2: a file could not be read, or wrong usage.
The key files themselves are skipped, and so is what --allow names.

Searched for, each half of a secret by itself, so that a cut line is found too:
  raw bytes; Z85; hex in both cases, also with separators; decimal numbers, as an array is printed; base64 in its three
  alignments and both alphabets of the bytes, of the Z85 text (a certificate in a Secret's data) and of the hex text;
  the Z85 and hex text as hex. Each also with blanks and NULs between (wrapped lines, UTF-16), after JSON, C, percent
  and HTML escapes are undone, and in gzip files.
"""
import argparse
import base64
import dataclasses
import fnmatch
import gzip
import html
import io
import os
import pathlib
import re
import stat
import sys

Z85 = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
KEY_FILE_LIMIT = 16 * 1024
CHUNK = 8 << 20
OVERLAP = 4096  # longer than any needle with all its escapes


def z85_encode(data):
    groups = (int.from_bytes(data[i:i + 4], "big") for i in range(0, len(data), 4))
    return bytes(Z85[value // 85**place % 85] for value in groups for place in (4, 3, 2, 1, 0))


def z85_decode(text):
    """The bytes of Z85 `text`; ValueError where it is none."""
    if len(text) % 5 or any(character not in Z85 for character in text):
        raise ValueError("not Z85")
    values = []
    for i in range(0, len(text), 5):
        value = 0
        for character in text[i:i + 5]:
            value = value * 85 + Z85.index(character)
        values.append(value)
    if any(value >= 1 << 32 for value in values):
        raise ValueError("not Z85")
    return b"".join(value.to_bytes(4, "big") for value in values)


@dataclasses.dataclass(frozen=True)
class Secret:
    """32 secret bytes, and where they come from. Its repr, which a failing test prints, does not show them."""
    name: str
    raw: bytes = dataclasses.field(repr=False)


def secret_of(content, name):
    """The secret in the content of a key file; None where there is none."""
    text = content.strip()
    found = re.search(rb'^[ \t]+secret-key[ \t]*=[ \t]*"([^"\r\n]{40})"[ \t\r]*$', content, re.M)
    try:
        if found:
            return Secret(name, z85_decode(found.group(1)))
        if found := re.fullmatch(rb"muster-secret-v1:([0-9a-f]{64}):[0-9a-f]{8}", text):
            return Secret(name, bytes.fromhex(found.group(1).decode()))
        if re.fullmatch(rb"[0-9a-fA-F]{64}", text):
            return Secret(name, bytes.fromhex(text.decode()))
        if len(content) == 32:
            return Secret(name, bytes(content))
        if len(text) == 40:
            return Secret(name, z85_decode(text))
    except ValueError:
        pass
    return None


def secret_in(path):
    """The secret in the key file `path`; ValueError where there is none, OSError where it cannot be read."""
    with open(path, "rb") as file:
        secret = secret_of(file.read(KEY_FILE_LIMIT), str(path))
    if secret is None:
        raise ValueError(f"{path}: no certificate, shared secret or 32-byte key")
    return secret


def secrets_under(*places):
    """The secrets of all certificates and shared secrets below directories, each once: what a test session must not leak."""
    found = {}
    for path in files_under(places):
        try:
            with open(path, "rb") as file:
                content = file.read(KEY_FILE_LIMIT + 1)
        except OSError:
            continue
        if b"secret-key" in content or content.lstrip().startswith(b"muster-secret-v1:"):
            secret = secret_of(content[:KEY_FILE_LIMIT], str(path))
            if secret:
                found.setdefault(secret.raw, secret)
    return list(found.values())


def files_under(places):
    """Regular files, and links to nothing else, below `places`; sockets, FIFOs and devices are passed over."""
    for place in map(pathlib.Path, places):
        if not place.is_dir():
            yield place
            continue
        for folder, _, names in os.walk(place):
            for name in sorted(names):
                path = pathlib.Path(folder, name)
                try:
                    if stat.S_ISREG(path.lstat().st_mode):
                        yield path
                except FileNotFoundError:  # gone since
                    continue


def base64_forms(data):
    """`data` as it stands within a longer base64 text, by alignment: only characters that no neighbour changes."""
    for offset in range(3):
        text = base64.b64encode(bytes(offset) + data)
        text = text[-(-8 * offset // 6):8 * (offset + len(data)) // 6]
        yield text
        url_safe = text.replace(b"+", b"-").replace(b"/", b"_")
        if url_safe != text:
            yield url_safe


def separated(words, separator):
    return re.compile(separator.join(words), re.I)


class Needles:
    """Every form of one half of a secret: (encoding, bytes) to find, and (encoding, pattern) to match."""

    def __init__(self, raw):
        z85, low, high = z85_encode(raw), raw.hex().encode(), raw.hex().upper().encode()
        self.escapable = [("raw", raw), ("Z85", z85)]
        self.wrapped = [("Z85", z85), ("hex", low), ("hex", high)]
        for what, form in (("", raw), (" of Z85", z85), (" of hex", low), (" of hex", high)):
            self.wrapped += [(f"base64{what}", text) for text in base64_forms(form)]
            if what:
                self.wrapped.append((f"hex{what}", form.hex().encode()))
                self.wrapped.append((f"hex{what}", form.hex().upper().encode()))
        # 0a:1b, 0a 1b, "\x0a\x1b", 0x0a, 0x1b; 10, 27
        self.patterns = [("hex", separated([b"%02x" % byte for byte in raw], rb"(?:[^0-9a-z]{1,4}|[^0-9a-z]{0,3}0?x)")),
                         ("decimal", separated([rb"(?<!\d)%d(?!\d)" % byte for byte in raw], rb"[\s,;]{1,12}"))]


_ESCAPE = re.compile(rb"\\(?:u00([0-9a-fA-F]{2})|x([0-9a-fA-F]{2})|([0-3][0-7]{2})|([/\\\"'nrt0abfv]))|%([0-9a-fA-F]{2})")
_LETTERS = dict(zip(b"nrt0abfv", b"\n\r\t\0\a\b\f\v"))


def unescaped(data):
    """`data` with JSON, C and percent escapes undone, then HTML's."""
    def byte_of(found):
        unicode, hexadecimal, octal, letter, percent = found.groups()
        if letter:
            return bytes([_LETTERS.get(letter[0], letter[0])])
        if octal:
            return bytes([int(octal, 8) & 255])
        return bytes([int(unicode or hexadecimal or percent, 16)])

    plain = _ESCAPE.sub(byte_of, data)
    if b"&" in plain and b";" in plain:
        plain = html.unescape(plain.decode("latin-1")).encode("latin-1", "replace")
    return plain


@dataclasses.dataclass(frozen=True)
class Finding:
    where: str      # file or stream
    offset: int     # of the first hit; -1 where the form was found only after unwrapping or unescaping
    encoding: str   # "hex", "base64 of Z85", ...
    part: str       # "whole", "first half" or "second half"
    secret: str     # name of the secret, not the secret

    def __str__(self):
        place = f" at byte {self.offset}" if self.offset >= 0 else ""
        return f"{self.where}: {self.part} of the secret of {self.secret} as {self.encoding}{place}"


class Scanner:
    """Finds the secrets that it was made with."""

    def __init__(self, secrets):
        self._secrets = [(secret, Needles(secret.raw[:16]), Needles(secret.raw[16:])) for secret in secrets]
        if not self._secrets:
            raise ValueError("no secret to search for: the search would prove nothing")

    def scan_bytes(self, data, where="bytes"):
        """Findings in `data`."""
        return self.scan_stream(io.BytesIO(data), where)

    def scan_stream(self, stream, where):
        """Findings in what a binary stream yields, to its end."""
        found, base, tail = {}, 0, b""
        while chunk := stream.read(CHUNK):
            data = tail + chunk
            self._scan(data, base - len(tail), found)
            base += len(chunk)
            tail = data[-OVERLAP:]
        findings = []
        for (secret, encoding), halves in sorted(found.items()):
            part = "whole" if len(halves) == 2 else ("first half", "second half")[next(iter(halves))]
            findings.append(Finding(where, min(halves.values()), encoding, part, secret))
        return findings

    def scan_file(self, path, where=None):
        """Findings in a file of any kind that can be read to its end, /proc/PID/environ for one; gzip is also unpacked."""
        where = where or str(path)
        with open(path, "rb") as file:
            is_gzip = file.read(2) == b"\x1f\x8b"
        with open(path, "rb") as file:
            findings = self.scan_stream(file, where)
        if is_gzip:
            try:
                with gzip.open(path, "rb") as file:
                    findings += self.scan_stream(file, f"{where} (unpacked)")
            except (OSError, EOFError):  # looks like gzip and is not
                pass
        return findings

    def scan(self, *places, allow=(), unreadable=None):
        """Findings in files and below directories. `allow`: globs of paths or names where secrets may be. Files that cannot
        be read are appended to `unreadable`; without it they raise OSError."""
        findings = []
        for path in files_under(places):
            if any(fnmatch.fnmatch(str(path), glob) or fnmatch.fnmatch(path.name, glob) for glob in allow):
                continue
            try:
                findings += self.scan_file(path)
            except OSError:
                if unreadable is None:
                    raise
                unreadable.append(path)
        return findings

    def _scan(self, data, base, found):
        stripped = re.sub(rb"[\s\0]+|\\n", b"", data)
        plain = unescaped(data)
        plain = plain if plain != data else b""
        for secret, *halves in self._secrets:
            for index, needles in enumerate(halves):
                for encoding, offset in self._hits(data, stripped, plain, needles):
                    at = base + offset if offset >= 0 else -1
                    found.setdefault((secret.name, encoding), {}).setdefault(index, at)

    @staticmethod
    def _hits(data, stripped, plain, needles):
        for encoding, text in needles.escapable + needles.wrapped:
            if (offset := data.find(text)) >= 0:
                yield encoding, offset
            elif plain and text in plain:
                yield encoding, -1
        for encoding, text in needles.wrapped:
            if text in stripped:
                yield encoding, -1
        for encoding, pattern in needles.patterns:
            if hit := pattern.search(data):
                yield encoding, hit.start()


def main(arguments=None):
    parser = argparse.ArgumentParser(description="Searches for secrets that leaked.")
    parser.add_argument("--key", action="append", required=True, metavar="FILE", help="certificate, shared secret or bare key")
    parser.add_argument("--allow", action="append", default=[], metavar="GLOB", help="paths or names that may hold them")
    parser.add_argument("paths", nargs="+", metavar="PATH", help='file or directory; "-": standard input')
    options = parser.parse_args(arguments)
    try:
        scanner = Scanner([secret_in(path) for path in options.key])
    except (OSError, ValueError) as error:
        print(f"secret_scan: {error}", file=sys.stderr)
        return 2
    allow = options.allow + [str(pathlib.Path(path)) for path in options.key]
    unreadable, findings = [], []
    for path in options.paths:
        if path == "-":
            findings += scanner.scan_stream(sys.stdin.buffer, "standard input")
        else:
            findings += scanner.scan(path, allow=allow, unreadable=unreadable)
    for finding in findings:
        print(finding)
    for path in unreadable:
        print(f"secret_scan: cannot read {path}", file=sys.stderr)
    return 1 if findings else 2 if unreadable else 0


if __name__ == "__main__":
    sys.exit(main())
