# SPDX-License-Identifier: Apache-2.0
"""The Kubernetes client (containers/kube) against an API server whose part the test plays: answers good and bad,
connections that break, tokens that rotate; one connection for all."""
import base64
import json
import re
import signal

import pytest
from api_server import ApiServer, status
from muster_testing import DEADLINE, program, remember_secrets, wait_until

PODS = "/api/v1/pods"


@pytest.fixture
def server(tmp_path):
    with ApiServer(tmp_path / "server") as made:
        yield made


@pytest.fixture
def driver(bench, server):
    """driver(WORD...): kube-driver on its way to the server."""
    def start(*words, config=None, **options):
        return bench.start(program("kube-driver"), config or server.kubeconfig(), *words, **options)
    return start


def lines(process):
    """What the driver told so far, line by line."""
    return [json.loads(line) for line in process.out().split("\n")[:-1]]


def told(process, count):
    """The first `count` lines, as soon as they are there."""
    def look():
        assert process.running() or len(lines(process)) >= count, process.done()
        return len(lines(process)) >= count
    wait_until(look, lambda: f"{count} lines of {process.done()}")
    return lines(process)[:count]


def ended(process):
    """All lines of a driver that ended by itself; the last one are its counters."""
    done = process.wait()
    assert done.code == 0, done
    return lines(process)


def pod(name, version, uid=None):
    return {"metadata": {"name": name, "namespace": "n", "uid": uid or f"uid-{name}", "resourceVersion": str(version)}}


def event(kind, name, version, uid=None):
    return json.dumps({"type": kind, "object": pod(name, version, uid)}) + "\n"


def page(*pods, version, more=""):
    return {"kind": "PodList", "apiVersion": "v1", "metadata": {"resourceVersion": str(version), "continue": more},
            "items": list(pods)}


def changes(rows):
    """"added a", one word a change and one a name."""
    return [f"{row['what']} {row.get('name', '')}".strip() for row in rows if "message" not in row]


def begin_watch(server, driver, *pods, version=7, **options):
    """A driver that has listed these pods, and its watch."""
    process = driver("watch", "pods", "app in (a,b)", **options)
    server.expect("GET", PODS, watch=None).answer(page(*pods, version=version))
    watch = server.expect("GET", PODS, watch="true", resourceVersion=str(version))
    watch.begin()
    return process, watch


# Requests.

def test_requests_go_over_one_connection_at_once(server, driver):
    process = driver("get", "/a", "get", "/b", "get", "/c", "until", "3")
    first, second, third = (server.expect("GET", path) for path in ("/a", "/b", "/c"))
    for count, request in enumerate((third, second, first), 1):  # none waits for another
        request.answer({"path": request.path})
        assert told(process, count)[-1]["answer"] == {"path": request.path}
    rows = ended(process)
    assert rows[3] == {"GET 200": 3, "connections": 1}
    assert first.headers["authorization"] == f"Bearer {server.token}"
    assert "accept-encoding" not in first.headers


def test_what_can_wait_goes_last(server, driver):
    at_once = 64
    late = [f"/late/{number}" for number in range(at_once + 2)]
    process = driver(*(word for path in late for word in ("late", path)), "get", "/a", "until", str(len(late) + 1))
    for path in late[:at_once]:
        request = server.expect("GET", path)
    request.answer({})  # which makes place for one
    server.expect("GET", "/a").answer({})
    for path in late[at_once:]:
        server.expect("GET", path)
    process.kill()


def test_body_and_content_type_arrive(server, driver):
    body = json.dumps({"data": "x" * 100_000})
    process = driver("apply", "/a", body, "until", "1")
    request = server.expect("PATCH", "/a", fieldManager="muster-controller")
    assert request.body.decode() == body
    assert request.headers["content-type"] == "application/apply-patch+yaml"
    request.answer({})
    ended(process)


@pytest.mark.parametrize("code, reason", [(403, "Forbidden"), (404, "NotFound"), (409, "Conflict"), (410, "Expired"),
                                          (422, "Invalid")])
def test_refusal_is_told_once_with_its_reason(server, driver, code, reason):
    process = driver("get", "/a", "until", "1")
    server.expect("GET", "/a").refuse(code, reason, "it is so")
    rows = ended(process)
    assert (rows[0]["code"], rows[0]["reason"]) == (code, reason)
    assert rows[0]["message"].startswith(f"GET /a: the API server answered {code} {reason}: it is so")
    assert rows[1] == {f"GET {code}": 1, "connections": 1}


