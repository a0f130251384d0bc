# SPDX-License-Identifier: Apache-2.0
"""Docker's name server, as every container of a user-defined network has it at 127.0.0.11.

    with DockersDns("lab_default", {"lab-web-1": ["10.77.1.1"], ...}) as docker:
        docker.serve_in(pod.pid)           # a moment after the container's start, as Docker's own

The reverse of an address is `<container>.<network>`; a container is found by its name, with or without the network.
A denial has no SOA, and a type that it does not know is denied although the name exists.
"""
import asyncio
import ipaddress
import socket
import time

import dns
from authority import Asked, Datagrams, Serving
from pods import network_of

TTL = 600


class DockersDns(Serving):
    def __init__(self, network, containers):
        super().__init__()
        self.network, self.containers, self.asked = network, containers, []
        self._reverse = {ipaddress.ip_address(address).reverse_pointer: name
                         for name, addresses in containers.items() for address in addresses}

    async def open(self):
        pass

    def serve_in(self, pid):
        """From now on there is a server at 127.0.0.11 port 53 in the network namespace of process `pid`."""
        with network_of(pid):
            udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            udp.setblocking(False)
            udp.bind(("127.0.0.11", 53))
        self.sockets.append(udp)
        endpoint = self.loop.create_datagram_endpoint(lambda: Datagrams(self._datagram), sock=udp)
        asyncio.run_coroutine_threadsafe(endpoint, self.loop).result(10)

    def _datagram(self, data, source, transport):
        question = dns.decode_question(data)
        self.asked.append(Asked(time.monotonic(), question.name, question.kind, question.dnssec_ok,
                                question.checking_disabled, "udp", source))
        transport.sendto(dns.encode_reply(question, *self._answer(question)), source)

    def _answer(self, question):
        """(rcode, answers)"""
        if question.kind == dns.TYPE_PTR and question.name in self._reverse:
            name = dns.encode_name(f"{self._reverse[question.name]}.{self.network}")
            return dns.NOERROR, [dns.Record(question.name, dns.TYPE_PTR, TTL, name)]
        addresses = self.containers.get(question.name.removesuffix("." + self.network))
        if addresses is None or question.kind not in (dns.TYPE_A, dns.TYPE_AAAA):
            return dns.NXDOMAIN, []
        records = [dns.address_record(question.name, address, TTL) for address in addresses]
        return dns.NOERROR, [record for record in records if record.kind == question.kind]
