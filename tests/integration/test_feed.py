"""The update feed, with real nodes and a real Redis: DESIGN.md sections 1 and 5.

Where a lease has to pass, a wait for a stopped node is what says that it has.
"""
import json
import signal
import time

import pytest

from edge import wait_until
from origin import answer

PATH = "/avatars/42/96"
OLD = answer(200, {"Cache-Control": "max-age=86400", "ETag": '"old"'}, b"old")
NEW = answer(200, {"Cache-Control": "max-age=86400", "ETag": '"new"'}, b"new")


def holding(origin, *nodes):
    """The nodes hold the old picture, and the origin has the new one."""
    origin.on(PATH, OLD)
    for node in nodes:
        assert node.get(PATH).body == b"old" and node.get(PATH).is_hit
    origin.on(PATH, NEW)


def applies(node, count=1):
    node.wait_for_metric(lambda value: value >= count, "feed_events_applied_total")


def name_of(node):
    return node.status()["feed"]["node"]


def lease_passes(any_node):
    """Some node is stopped, so this returns when a lease has passed."""
    done = any_node.run("update", "--avatar", "nobody", "--wait", "30s")
    assert "waited out" in done.stdout


def cut_off(node, redis, avatar="42"):
    """Until nothing that is held of the avatar is trusted any more, by a lease or because it was asked for lately."""
    redis.pause()
    wait_until(lambda: node.status()["degraded"], "the end of the lease")
    wait_until(lambda: all(one["state"] == "untrusted" for one in node.avatar(avatar)["responses"]), "the end of trust")


# --- Events ---


def test_an_event_in_the_stream_drops_the_avatar_on_every_node(start_node, redis, origin):
    one, two = start_node("one"), start_node("two")
    holding(origin, one, two)
    id = redis.publish("42")
    for node in (one, two):
        applies(node)
        assert node.get(PATH).body == b"new"
        wait_until(lambda: node.status()["position"] == id, "the position")
        assert node.metric("invalidations_total", kind="update") == 1
        assert node.metric("feed_lag_seconds_count") == 1


def test_entries_that_are_no_events_are_counted_and_skipped(start_node, redis, origin):
    node = start_node()
    redis("XADD", "avatar:updates", "*", "nonsense", "x")
    redis("XADD", "avatar:updates", "*", "avatar", "42", "version", "many")
    redis.publish("42")
    applies(node)
    assert node.metric("feed_events_malformed_total") == 2
    assert node.metric("feed_gaps_total") == 0
    node.wait_for_log("version must be an unsigned 64-bit number")


def test_a_purge_is_of_one_node(start_node, redis, origin):
    one, two = start_node("one"), start_node("two")
    holding(origin, one, two)
    assert one.purge(avatar="42")["responses"] == 1
    assert one.get(PATH).body == b"new"
    assert two.get(PATH).is_hit
    assert redis.avatars() == []


# --- Publishing ---


def test_an_update_over_the_admin_port_is_published_and_applied_before_it_is_answered(start_node, redis, origin):
    one, two = start_node("one"), start_node("two")
    holding(origin, one, two)
    done = one.update("42", version=7, at=1763800000123)
    assert done["scope"] == "feed"
    assert one.get(PATH).body == b"new"
    [(id, fields)] = redis("XRANGE", "avatar:updates", "-", "+")
    assert id == done["id"]
    assert fields == ["avatar", "42", "version", "7", "op", "update", "at", "1763800000123"]
    applies(two)
    assert two.get(PATH).body == b"new"


def test_an_update_by_command_goes_to_the_feed(start_node, redis, origin):
    node = start_node()
    holding(origin, node)
    done = node.run("update", "--avatar", "42", "--version", "7", "--delete")
    [(id, fields)] = redis("XRANGE", "avatar:updates", "-", "+")
    assert done.stdout == f"{id}: published\n"
    assert fields == ["avatar", "42", "version", "7", "op", "delete"]
    applies(node)
    assert node.get(PATH).body == b"new"