def test_too_many_requests_is_asked_again_after_the_time_it_names(server, driver):
    process = driver("post", "/a", "{}", "until", "1")
    server.expect("POST", "/a").refuse(429, "TooManyRequests", retry_after=1)
    server.expect("POST", "/a").answer({"n": 2}, 201)
    assert ended(process)[1] == {"POST 201": 1, "POST 429": 1, "connections": 1}


def test_long_retry_after_is_the_callers(server, driver):
    process = driver("get", "/a", "until", "1")
    server.expect("GET", "/a").refuse(429, "TooManyRequests", retry_after=3600)
    assert ended(process)[0]["code"] == 429


def test_failing_server_is_asked_four_times(server, driver):
    process = driver("get", "/a", "until", "1")
    for _ in range(4):
        server.expect("GET", "/a").refuse(503, "ServiceUnavailable")
    rows = ended(process)
    assert rows[0]["code"] == 503
    assert rows[1]["GET 503"] == 4


@pytest.mark.parametrize("harm", ["refuses", "cuts", "resets"])
def test_what_is_not_idempotent_is_asked_once(server, driver, harm):
    process = driver("post", "/a", "{}", "until", "1")
    request = server.expect("POST", "/a")
    {"refuses": lambda: request.refuse(500, "InternalError"), "cuts": request.connection.cut,
     "resets": request.reset}[harm]()
    rows = ended(process)
    assert rows[0]["code"] == (500 if harm == "refuses" else 0)
    assert sum(count for row, count in rows[1].items() if row.startswith("POST")) == 1


def test_cut_connection_is_replaced(server, driver):
    process = driver("get", "/a", "until", "1")
    server.expect("GET", "/a").connection.cut()
    server.expect("GET", "/a").answer({"n": 2})
    rows = ended(process)
    assert rows[0]["answer"] == {"n": 2}
    assert rows[1] == {"GET 0": 1, "GET 200": 1, "connections": 2}


def test_connection_that_does_not_answer_is_not_asked_again(server, driver):
    process = driver("timeout", "300", "get", "/a", "until", "1")
    deaf = server.expect("GET", "/a")
    again = server.expect("GET", "/a")
    assert again.connection is not deaf.connection
    again.answer({"n": 2})
    assert ended(process)[0]["answer"] == {"n": 2}


def test_server_that_goes_away_finishes_what_it_has_begun(server, driver):
    process = driver("watch", "pods", "", "get", "/a", "until", "4")
    listing, request = server.expect("GET", PODS), server.expect("GET", "/a")
    assert listing.connection is request.connection
    request.connection.go_away(last_stream=max(listing.stream, request.stream))
    request.answer({"n": 1})
    listing.answer(page(pod("a", 1), version=7))
    watch = server.expect("GET", PODS, watch="true")
    assert watch.connection is not listing.connection
    watch.begin()
    watch.send(event("DELETED", "a", 8))
    assert sorted(changes(ended(process)[:4])) == ["added a", "deleted a", "get", "synced"]


def test_what_comes_after_a_leaving_server_shares_the_next_connection(server, driver):
    driver("lead", "n/l", "me", "500", "watch", "pods", "")
    server.expect("GET", PODS).answer(page(version=7))
    watch = server.expect("GET", PODS, watch="true")
    watch.begin()  # and goes on, for minutes
    watch.connection.go_away(last_stream=watch.stream + 100)
    used = set()
    for _ in range(4):
        request = server.expect("GET", LEASE)
        used.add(request.connection)
        request.refuse(403, "Forbidden")
    assert len(used - {watch.connection}) == 1


def test_request_that_a_leaving_server_did_not_begin_is_asked_again(server, driver):
    process = driver("get", "/a", "until", "1")
    request = server.expect("GET", "/a")
    request.connection.go_away(last_stream=0)
    request.connection.cut()
    server.expect("GET", "/a").answer({"n": 2})
    assert ended(process)[0]["answer"] == {"n": 2}


def test_crowd_waits_its_turn_and_a_lease_passes_it(server, driver):
    words = [word for number in range(80) for word in ("get", f"/{number}")]
    driver(*words, "lead", "n/l", "me", "60000")
    lease = server.expect("GET", LEASE)
    crowd = [server.waiting.get(timeout=DEADLINE) for _ in range(64 - len(server.put_back))] + list(server.put_back)
    assert {request.path for request in crowd} == {f"/{number}" for number in range(64)}
    assert server.waiting.empty()
    crowd[0].answer({})
    assert server.waiting.get(timeout=10).path == "/64"  # and not when the crowd has given up
    assert {request.connection for request in crowd} == {lease.connection}


