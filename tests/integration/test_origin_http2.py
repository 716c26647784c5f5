"""HTTP/2 to the origin (RFC 9113): fills share connections; what is streamed has one of its own."""
import hashlib
import itertools
import random
import threading

import pytest

from edge import wait_until
from http2_frames import Code, Setting, data, goaway
from http2_origin import Http2Origin
from origin import HeldOrigin, answer

FRESH = {"cache-control": "max-age=60"}
ONE = {"workers": 1}


@pytest.fixture(scope="module")
def certificate(authority):
    return authority.sign("origin", "IP:127.0.0.1")


@pytest.fixture
def nginx(start_nginx, certificate):
    return start_nginx(certificate=certificate)


@pytest.fixture
def start(start_edge, authority):
    """start(origins, origin={}, config={}) starts an edge with one worker that trusts the authority."""
    def start(*origins, config=None, **origin):
        patient = {"connect": "20s", "first_byte": "20s"}
        origin = {"tls": {"ca_file": str(authority.file)}, "timeouts": patient} | origin
        return start_edge(origins, ONE | {"origin": origin} | (config or {}))
    return start


@pytest.fixture
def start_http2(certificate):
    """An origin that the test drives, frame by frame."""
    origins = []

    def start(**options):
        origins.append(Http2Origin(certificate, **options))
        return origins[-1]

    yield start
    for origin in origins:
        origin.close()


@pytest.fixture
def http2(start_http2):
    return start_http2()


def picture(bytes, seed=1):
    return random.Random(seed).randbytes(bytes)


def get_all(edge, targets):
    """The responses, asked for at once on connections of their own."""
    clients = [edge.connect() for _ in targets]
    for client, target in zip(clients, targets):
        client.ask("GET", target)
    found = [client.response() for client in clients]
    for client in clients:
        client.close()
    return found


def log(nginx, count):
    """(protocol, connection, method, target, status) of so many answers; they are written a little later than sent."""
    wait_until(lambda: len(nginx.protocols()) >= count, f"{count} answers of nginx")
    lines = nginx.protocols()
    assert len(lines) == count, lines
    return lines


# --- nginx ---


def test_fills_speak_http2(start, nginx):
    nginx.write("/avatars/1/46", b"picture")
    edge = start(nginx)
    response = edge.get("/avatars/1/46")
    assert response.status == 200 and response.body == b"picture"
    assert edge.get("/avatars/1/46").is_hit
    assert [line[0] for line in log(nginx, 1)] == ["HTTP/2.0"]


def test_many_fills_at_once_share_few_connections(start, nginx):
    for i in range(300):
        nginx.write(f"/avatars/{i}/46", picture(3000 + i, i))
    edge = start(nginx)
    for i, response in enumerate(get_all(edge, [f"/avatars/{i}/46" for i in range(300)])):
        assert response.status == 200 and response.body == picture(3000 + i, i)
    lines = log(nginx, 300)
    assert {line[0] for line in lines} == {"HTTP/2.0"}
    # 100 are under way on one connection at most, and 256 in all.
    assert len({line[1] for line in lines}) <= 3
    assert edge.metric("origin_connections_opened_total") == len({line[1] for line in lines})


def test_a_crowd_that_finds_no_connection_opens_one(start, nginx):
    for i in range(50):
        nginx.write(f"/avatars/{i}/46", b"picture")
    edge = start(nginx)
    assert all(one.body == b"picture" for one in get_all(edge, [f"/avatars/{i}/46" for i in range(50)]))
    assert len({line[1] for line in log(nginx, 50)}) == 1


def test_large_bodies_come_whole_side_by_side(start, nginx):
    bodies = {f"/avatars/{i}/full": picture(5 << 20, i) for i in range(8)}
    for path, body in bodies.items():
        nginx.write(path, body)
    edge = start(nginx)
    for path, response in zip(bodies, get_all(edge, bodies)):
        assert hashlib.sha256(response.body).digest() == hashlib.sha256(bodies[path]).digest()
        assert edge.get(path).is_hit
    assert {line[0] for line in log(nginx, 8)} == {"HTTP/2.0"}


