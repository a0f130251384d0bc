# SPDX-License-Identifier: Apache-2.0
"""An API server over HTTP/2 whose part the test itself plays: every request waits for what the test says.

    with ApiServer(tmp_path) as server:
        driver = bench.start(program("kube-driver"), server.kubeconfig(), "get", "/api/v1/pods")
        server.expect("GET", "/api/v1/pods").answer({"items": []})

So it can do what a real one does once in a year: cut an event after any byte, forget a resourceVersion, go away.
"""
import collections
import contextlib
import json
import queue
import select
import socket
import ssl
import subprocess
import threading
import time
import urllib.parse

import h2.config
import h2.connection
import h2.events
import hyperframe.frame
from muster_testing import DEADLINE, remember_secrets

OPENSSL = ["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]


class Request:
    """One request, open until the test has answered it."""

    def __init__(self, connection, stream, headers):
        self.connection, self.stream, self.headers = connection, stream, headers
        self.method = headers[":method"]
        self.path, _, query = headers[":path"].partition("?")
        self.query = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
        self.body = b""

    def begin(self, code=200, **headers):
        """The head of an answer; what follows is sent piece by piece."""
        more = [(name.replace("_", "-"), str(value)) for name, value in headers.items()]
        self.connection.do(lambda h2: h2.send_headers(self.stream, [(":status", str(code)), *more]))

    def send(self, data):
        """A piece of the body, as a frame of its own."""
        data = data if isinstance(data, bytes) else data.encode()
        for start in range(0, len(data), 16000):
            self.connection.do(lambda h2, at=start: h2.send_data(self.stream, data[at:at + 16000]))

    def end(self):
        self.connection.do(lambda h2: h2.end_stream(self.stream))

    def reset(self, code=2):
        """Cuts this request off, and no other (RST_STREAM)."""
        self.connection.do(lambda h2: h2.reset_stream(self.stream, code))

    def answer(self, body, code=200, **headers):
        self.begin(code, **headers)
        self.send(body if isinstance(body, (str, bytes)) else json.dumps(body))
        self.end()

    def refuse(self, code, reason, message="because", **headers):
        """A Status object."""
        self.answer(status(code, reason, message), code, **headers)


def status(code, reason, message="because"):
    return {"kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": message}


class Connection:
    """One connection: a thread reads it, and whoever likes writes."""

    def __init__(self, server, raw):
        self.server, self.raw = server, raw
        self.lock = threading.Lock()
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        self.requests = {}
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        with contextlib.suppress(OSError, ValueError):
            self.raw.settimeout(10)
            self.socket = self.server.context.wrap_socket(self.raw, server_side=True)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.socket.settimeout(0)
            self.do(lambda h2: h2.initiate_connection())
            while True:
                select.select([self.socket], [], [], 1)
                with self.lock:
                    try:
                        data = self.socket.recv(65536)
                    except ssl.SSLWantReadError:
                        continue
                    if not data:
                        return
                    events = self.h2.receive_data(data)
                for event in events:
                    self.handle(event)
                self.do(lambda h2: None)

    def handle(self, event):
        if isinstance(event, h2.events.RequestReceived):
            self.requests[event.stream_id] = Request(self, event.stream_id, dict(event.headers))
        elif isinstance(event, h2.events.DataReceived):
            self.requests[event.stream_id].body += event.data
            self.do(lambda h2: h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id))
        elif isinstance(event, h2.events.StreamEnded):
            self.server.waiting.put(self.requests[event.stream_id])

    def do(self, action):
        """Changes the state of HTTP/2, and sends what comes of it."""
        with self.lock:
            action(self.h2)
            self.write(self.h2.data_to_send())

    def write(self, data):
        while data:
            try:
                data = data[self.socket.send(data):]
            except ssl.SSLWantWriteError:
                select.select([], [self.socket], [], 1)

    def go_away(self, last_stream):
        """What was asked up to this stream is still answered (RFC 9113, 6.8)."""
        with self.lock:
            self.write(hyperframe.frame.GoAwayFrame(0, last_stream_id=last_stream).serialize())

    def cut(self):
        """Ends it without a word."""
        with contextlib.suppress(OSError):
            self.raw.shutdown(socket.SHUT_RDWR)
        with contextlib.suppress(OSError, AttributeError):
            self.socket.shutdown(socket.SHUT_RDWR)


class ApiServer:
    def __init__(self, directory, host="localhost"):
        self.directory = directory
        self.token = "token-of-the-test-0123456789abcdef"
        self.waiting = queue.Queue()
        self.put_back = collections.deque()
        self.connections = []
        directory.mkdir(parents=True, exist_ok=True)
        self.certificate, key = directory / "ca.crt", directory / "ca.key"
        subprocess.run([*OPENSSL, "-x509", "-days", "2", "-subj", "/CN=test", "-addext", f"subjectAltName=DNS:{host}",
                        "-keyout", key, "-out", self.certificate], check=True, capture_output=True)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.certificate, key)
        self.context.set_alpn_protocols(["h2"])
        self.listener = None
        self.port = 0

    def require_certificate(self):
        """Of clients, from now on: the server's own, say, which signed itself."""
        self.context.load_verify_locations(self.certificate)
        self.context.verify_mode = ssl.CERT_REQUIRED

    def listen(self):
        """Takes connections, on the same port as before."""
        self.listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()

    def accept(self, listener):
        with contextlib.suppress(OSError):
            while True:
                self.connections.append(Connection(self, listener.accept()[0]))

    def stop(self):
        """Refuses connections, and cuts those that there are."""
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for connection in self.connections:
            connection.cut()

    def __enter__(self):
        self.listen()
        return self

    def __exit__(self, *_):
        self.stop()

    def expect(self, method, path, deadline=DEADLINE, **query):
        """The next request of this kind; others wait for their turn. A value of None: without it."""
        def fits(request):
            return request.method == method and request.path == path and all(
                request.query.get(name) == value for name, value in query.items())
        end = time.monotonic() + deadline
        for request in list(self.put_back):
            if fits(request):
                self.put_back.remove(request)
                return request
        while True:
            try:
                request = self.waiting.get(timeout=max(0.0, end - time.monotonic()))
            except queue.Empty:
                others = [f"{other.method} {other.path} {other.query}" for other in self.put_back]
                raise AssertionError(f"nobody asked {method} {path} {query}, but {others}") from None
            if fits(request):
                return request
            self.put_back.append(request)

    def kubeconfig(self, user=None, **cluster):
        """The path of a kubeconfig that leads here."""
        token = self.directory / "token"
        token.write_text(self.token)
        remember_secrets(token)
        path = self.directory / "kubeconfig"
        path.write_text(json.dumps({
            "current-context": "test", "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
            "clusters": [{"name": "test", "cluster": {"server": f"https://localhost:{self.port}",
                                                      "certificate-authority": "ca.crt", **cluster}}],
            "users": [{"name": "test", "user": {"tokenFile": "token"} if user is None else user}]}))
        return path
