# SPDX-License-Identifier: Apache-2.0
"""A proxy in front of the engine's name server: every question of a container reaches it `delay` seconds late.

    with SlowDns(0.3) as slow:
        slow.stand_before(pid)             # a process of the container, before muster asks anything
"""
import asyncio
import re
import socket
import subprocess

import dns
from authority import Datagrams, Serving
from pods import network_of

MOMENT = 0.2  # seconds
SERVER = "127.0.0.11"  # in every container of a user-defined network; the engine redirects its port 53 by iptables


class SlowDns(Serving):
    """With `denies`, a question that the engine leaves unanswered for a moment, because its own servers cannot be reached, is
    denied as they would."""

    def __init__(self, delay, denies=False):
        super().__init__()
        self.delay, self.denies, self.questions = delay, denies, 0
        self._asked = {}  # {pid: when its container asked}

    async def open(self):
        pass

    def in_turn(self, pid):
        """How many questions a container asked one after the other, each after an answer to the one before."""
        count, answered = 0, float("-inf")
        for asked in self._asked[pid]:
            if asked >= answered:
                count, answered = count + 1, asked + self.delay
        return count

    def stand_before(self, pid):
        with network_of(pid):
            rules = subprocess.run(["iptables", "-t", "nat", "-S", "DOCKER_OUTPUT"], check=True, capture_output=True, text=True).stdout
            real = int(re.search(rf"-p udp .*--to-destination {SERVER}:(\d+)", rules).group(1))
            front, back = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
            for each in (front, back):
                each.setblocking(False)
                each.bind((SERVER, 0))
            subprocess.run(["iptables", "-t", "nat", "-I", "OUTPUT", "-d", SERVER, "-p", "udp", "--dport", "53",
                            "-j", "DNAT", "--to-destination", f"{SERVER}:{front.getsockname()[1]}"], check=True)
        self.sockets += [front, back]
        asyncio.run_coroutine_threadsafe(self._pass_on(front, back, real, self._asked.setdefault(pid, [])), self.loop).result(10)

    async def _pass_on(self, front, back, real, times):
        """Questions from `front` go by `back` to the port `real`, each under an id of its own; `times` is added to."""
        waiting = {}

        def answered(data, _, __):
            if (asked := waiting.pop(data[:2], None)) is not None:
                client, number = asked
                to_clients.sendto(number + data[2:], client)

        def asked(data, client, _):
            self.questions += 1
            times.append(self.loop.time())
            number = (self.questions % 65536).to_bytes(2, "big")
            waiting[number] = client, data[:2]
            if self.denies:
                question = dns.decode_question(data)
                denial = number + dns.encode_reply(question, dns.NXDOMAIN)[2:]
                self.loop.call_later(self.delay + MOMENT, answered, denial, None, None)
            self.loop.call_later(self.delay, lambda: to_server.sendto(number + data[2:], (SERVER, real)))

        to_server, _ = await self.loop.create_datagram_endpoint(lambda: Datagrams(answered), sock=back)
        to_clients, _ = await self.loop.create_datagram_endpoint(lambda: Datagrams(asked), sock=front)