def test_a_stale_response_is_revalidated(start, start_nginx, certificate):
    nginx = start_nginx("location / { add_header Cache-Control max-age=1; add_header Age 9; }", certificate)
    nginx.write("/avatars/1/46", b"picture")
    edge = start(nginx)
    for _ in range(2):
        assert edge.get("/avatars/1/46").body == b"picture"
    assert [line[0::4] for line in log(nginx, 2)] == [("HTTP/2.0", "200"), ("HTTP/2.0", "304")]


def test_an_empty_body_is_whole(start, nginx):
    nginx.write("/avatars/1/46", b"")
    edge = start(nginx)
    assert edge.get("/avatars/1/46").body == b"" and edge.get("/avatars/1/46").is_hit
    assert log(nginx, 1)[0][0] == "HTTP/2.0"


def test_other_requests_have_connections_of_their_own(start, start_nginx, certificate):
    nginx = start_nginx("location / { dav_methods PUT DELETE; create_full_put_path on; expires 1h; }", certificate)
    edge = start(nginx)
    body = picture(3 << 20)
    assert edge.request("PUT", "/avatars/1/46", body=body).status == 201
    assert (nginx.files / "avatars/1/46").read_bytes() == body
    assert edge.get("/avatars/1/46").body == body
    assert edge.request("PUT", "/avatars/1/46", body=b"new").status == 204
    assert edge.get("/avatars/1/46").body == b"new"
    assert edge.request("DELETE", "/avatars/1/46").status == 204
    assert edge.get("/avatars/1/46").status == 404
    by_method = {}
    for protocol, connection, method, _, _ in log(nginx, 6):
        by_method.setdefault((protocol, method), []).append(connection)
    assert set(by_method) == {("HTTP/1.1", "PUT"), ("HTTP/1.1", "DELETE"), ("HTTP/2.0", "GET")}
    unsafe = by_method["HTTP/1.1", "PUT"] + by_method["HTTP/1.1", "DELETE"]
    assert len(set(unsafe)) == 3 and len(set(by_method["HTTP/2.0", "GET"])) == 1


def test_a_slow_client_stops_no_other_fill(start, start_nginx, certificate):
    nginx = start_nginx("location / { expires 1h; } location /private/ { add_header Cache-Control private; }", certificate)
    large = picture(40 << 20)  # More than sockets hold.
    nginx.write("/private/large", large)
    nginx.write("/private/huge", picture(70 << 20))
    for i in range(20):
        nginx.write(f"/avatars/{i}/46", picture(100_000, i))
    edge = start(nginx, config={"http": {"timeouts": {"write": "1m"}}, "cache": {"object_max": "64MiB"}})
    # Handed over by its fill, too large to be one's, and passed by what is remembered of the first.
    slow = [edge.connect() for _ in range(3)]
    for client, path in zip(slow, ("/private/large", "/private/huge", "/private/large")):
        client.ask("GET", path)
        assert client.head().status == 200  # And nothing more is taken.
    for i in range(20):
        assert edge.get(f"/avatars/{i}/46").body == picture(100_000, i)
    response = edge.get("/private/large")
    assert response.body == large
    for client in slow:
        client.close()
    # Who may be slow has a connection of HTTP/1.1, but for the first that was asked for to be stored.
    wait_until(lambda: sum(line[0] == "HTTP/1.1" for line in nginx.protocols()) == 3, "what was passed")
    alone = [line for line in nginx.protocols() if line[0] == "HTTP/1.1"]
    assert sorted(line[3] for line in alone) == ["/private/huge", "/private/large", "/private/large"]
    assert {line[1] for line in alone}.isdisjoint(line[1] for line in nginx.protocols() if line[0] == "HTTP/2.0")