def test_answer_that_is_no_json_is_a_failure(server, driver):
    process = driver("get", "/a", "until", "1")
    server.expect("GET", "/a").answer("<html>")
    assert ended(process)[0]["message"] == "GET /a: the API server's answer is no JSON"


def test_nobody_there_is_a_failure_that_names_the_address(server, driver):
    server.stop()
    process = driver("get", "/a", "until", "1")
    rows = ended(process)
    assert re.match(rf"GET /a: no answer from the API server at https://localhost:{server.port}: .*onnect",
                    rows[0]["message"])
    assert rows[1]["GET 0"] == 4


# Who is there, and who we are.

def test_token_that_rotated_is_read_again_when_it_is_refused(server, driver):
    process = driver("get", "/a", "until", "1")
    request = server.expect("GET", "/a")
    (server.directory / "token").write_text("next-token\n")
    request.refuse(401, "Unauthorized")
    again = server.expect("GET", "/a")
    assert again.headers["authorization"] == "Bearer next-token"
    again.answer({})
    assert "answer" in ended(process)[0]


def test_token_that_is_refused_and_the_same_is_the_end(server, driver):
    process = driver("get", "/a", "until", "1")
    server.expect("GET", "/a").refuse(401, "Unauthorized", "no")
    message = ended(process)[0]["message"]
    assert message.endswith("401 Unauthorized: no; the token or client certificate is not valid there, renew it")
    assert server.token not in process.out() + process.err()


def test_server_of_another_authority_is_refused_at_once(server, driver, tmp_path):
    with ApiServer(tmp_path / "other") as other:
        config = server.kubeconfig(server=f"https://localhost:{other.port}")
        rows = ended(driver("get", "/a", "until", "1", config=config))
    assert "certificate" in rows[0]["message"]
    assert rows[1]["GET 0"] == 1


def test_server_of_another_name_is_refused_unless_that_is_given(driver, tmp_path):
    with ApiServer(tmp_path / "named", host="kube.test") as server:
        refused = ended(driver("get", "/a", "until", "1", config=server.kubeconfig()))
        assert "kube.test" in refused[0]["message"] or "certificate" in refused[0]["message"]
        process = driver("get", "/a", "until", "1", config=server.kubeconfig(**{"tls-server-name": "kube.test"}))
        server.expect("GET", "/a").answer({})
        assert "answer" in ended(process)[0]


@pytest.mark.parametrize("form", ["files", "data"])
def test_client_certificate_is_shown(server, driver, form):
    server.require_certificate()
    names = {"client-certificate": "ca.crt", "client-key": "ca.key"}
    data = {f"{name}-data": base64.b64encode((server.directory / file).read_bytes()).decode()
            for name, file in {"certificate-authority": "ca.crt", **names}.items()}
    authority = data.pop("certificate-authority-data")
    remember_secrets(server.directory / "ca.key")
    config = server.kubeconfig(names) if form == "files" else \
        server.kubeconfig(data, **{"certificate-authority": "", "certificate-authority-data": authority})
    process = driver("get", "/a", "until", "1", config=config)
    request = server.expect("GET", "/a")
    assert "authorization" not in request.headers
    request.answer({})
    assert "answer" in ended(process)[0]


def test_certificate_is_not_looked_at_where_the_user_says_so(server, driver):
    config = server.kubeconfig(**{"certificate-authority": "", "insecure-skip-tls-verify": True})
    process = driver("get", "/a", "until", "1", config=config)
    server.expect("GET", "/a").answer({})
    assert "answer" in ended(process)[0]


def test_token_is_not_sent_in_clear(server, driver):
    done = driver("get", "/a", "until", "1", config=server.kubeconfig(server="http://localhost:1")).wait()
    assert done.code == 78
    assert "a token would go over the network for all to read; write it as https://HOST:PORT" in done.err


# List and watch.

def test_list_comes_in_pages_and_the_watch_goes_on_from_it(server, driver):
    process = driver("watch", "pods", "app in (a,b)", "until", "6")
    first = server.expect("GET", PODS, labelSelector="app in (a,b)", limit="3", **{"continue": None})
    first.answer(page(pod("a", 1), version=7, more="to be continued/="))
    server.expect("GET", PODS, **{"continue": "to be continued/="}).answer(page(pod("b", 2), version=7))
    watch = server.expect("GET", PODS, watch="true")
    assert watch.query["resourceVersion"] == "7"
    assert watch.query["allowWatchBookmarks"] == "true"
    assert watch.query["labelSelector"] == "app in (a,b)"
    assert 300 <= int(watch.query["timeoutSeconds"]) <= 600
    watch.begin()
    watch.send(event("ADDED", "c", 8) + event("MODIFIED", "a", 9) + event("DELETED", "b", 10))
    rows = ended(process)
    assert changes(rows[:6]) == ["added a", "added b", "synced", "added c", "modified a", "deleted b"]
    assert rows[6]["connections"] == 1


