"""How the origin is kept from harm, and clients from an origin that is in trouble: ejection, breaker, retries, checks."""
import contextlib

import pytest

from edge import wait_until
from origin import Held, HeldOrigin, answer

FRESH = {"Cache-Control": "max-age=3600"}
PICTURE = answer(200, FRESH, b"picture")
BROKEN = answer(503, {}, b"broken")


def settings(**origin):
    """One worker, so that one sees everything."""
    return {"workers": 1, "origin": origin}


# --- Ejection ---


def close(request):
    request.close()


@pytest.mark.parametrize("fails", [BROKEN, answer(502), answer(504), close], ids=["503", "502", "504", "closed"])
def test_a_url_that_fails_again_and_again_is_left_out(start_edge, origin, other, fails):
    edge = start_edge([origin, other], settings(eject="1h", outlier={"failures": 3, "eject_max": "1h"}))
    origin.default, other.default = fails, PICTURE
    for i in range(20):
        edge.get(f"/avatars/{i}/46")
    assert origin.count() == 3
    assert edge.metric("origin_ejections_total", cause="failures") == 1 and edge.metric("origin_urls_ejected") == 1
    assert edge.get("/avatars/one-more/46").body == b"picture"


def test_a_url_that_is_well_again_gets_its_share_back(start_edge, origin, other):
    edge = start_edge([origin, other], settings(eject="10ms", outlier={"failures": 1}))
    origin.default, other.default = BROKEN, PICTURE
    numbers = iter(range(1_000_000))
    wait_until(lambda: edge.get(f"/avatars/{next(numbers)}/46") and edge.metric("origin_urls_ejected") == 1, "ejection")
    origin.default = PICTURE
    wait_until(lambda: edge.get(f"/avatars/{next(numbers)}/46") and edge.metric("origin_urls_ejected") == 0, "return")
    before = origin.count()
    for _ in range(10):
        assert edge.get(f"/avatars/{next(numbers)}/46").body == b"picture"
    assert origin.count() > before


def test_the_only_url_and_errors_of_single_pictures_eject_nobody(start_edge, origin, other):
    edge = start_edge([origin, other], settings(eject="1h", outlier={"failures": 1, "eject_max": "1h"}))
    origin.default = other.default = answer(500, {}, b"this one")
    for i in range(6):
        assert edge.get(f"/avatars/{i}/46").status == 500
    assert origin.count() == other.count() == 3
    alone = start_edge([origin], settings(eject="1h", outlier={"failures": 1, "eject_max": "1h"}))
    origin.default = BROKEN
    assert [alone.get(f"/avatars/{i}/46").status for i in range(3)] == [503] * 3
    assert alone.metric("origin_urls_ejected") == 0 and alone.metric("origin_ejections_withheld_total") == 3


# --- The breaker ---

QUICK = {"connect": "300ms", "first_byte": "300ms", "total": "600ms"}
STAYS_OPEN = {"fetches_min": 4, "open": "1h", "open_max": "1h"}


def is_open(edge):
    return edge.metric("origin_breaker_workers", state="open") == 1


def break_until(edge, is_so, what, targets=iter(f"/avatars/miss-{i}/46" for i in range(1_000_000))):
    """Asks for what is not held until something is so; answers the statuses in their order, repetitions left out."""
    statuses = []

    def ask():
        status = edge.get(next(targets)).status
        if statuses[-1:] != [status]:
            statuses.append(status)
        return is_so()

    wait_until(ask, what)
    return statuses


