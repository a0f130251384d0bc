# SPDX-License-Identifier: Apache-2.0
"""The name servers of tests/support are what they say: the authority, the balancer, and a real CoreDNS's cache before it."""
import socket
import types

import dns
import pytest
import waiters
from authority import Authority, Balancer, Faults
from brokers import random_address
from coredns import CoreDNS
from waiters import Ground

ZONE = "cluster.test"
NAME = f"pod-0.muster.lab.svc.{ZONE}"


@pytest.fixture
def authority():
    with Authority((random_address(), 5300), ZONE) as made:
        yield made


def outcome(server, name=NAME, kind=dns.TYPE_A, **options):
    reply = dns.query(server, name, kind, **options)
    return reply.rcode, reply.addresses(), [record.kind for record in reply.authority]


SOA = [dns.TYPE_SOA]


def test_a_name_appears_changes_and_goes_at_once(authority):
    assert outcome(authority.address) == (dns.NXDOMAIN, [], SOA)
    before = authority.set(NAME, "10.0.0.1")
    assert outcome(authority.address) == (dns.NOERROR, ["10.0.0.1"], [])
    authority.set(NAME + ".", "10.0.0.2", "fd00::2")
    assert outcome(authority.address) == (dns.NOERROR, ["10.0.0.2"], [])
    assert outcome(authority.address, kind=dns.TYPE_AAAA) == (dns.NOERROR, ["fd00::2"], [])
    authority.drop(NAME)
    assert outcome(authority.address) == (dns.NXDOMAIN, [], SOA)
    assert authority.count() == 5 and authority.count(since=before) == 4 and authority.count(kind=dns.TYPE_AAAA) == 1


def test_a_type_that_it_does_not_know_tells_whether_the_name_exists(authority):
    assert outcome(authority.address, kind=65300) == (dns.NXDOMAIN, [], SOA)
    authority.set(NAME, "10.0.0.1")
    assert outcome(authority.address, kind=65300) == (dns.NOERROR, [], SOA)
    assert outcome(authority.address, "muster.lab.svc.cluster.test", 65300)[0] == dns.NOERROR, "what lies above it exists"
    assert outcome(authority.address, "elsewhere.test")[0] == dns.REFUSED


def test_the_pods_own_srv_record_carries_its_address(authority):
    authority.set(NAME, "10.0.0.1")
    reply = dns.query(authority.address, NAME, dns.TYPE_SRV)
    assert len(reply.answers) == 1 and dns.decode_name(reply.answers[0].data, 6)[0] == NAME
    assert [dns.address_text(record) for record in reply.additional if record.kind == dns.TYPE_A] == ["10.0.0.1"]


def test_faults(authority):
    authority.set(NAME, "10.0.0.1")
    authority.faults = Faults(rcode=dns.SERVFAIL)
    assert outcome(authority.address)[0] == dns.SERVFAIL
    authority.faults = Faults(silent=True)
    with pytest.raises(TimeoutError):
        dns.query(authority.address, NAME, timeout=0.1)
    authority.faults = Faults(denies_unknown_types=True, without_soa=True)
    assert outcome(authority.address, kind=65300) == (dns.NXDOMAIN, [], [])
    assert outcome(authority.address)[1] == ["10.0.0.1"]
    authority.faults = Faults(truncates=True)
    assert dns.query(authority.address, NAME).truncated
    assert outcome(authority.address, tcp=True) == (dns.NOERROR, ["10.0.0.1"], [])
    authority.faults = Faults(padding=40)
    assert dns.query(authority.address, NAME).truncated, "41 addresses are more than 512 bytes"
    assert len(outcome(authority.address, edns_size=4096)[1]) == len(outcome(authority.address, tcp=True)[1]) == 41


def test_what_is_no_question_is_not_answered(authority):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connection:
        connection.settimeout(0.1)
        for text in (b"", b"x" * 11, b"\0" * 12, b"\xff" * 40):
            connection.sendto(text, authority.address)
        with pytest.raises(TimeoutError):
            connection.recv(512)
    assert outcome(authority.address)[0] == dns.NXDOMAIN and authority.count() == 1


def test_a_balancer_asks_its_servers_in_turn(authority):
    authority.set(NAME, "10.0.0.1")
    with Authority((random_address(), 5300), ZONE) as other, Balancer((random_address(), 5300), [authority.address, other.address]) as service:
        rcodes = [outcome(service.address)[0] for _ in range(6)]
    assert rcodes == [dns.NOERROR, dns.NXDOMAIN] * 3
    assert authority.count() == other.count() == 3


def test_coredns_keeps_a_denial_in_the_slot_that_was_asked_and_in_no_other(authority, output):
    with CoreDNS((authority.address[0], 5301), authority.address, output) as server:
        assert outcome(server.address) == (dns.NXDOMAIN, [], SOA)
        assert outcome(server.address, kind=65300)[0] == dns.NXDOMAIN
        authority.set(NAME, "10.0.0.1")
        asked = authority.count()
        assert outcome(server.address)[0] == dns.NXDOMAIN, "kept"
        assert outcome(server.address, kind=65300)[0] == dns.NXDOMAIN, "kept, too"
        assert authority.count() == asked, "neither came through"
        assert outcome(server.address, kind=65301)[0] == dns.NOERROR
        assert outcome(server.address, kind=65300, dnssec_ok=True)[0] == dns.NOERROR
        assert outcome(server.address, checking_disabled=True)[1] == ["10.0.0.1"]
        assert outcome(server.address, dnssec_ok=True)[1] == ["10.0.0.1"]
        reply = dns.query(server.address, NAME, dns.TYPE_SRV)
        assert [dns.address_text(record) for record in reply.additional if record.kind == dns.TYPE_A] == ["10.0.0.1"]


def test_coredns_keeps_an_old_address_with_its_ttl_running_down(authority, output):
    with CoreDNS((authority.address[0], 5301), authority.address, output) as server:
        authority.set(NAME, "10.0.0.1")
        assert outcome(server.address)[1] == ["10.0.0.1"]
        authority.set(NAME, "10.0.0.2")
        reply = dns.query(server.address, NAME)
        assert reply.addresses() == ["10.0.0.1"] and reply.answers[0].ttl <= 30
        fresh = dns.query(server.address, NAME, checking_disabled=True)
        assert fresh.addresses() == ["10.0.0.2"] and fresh.answers[0].ttl == 30


def test_two_grounds_never_share_a_block(output, tmp_path, monkeypatch):
    """Tests of several processes run beside each other."""
    with Ground(output, scratch=tmp_path) as first:
        numbers = iter([first.block, first.block])
        free = waiters.random.SystemRandom().randint
        monkeypatch.setattr(waiters.random, "SystemRandom", lambda: types.SimpleNamespace(randint=lambda *ends: next(numbers, free(*ends))))
        with Ground(output, scratch=tmp_path) as second:
            assert second.block != first.block and not list(numbers)