def test_a_reload_of_the_origin_costs_no_request(start, start_nginx, certificate):
    nginx = start_nginx("location / { expires 1h; return 200 $uri; }", certificate)
    edge = start(nginx)
    failed, is_enough = [], threading.Event()

    def ask():
        with edge.connect() as client:
            for i in itertools.count():
                if is_enough.is_set():
                    return
                target = f"/avatars/{i}/46"
                if client.get(target).body != target.encode():
                    failed.append(target)

    # One alone, because nginx closes no connection on which something is under way all the time.
    thread = threading.Thread(target=ask)
    thread.start()

    def connections():
        return {line[1] for line in nginx.protocols() if len(line) == 5}

    try:
        for _ in range(3):
            before = connections()
            nginx.reload()
            # The old one has said that it closes, and a new one is used.
            wait_until(lambda: connections() - before, "a new connection")
    finally:
        is_enough.set()
        thread.join()
    assert not failed
    # What meets a connection that is about to close may be asked for over HTTP/1.1.
    assert sum(line[0] == "HTTP/1.1" for line in nginx.protocols()) < 20


def test_a_restart_of_the_origin_between_requests_costs_none(start, nginx):
    edge = start(nginx, eject="0s")
    for i in range(4):
        nginx.write(f"/avatars/{i}/46", b"picture")
        assert edge.get(f"/avatars/{i}/46").body == b"picture"
        nginx.stop()
        nginx.start()
    assert {line[0] for line in log(nginx, 4)} == {"HTTP/2.0"}


def test_a_certificate_that_nobody_vouches_for_is_502(start, nginx):
    nginx.write("/avatars/1/46", b"picture")
    edge = start(nginx, tls={})
    for method in ("GET", "POST"):
        response = edge.request(method, "/avatars/1/46")
        assert (response.status, response.proxy_error) == (502, "tls_certificate_error")
    assert nginx.protocols() == []


def test_it_can_be_switched_off_and_on_in_a_running_process(start, nginx):
    for i in range(3):
        nginx.write(f"/avatars/{i}/46", b"picture")
    edge = start(nginx, http2=False)
    edge.get("/avatars/0/46")
    assert edge.reload({"origin": {"http2": True}}) == "ok"
    edge.get("/avatars/1/46")
    assert edge.reload({"origin": {"http2": False}}) == "ok"
    edge.get("/avatars/2/46")
    assert [line[0] for line in log(nginx, 3)] == ["HTTP/1.1", "HTTP/2.0", "HTTP/1.1"]


def test_an_origin_in_the_clear_is_spoken_to_in_http1(start, start_nginx):
    nginx = start_nginx()
    nginx.write("/avatars/1/46", b"picture")
    assert start(nginx).get("/avatars/1/46").body == b"picture"
    assert [line[0] for line in log(nginx, 1)] == ["HTTP/1.1"]


# --- Frame by frame ---


def test_hints_come_before_the_picture(start, http2):
    def hint(request):
        request.head(103, {"link": "</a.css>; rel=preload"})
        request.respond(200, FRESH, b"picture")

    http2.on_http2("/avatars/1/46", hint)
    response = start(http2).get("/avatars/1/46")
    assert [one.status for one in response.interim] == [103] and response.body == b"picture"


@pytest.mark.parametrize("status", [204, 304, 404, 500])
def test_any_status_arrives(start, http2, status):
    http2.on_http2("/avatars/1/46", lambda request: request.head(status, FRESH | {"content-length": "0"}, end=True))
    assert start(http2).get("/avatars/1/46").status == (502 if status == 304 else status)
    assert http2.http2_count() == 1 and http2.count() == 0


def cut_by_reset(request):
    request.reset()


def cut_clean(request):
    request.reset(Code.NO_ERROR)


def cut_by_close(request):
    request.connection.close()


def cut_by_early_end(request):
    request.body(b"")


def cut_by_goaway(request):
    request.connection.send(goaway(request.stream, Code.INTERNAL_ERROR))
    request.connection.close()


def cut_by_broken_protocol(request):
    request.connection.send(data(0, b"belongs to no request"))


def cut_by_broken_protocol_after_goaway(request):
    request.connection.send(goaway(request.stream), data(0, b"belongs to no request"))


CUTS = [cut_by_reset, cut_clean, cut_by_close, cut_by_early_end, cut_by_goaway, cut_by_broken_protocol,
        cut_by_broken_protocol_after_goaway]


