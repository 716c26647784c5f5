"""HTTP/1.1 and 1.0 with clients: RFC 9110 and RFC 9112, and the limits."""

import pytest

from client import Incomplete
from edge import wait_for_standstill
from origin import Flood, answer

FRESH = {"Cache-Control": "max-age=60"}


def echo(request):
    request.respond(200, {"Cache-Control": "no-store", "X-Method": request.method,
                          "X-Chunked": str(request.was_chunked)}, request.body)


@pytest.fixture
def front(origin, edge):
    """The edge, with a small picture and an echo behind it."""
    origin.on("/avatars/1/46", answer(200, FRESH | {"ETag": '"one"'}, b"picture"))
    for target in ("/echo", "/avatars/9"):
        origin.on(target, echo)
    return edge


def test_a_connection_serves_one_request_after_another(front):
    with front.connect() as client:
        for _ in range(5):
            assert client.get("/avatars/1/46").body == b"picture"


def test_pipelined_requests_are_answered_in_their_order(front, origin):
    origin.on("/slow", answer(200, FRESH, b"slow"))
    with front.connect() as client:
        client.ask("GET", "/slow")
        client.ask("PUT", "/echo", body=b"upload")
        client.ask("HEAD", "/avatars/1/46")
        client.ask("GET", "/avatars/1/46")
        answers = [client.response(method) for method in ("GET", "PUT", "HEAD", "GET")]
    assert [one.body for one in answers] == [b"slow", b"upload", b"", b"picture"]


def test_many_pipelined_hits_all_come(front):
    front.get("/avatars/1/46")
    with front.connect() as client:
        client.send(b"GET /avatars/1/46 HTTP/1.1\r\nHost: e\r\n\r\n" * 2000)
        for _ in range(2000):
            assert client.response().body == b"picture"


def test_requests_behind_one_that_waits_are_kept(front, origin):
    held = origin.hold("/avatars/2/46")
    with front.connect() as client:
        client.ask("GET", "/avatars/2/46")
        request = held.next()
        client.send(b"GET /avatars/1/46 HTTP/1.1\r\nHost: e\r\n\r\n" * 500)
        request.respond(200, FRESH, b"late")
        assert client.response().body == b"late"
        for _ in range(500):
            assert client.response().body == b"picture"


def test_head_has_the_fields_of_get_and_no_body(front):
    full = front.get("/avatars/1/46")
    with front.connect() as client:
        head = client.request("HEAD", "/avatars/1/46")
        assert head.status == 200 and head.body == b""
        assert head["Content-Length"] == full["Content-Length"] == "7"
        assert head["ETag"] == '"one"'
        assert client.get("/avatars/1/46").body == b"picture"  # Nothing of a body was left on the connection.


def test_http_1_0_closes_unless_asked_to_stay(front):
    with front.connect() as client:
        response = client.request("GET", "/avatars/1/46", version="1.0")
        assert response.status == 200 and response.body == b"picture"
        assert client.is_closed()
    with front.connect() as client:
        for _ in range(2):
            response = client.request("GET", "/avatars/1/46", {"Connection": "keep-alive"}, version="1.0")
            assert response["Connection"].lower() == "keep-alive"


def test_http_1_0_gets_no_chunks(front, origin):
    origin.on("/stream", answer(200, {"Cache-Control": "no-store"}, b"x" * 100_000, chunked=True))
    with front.connect() as client:
        response = client.request("GET", "/stream", version="1.0")
        assert "Transfer-Encoding" not in response and response.body == b"x" * 100_000
    with front.connect() as client:
        response = client.request("GET", "/stream")
        assert response["Transfer-Encoding"] == "chunked" and response.body == b"x" * 100_000


def test_connection_close_is_honoured_and_said(front):
    with front.connect() as client:
        response = client.get("/avatars/1/46", {"Connection": "close"})
        assert response["Connection"] == "close"
        assert client.is_closed()


