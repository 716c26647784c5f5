"""How often clients may ask: limits in the configuration, and the degraded mode. Over every transport."""
import base64
import json

import pytest

from edge import wait_until
from origin import answer

FRESH = {"Cache-Control": "max-age=600"}
TARGET = "/avatars/42/96"


def token(subject):
    def encoded(part):
        return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
    return f"Bearer {encoded({'alg': 'none'})}.{encoded({'iss': 'tests', 'sub': subject})}.seal"


def limited(start_edge, origin, *rates, **more):
    return start_edge([origin], {"limits": {"rates": list(rates)} | more})


def test_what_is_too_much_is_429_and_says_when_to_come_again(start_edge, origin):
    edge = limited(start_edge, origin, {"by": "address", "rate": "3/d"})
    origin.on(TARGET, answer(200, FRESH, b"picture"))
    for _ in range(3):
        assert edge.get(TARGET).body == b"picture"
    refused = edge.get(TARGET)
    assert refused.status == 429
    # A third of a day, less what has gone by.
    assert 28_700 < int(refused["Retry-After"]) <= 28_800
    assert refused["RateLimit-Policy"] == '"address";q=3;w=86400'
    assert refused["RateLimit"] == f'"address";r=0;t={refused["Retry-After"]}'
    assert refused.proxy_error == "http_request_denied"
    assert refused["Cache-Status"] == "avatar-edge" and refused["Cache-Control"] == "no-store"
    assert edge.metric("rate_limited_total", by="address") == 1
    assert edge.metric("requests_total", outcome="refused") == 1
    line = wait_until(lambda: [line for line in edge.access_log() if line["status"] == 429], "a line")[0]
    assert line["outcome"] == "refused" and line["detail"] == "address"


def test_every_request_of_one_connection_counts(start_edge, origin):
    edge = limited(start_edge, origin, {"by": "address", "rate": "2/d"})
    origin.on(TARGET, answer(200, FRESH, b"picture"))
    with edge.connect() as client:
        assert [client.get(TARGET).status for _ in range(4)] == [200, 200, 429, 429]


def test_nothing_is_limited_by_default(edge, origin):
    origin.on(TARGET, answer(200, FRESH, b"picture"))
    with edge.connect() as client:
        assert all(client.get(TARGET).status == 200 for _ in range(300))


def test_a_refused_request_does_not_reach_the_origin(start_edge, origin):
    edge = limited(start_edge, origin, {"by": "avatar", "rate": "1/d"})
    origin.on(TARGET, answer(200, FRESH, b"picture"))
    assert edge.get(TARGET).status == 200
    assert edge.get("/avatars/42/46").status == 429
    assert edge.request("DELETE", "/avatars/42/46").status == 429
    assert [request.target for request in origin.requests] == [TARGET]


def test_users_behind_one_address_have_budgets_of_their_own(start_edge, origin):
    edge = limited(start_edge, origin, {"by": "header", "header": "X-User-Id", "rate": "1/d"})
    origin.on(TARGET, answer(200, FRESH, b"picture"))
    assert edge.get(TARGET, {"X-User-Id": "ann"}).status == 200
    assert edge.get(TARGET, {"X-User-Id": "bob"}).status == 200
    assert edge.get(TARGET, {"X-User-Id": "ann"}).status == 429
    assert edge.get(TARGET).status == 200
    assert edge.get(TARGET).status == 429


def test_a_reload_gives_new_rates_and_takes_them_away(start_edge, origin):
    edge = limited(start_edge, origin)
    origin.on(TARGET, answer(200, FRESH, b"picture"))
    assert edge.get(TARGET).status == 200
    assert edge.reload({"limits": {"rates": [{"by": "route", "rate": "1/d"}]}}) == "ok"
    wait_until(lambda: edge.get(TARGET).status == 429, "the new rate")
    assert edge.reload({"limits": {"rates": []}}) == "ok"
    wait_until(lambda: edge.get(TARGET).status == 200, "no rate")


def test_a_trial_counts_what_it_would_refuse(start_edge, origin):
    edge = limited(start_edge, origin, {"by": "address", "rate": "1/d", "dry_run": True})
    origin.on(TARGET, answer(200, FRESH, b"picture"))
    assert [edge.get(TARGET).status for _ in range(3)] == [200] * 3
    assert edge.metric("rate_limited_dry_total", by="address") == 2


def test_the_degraded_mode_gives_each_user_one_upload_a_minute(start_edge, origin):
    edge = limited(start_edge, origin, degraded={"rate": "1/d"})
    origin.on(TARGET, answer(200, FRESH, b"picture"))

    def put(user):
        return edge.request("PUT", TARGET, {"Authorization": token(user)}, b"new picture").status

    assert [put("ann"), put("ann")] == [200, 200]
    assert edge.status()["degraded"] is False
    assert edge.admin_json("POST", "/degraded", {"on": True}) == {"on": True, "was_on": False}
    assert [put("ann"), put("ann"), put("bob"), put("bob")] == [200, 429, 200, 429]
    assert [edge.get(TARGET).status for _ in range(3)] == [200] * 3
    status = edge.status()
    assert status["degraded"] is True and status["degraded_reasons"][0].startswith("limited_uploads: ")
    assert edge.metric("degraded", reason="limited_uploads") == 1
    assert edge.metric("rate_limited_total", by="degraded") == 2
    edge.wait_for_log("by 127.0.0.1: {")
    edge.wait_for_log("degraded.switched")
    assert edge.admin_json("POST", "/degraded", {"on": False}) == {"on": False, "was_on": True}
    assert put("ann") == 200
    assert edge.status()["degraded"] is False


def test_what_was_switched_stands_until_the_configuration_changes_it(start_edge, origin):
    edge = limited(start_edge, origin)
    edge.admin_json("POST", "/degraded", {"on": True})
    assert edge.reload({"drain": "19s"}) == "ok"
    assert edge.status()["degraded"] is True
    assert edge.reload({"limits": {"degraded": {"enabled": True}}}) == "ok"
    assert edge.reload({"limits": {"degraded": {"enabled": False}}}) == "ok"
    assert edge.status()["degraded"] is False
    assert edge.reload({"limits": {"degraded": {"enabled": True}}}) == "ok"
    assert edge.status()["degraded"] is True


@pytest.mark.parametrize("body", [{}, {"on": 1}, {"on": "true"}, {"on": True, "for": "1h"}, []])
def test_what_is_no_switch_switches_nothing(edge, body):
    assert edge.admin("POST", "/degraded", body=body).status == 400
    assert edge.status()["degraded"] is False
