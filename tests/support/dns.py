# SPDX-License-Identifier: Apache-2.0
"""DNS messages (RFC 1035, EDNS of RFC 6891), as much as the tests need to ask a server and to be one."""
import dataclasses
import secrets
import socket
import struct

NOERROR, SERVFAIL, NXDOMAIN, REFUSED = 0, 2, 3, 5
TYPE_A, TYPE_SOA, TYPE_PTR, TYPE_AAAA, TYPE_SRV, TYPE_OPT = 1, 6, 12, 28, 33, 41
PRIVATE_TYPES = range(65280, 65535)
CLASS_IN = 1
AUTHORITATIVE, TRUNCATED, RECURSION_DESIRED, RECURSION_AVAILABLE, CHECKING_DISABLED = 0x0400, 0x0200, 0x0100, 0x0080, 0x0010
DNSSEC_OK = 0x8000  # in the TTL field of OPT
HEADER = struct.Struct(">6H")


@dataclasses.dataclass(frozen=True)
class Question:
    """What was asked; `name` is lower case and has no dot at its end."""
    identity: int
    name: str
    kind: int
    dnssec_ok: bool = False
    checking_disabled: bool = False
    edns_size: int | None = None
    text: bytes = b""  # the question section as it came


@dataclasses.dataclass(frozen=True)
class Record:
    name: str
    kind: int
    ttl: int
    data: bytes


@dataclasses.dataclass(frozen=True)
class Reply:
    identity: int
    flags: int
    answers: list
    authority: list
    additional: list

    @property
    def rcode(self):
        return self.flags & 15

    @property
    def truncated(self):
        return bool(self.flags & TRUNCATED)

    def addresses(self):
        """The addresses of its answer section."""
        return [address_text(record) for record in self.answers if record.kind in (TYPE_A, TYPE_AAAA)]


def address_text(record):
    return socket.inet_ntop(socket.AF_INET if record.kind == TYPE_A else socket.AF_INET6, record.data)


def address_record(name, address, ttl):
    six = ":" in address
    return Record(name, TYPE_AAAA if six else TYPE_A, ttl, socket.inet_pton(socket.AF_INET6 if six else socket.AF_INET, address))


def soa_record(zone, ttl):
    """Its own TTL and its MINIMUM are `ttl`: how long a denial may be kept (RFC 2308)."""
    return Record(zone, TYPE_SOA, ttl, encode_name(f"ns.{zone}") + encode_name(f"hostmaster.{zone}") + struct.pack(">5I", 1, 7200, 1800, 86400, ttl))


def srv_record(name, target, port, ttl):
    return Record(name, TYPE_SRV, ttl, struct.pack(">3H", 0, 100, port) + encode_name(target))


def encode_name(name):
    labels = [label for label in name.rstrip(".").split(".") if label]
    return b"".join(bytes([len(label)]) + label.encode() for label in labels) + b"\0"


def decode_name(message, at):
    """(name in lower case without the last dot, where the next field begins)."""
    labels, end, jumps = [], None, 0
    while message[at]:
        length = message[at]
        if length >= 0xC0:
            end = end or at + 2
            at = struct.unpack_from(">H", message, at)[0] & 0x3FFF
            jumps += 1
            if jumps > 64:
                raise ValueError("a name that points to itself")
            continue
        labels.append(message[at + 1:at + 1 + length].decode("ascii", "replace").lower())
        at += 1 + length
    return ".".join(labels), end or at + 1


def decode_record(message, at):
    name, at = decode_name(message, at)
    kind, klass, ttl, length = struct.unpack_from(">HHIH", message, at)
    record = Record(name, kind, klass if kind == TYPE_OPT else ttl, message[at + 10:at + 10 + length])
    return record, ttl, at + 10 + length


def encode_record(record):
    return encode_name(record.name) + struct.pack(">HHIH", record.kind, CLASS_IN, record.ttl, len(record.data)) + record.data


def encode_question(question):
    flags = RECURSION_DESIRED | (CHECKING_DISABLED if question.checking_disabled else 0)
    text = encode_name(question.name) + struct.pack(">2H", question.kind, CLASS_IN)
    message = HEADER.pack(question.identity, flags, 1, 0, 0, 1 if question.edns_size else 0) + text
    if question.edns_size:
        message += b"\0" + struct.pack(">HHIH", TYPE_OPT, question.edns_size, DNSSEC_OK if question.dnssec_ok else 0, 0)
    return message


def decode_question(message):
    """Raises ValueError, IndexError or struct.error when it is none."""
    identity, flags, questions, answers, authority, additional = HEADER.unpack_from(message)
    if questions != 1 or flags & 0x8000:
        raise ValueError("not a question")
    name, at = decode_name(message, HEADER.size)
    kind, _ = struct.unpack_from(">2H", message, at)
    text = message[HEADER.size:at + 4]
    at += 4
    size, dnssec_ok = None, False
    for _ in range(answers + authority + additional):
        record, ttl, at = decode_record(message, at)
        if record.kind == TYPE_OPT:
            size, dnssec_ok = record.ttl, bool(ttl & DNSSEC_OK)
    return Question(identity, name, kind, dnssec_ok, bool(flags & CHECKING_DISABLED), size, text)


def encode_reply(question, rcode, answers=(), authority=(), additional=(), truncated=False):
    flags = 0x8000 | AUTHORITATIVE | RECURSION_DESIRED | RECURSION_AVAILABLE | rcode
    flags |= (TRUNCATED if truncated else 0) | (CHECKING_DISABLED if question.checking_disabled else 0)
    edns = b""
    if question.edns_size:
        edns = b"\0" + struct.pack(">HHIH", TYPE_OPT, 1232, DNSSEC_OK if question.dnssec_ok else 0, 0)
    counts = len(answers), len(authority), len(additional) + (1 if edns else 0)
    records = b"".join(encode_record(record) for record in (*answers, *authority, *additional))
    return HEADER.pack(question.identity, flags, 1, *counts) + question.text + records + edns


def decode_reply(message):
    identity, flags, questions, *counts = HEADER.unpack_from(message)
    at = HEADER.size
    for _ in range(questions):
        at = decode_name(message, at)[1] + 4
    sections = []
    for count in counts:
        section = []
        for _ in range(count):
            record, _, at = decode_record(message, at)
            section.append(record)
        sections.append(section)
    return Reply(identity, flags, *sections)


def query(server, name, kind=TYPE_A, dnssec_ok=False, checking_disabled=False, tcp=False, timeout=5.0, edns_size=None):
    """The Reply of `server`, an (address, port); raises OSError without one."""
    question = Question(secrets.randbits(16), name, kind, dnssec_ok, checking_disabled, edns_size or (1232 if dnssec_ok else None))
    message = encode_question(question)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM) as connection:
        connection.settimeout(timeout)
        connection.connect(server)
        if not tcp:
            connection.send(message)
            return decode_reply(connection.recv(65535))
        connection.sendall(struct.pack(">H", len(message)) + message)
        with connection.makefile("rb") as stream:
            length, = struct.unpack(">H", stream.read(2))
            return decode_reply(stream.read(length))


def ask(connection, name, kind=TYPE_A, timeout=5.0):
    """(rcode, [address, ...]) for `name`, over the connected UDP socket; raises TimeoutError without an answer."""
    question = Question(secrets.randbits(16), name, kind)
    connection.send(encode_question(question))
    connection.settimeout(timeout)
    while True:
        reply = decode_reply(connection.recv(4096))
        if reply.identity == question.identity:
            return reply.rcode, [address_text(record) for record in reply.answers if record.kind == kind]