def test_events_are_the_same_wherever_they_are_cut(server, driver):
    process, watch = begin_watch(server, driver)
    for byte in (event("ADDED", "ä", 8) + event("MODIFIED", "ä", 9) + "\n" + event("DELETED", "ä", 10)).encode():
        watch.send(bytes([byte]))
    assert changes(told(process, 4)) == ["synced", "added ä", "modified ä", "deleted ä"]


def test_large_event_arrives(server, driver):
    process, watch = begin_watch(server, driver)
    large = {"type": "ADDED", "object": {**pod("a", 8), "data": "x" * 1_500_000}}
    text = json.dumps(large) + "\n"
    for start in range(0, len(text), 30_000):
        wait_until(lambda: watch.connection.h2.local_flow_control_window(watch.stream) > 30_000, "room to send")
        watch.send(text[start:start + 30_000])
    assert changes(told(process, 2)) == ["synced", "added a"]


@pytest.mark.parametrize("harm", ["ends", "resets", "cuts"])
def test_watch_that_ends_goes_on_where_it_was(server, driver, harm):
    process, watch = begin_watch(server, driver)
    watch.send(event("ADDED", "a", 8) + json.dumps({"type": "BOOKMARK", "object": pod("", 20)}) + "\n"
               + event("MODIFIED", "a", 21)[:30])  # the rest of it never comes
    told(process, 2)
    {"ends": watch.end, "resets": watch.reset, "cuts": watch.connection.cut}[harm]()
    again = server.expect("GET", PODS, watch="true")
    assert again.query["resourceVersion"] == "20"
    again.begin()
    again.send(event("MODIFIED", "a", 21))
    wait_until(lambda: changes(lines(process)) == ["synced", "added a", "modified a"], process.done)


@pytest.mark.parametrize("how", ["event", "status"])
def test_forgotten_place_is_listed_again_and_what_vanished_is_told(server, driver, how):
    process, watch = begin_watch(server, driver, pod("a", 1), pod("b", 2), pod("c", 3))
    told(process, 4)
    if how == "event":
        watch.send(event("MODIFIED", "a", 8))
        watch.send(json.dumps({"type": "ERROR", "object": status(410, "Expired")}) + "\n")
    else:
        watch.send(event("MODIFIED", "a", 8))
        watch.end()
        server.expect("GET", PODS, watch="true", resourceVersion="8").refuse(410, "Expired")
    relist = server.expect("GET", PODS, watch=None, resourceVersion=None)
    relist.answer(page(pod("a", 8), pod("b", 30, uid="another"), version=40))
    server.expect("GET", PODS, watch="true", resourceVersion="40").begin()
    wait_until(lambda: changes(lines(process))[4:] == ["modified a", "deleted b", "added b", "deleted c", "synced"],
               process.done)
    vanished = [row for row in lines(process) if row["what"] == "deleted"]
    assert [row["uid"] for row in vanished] == ["uid-b", "uid-c"]


def test_list_whose_next_page_is_gone_begins_again(server, driver):
    process = driver("watch", "pods", "")
    server.expect("GET", PODS).answer(page(pod("a", 1), pod("b", 1), version=7, more="next"))
    server.expect("GET", PODS, **{"continue": "next"}).refuse(410, "Expired")
    server.expect("GET", PODS, **{"continue": None}).answer(page(pod("a", 1), version=9))
    server.expect("GET", PODS, watch="true", resourceVersion="9").begin()
    wait_until(lambda: changes(lines(process))[:4] == ["added a", "added b", "deleted b", "synced"], process.done)


def test_list_that_is_not_allowed_is_told_and_tried_again(server, driver):
    process = driver("watch", "pods", "", "until", "2")
    server.expect("GET", PODS).refuse(403, "Forbidden", 'pods is forbidden: User "me" cannot list resource "pods"')
    server.expect("GET", PODS).answer(page(version=7))
    rows = ended(process)
    assert rows[0]["message"] == 'GET /api/v1/pods: the API server answered 403 Forbidden: pods is forbidden: ' \
                                 'User "me" cannot list resource "pods"; its Role must allow this'
    assert changes(rows[1:2]) == ["synced"]