def test_after_a_wait_no_node_serves_the_old(start_node, redis, origin):
    one, two = start_node("one"), start_node("two")
    redis.make_registry_old()
    holding(origin, one, two)
    done = one.admin_json("POST", "/updates?wait=30s", {"avatar": "42"})
    assert one.get(PATH).body == b"new" and two.get(PATH).body == b"new"
    assert done["wait"]["complete"] and not done["wait"]["waited_out"]
    assert {node["node"] for node in done["wait"]["nodes"]} == {name_of(one), name_of(two)}
    assert all(node["applied_after_ms"] is not None for node in done["wait"]["nodes"])

    by_command = two.run("update", "--avatar", "42", "--wait", "30s")
    assert "applied by 2 of 2 nodes" in by_command.stdout
    assert one.metric("update_waits_total", end="applied") == 1


def test_a_registry_that_is_young_is_not_believed(start_node, redis):
    node = start_node()
    done = node.admin_json("POST", "/updates?wait=30s", {"avatar": "42"})
    assert done["wait"]["complete"] and done["wait"]["waited_out"]
    assert done["wait"]["took_ms"] >= 1000
    assert done["wait"]["nodes"][0]["applied_after_ms"] is not None


def test_a_node_that_was_stopped_is_waited_out_and_serves_nothing_old_when_it_wakes(start_node, redis, origin):
    one, two = start_node("one"), start_node("two")
    redis.make_registry_old()
    holding(origin, one, two)
    stopped = name_of(two)
    two.pause()
    try:
        with two.connect() as client:
            client.ask("GET", PATH)
            done = one.admin_json("POST", "/updates?wait=30s", {"avatar": "42"})
            assert done["wait"]["complete"] and done["wait"]["waited_out"]
            assert [node["node"] for node in done["wait"]["nodes"] if node["applied_after_ms"] is None] == [stopped]
            by_command = one.run("update", "--avatar", "1", "--wait", "30s")
            assert f"waited out: {stopped}" in by_command.stdout
            two.resume()
            assert client.response().body == b"new"
    finally:
        two.resume()


def test_a_wait_that_is_too_short_says_what_is_known(start_node, redis, origin):
    one, two = start_node("one", {"lease": "1h", "registry": "2h"}), start_node("two", {"lease": "1h", "registry": "2h"})
    redis.make_registry_old()
    holding(origin, one)
    two.pause()
    try:
        response = one.admin("POST", "/updates?wait=50ms", None, {"avatar": "42"})
        assert response.status == 504
        done = json.loads(response.body)
        assert not done["wait"]["complete"] and done["id"] in [id for id, _ in redis("XRANGE", "avatar:updates", "-", "+")]
        assert one.get(PATH).body == b"new"
        by_command = one.run("update", "--avatar", "42", "--wait", "50ms", check=False)
        assert by_command.returncode == 1 and "the wait was over" in by_command.stderr
    finally:
        two.resume()


def test_where_redis_is_away_nothing_is_published_and_nothing_applied(start_node, redis, origin):
    node = start_node()
    holding(origin, node)
    redis.stop()
    response = node.admin("POST", "/updates", None, {"avatar": "42"})
    assert response.status == 503 and b"not published" in response.body
    by_command = node.run("update", "--avatar", "42", check=False)
    assert by_command.returncode == 1 and str(redis.path) in by_command.stderr
    assert node.metric("invalidations_total", kind="update") == 0
    assert node.metric("updates_failed_total") == 1


def test_without_a_feed_an_update_is_of_one_node(edge):
    assert edge.update("42")["scope"] == "node"
    assert edge.status()["position"] is None and edge.status()["lease_ms"] is None


# --- Unsafe requests ---


def test_a_put_through_one_node_reaches_the_others(start_node, redis, origin):
    one, two = start_node("one"), start_node("two")
    holding(origin, one, two)
    assert one.request("PUT", PATH, body=b"new").status == 200
    assert one.get(PATH).body == b"new"
    applies(two)
    assert two.get(PATH).body == b"new"


def test_a_put_while_redis_is_silent_is_answered_and_published_later(start_node, redis, origin):
    one, two = start_node("one"), start_node("two")
    holding(origin, one, two)
    redis.pause()
    assert one.request("PUT", PATH, body=b"new").status == 200
    assert one.request("DELETE", "/avatars/43/96").status == 404
    assert one.get(PATH).body == b"new"
    assert one.metric("updates_pending") == 1
    redis.resume()
    applies(two)
    one.wait_for_metric(lambda value: value == 0, "updates_pending")
    assert set(redis.avatars()) == {"42"}
    assert two.get(PATH).body == b"new"


