"""The switch for when somebody works on the origin, and the limits of fills."""
import json

import pytest

from edge import wait_until
from origin import answer

FRESH = {"Cache-Control": "max-age=600"}
PATH = "/avatars/42/96"


@pytest.fixture
def holding(start_edge, origin):
    """An edge that holds one avatar."""
    edge = start_edge([origin], {"maintenance": {"retry_after": "5m"}})
    origin.on(PATH, answer(200, FRESH, b"picture"))
    edge.get(PATH)
    return edge


def switch(edge, is_on):
    return edge.admin_json("POST", "/maintenance", {"on": is_on})


def test_what_is_held_is_served_and_the_origin_is_left_alone(holding, origin):
    assert switch(holding, True) == {"on": True, "was_on": False}
    assert holding.get(PATH).is_hit
    asked = origin.count()
    for method, target, body in (("GET", "/avatars/43/96", None), ("PUT", "/avatars/43/96", b"new"),
                                 ("GET", PATH + "?other", None), ("POST", "/upload", b"")):
        refused = holding.request(method, target, body=body)
        assert refused.status == 503 and refused["Retry-After"] == "300"
        assert refused.proxy_error == "destination_unavailable"
    assert origin.count() == asked
    assert holding.get(PATH).is_hit  # An upload that was refused has changed nothing.


def test_it_is_seen(holding):
    assert holding.status()["degraded"] is False and holding.metric("degraded", reason="maintenance") == 0
    switch(holding, True)
    status = holding.status()
    assert status["degraded"] is True and any(why.startswith("maintenance: ") for why in status["degraded_reasons"])
    assert holding.metric("degraded", reason="maintenance") == 1
    holding.wait_for_log("maintenance.switched")


def test_afterwards_all_is_as_before(holding, origin):
    switch(holding, True)
    origin.on("/avatars/43/96", answer(200, FRESH, b"another"))
    assert holding.get("/avatars/43/96").status == 503
    assert switch(holding, False) == {"on": False, "was_on": True}
    assert holding.get("/avatars/43/96").body == b"another"


def test_update_events_go_on(holding, origin):
    switch(holding, True)
    assert holding.update("42")["responses"] == 1
    assert holding.get(PATH).status == 503  # Better nothing than what was replaced.


def test_what_is_stale_stands_in_where_it_may(start_edge, origin):
    edge = start_edge([origin])
    origin.on(PATH, answer(200, {"Cache-Control": "max-age=60, stale-if-error=600", "Age": "100"}, b"old"))
    assert edge.get(PATH).body == b"old"
    switch(edge, True)
    response = edge.get(PATH)
    assert response.body == b"old" and response.cache_status["detail"] == "stale-if-error"


def test_a_file_switches_it_too(start_edge, origin, tmp_path):
    file = tmp_path / "maintenance"
    edge = start_edge([origin], {"maintenance": {"file": str(file)}})
    origin.on(PATH, answer(200, {"Cache-Control": "no-store"}, b"picture"))
    assert edge.get(PATH).status == 200
    file.touch()
    wait_until(lambda: edge.get(PATH).status == 503, "maintenance to begin")
    assert switch(edge, False) == {"on": True, "was_on": True}  # The file is still there.
    file.unlink()
    wait_until(lambda: edge.get(PATH).status == 200, "maintenance to end")


def test_a_reload_changes_it_only_where_the_file_says_something_new(holding):
    switch(holding, True)
    assert holding.reload({"cache": {"negative_ttl": "6s"}}) == "ok"
    assert holding.status()["degraded"] is True
    assert holding.reload({"maintenance": {"enabled": True}}) == "ok"
    assert holding.reload({"maintenance": {"enabled": False}}) == "ok"
    assert holding.status()["degraded"] is False


def test_a_wrong_request_is_refused(edge):
    for body in ({"on": 1}, {}, {"on": True, "more": 1}):
        assert edge.admin("POST", "/maintenance", body=json.dumps(body).encode()).status == 400
    assert edge.admin("GET", "/maintenance").status == 405


# --- Limits of fills ---


def test_fills_of_one_route_take_no_places_from_others(start_edge, origin):
    edge = start_edge([origin], {"workers": 1, "limits": {"fills_per_route_max": 2}})
    held = [origin.hold(f"/avatars/{number}/96") for number in range(3)]
    clients = [edge.connect() for _ in range(2)]
    for number, client in enumerate(clients):
        client.ask("GET", f"/avatars/{number}/96")
        held[number] = held[number].next()
    refused = edge.get("/avatars/2/96")
    assert refused.status == 503 and refused["Retry-After"] and refused.proxy_error == "connection_limit_reached"
    assert edge.metric("limits_reached_total", limit="fills_per_route") == 1
    origin.on("/avatars/3", answer(200, FRESH, b"of another route"))
    assert edge.get("/avatars/3").body == b"of another route"
    for client, request in zip(clients, held):
        with client:
            request.respond(200, FRESH, b"picture")
            assert client.response().body == b"picture"
    origin.on("/avatars/2/96", answer(200, FRESH, b"now"))
    assert edge.get("/avatars/2/96").body == b"now"


def test_bodies_that_fills_hold_are_bounded(start_edge, origin):
    edge = start_edge([origin], {"workers": 1, "limits": {"fill_bytes_max": "1MiB"}})
    held = origin.hold("/avatars/1/96")
    with edge.connect() as client:
        client.ask("GET", "/avatars/1/96")
        request = held.next()
        request.send_head(200, FRESH, 1 << 20)
        request.send(bytes(1 << 19))
        head = client.head()
        origin.on("/avatars/2/96", answer(200, FRESH, b"a little more"))
        assert edge.get("/avatars/2/96").status == 503
        origin.on("/avatars/3/96", answer(200, FRESH, bytes(1000), chunked=True))
        assert edge.get("/avatars/3/96").status == 503
        assert edge.metric("limits_reached_total", limit="fill_bytes") == 2
        request.send(bytes(1 << 19))
        request.finish()
        client.read_body(head)
    wait_until(lambda: edge.get("/avatars/2/96").body == b"a little more", "room")


def test_one_fill_alone_always_has_room(start_edge, origin):
    edge = start_edge([origin], {"workers": 1, "limits": {"fill_bytes_max": "1MiB"}})
    for number, chunked in enumerate((False, True)):
        origin.on(f"/avatars/{number}/96", answer(200, FRESH, bytes(3 << 20), chunked=chunked))
        assert len(edge.get(f"/avatars/{number}/96").body) == 3 << 20