@pytest.mark.parametrize("fails, status", [("silent", 504), ("gone", 502), ("closed", 502), ("busy", 503)])
def test_an_origin_that_fails_is_left_alone_and_found_again(start_edge, origin, fails, status):
    """Hits are answered all the time; misses fail as the origin does, then at once, and by themselves no more."""
    edge = start_edge([origin], settings(timeouts=QUICK if fails == "silent" else {}, breaker={"fetches_min": 4}))
    origin.default = PICTURE
    assert edge.get("/avatars/held/46").body == b"picture"
    if fails == "gone":
        port = origin.port
        origin.close()
    else:
        origin.default = {"silent": lambda request: None, "closed": close, "busy": BROKEN}[fails]

    def check_hit():
        hit = edge.get("/avatars/held/46")
        assert hit.body == b"picture" and hit.is_hit
        return True

    said = break_until(edge, lambda: check_hit() and edge.metric("origin_breaker_refused_total") > 0, "a refusal")
    assert said[0] == status and said[-1] == 503
    assert edge.metric("origin_breaker_transitions_total", to="open") >= 1
    if fails == "gone":
        origin = HeldOrigin(port=port)
    origin.default = PICTURE
    said = break_until(edge, lambda: check_hit() and edge.metric("origin_breaker_workers", state="closed") == 1,
                       "that it closes")
    assert said[-1] == 200
    assert not edge.status()["degraded"]
    origin.close()


def test_a_breaker_is_half_open_while_a_probe_is_under_way(start_edge, origin):
    edge = start_edge([origin], settings(timeouts={"first_byte": "30s"},
                                         breaker={"fetches_min": 4, "open": "100ms", "open_max": "100ms"}))
    origin.default = BROKEN
    break_until(edge, lambda: edge.metric("origin_breaker_transitions_total", to="open") >= 1, "the breaker")
    held = origin.default = Held()
    with contextlib.ExitStack() as clients:
        def ask():
            clients.enter_context(edge.connect()).ask("GET", "/avatars/probe/46")
            return not held.is_empty

        wait_until(ask, "a probe")
        assert edge.metric("origin_breaker_workers", state="half_open") == 1
        origin.default = PICTURE
        held.next().respond(200, FRESH, b"picture")
        break_until(edge, lambda: edge.metric("origin_breaker_workers", state="closed") == 1, "that it closes")


def test_what_an_open_breaker_answers(start_edge, origin):
    edge = start_edge([origin], settings(breaker=STAYS_OPEN))
    origin.default = BROKEN
    break_until(edge, lambda: is_open(edge), "the breaker")
    asked = origin.count()
    response = edge.get("/avatars/1/46")
    assert response.status == 503 and response.proxy_error == "destination_unavailable"
    assert 2000 < int(response["Retry-After"]) <= 3600
    assert response.cache_status["detail"] == "destination_unavailable"
    assert edge.get("/avatars/1/46", {"Authorization": "Basic eA=="}).status == 503
    assert origin.count() == asked
    status = edge.status()
    assert status["degraded"] and status["degraded_reasons"][0].startswith("no_origin")
    assert edge.metric("degraded", reason="no_origin") == 1
    assert edge.metric("origin_breaker_refused_total") == 2


def test_an_upload_that_the_breaker_refuses_changes_nothing(start_edge, origin):
    edge = start_edge([origin], settings(breaker=STAYS_OPEN))
    origin.on("/avatars/1/46", PICTURE)
    assert edge.get("/avatars/1/46").body == b"picture"
    origin.default = BROKEN
    break_until(edge, lambda: is_open(edge), "the breaker")
    for method in ("PUT", "DELETE"):
        response = edge.request(method, "/avatars/1", body=b"new" if method == "PUT" else None)
        assert (response.status, response.proxy_error) == (503, "destination_unavailable")
    assert edge.metric("invalidations_total", kind="unsafe_request") == 0
    assert edge.get("/avatars/1/46").is_hit


def test_what_is_stale_stands_in_while_the_breaker_is_open(start_edge, origin):
    edge = start_edge([origin], settings(breaker=STAYS_OPEN))
    origin.on("/avatars/1/46", answer(200, {"Cache-Control": "max-age=60, stale-if-error=600", "Age": "100"}, b"old"))
    assert edge.get("/avatars/1/46").body == b"old"
    origin.default = BROKEN
    break_until(edge, lambda: is_open(edge), "the breaker")
    asked = origin.count("/avatars/1/46")
    response = edge.get("/avatars/1/46")
    assert response.status == 200 and response.body == b"old"
    assert origin.count("/avatars/1/46") == asked


