# SPDX-License-Identifier: Apache-2.0
"""A DNS question and its answer (RFC 1035), as much as the tests need to see what a server says at once."""
import secrets
import socket
import struct

NOERROR, NXDOMAIN = 0, 3
TYPE_A = 1


def _skip_name(message, at):
    while True:
        length = message[at]
        if length == 0:
            return at + 1
        if length >= 0xC0:
            return at + 2
        at += 1 + length


def ask(connection, name, kind=TYPE_A, timeout=1.0):
    """(rcode, [address, ...]) for `name`, over the connected UDP socket; raises TimeoutError without an answer."""
    identity = secrets.randbits(16)
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.rstrip(".").split("."))
    connection.send(struct.pack(">6H", identity, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">2H", kind, 1))
    connection.settimeout(timeout)
    while True:
        message = connection.recv(4096)
        answer_identity, flags, questions, answers = struct.unpack(">4H", message[:8])
        if answer_identity == identity:
            break
    at = 12
    for _ in range(questions):
        at = _skip_name(message, at) + 4
    addresses = []
    for _ in range(answers):
        at = _skip_name(message, at)
        answer_kind, _, _, length = struct.unpack(">HHIH", message[at:at + 10])
        if answer_kind == TYPE_A:
            addresses.append(socket.inet_ntoa(message[at + 10:at + 10 + length]))
        at += 10 + length
    return flags & 15, addresses
