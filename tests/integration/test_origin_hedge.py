"""A fill that is late is asked of another URL as well (origin.hedge_after), and the first good answer is taken."""
import itertools

import pytest

from edge import wait_until
from origin import answer

FRESH = {"Cache-Control": "max-age=3600"}


@pytest.fixture
def start(start_edge, origin, other):
    def start(**settings):
        return start_edge([origin, other], {"workers": 1, "origin": {
            "hedge_after": "50ms", "outlier": {"failures": 0}, "breaker": {"failed_share": 0}} | settings})
    return start


def hold_both(origin, other, target):
    """As requests come, on whichever URL: next() is the first, then the second."""
    held = [url.hold(target) for url in (origin, other)]

    def arrive():
        for one in itertools.cycle(held):
            wait_until(lambda: not all(each.is_empty for each in held), "a request")
            if not one.is_empty:
                yield one.next()
    return arrive()


@pytest.mark.parametrize("winner", ["first", "second"])
def test_the_first_good_answer_is_taken_and_the_other_given_up(start, origin, other, winner):
    edge = start()
    arrivals = hold_both(origin, other, "/avatars/1/46")
    with edge.connect() as client:
        client.ask("GET", "/avatars/1/46")
        first, second = next(arrivals), next(arrivals)
        assert first.connection.getsockname() != second.connection.getsockname()
        taken, left = (first, second) if winner == "first" else (second, first)
        taken.respond(200, FRESH, winner.encode())
        response = client.response()
        assert response.body == winner.encode() and response.cache_status["fwd"] == "uri-miss"
        left.wait_for_abandonment()
    assert edge.get("/avatars/1/46").is_hit
    assert edge.metric("origin_retries_total", why="hedged") == 1
    assert edge.metric("origin_hedges_won_total") == (winner == "second")
    assert edge.metric("origin_requests_total", end="2xx") == 1 and edge.metric("origin_requests_in_flight") == 0


@pytest.mark.parametrize("fails", [answer(503, {}, b"broken"), lambda request: request.close()], ids=["503", "closed"])
def test_what_fails_does_not_win(start, origin, other, fails):
    edge = start()
    arrivals = hold_both(origin, other, "/avatars/1/46")
    with edge.connect() as client:
        client.ask("GET", "/avatars/1/46")
        first, second = next(arrivals), next(arrivals)
        fails(first)
        second.respond(200, FRESH, b"picture")
        assert client.response().body == b"picture"
    assert edge.metric("origin_retries_total", why="failed") == 0


def test_a_second_attempt_beside_the_first_makes_nothing_fresher(start, origin, other):
    """An update that comes after the first was asked overtakes what either brings (PROTOCOL R1), though the second was
    asked later."""
    edge = start()
    arrivals = hold_both(origin, other, "/avatars/1/46")
    with edge.connect() as client:
        client.ask("GET", "/avatars/1/46")
        next(arrivals)
        second = next(arrivals)
        assert edge.admin("POST", "/updates", body=b'{"avatar": "1"}').status == 200
        second.respond(200, FRESH, b"old")
        response = client.response()
        assert response.body == b"old" and response.cache_status["detail"] == "voided"
    for url in (origin, other):
        url.on("/avatars/1/46", answer(200, FRESH, b"new"))
    assert edge.get("/avatars/1/46").body == b"new"


@pytest.mark.parametrize("method, body", [("PUT", b"new"), ("DELETE", None), ("POST", b"")])
def test_an_unsafe_request_is_sent_once(start, origin, other, method, body):
    """Held until a fill that began after it has been hedged."""
    edge = start()
    upload = hold_both(origin, other, "/avatars/2")
    with edge.connect() as client, edge.connect() as reader:
        client.ask(method, "/avatars/2", body=body)
        held = next(upload)
        arrivals = hold_both(origin, other, "/avatars/1/46")
        reader.ask("GET", "/avatars/1/46")
        next(arrivals), next(arrivals).respond(200, FRESH, b"picture")
        assert reader.response().body == b"picture"
        held.respond(200)
        assert client.response().status == 200
    assert origin.count("/avatars/2") + other.count("/avatars/2") == 1


def test_a_reload_switches_it_off(start, origin, other):
    edge = start(timeouts={"connect": "1s", "first_byte": "1s", "total": "2s"})
    assert edge.reload({"origin": {"hedge_after": "0s"}}) == "ok"
    hold_both(origin, other, "/avatars/1/46")
    assert edge.get("/avatars/1/46").status == 504
    assert origin.count("/avatars/1/46") + other.count("/avatars/1/46") == 1