def test_errors_of_single_pictures_and_a_breaker_that_is_off_refuse_nobody(start_edge, origin):
    edge = start_edge([origin], settings(breaker=STAYS_OPEN))
    origin.default = answer(500, {}, b"this one")
    assert all(edge.get(f"/avatars/{i}/46").status == 500 for i in range(8))
    off = start_edge([origin], settings(breaker=STAYS_OPEN | {"failed_share": 0}))
    origin.default = BROKEN
    assert all(off.get(f"/avatars/{i}/46").body == b"broken" for i in range(8))


def test_one_broken_picture_harms_no_others(start_edge, origin, other):
    """However often, and under whatever query, it is asked for."""
    edge = start_edge([origin, other], settings(breaker=STAYS_OPEN, eject="1h", outlier={"failures": 2, "eject_max": "1h"}))
    for url in (origin, other):
        url.default = lambda request: request.respond(503 if request.target.startswith("/avatars/broken/") else 200, FRESH)
    for i in range(20):
        assert edge.get(f"/avatars/broken/46?{i}").status == 503
    assert edge.get("/avatars/well/46").status == 200
    assert edge.metric("origin_breaker_workers", state="closed") == 1 and edge.metric("origin_urls_ejected") == 0


# --- Further attempts ---


@pytest.mark.parametrize("fails", [BROKEN, close], ids=["503", "closed"])
def test_a_miss_that_one_url_fails_is_answered_by_another(start_edge, origin, other, fails):
    edge = start_edge([origin, other], settings(outlier={"failures": 0}))
    origin.default, other.default = fails, PICTURE
    for i in range(10):
        assert edge.get(f"/avatars/{i}/46").body == b"picture"
    assert origin.count() == 5 and other.count() == 10
    assert edge.metric("origin_retries_total", why="failed") == 5
    # It may have been done the first time.
    statuses = {edge.request("PUT", f"/avatars/{i}", body=b"new").status for i in range(2)}
    assert len(statuses) == 2 and other.count() == 11


def test_further_attempts_are_a_share_of_all(start_edge, origin, other):
    edge = start_edge([origin, other], settings(outlier={"failures": 0}, retries={"share": 10, "per_second_min": 0},
                                                breaker={"failed_share": 0}))
    origin.default = other.default = PICTURE
    for i in range(20):
        edge.get(f"/avatars/well-{i}/46")
    origin.default = other.default = BROKEN
    for i in range(20):
        assert edge.get(f"/avatars/{i}/46").status == 503
    made, refused = (edge.metric("origin_retries_total", why=why) for why in ("failed", "refused"))
    # At most a tenth of what was asked, however slowly.
    assert made <= 4 and made + refused == 20


def test_a_second_attempt_makes_nothing_fresher(start_edge, origin, other):
    """An update that comes between the two attempts overtakes what the second brings (PROTOCOL R1)."""
    edge = start_edge([origin, other], settings())
    held, brought = origin.hold("/avatars/1/46"), other.hold("/avatars/1/46")
    with edge.connect() as client:
        client.ask("GET", "/avatars/1/46")
        wait_until(lambda: not (held.is_empty and brought.is_empty), "the first attempt")
        (brought if held.is_empty else held).next().respond(503)
        wait_until(lambda: not (held.is_empty and brought.is_empty), "the second attempt")
        assert edge.admin("POST", "/updates", body=b'{"avatar": "1"}').status == 200
        (brought if held.is_empty else held).next().respond(200, FRESH, b"old")
        assert client.response().body == b"old"
    origin.on("/avatars/1/46", answer(200, FRESH, b"new"))
    other.on("/avatars/1/46", answer(200, FRESH, b"new"))
    assert edge.get("/avatars/1/46").body == b"new"


# --- Weights ---


def test_urls_are_asked_by_their_weights_and_a_reload_changes_them(start_edge, origin, other):
    edge = start_edge([origin, other], settings(urls=[{"url": origin.url, "weight": 3}, other.url]))
    origin.default = other.default = PICTURE
    for i in range(20):
        edge.get(f"/avatars/{i}/46")
    assert (origin.count(), other.count()) == (15, 5)
    edge.config["origin"]["urls"] = [origin.url, {"url": other.url, "weight": 4}]
    assert edge.reload() == "ok"
    for i in range(20, 40):
        edge.get(f"/avatars/{i}/46")
    assert (origin.count(), other.count()) == (19, 21)
