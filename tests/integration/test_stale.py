"""Stale answers: while they are revalidated, and in place of an origin's failure (RFC 5861); and when there are none."""
import pytest

from edge import wait_until
from origin import answer

# Stale on arrival, so that no test need wait for anything to become so.
STALE = {"Cache-Control": "max-age=60, stale-while-revalidate=600, stale-if-error=600", "Age": "100", "ETag": '"v1"'}
FRESH = {"Cache-Control": "max-age=60", "ETag": '"v2"'}
PATH = "/avatars/1/46"


@pytest.fixture
def stale(edge, origin):
    """The edge holds a stale response."""
    origin.on(PATH, answer(200, STALE, b"old"))
    assert edge.get(PATH).body == b"old"
    return edge


def test_nobody_waits_for_a_revalidation_and_there_is_one(stale, origin):
    held = origin.hold(PATH)
    for _ in range(5):
        response = stale.get(PATH)
        assert response.body == b"old" and response.is_hit
        assert response.cache_status["detail"] == "stale-while-revalidate"
        assert int(response.cache_status["ttl"]) <= -40 and int(response["Age"]) >= 100
    request = held.next()
    assert request.get("If-None-Match") == '"v1"' and held.is_empty
    request.respond(200, FRESH, b"new")
    wait_until(lambda: stale.get(PATH).body == b"new", "the refreshed response")
    assert origin.count(PATH) == 2
    assert stale.metric("requests_total", outcome="stale") >= 5


def test_a_304_behind_the_answer_makes_it_fresh(stale, origin):
    origin.on(PATH, answer(304, FRESH | {"ETag": '"v1"'}))
    assert stale.get(PATH).body == b"old"
    wait_until(lambda: "detail" not in stale.get(PATH).cache_status, "a fresh response")
    assert stale.get(PATH).is_hit and origin.count(PATH) == 2


def test_a_304_behind_the_answer_may_end_it(stale, origin):
    origin.on(PATH, lambda request: request.respond(
        304 if request.get("If-None-Match") else 200, {"Cache-Control": "private", "ETag": '"v1"'}, b"mine"))
    assert stale.get(PATH).body == b"old"
    wait_until(lambda: stale.get(PATH).body == b"mine", "the stale response to go")
    assert not stale.get(PATH).is_hit


def test_an_update_ends_it_even_while_it_is_revalidated(stale, origin):
    held = origin.hold(PATH)
    assert stale.get(PATH).body == b"old"
    refresh = held.next()
    assert stale.update("1")["fills"] == 1
    client = stale.connect()
    client.ask("GET", PATH)
    fill = held.next()
    refresh.respond(304, FRESH | {"ETag": '"v1"'})
    fill.respond(200, FRESH, b"new")
    assert client.response().body == b"new"
    assert stale.get(PATH).body == b"new"
    client.close()


def test_a_soft_purge_wants_the_origin_asked_before_the_next_use(stale, origin):
    origin.on(PATH, answer(200, FRESH, b"new"))
    stale.purge(avatar="1", soft=True)
    response = stale.get(PATH)
    assert response.body == b"new" and response.cache_status["fwd"] == "stale"


@pytest.mark.parametrize("fault", ["500", "502", "503", "504", "refused", "closed", "cut off"])
def test_a_stale_response_stands_in_for_a_failing_origin(start_edge, origin, fault):
    edge = start_edge([origin])
    origin.on(PATH, answer(200, STALE | {"Cache-Control": "max-age=60, stale-if-error=600"}, b"old"))
    edge.get(PATH)
    if fault == "closed":
        origin.on(PATH, lambda request: request.close())
    elif fault == "cut off":
        origin.on(PATH, lambda request: (request.send_head(200, FRESH, length=10), request.send(b"ne"), request.close()))
    elif fault == "refused":
        origin.close()
    else:
        origin.on(PATH, answer(int(fault), {}, b"trouble"))
    for _ in range(2):
        response = edge.get(PATH)
        assert response.status == 200 and response.body == b"old"
        assert int(response["Age"]) >= 100 and response.cache_status["detail"] == "stale-if-error"
        # RFC 9211 section 2.1: what could not be used without asking is a hit only where nobody answered.
        answered = (response.cache_status.get("fwd"), response.cache_status.get("fwd-status"))
        assert answered == (("stale", fault) if fault.isdigit() else (None, None))
        assert response.is_hit == (not fault.isdigit())
    assert edge.metric("fills_total", end="failed") == 2


def test_a_stale_response_stands_in_for_an_origin_that_is_too_late(start_edge, origin):
    edge = start_edge([origin], {"origin": {"timeouts": {"connect": "100ms", "first_byte": "100ms"}}})
    origin.on(PATH, answer(200, STALE | {"Cache-Control": "max-age=60, stale-if-error=600"}, b"old"))
    edge.get(PATH)
    origin.hold(PATH)
    assert edge.get(PATH).body == b"old"


def test_404_is_an_answer_and_not_a_failure(edge, origin):
    origin.on(PATH, answer(200, STALE | {"Cache-Control": "max-age=60, stale-if-error=600"}, b"old"))
    edge.get(PATH)
    origin.on(PATH, answer(404, {}, b"gone"))
    assert edge.get(PATH).status == 404


def test_what_an_update_has_overtaken_stands_in_for_nothing(edge, origin):
    """Not even for those who asked before the update."""
    origin.on(PATH, answer(200, STALE | {"Cache-Control": "max-age=60, stale-if-error=600"}, b"old"))
    edge.get(PATH)
    held = origin.hold(PATH)
    client = edge.connect()
    client.ask("GET", PATH)
    revalidation = held.next()
    edge.update("1")
    revalidation.respond(503, {}, b"trouble")
    response = client.response()
    assert response.status == 503 and response.body == b"trouble"
    client.close()


@pytest.mark.parametrize("directive", ["must-revalidate", "proxy-revalidate", "no-cache", "s-maxage=60"])
def test_the_response_may_forbid_it_whatever_the_configuration_says(start_edge, origin, directive):
    edge = start_edge([origin], {"cache": {"stale_while_revalidate": "1h", "stale_if_error": "1h"}})
    origin.on(PATH, answer(200, {"Cache-Control": f"max-age=60, {directive}", "Age": "100", "ETag": '"v1"'}, b"old"))
    edge.get(PATH)
    origin.on(PATH, answer(503, {}, b"trouble"))
    assert edge.get(PATH).status == 503


def test_the_configuration_speaks_where_the_response_does_not(start_edge, origin):
    edge = start_edge([origin], {"cache": {"stale_while_revalidate": "1h"}})
    origin.on(PATH, answer(200, {"Cache-Control": "max-age=60", "Age": "100", "ETag": '"v1"'}, b"old"))
    edge.get(PATH)
    assert edge.get(PATH).cache_status["detail"] == "stale-while-revalidate"
    origin.on("/avatars/2/46", answer(200, {
        "Cache-Control": "max-age=60, stale-while-revalidate=10", "Age": "100"}, b"old"))
    edge.get("/avatars/2/46")
    assert edge.get("/avatars/2/46").cache_status["fwd"] == "stale"