@pytest.mark.parametrize("size", [0, 1, 70_000, 3_000_000])
@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_a_sized_body_reaches_the_origin_as_it_is(front, method, size):
    body = bytes(i % 251 for i in range(size))
    with front.connect() as client:
        response = client.request(method, "/echo", body=body)
        assert response.status == 200 and response.body == body and response["X-Method"] == method
        assert response.cache_status["fwd"] == "method"
        assert client.get("/avatars/1/46").body == b"picture"


def test_a_chunked_body_reaches_the_origin(front):
    with front.connect() as client:
        client.ask("PUT", "/echo", {"Transfer-Encoding": "chunked"}, body=b"")
        for piece in (b"a", b"bc" * 5000, b"d"):
            client.send(b"%x;extension=1\r\n%s\r\n" % (len(piece), piece))
        client.send(b"0\r\nTrailer: is dropped\r\nX: " + bytes(8000).replace(b"\0", b"y") + b"\r\n\r\n")
        response = client.response("PUT")
        assert response.body == b"a" + b"bc" * 5000 + b"d"
        assert client.get("/avatars/1/46").body == b"picture"


def test_a_client_that_expects_100_gets_it_before_it_sends_the_body(front):
    with front.connect() as client:
        client.ask("PUT", "/echo", {"Expect": "100-continue", "Content-Length": "5"})
        assert client.head().status == 100
        client.send(b"hello")
        assert client.response("PUT").body == b"hello"


def test_a_refusal_comes_instead_of_100(start_edge, origin):
    edge = start_edge([origin], {"http": {"body_bytes_max": "1KiB"}})
    with edge.connect() as client:
        client.ask("PUT", "/echo", {"Expect": "100-continue", "Content-Length": "5000"})
        response = client.response("PUT")
        assert response.status == 413 and not response.interim


def test_any_split_of_a_request_is_understood(front, origin):
    message = b"PUT /echo HTTP/1.1\r\nHost: edge.test\r\nX-Some: thing\r\nTransfer-Encoding: chunked\r\n\r\n" \
              b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\nGET /avatars/1/46 HTTP/1.1\r\nHost: e\r\n\r\n"
    with front.connect() as client:
        for i in range(len(message)):
            client.send(message[i:i + 1])
        assert client.response("PUT").body == b"hello world"
        assert client.response().body == b"picture"
    for cut in range(1, len(message), 7):
        with front.connect() as client:
            client.send(message[:cut])
            client.send(message[cut:])
            assert client.response("PUT").body == b"hello world"
            assert client.response().body == b"picture"
    assert origin.last("/echo").get("X-Some") == "thing"


def test_hop_by_hop_fields_stay_on_their_hop(front, origin):
    origin.on("/hop", answer(200, {"Cache-Control": "no-store", "Connection": "X-Private, keep-alive",
                                   "X-Private": "1", "Keep-Alive": "timeout=5", "X-Public": "2"}, b"."))
    response = front.get("/hop", {"Connection": "X-Mine", "X-Mine": "3", "TE": "trailers", "X-Yours": "4"})
    request = origin.last("/hop")
    assert request.get("X-Mine") is None and request.get("X-Yours") == "4"
    assert request.get("Via") == "1.1 avatar-edge"
    assert "X-Private" not in response and "Keep-Alive" not in response and response["X-Public"] == "2"


