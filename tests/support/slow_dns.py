# SPDX-License-Identifier: Apache-2.0
"""A proxy in front of the engine's name server: every question of a container reaches it `delay` seconds late.

    with SlowDns(0.3) as slow:
        slow.stand_before(pid)             # a process of the container, before muster asks anything
"""
import asyncio
import re
import socket
import subprocess

from authority import Datagrams, Serving
from pods import network_of

SERVER = "127.0.0.11"  # in every container of a user-defined network; the engine redirects its port 53 by iptables


class SlowDns(Serving):
    def __init__(self, delay):
        super().__init__()
        self.delay, self.questions = delay, 0

    async def open(self):
        pass

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
        asyncio.run_coroutine_threadsafe(self._pass_on(front, back, real), self.loop).result(10)

    async def _pass_on(self, front, back, real):
        """Questions from `front` go by `back` to the port `real`, each under an id of its own."""
        waiting = {}

        def answered(data, _, __):
            if (asked := waiting.pop(data[:2], None)) is not None:
                client, number = asked
                to_clients.sendto(number + data[2:], client)

        def asked(data, client, _):
            self.questions += 1
            number = (self.questions % 65536).to_bytes(2, "big")
            waiting[number] = client, data[:2]
            self.loop.call_later(self.delay, lambda: to_server.sendto(number + data[2:], (SERVER, real)))

        to_server, _ = await self.loop.create_datagram_endpoint(lambda: Datagrams(answered), sock=back)
        to_clients, _ = await self.loop.create_datagram_endpoint(lambda: Datagrams(asked), sock=front)