@pytest.mark.parametrize("words", ["no json\n", "[]\n", '{"object":{}}\n'])
def test_event_that_is_none_ends_the_watch_and_no_more(server, driver, words):
    process, watch = begin_watch(server, driver)
    watch.send(words)
    server.expect("GET", PODS, watch="true", resourceVersion="7").begin()
    assert "WATCH /api/v1/pods: an event is no JSON" in told(process, 2)[1]["message"]


def test_watch_that_is_closed_at_once_is_not_asked_in_a_loop(server, driver):
    process, watch = begin_watch(server, driver)
    watch.end()
    server.expect("GET", PODS, watch="true").begin()
    assert told(process, 2)[1]["message"] == "WATCH /api/v1/pods: the API server ended it at once"


def test_all_watches_share_the_connection_and_come_back_over_one(server, driver):
    kinds = ["pods", "secrets", "services", "events", "nodes"]
    process = driver(*(word for kind in kinds for word in ("watch", kind, "")))

    def connections():
        used = []
        for kind in kinds:
            watch = server.expect("GET", f"/api/v1/{kind}", watch="true")
            watch.begin()
            used.append(watch.connection)
        return set(used)
    for kind in kinds:
        server.expect("GET", f"/api/v1/{kind}", watch=None).answer(page(version=7))
    first = connections()
    assert len(first) == 1
    server.stop()
    wait_until(lambda: sum("message" in row for row in lines(process)) >= 5, process.done)
    server.listen()
    assert len(connections()) == 1


# Elections. The server's side of a Lease, in a few lines.

LEASE = "/apis/coordination.k8s.io/v1/namespaces/n/leases/l"


def serve_lease(server, lease, until):
    """Answers what is asked of this Lease (None: there is none); the first request that `until` wants, unanswered."""
    while True:
        request = server.waiting.get(timeout=DEADLINE)
        if until(request):
            return request
        if request.method == "GET" and lease is None:
            request.refuse(404, "NotFound")
        else:
            lease = lease if request.method == "GET" else json.loads(request.body)
            request.answer(lease)


def is_renewal(request):
    return request.method == "PUT"


def begin_lead(server, driver, *words):
    """A driver that leads, and the Lease that it has made."""
    process = driver("lead", "n/l", "me", "500", *words)
    create = serve_lease(server, None, lambda request: request.method == "POST")
    assert create.path == LEASE.rsplit("/", 1)[0]
    lease = json.loads(create.body)
    assert lease["spec"]["holderIdentity"] == "me"
    lease["metadata"]["resourceVersion"] = "1"
    create.answer(lease, 201)
    wait_until(lambda: {"what": "lead"} in lines(process), process.done)
    return process, lease


def test_leader_renews_and_gives_the_lease_back(server, driver):
    process, lease = begin_lead(server, driver)
    renew = serve_lease(server, lease, is_renewal)
    assert json.loads(renew.body)["metadata"]["resourceVersion"] == "1"
    # A renewal that is on its way is waited for: the lease can only be given back as it is then.
    process.signal(signal.SIGTERM)
    with pytest.raises(AssertionError, match="nobody asked PUT"):
        server.expect("PUT", LEASE, deadline=0.3)
    lease["metadata"]["resourceVersion"] = "3"
    renew.answer(lease)
    release = server.expect("PUT", LEASE)
    given_back = json.loads(release.body)
    assert given_back["metadata"]["resourceVersion"] == "3"
    assert given_back["spec"]["holderIdentity"] == ""
    release.answer(given_back)
    ended(process)


def test_leader_that_hears_nothing_for_its_deadline_has_lost(server, driver):
    process, _ = begin_lead(server, driver)
    wait_until(lambda: {"what": "lost"} in lines(process), process.done)


def test_follower_says_whom_it_follows_and_takes_what_ends(server, driver):
    process = driver("lead", "n/l", "me", "500")
    lease = {"metadata": {"name": "l", "resourceVersion": "5"},
             "spec": {"holderIdentity": "other", "leaseDurationSeconds": 1, "leaseTransitions": 3}}
    takeover = serve_lease(server, lease, is_renewal)
    taken = json.loads(takeover.body)
    assert taken["spec"]["holderIdentity"] == "me"
    assert taken["spec"]["leaseTransitions"] == 4
    takeover.answer(taken)
    wait_until(lambda: {"what": "lead"} in lines(process), process.done)
    assert {"what": "other", "who": "other"} in lines(process)
