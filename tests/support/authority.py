# SPDX-License-Identifier: Apache-2.0
"""An authoritative DNS server of the tests' own (UDP and TCP), which answers as CoreDNS's kubernetes plugin does and
changes a name at a known instant; and a Balancer, which spreads questions over servers as kube-proxy does.

    with Authority(("127.1.2.3", 5300), "cluster.test") as authority:
        instant = authority.set("pod-0.muster.lab.svc.cluster.test", "127.1.2.4")

A type that it does not know is NODATA for a name that exists and NXDOMAIN otherwise; both with an SOA. `faults` make it
another server: see Faults. Every question is counted, with its instant (CLOCK_MONOTONIC).
"""
import asyncio
import collections
import dataclasses
import socket
import struct
import threading
import time

import dns

TTL = 30


@dataclasses.dataclass
class Faults:
    """What is wrong with a server."""
    silent: bool = False              # reads questions and never answers
    rcode: int | None = None          # SERVFAIL or REFUSED instead of the answer
    without_soa: bool = False         # denials cannot be cached, as Docker's
    denies_unknown_types: bool = False  # NXDOMAIN although the name exists, as dnsmasq's and Docker's
    truncates: bool = False           # over UDP, everything
    without_srv: bool = False         # SRV of a pod's own name is NODATA: its port has no name
    padding: int = 0                  # so many more addresses of nobody, from 127.255.0.1 on


Asked = collections.namedtuple("Asked", "at name kind dnssec_ok checking_disabled transport source")


class Serving:
    """An asyncio loop of its own in a thread, and sockets that were made by the caller: in the caller's network."""

    def __init__(self, *addresses):
        self.sockets = []
        for address in addresses:
            udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            for each in (udp, tcp):
                each.setblocking(False)
                each.bind(address)
            tcp.listen(256)
            self.sockets += [udp, tcp]
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.loop.run_until_complete(asyncio.sleep(0))
        self.loop.close()

    def __enter__(self):
        self.thread.start()
        asyncio.run_coroutine_threadsafe(self.open(), self.loop).result(10)
        return self

    def __exit__(self, *_):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        for each in self.sockets:
            each.close()


class Datagrams(asyncio.DatagramProtocol):
    def __init__(self, receive):
        self.receive = receive

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, address):
        self.receive(data, address, self.transport)


class Authority(Serving):
    """Serves `zone` at `address`, an (address, port), and is silent about nothing else: other zones get REFUSED."""

    def __init__(self, address, zone, ttl=TTL, port=8050):
        super().__init__(address)
        self.address, self.zone, self.ttl, self.port = address, zone.rstrip(".").lower(), ttl, port
        self.faults = Faults()
        self.asked = []
        self._records = {}
        self._services = {}

    async def open(self):
        udp, tcp = self.sockets
        await self.loop.create_datagram_endpoint(lambda: Datagrams(self._datagram), sock=udp)
        self._server = await asyncio.start_server(self._stream, sock=tcp)

    def set(self, name, *addresses):
        """From now on the name has these addresses (none: exists without one); returns the instant."""
        self._records[name.rstrip(".").lower()] = list(addresses)
        return time.monotonic()

    def drop(self, name):
        """From now on there is no such name; returns the instant."""
        self._records.pop(name.rstrip(".").lower(), None)
        return time.monotonic()

    def count(self, since=0.0, until=float("inf"), **like):
        """How many questions came, of these names, kinds, transports, ..."""
        return sum(since <= asked.at < until and all(getattr(asked, key) == value for key, value in like.items())
                   for asked in list(self.asked))

    def _exists(self, name):
        return name in self._records or name == self.zone or any(other.endswith("." + name) for other in list(self._records))

    def _datagram(self, data, source, transport):
        reply = self._reply(data, "udp", source)
        if reply:
            transport.sendto(reply, source)

    async def _stream(self, reader, writer):
        try:
            while True:
                length, = struct.unpack(">H", await reader.readexactly(2))
                reply = self._reply(await reader.readexactly(length), "tcp", writer.get_extra_info("peername"))
                if reply:
                    writer.write(struct.pack(">H", len(reply)) + reply)
                    await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def _reply(self, data, transport, source):
        try:
            question = dns.decode_question(data)
        except (ValueError, IndexError, struct.error):
            return None
        self.asked.append(Asked(time.monotonic(), question.name, question.kind, question.dnssec_ok,
                                question.checking_disabled, transport, source))
        faults = self.faults
        if faults.silent:
            return None
        if faults.rcode is not None:
            return dns.encode_reply(question, faults.rcode)
        if question.name != self.zone and not question.name.endswith("." + self.zone):
            return dns.encode_reply(question, dns.REFUSED)
        reply = dns.encode_reply(question, *self._answer(question, faults))
        if transport == "udp" and (faults.truncates or len(reply) > (question.edns_size or 512)):
            return dns.encode_reply(question, dns.NOERROR, truncated=True)
        return reply

    def _answer(self, question, faults):
        """(rcode, answers, authority, additional)"""
        soa = [] if faults.without_soa else [dns.soa_record(self.zone, self.ttl)]
        known = question.kind in (dns.TYPE_A, dns.TYPE_AAAA, dns.TYPE_SRV, dns.TYPE_SOA)
        if not self._exists(question.name) or (faults.denies_unknown_types and not known):
            return dns.NXDOMAIN, [], soa, []
        addresses = self._records.get(question.name, [])
        if addresses and faults.padding:
            addresses = addresses + [f"127.255.{1 + n // 250}.{1 + n % 250}" for n in range(faults.padding)]
        records = [dns.address_record(question.name, address, self.ttl) for address in addresses]
        if question.kind == dns.TYPE_SRV and records and not faults.without_srv:
            return dns.NOERROR, [dns.srv_record(question.name, question.name, self.port, self.ttl)], [], records
        matching = [record for record in records if record.kind == question.kind]
        return dns.NOERROR, matching, [] if matching else soa, []


class Balancer(Serving):
    """One address before several servers: each question goes to the next one, as a Service's address spreads them."""

    def __init__(self, address, servers):
        super().__init__(address)
        self.address = address
        self._turn, self._ways = 0, []
        for server in servers:
            way = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            way.setblocking(False)
            way.connect(server)
            self.sockets.append(way)

    async def open(self):
        udp, tcp, *ways = self.sockets
        await self.loop.create_datagram_endpoint(lambda: Datagrams(self._question), sock=udp)
        for way in ways:
            self._ways.append(await self.loop.create_datagram_endpoint(lambda: Datagrams(self._reply), sock=way))
        self._tcp = await asyncio.start_server(self._no_stream, sock=tcp)
        self._waiting = {}

    @staticmethod
    async def _no_stream(_, writer):
        writer.close()

    def _question(self, data, source, transport):
        way = self._ways[self._turn % len(self._ways)][0]
        self._turn += 1
        identity = self._turn & 0xFFFF  # of the way, so that two askers with one identity are told apart
        self._waiting[identity] = (data[:2], source, transport)
        way.sendto(struct.pack(">H", identity) + data[2:])

    def _reply(self, data, _, __):
        identity, = struct.unpack_from(">H", data)
        if identity in self._waiting:
            first, source, transport = self._waiting.pop(identity)
            transport.sendto(first + data[2:], source)