@pytest.mark.parametrize("cut", CUTS)
def test_a_picture_cut_off_is_502_and_never_stored(start, http2, cut):
    def begin(request):
        request.head(200, FRESH | {"content-length": "100"})
        request.body(b"half", end=False)
        request.connection.when_heard(lambda: cut(request))

    http2.on_http2("/avatars/1/46", begin)
    edge = start(http2)
    response = edge.get("/avatars/1/46")
    assert (response.status, response.proxy_error) == (502, "http_response_incomplete")
    http2.on_http2("/avatars/1/46", lambda request: request.respond(200, FRESH, b"picture"))
    assert edge.get("/avatars/1/46").body == b"picture"


@pytest.mark.parametrize("cut", [cut_by_reset, cut_by_close, cut_by_broken_protocol, cut_by_broken_protocol_after_goaway])
def test_what_declares_no_length_is_asked_for_over_http1(start, http2, cut):
    def begin(request):
        request.head(200, FRESH)
        request.body(b"half", end=False)
        request.connection.when_heard(lambda: cut(request))

    http2.on_http2("/avatars/1/46", begin)
    http2.on("/avatars/1/46", answer(200, FRESH, b"whole", chunked=True))
    edge = start(http2)
    assert edge.get("/avatars/1/46").body == b"whole"
    assert edge.get("/avatars/1/46").is_hit
    assert http2.http2_count() == 1 and http2.count() == 1
    assert edge.metric("origin_requests_total", end="2xx") == 1


def test_what_is_too_large_to_be_collected_is_streamed_over_http1(start, http2):
    body = picture(3 << 20)
    http2.on_http2("/avatars/1/46", lambda request: request.respond(200, FRESH, body))
    http2.on("/avatars/1/46", answer(200, FRESH, body))
    edge = start(http2, config={"cache": {"object_max": "1MiB"}})
    assert edge.get("/avatars/1/46").body == body
    assert http2.http2_count() == 1 and http2.count() == 1


def fail_by_goaway(request):
    request.connection.send(goaway(max(0, request.stream - 2)))
    request.connection.close()


@pytest.mark.parametrize("fail", [lambda request: request.reset(Code.REFUSED_STREAM),
                                  lambda request: request.reset(Code.HTTP_1_1_REQUIRED),
                                  lambda request: request.reset(Code.INTERNAL_ERROR), cut_by_close, cut_by_broken_protocol,
                                  fail_by_goaway],
                         ids=["refused", "http/1.1 required", "internal error", "closed", "broken", "goaway"])
def test_what_is_not_answered_is_asked_for_over_http1(start, http2, fail):
    http2.http2_default = fail
    http2.on("/avatars/1/46", answer(200, FRESH, b"picture"))
    edge = start(http2)
    assert edge.get("/avatars/1/46").body == b"picture"
    assert http2.count() == 1


def test_the_budget_of_further_attempts_is_for_that_too(start, http2):
    """But an answer that has come and cannot be used is asked for once more in any case, or there would be none at all."""
    http2.on_http2("/avatars/1/46", cut_by_close)
    http2.on_http2("/avatars/2/46", lambda request: (request.head(200, FRESH), request.body(b"picture")))
    http2.default = answer(200, FRESH, b"picture", chunked=True)
    edge = start(http2, retries={"share": 0, "per_second_min": 0})
    assert edge.get("/avatars/1/46").status == 502
    assert http2.count() == 0 and edge.metric("origin_retries_total", why="refused") == 1
    assert edge.get("/avatars/2/46").body == b"picture"
    assert http2.count() == 1 and edge.metric("origin_retries_total", why="alone") == 1


def test_a_head_that_breaks_the_rules_is_not_passed_on(start, http2):
    http2.on_http2("/avatars/1/46", lambda request: request.respond(
        200, FRESH | {"transfer-encoding": "chunked"}, b"smuggled"))
    http2.on("/avatars/1/46", answer(200, FRESH, b"picture"))
    assert start(http2).get("/avatars/1/46").body == b"picture"


