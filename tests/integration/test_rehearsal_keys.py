# SPDX-License-Identifier: Apache-2.0
"""muster-rehearsal: who may take part, and that no key is ever shown."""
import base64
import re
import socket
import time

import brokers
import pytest

pytestmark = pytest.mark.asan

Z85 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"


def z85_decode(text):
    raw = bytearray()
    for i in range(0, len(text), 5):
        value = 0
        for c in text[i:i + 5]:
            value = value * 85 + Z85.index(c)
        raw += value.to_bytes(4, "big")
    return bytes(raw)


def test_another_certificate_waits_in_join(bench, tmp_path):
    """Silently on both sides, as with Flux; with the right one the same broker joins at once."""
    instance = brokers.Instance(bench, tmp_path, "none", 2)
    leader = instance.start(0, "sleep", "600")
    leader.wait_for("init->quorum")
    right = instance.cert.read_text()
    brokers.make_certificate(instance.cert)
    stranger = instance.start(1)
    stranger.wait_for("load-builtins->join")
    time.sleep(1.0)
    assert stranger.running() and "parent-ready" not in stranger.err()
    assert not re.search("lo-1", leader.err())
    stranger.kill()
    instance.cert.write_text(right)
    instance.start(1)
    leader.wait_for("quorum->run")


def test_noise_on_the_port_does_no_harm(bench, tmp_path):
    instance = brokers.Instance(bench, tmp_path, "none", 2)
    leader = instance.start(0, "flux", "run", "-N2", "-n2", "true")
    leader.wait_for("init->quorum")
    for noise in (b"GET / HTTP/1.0\r\n\r\n", b"\xff" + b"\0" * 8 + b"\x7f\3\0NULL" + b"\0" * 48, b"\0" * 4096):
        with socket.create_connection((instance.addresses[0], 8050)) as client:
            client.sendall(noise)
    instance.start(1)
    assert leader.wait().code == 0


def test_no_output_holds_a_key(bench, tmp_path, output):
    """In no form: Z85, hex, base64; in debug logs, refusals and getattr alike. The public half may be shown."""
    instance = brokers.Instance(bench, tmp_path, "none", 2)
    secret = re.search('secret-key = "(.*)"', instance.cert.read_text()).group(1)
    raw = z85_decode(secret)
    forms = [secret.encode(), raw, raw.hex().encode(), base64.b64encode(raw)]
    leader = instance.start_all("sleep", "600", options=["-S", "log-stderr-level=7"])
    leader.wait_for("quorum->run")
    for name in ("config.path", "hostlist", "tbon.topo", "version", "broker.boot-method", "rundir", "local-uri"):
        assert instance.ask("getattr", name).code == 0
    instance.ask("run", "-N2", "-n2", "env")
    for rank in (0, 1):
        for part in ("environ", "cmdline"):
            with open(f"/proc/{instance.brokers[rank].pid}/{part}", "rb") as file:
                assert not any(form in file.read() for form in forms)
    instance.cert.write_text(instance.cert.read_text().replace('name = "', 'name = "_'))
    refused = instance.start(1)
    assert refused.wait().code == 1
    for path in output.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not any(form in content for form in forms), path
    planted = output / "planted"
    planted.write_bytes(b"x" + forms[2] + b"y")
    assert any(form in planted.read_bytes() for form in forms)  # the search itself finds
    planted.unlink()
