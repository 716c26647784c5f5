"""Interim responses (RFC 9110 section 15.2) and trailers (section 6.5) of the origin."""
import pytest

from origin import answer

FRESH = {"Cache-Control": "max-age=60"}
PATH = "/avatars/1/46"
HINT = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nConnection: X-Hop\r\nX-Hop: 1\r\n\r\n"


def hinting(*interim, status=200, headers=None):
    def respond(request):
        for one in interim:
            request.send(one)
        request.respond(status, FRESH if headers is None else headers, b"picture")
    return respond


def test_who_leads_a_fill_gets_the_hints_and_the_cache_the_picture(edge, origin):
    origin.on(PATH, hinting(HINT, b"HTTP/1.1 102 Processing\r\n\r\n"))
    response = edge.get(PATH)
    assert [one.status for one in response.interim] == [103, 102]
    assert response.interim[0]["Link"] == "</a.css>; rel=preload" and "X-Hop" not in response.interim[0]
    assert response.status == 200 and response.body == b"picture"
    hit = edge.get(PATH)
    assert hit.is_hit and hit.interim == []


def test_a_pass_gets_them_as_they_come(edge, origin):
    held = origin.hold("/upload")
    client = edge.connect()
    client.ask("POST", "/upload", body=b"x")
    request = held.next()
    request.send(HINT)
    assert client.head().status == 103  # While the answer is still held back.
    request.respond(200, {}, b"done")
    assert client.response().body == b"done"
    client.close()


@pytest.mark.http1("a request of HTTP/1.0")
def test_a_client_of_http_1_0_gets_none(edge, origin):
    origin.on(PATH, hinting(HINT))
    response = edge.request("GET", PATH, version="1.0")
    assert response.status == 200 and response.interim == []


@pytest.mark.http1("pipelining")
def test_pipelined_answers_stay_in_order(edge, origin):
    origin.on(PATH, hinting(HINT))
    origin.on("/avatars/2/46", answer(200, FRESH, b"second"))
    raw = edge.raw(f"GET {PATH} HTTP/1.1\r\nHost: a\r\n\r\n".encode() +
                   b"GET /avatars/2/46 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    places = [raw.index(mark) for mark in (b" 103 ", b"picture", b"second")]
    assert places == sorted(places)


def test_100_is_ours_to_say_and_101_is_refused(edge, origin):
    origin.on(PATH, hinting(b"HTTP/1.1 100 Continue\r\n\r\n"))
    assert edge.get(PATH).interim == []
    origin.on("/avatars/2/46", lambda request: request.send(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"))
    assert edge.get("/avatars/2/46").status == 502


def test_no_more_than_a_handful(edge, origin):
    origin.on(PATH, hinting(*[HINT] * 20))
    response = edge.get(PATH)
    assert response.status == 200 and len(response.interim) == 8
    origin.on("/avatars/2/46", hinting(*[HINT] * 2000))
    assert edge.get("/avatars/2/46").status == 502


def test_trailers_end_here(edge, origin):
    def trailing(request):
        request.send(b"HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n"
                     b"7\r\npicture\r\n0\r\nX-Sum: 1\r\n\r\n")
        request.finish()

    origin.on(PATH, trailing)
    for _ in range(2):
        response = edge.get(PATH)
        assert response.body == b"picture" and "X-Sum" not in response and "Trailer" not in response
    origin.on("/upload", trailing)
    with edge.connect() as client:
        for _ in range(2):
            assert client.request("POST", "/upload", body=b"x").body == b"picture"
