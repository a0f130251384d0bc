# SPDX-License-Identifier: Apache-2.0
"""A real API server as somebody far away sees it: connections that break, answers that are lost, refusals of a busy day.

    with ApiProxy(tmp_path, "https://10.0.0.1:6443", "ca.crt") as proxy:
        proxy.meet("POST", "/jobs$", proxy.lose_answer)

It speaks HTTP/2 to the client and passes each request on; the first one that a `meet` describes is met so instead.
"""
import contextlib
import http.client
import json
import queue
import re
import ssl
import threading
import urllib.parse

import yaml
from api_server import ApiServer, status

PASSED_ON = ("accept", "authorization", "content-type", "user-agent")


class ApiProxy(ApiServer):
    def __init__(self, directory, url, authority):
        super().__init__(directory)
        self.upstream = urllib.parse.urlsplit(url)
        self.upstream_context = ssl.create_default_context(cafile=authority)
        self.rules = []
        self.seen = []  # (method, path, code of the answer)
        self.after_write = None  # called with the request once a write has been done, before its answer
        self.ends = False

    def __enter__(self):
        super().__enter__()
        threading.Thread(target=self.serve, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.ends = True
        self.stop()

    def lead(self, kubeconfig):
        """Changes a kubeconfig file so that its user comes through here."""
        given = yaml.safe_load(kubeconfig.read_text())
        given["clusters"][0]["cluster"] = {"server": f"https://localhost:{self.port}", "certificate-authority": str(self.certificate)}
        kubeconfig.write_text(yaml.safe_dump(given))

    def meet(self, method, path, how):
        """The next request whose method is this one and whose path matches: how(request)."""
        self.rules.append((method, re.compile(path), how))

    def serve(self):
        while not self.ends:
            with contextlib.suppress(queue.Empty):
                threading.Thread(target=self.handle, args=(self.waiting.get(timeout=0.2),), daemon=True).start()

    def handle(self, request):
        rule = next((rule for rule in self.rules if rule[0] == request.method and rule[1].search(request.path)), None)
        with contextlib.suppress(Exception):  # of a connection that is cut
            if rule:
                self.rules.remove(rule)
                rule[2](request)
            else:
                self.pass_on(request)

    def ask(self, request):
        """The real server's answer, open."""
        connection = http.client.HTTPSConnection(self.upstream.hostname, self.upstream.port, context=self.upstream_context)
        headers = {name: value for name, value in request.headers.items() if name in PASSED_ON}
        connection.request(request.method, request.headers[":path"], request.body or None, headers)
        answer = connection.getresponse()
        self.seen.append((request.method, request.path, answer.status))
        return answer

    def pass_on(self, request):
        answer = self.ask(request)
        if request.method != "GET" and answer.status < 300 and self.after_write:
            self.after_write(request)
        more = {name: answer.headers[name] for name in ("content-type", "retry-after") if name in answer.headers}
        request.begin(answer.status, **more)
        while data := answer.read1(65536):
            request.send(data)
        request.end()

    # How a request can be met.

    def lose_answer(self, request):
        """It is done, but nobody hears of it."""
        self.ask(request).read()
        request.connection.cut()

    @staticmethod
    def refuse(code, reason, **headers):
        def met(request):
            request.answer(status(code, reason), code, **headers)
        return met

    def change(self, how):
        """As an admission webhook does: how(object) before it is passed on."""
        def met(request):
            given = json.loads(request.body)
            how(given)
            request.body = json.dumps(given).encode()
            self.pass_on(request)
        return met

    def hold(self, until):
        """Passed on when the event `until` has come."""
        def met(request):
            until.wait()
            self.pass_on(request)
        return met