def test_what_is_still_to_be_published_is_before_a_node_ends(start_node, redis, origin):
    node = start_node()
    origin.default = answer(204)
    for avatar in range(50):
        assert node.request("PUT", f"/avatars/{avatar}/96", body=b"new").status == 204
    node.stop()
    assert redis.avatars() == [str(avatar) for avatar in range(50)]


def test_a_put_whose_answer_a_node_did_not_live_to_hear_is_published_too(start_node, redis, origin):
    node, other = start_node("one"), start_node("two")
    holding(origin, other)
    held = origin.hold("/avatars/42/640")
    with node.connect() as client:
        client.ask("PUT", "/avatars/42/640", body=b"new")
        held.next()  # It may have acted on it.
        node.signal(signal.SIGTERM)
        node.wait_for_log("drain")
        node.signal(signal.SIGTERM)
        assert node.wait_for_end() == 0
    applies(other)
    assert redis.avatars() == ["42"]
    assert other.get(PATH).body == b"new"


# --- The lease ---


def test_a_node_that_was_stopped_for_a_lease_asks_before_its_first_answer(start_node, redis, origin):
    node = start_node()
    holding(origin, node)
    node.pause()
    try:
        with node.connect() as client:
            client.ask("GET", PATH)
            lease_passes(node)
            redis.pause()  # So that it gets no new lease either.
            node.resume()
            response = client.response()
            assert response.body == b"new" and response.cache_status["detail"] == "no-lease"
    finally:
        node.resume()


def test_cut_off_from_redis_a_node_revalidates_once_a_lease_and_says_so(start_node, redis, origin):
    node = start_node()
    origin.on(PATH, OLD)
    node.get(PATH)
    cut_off(node, redis)
    status = node.status()
    assert status["lease_ms"] == 0 and status["degraded_reasons"][0].startswith("no_lease")
    assert node.metric("degraded", reason="no_lease") == 1
    assert node.metric("feed_lease_remaining_seconds") == 0
    assert node.admin("GET", "/readyz").status == 200

    held = origin.hold(PATH)
    since = time.monotonic()
    clients = [node.connect() for _ in range(10)]
    for client in clients:
        client.ask("GET", PATH)
    request = held.next()
    assert request.get("If-None-Match") == '"old"'
    wait_until(lambda: node.metric("waiters") == 10, "waiters")
    assert held.is_empty
    origin.on(PATH, answer(304, {"Cache-Control": "max-age=86400", "ETag": '"old"'}))
    request.respond(304, {"Cache-Control": "max-age=86400", "ETag": '"old"'})
    for client in clients:
        response = client.response()
        assert response.body == b"old" and response.cache_status["detail"] == "no-lease"
        client.close()
    for _ in range(20):
        assert node.get(PATH).body == b"old"
    assert origin.count(PATH) <= 2 + int(time.monotonic() - since)
    assert node.metric("answers_revalidated_for_lease_total") >= 10

    redis.resume()
    wait_until(lambda: not node.status()["degraded"], "a lease")
    assert node.get(PATH).is_hit
    assert node.metric("feed_gaps_total") == 0


@pytest.mark.parametrize("stale_if_error", ["0s", "1h"])
def test_cut_off_from_redis_and_origin_the_operator_decides(start_node, redis, origin, stale_if_error):
    node = start_node(cache={"stale_if_error": stale_if_error})
    origin.on(PATH, OLD)
    node.get(PATH)
    cut_off(node, redis)
    origin.close()
    response = node.get(PATH)
    if stale_if_error == "0s":
        assert response.status in (502, 503, 504) and "Proxy-Status" in response
    else:
        assert response.body == b"old" and response.cache_status["detail"] == "stale-if-error"
    # What an event has dropped stands in for nothing.
    redis.resume()
    redis.publish("42")
    applies(node)
    assert node.get(PATH).status in (502, 503, 504)


