# SPDX-License-Identifier: Apache-2.0
"""Pods whose names come from an Authority with faults, or from real CoreDNS caches before it; and what may stand where a
leader should: listeners that are no broker, and one that knows our key and lets nobody in."""
import dns
from authority import Authority, Balancer
from coredns import CoreDNS
from pods import GATEWAY, Cluster, network_of

TRUTH = "10.77.0.10"
REPLICAS = ("10.77.0.11", "10.77.0.12")
NOBODY = "10.77.0.13"  # an address of this network at which no name server listens


class FaultyCluster(Cluster):
    """`kind` says what stands at the address of the pods' resolv.conf:

    plain     the authority itself
    cached    CoreDNS with `cache 30` before it
    replicas  two of these in turn, each with a cache of its own
    """

    def __init__(self, *arguments, kind="plain", **options):
        super().__init__(*arguments, **options)
        self.kind, self._servers = kind, []

    def start_names(self):
        for address in (TRUTH, *REPLICAS, NOBODY):
            self.run("ip", "addr", "add", f"{address}/16", "dev", "cluster0")
        with network_of(self.pid):
            self.authority = Authority((GATEWAY if self.kind == "plain" else TRUTH, 53), self.domain)
            self.authority.__enter__()
        self._servers.append(self.authority)
        replicas = {"plain": (), "cached": (GATEWAY,), "replicas": REPLICAS}[self.kind]
        for address in replicas:
            server = CoreDNS((address, 53), self.authority.address, self.directory, name=f"coredns-{address}", enter=self._enter)
            self._servers.append(server.start(self.query))
        if self.kind == "replicas":
            with network_of(self.pid):
                service = Balancer((GATEWAY, 53), [(address, 53) for address in REPLICAS])
                self._servers.append(service.__enter__())

    def stop_names(self):
        for server in reversed(self._servers):
            server.__exit__(None, None, None)

    def serve(self, expected):
        for name, addresses in expected.items():
            if addresses:
                self.authority.set(name, *addresses)
            else:
                self.authority.drop(name)
        self.authority.set(self.service, *(address for addresses in self.records.values() for address in addresses))

    def query(self, server, name, *arguments, **options):
        """dns.query from inside of the cluster's network."""
        with network_of(self.pid):
            return dns.query(server, name, *arguments, **options)


# As nginx: what is no request is answered at once.
HTTP = ["python3", "-I", "-u", "-c", """
import socket
server = socket.create_server(("", 8050))
while True:
    client = server.accept()[0]
    client.recv(1000)
    client.sendall(b"HTTP/1.1 400 Bad Request\\r\\nContent-Length: 0\\r\\nConnection: close\\r\\n\\r\\n")
    client.close()
"""]
SILENT = ["python3", "-I", "-u", "-c", """
import socket
server, kept = socket.create_server(("", 8050)), []
while True:
    kept.append(server.accept())
"""]
CLOSING = ["python3", "-I", "-u", "-c", """
import socket
server = socket.create_server(("", 8050))
while True:
    server.accept()[0].close()
"""]
# A queue that is full: no SYN is answered any more.
DEAF = ["python3", "-I", "-u", "-c", """
import signal, socket
server = socket.create_server(("", 8050), backlog=0)
clients = [socket.socket() for _ in range(4)]
for client in clients:
    client.setblocking(False)
    client.connect_ex(("127.0.0.1", 8050))
signal.pause()
"""]
# ZeroMQ with CURVE and the instance's own key, and a ZAP handler (RFC 27) that refuses every client.
REFUSING = ["python3", "-I", "-u", "-c", """
import ctypes, re, threading
zmq = ctypes.CDLL("libzmq.so.5")
zmq.zmq_ctx_new.restype = zmq.zmq_socket.restype = ctypes.c_void_p
zmq.zmq_socket.argtypes = [ctypes.c_void_p, ctypes.c_int]
zmq.zmq_setsockopt.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t]
zmq.zmq_bind.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
zmq.zmq_send.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int]
zmq.zmq_recv.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int]
REP, ROUTER, CURVE_SERVER, CURVE_SECRETKEY, ZAP_DOMAIN, SNDMORE = 4, 6, 47, 49, 55, 2
context = zmq.zmq_ctx_new()
handler = zmq.zmq_socket(context, REP)
assert zmq.zmq_bind(handler, b"inproc://zeromq.zap.01") == 0
key = re.search(r'secret-key\\s*=\\s*"(.{40})"', open("/etc/muster/curve.cert").read()).group(1).encode()
server = zmq.zmq_socket(context, ROUTER)
one = (1).to_bytes(4, "little")
for option, value in ((CURVE_SERVER, one), (CURVE_SECRETKEY, key), (ZAP_DOMAIN, b"flux")):
    assert zmq.zmq_setsockopt(server, option, value, len(value)) == 0
assert zmq.zmq_bind(server, b"tcp://*:8050") == 0
while True:
    buffer = ctypes.create_string_buffer(256)
    frames = []
    for _ in range(7):
        size = zmq.zmq_recv(handler, buffer, 256, 0)
        frames.append(buffer.raw[:size])
    reply = [b"1.0", frames[1], b"400", b"No access", b"", b""]
    for number, frame in enumerate(reply):
        zmq.zmq_send(handler, frame, len(frame), SNDMORE if number < 5 else 0)
"""]