@pytest.mark.parametrize("message", [
    pytest.param(b"GET /avatars/1 46 HTTP/1.1\r\nHost: e\r\n\r\n", id="space in target"),
    pytest.param(b"GET avatars/1/46 HTTP/1.1\r\nHost: e\r\n\r\n", id="target without slash"),
    pytest.param(b"GET / HTTP/1.1\r\n\r\n", id="Host missing"),
    pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", id="two Hosts"),
    pytest.param(b"GET / HTTP/1.1\r\nHost: e\r\nX: 1\r\n folded\r\n\r\n", id="folded line"),
    pytest.param(b"GET / HTTP/1.1\r\nHost: e\r\nX : 1\r\n\r\n", id="space before colon"),
    pytest.param(b"GET / HTTP/1.1\r\nHost: e\r\nX\r\n\r\n", id="no colon"),
    pytest.param(b"GET / HTTP/1.1\r\nHost: e\r\nX: a\0b\r\n\r\n", id="NUL in a value"),
    pytest.param(b"PUT / HTTP/1.1\r\nHost: e\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", id="two lengths"),
    pytest.param(b"PUT / HTTP/1.1\r\nHost: e\r\nContent-Length: 5x\r\n\r\nabcde", id="malformed length"),
    pytest.param(b"PUT / HTTP/1.1\r\nHost: e\r\nContent-Length: +5\r\n\r\nabcde", id="signed length"),
    pytest.param(b"PUT / HTTP/1.1\r\nHost: e\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                 id="length and chunked"),
    pytest.param(b"PUT / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", id="chunked in 1.0"),
    pytest.param(b"PUT /echo HTTP/1.1\r\nHost: e\r\nTransfer-Encoding: chunked, x\r\n\r\n0\r\n\r\n", id="not last"),
])
def test_a_malformed_request_is_400_and_the_end_of_its_connection(front, origin, message):
    with front.connect() as client:
        client.send(message)
        response = client.response()
        assert response.status == 400
        assert response["Connection"] == "close" and response.proxy_error == "http_request_error"
        assert client.is_closed()
    assert origin.count() == 0
    assert front.metric("malformed_requests_total") >= 0


def test_a_malformed_chunk_never_completes_a_request_at_the_origin(front, origin):
    with front.connect() as client:
        client.ask("PUT", "/echo", {"Transfer-Encoding": "chunked"}, body=b"")
        client.send(b"5\r\nhello\r\nzz\r\n\r\n")
        try:
            assert client.response("PUT").status == 400
        except Incomplete:
            pass
    assert origin.count("/echo") == 0


@pytest.mark.parametrize("line", [b"nonsense", b"GET", b"GET /avatars/1/46", b"\x16\x03\x01\x02\x00\x01\x00"], ids=repr)
def test_what_has_no_request_line_is_refused(front, origin, line):
    status = int(front.raw(line + b"\r\n\r\n").split(b" ")[1])
    assert status in (400, 501, 505) and origin.count() == 0


def test_what_is_not_implemented_is_said(front):
    assert front.raw(b"BREW / HTTP/1.1\r\nHost: e\r\n\r\n").startswith(b"HTTP/1.1 501 ")
    assert front.raw(b"GET / HTTP/2.0\r\nHost: e\r\n\r\n").startswith(b"HTTP/1.1 505 ")
    assert front.raw(b"PUT / HTTP/1.1\r\nHost: e\r\nExpect: coffee\r\n\r\n").startswith(b"HTTP/1.1 417 ")
    assert front.request("TRACE", "/").status == 405


# --- Limits ---


@pytest.fixture
def strict(start_edge, origin):
    """An edge with small limits."""
    origin.on("/avatars/1/46", answer(200, FRESH, b"picture"))
    origin.on("/echo", echo)
    return start_edge([origin], {"http": {
        "header_bytes_max": "2KiB", "header_count_max": 10, "target_bytes_max": "100B", "body_bytes_max": "4KiB",
        "requests_per_connection_max": 3, "timeouts": {"header": "300ms", "body": "300ms", "idle": "300ms"}}})


def test_too_many_or_too_large_fields_are_431(strict):
    def limit(name):
        return strict.metric("limits_reached_total", limit=name)

    assert strict.get("/avatars/1/46", {f"X-{i}": "1" for i in range(9)}).status == 200
    assert strict.get("/avatars/1/46", {f"X-{i}": "1" for i in range(10)}).status == 431
    assert limit("header_count") == 1
    assert strict.get("/avatars/1/46", {"X": "a" * 1500}).status == 200
    assert strict.get("/avatars/1/46", {"X": "a" * 2500}).status == 431
    assert strict.get("/avatars/1/46", {"N" * 2500: "a"}).status == 431
    assert limit("header_bytes") == 2


def test_a_long_target_is_414(strict):
    assert strict.get("/avatars/1/46?" + "q" * 80).status == 404
    response = strict.get("/avatars/1/46?" + "q" * 100)
    assert response.status == 414 and response["Connection"] == "close"
    assert strict.metric("limits_reached_total", limit="target_length") == 1


def test_a_large_body_is_413_however_it_is_sent(strict, origin):
    assert strict.request("PUT", "/echo", body=b"x" * 4096).status == 200
    assert strict.request("PUT", "/echo", body=b"x" * 4097).status == 413
    with strict.connect() as client:
        client.ask("PUT", "/echo", {"Transfer-Encoding": "chunked"}, body=b"")
        client.send(b"1001\r\n" + b"x" * 0x1001 + b"\r\n0\r\n\r\n")
        assert client.response("PUT").status == 413
    assert origin.count("/echo") == 1
    assert strict.metric("limits_reached_total", limit="body_bytes") == 2


def test_a_slow_head_is_408(strict):
    with strict.connect() as client:
        client.send(b"GET /avatars/1/46 HTTP/1.1\r\nHost: ")
        assert client.response().status == 408
        assert client.is_closed()
    assert strict.metric("limits_reached_total", limit="header_timeout") == 1


def test_a_stalled_body_is_408(strict):
    with strict.connect() as client:
        client.ask("PUT", "/echo", {"Content-Length": "10"})
        client.send(b"12345")
        assert client.response("PUT").status == 408
        assert client.is_closed()
    assert strict.metric("limits_reached_total", limit="body_timeout") == 1


def test_an_idle_connection_is_closed_without_a_word(strict):
    with strict.connect() as client:
        assert client.get("/avatars/1/46").status == 200
        assert client.is_closed()
    with strict.connect() as client:
        assert client.is_closed()
    strict.wait_for_metric(lambda count: count == 2, "limits_reached_total", limit="idle_timeout")


def test_a_connection_ends_with_its_last_request(strict):
    with strict.connect() as client:
        answers = [client.get("/avatars/1/46") for _ in range(3)]
        assert ["Connection" in one for one in answers] == [False, False, True]
        assert client.is_closed()
    assert strict.metric("limits_reached_total", limit="requests_per_connection") == 1


def test_one_connection_too_many_is_503(start_edge, origin):
    origin.on("/avatars/1/46", answer(200, FRESH, b"picture"))
    edge = start_edge([origin], {"workers": 1, "http": {"connections_max": 2}})
    clients = [edge.connect() for _ in range(2)]
    assert all(client.get("/avatars/1/46").status == 200 for client in clients)
    with edge.connect() as client:
        response = client.response()
        assert response.status == 503 and "Retry-After" in response
        assert client.is_closed()
    assert edge.metric("limits_reached_total", limit="connections") == 1
    clients.pop().close()
    edge.wait_for_metric(lambda open: open <= 2, "connections_open")
    for client in clients:
        client.close()


def test_a_client_that_goes_away_is_counted_and_harms_nobody(front, origin):
    held = origin.hold("/avatars/3/46")
    client = front.connect()
    client.ask("GET", "/avatars/3/46")
    request = held.next()
    client.close()
    front.wait_for_metric(lambda count: count == 1, "client_aborts_total")
    request.respond(200, FRESH, b"for the next one")
    assert front.get("/avatars/3/46").body == b"for the next one"
    assert origin.count("/avatars/3/46") == 1


def test_a_client_that_reads_slowly_holds_back_the_origin(front, origin):
    flood = Flood(64 << 20)
    origin.on("/flood", flood)
    with front.connect() as client:
        client.ask("GET", "/flood")
        response = client.head()
        # It comes to a stand while nobody reads: what is on its way fits the buffers of the sockets and the edge.
        wait_for_standstill(lambda: flood.sent)
        assert flood.sent < flood.size
        assert front.resident_bytes() < 512 << 20
        client.read_body(response)
        assert len(response.body) == flood.size