@pytest.mark.parametrize("with_data", [True, False])
def test_another_life_of_redis_is_a_gap_that_is_repaired_by_revalidating(start_node, redis, origin, with_data):
    node = start_node()
    redis.publish("1")
    applies(node)
    holding(origin, node)
    origin.on("/avatars/43/96", OLD)
    node.get("/avatars/43/96")
    redis.restart(with_data)
    node.wait_for_metric(lambda value: value == 1, "feed_identity_changes_total")
    assert node.get(PATH).body == b"new"  # For its event may be among the lost.
    origin.on("/avatars/43/96", answer(304, {"Cache-Control": "max-age=86400", "ETag": '"old"'}))
    response = node.get("/avatars/43/96")
    assert response.body == b"old" and response.cache_status["fwd-status"] == "304"
    assert node.metric("cache_stored_responses") == 2  # Nothing was emptied.
    assert node.metric("feed_gaps_total") == 1


# --- An origin that lags ---


def test_an_origin_behind_the_update_is_asked_again_and_then_passed_on(start_node, redis, origin):
    node = start_node(updates={"lag_retries": 2, "lag_pause": "1ms"})
    origin.on(PATH, answer(200, {"Cache-Control": "max-age=600", "X-Avatar-Version": "4"}, b"four"))
    redis.publish("42", version=5)
    applies(node)
    response = node.get(PATH)
    assert response.body == b"four" and response.cache_status["detail"] == "behind-update"
    assert origin.count(PATH) == 3
    assert node.metric("fills_total", end="below_floor") == 1
    origin.on(PATH, answer(200, {"Cache-Control": "max-age=600", "X-Avatar-Version": "5"}, b"five"))
    assert node.get(PATH).body == b"five"
    assert node.get(PATH).is_hit


def test_what_is_filled_while_the_origin_settles_is_short_lived(start_node, redis, origin):
    node = start_node(updates={"settle": "1h"})
    origin.on(PATH, NEW)
    origin.on("/avatars/43/96", answer(200, {"Cache-Control": "max-age=86400", "X-Avatar-Version": "5"}, b"five"))
    redis.publish("42")
    redis.publish("43", version=5)
    applies(node, 2)
    node.get(PATH), node.get("/avatars/43/96")
    assert int(node.get(PATH).cache_status["ttl"]) <= 3600
    assert int(node.get("/avatars/43/96").cache_status["ttl"]) > 3600


# --- The life of a node ---


def test_a_node_is_ready_when_it_has_heard_the_feed_and_answers_before(redis, origin, start_edge):
    redis.stop()
    edge = start_edge([origin], {"updates": {"url": redis.url, "lease": "1h", "registry": "2h"}}, start=False)
    edge.launch()
    origin.on(PATH, OLD)

    def readiness():
        try:
            return edge.admin("GET", "/readyz")
        except ConnectionRefusedError:
            return None

    response = wait_until(readiness, "the admin port")
    assert response.status == 503 and b"waiting for the update feed" in response.body
    assert edge.get(PATH).body == b"old" and edge.get(PATH).body == b"old"
    assert origin.count(PATH) == 2  # It holds nothing on trust.
    redis.start()
    wait_until(edge.is_ready, "readiness")
    assert edge.get(PATH).body == b"old" and edge.get(PATH).is_hit


def test_a_node_that_drains_leaves_the_registry(start_node, redis):
    one, two = start_node("one"), start_node("two")
    assert redis.nodes().keys() == {name_of(one), name_of(two)}
    stays = name_of(two)
    one.stop()
    assert redis.nodes().keys() == {stays}


def test_a_reload_names_what_of_the_feed_needs_a_restart(start_node):
    node = start_node()
    assert node.reload({"updates": {"lease": "2s", "settle": "5s"}}) == "ok"
    node.wait_for_log("a restart is needed for updates.lease")


# --- check --connect ---


def test_check_connect_finds_nothing_wrong(start_node):
    assert start_node().run("check", "--connect").returncode == 0


def test_check_connect_names_what_is_wrong(start_node, redis, origin):
    node = start_node()

    def problems():
        done = node.run("check", "--connect", check=False)
        assert done.returncode == 1
        return done.stderr

    redis("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    assert "updates.url: maxmemory-policy allkeys-lru may evict" in problems()
    redis.stop()
    assert f"updates.url: {redis.path}" in problems()
    origin.close()
    assert f"origin.urls: {origin.url}: " in problems()