def test_a_reset_of_one_leaves_the_others_alone(start, http2):
    arrived = []
    for i in range(3):
        http2.on_http2(f"/avatars/{i}/46", arrived.append)
    edge = start(http2)
    clients = [edge.connect() for _ in range(3)]
    for i, client in enumerate(clients):
        client.ask("GET", f"/avatars/{i}/46")
        wait_until(lambda: len(arrived) == i + 1, "a request")

    def interfere(request):
        for one in arrived:
            one.head(200, FRESH | {"content-length": "8"})
            one.body(b"half", end=False)

        def go_on():
            arrived[1].reset()
            for one in arrived[::2]:
                one.body(b"half")
            request.respond(200, FRESH, b"picture")

        request.connection.when_heard(go_on)

    http2.on_http2("/avatars/3/46", interfere)
    # Where the reset has overtaken the head within the edge, nothing has come.
    http2.on("/avatars/1/46", answer(200, FRESH, b"again"))
    assert edge.get("/avatars/3/46").body == b"picture"
    first, second, third = [client.response() for client in clients]
    assert first.body == third.body == b"halfhalf" and (second.status == 502 or second.body == b"again")
    for client in clients:
        client.close()
    assert len(http2.http2_connections) == 1


def test_an_answer_that_does_not_come_ends_one_request_alone(start, http2):
    """The request is taken back, what is under way on its connection goes on, and new requests have a new one."""
    silent, other = [], []

    def begin(request):
        request.head(200, FRESH | {"content-length": "8"})
        request.body(b"half", end=False)
        other.append(request)

    http2.on_http2("/avatars/1/46", silent.append)
    http2.on_http2("/avatars/2/46", begin)
    edge = start(http2, timeouts={"connect": "2s", "first_byte": "2s", "total": "30s"})
    patient, late = edge.connect(), edge.connect()
    patient.ask("GET", "/avatars/2/46")
    wait_until(lambda: other, "a request")
    late.ask("GET", "/avatars/1/46")
    wait_until(lambda: silent, "another request")
    response = late.response()
    assert (response.status, response.proxy_error) == (504, "http_response_timeout")
    connection = silent[0].connection
    http2.on_http2("/avatars/3/46", lambda request: request.respond(200, FRESH, b"third"))
    assert edge.get("/avatars/3/46").body == b"third"
    assert len(http2.http2_connections) == 2
    # The first connection still carries the other. (Its thread answers, when the edge has said something.)
    connection.when_heard(lambda: other[0].body(b"half"))
    assert patient.response().body == b"halfhalf"
    # With that, for libcurl sends no frame of that kind alone.
    wait_until(lambda: silent[0].stream in connection.resets, "the request is taken back")
    late.close()
    patient.close()


def test_the_origin_limits_what_is_under_way_on_a_connection(start, start_http2):
    http2 = start_http2(settings={Setting.MAX_CONCURRENT_STREAMS: 2})
    http2.http2_default = lambda request: request.respond(200, FRESH, b"picture")
    edge = start(http2)
    assert all(one.body == b"picture" for one in get_all(edge, [f"/avatars/{i}/46" for i in range(40)]))
    assert http2.http2_count() >= 40 and http2.count() == 0


def test_credentials_go_alone(start, http2):
    http2.on("/avatars/1/46", answer(200, {"Cache-Control": "private"}, b"mine", chunked=True))
    edge = start(http2)
    assert edge.get("/avatars/1/46", {"Authorization": "Basic eA=="}).body == b"mine"
    assert http2.http2_count() == 0 and http2.count() == 1


def test_an_upload_that_is_answered_early(start, http2):
    http2.on("/upload", lambda request: request.respond(413, {}, b"too large"))
    edge = start(http2)
    assert edge.request("POST", "/upload", body=picture(1 << 20)).body == b"too large"


@pytest.fixture
def http1(certificate):
    origin = HeldOrigin(tls=(certificate.file, certificate.key))
    yield origin
    origin.close()


def test_an_https_origin_without_http2(start, http1):
    http1.default = answer(200, FRESH, b"picture", chunked=True)
    edge = start(http1)
    assert all(one.body == b"picture" for one in get_all(edge, [f"/avatars/{i}/46" for i in range(20)]))
    assert http1.count() == 20
