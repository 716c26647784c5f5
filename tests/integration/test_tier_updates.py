"""The Redis tier in step with the update feed: what was replaced comes back from it to no node. PROTOCOL R20 to R30."""
import pytest

from edge import wait_until
from sharing import NEW, OLD, OTHER, PATH, applies, asked, entries, looks, put_is, shares, taken, wait_for_tier

LONG_LEASE = {"lease": "1h", "registry": "2h"}


def replaced(origin, *nodes):
    """The tier has the old picture by the first node, and the origin the new one."""
    origin.on(PATH, OLD)
    origin.on(OTHER, OLD)
    shares(nodes[0])
    shares(nodes[0], OTHER)
    origin.on(PATH, NEW)


def stop(*nodes):
    for node in nodes:
        node.stop()


def start_together(*nodes):
    for node in nodes:
        node.launch()
    for node in nodes:
        wait_until(node.is_ready, "readyz")
        wait_for_tier(node)


def total(nodes, name):
    return sum(node.metric(name) for node in nodes)


# --- Events ---


def test_after_an_event_no_node_takes_the_old_from_the_tier(start_sharer, redis, origin):
    one, two = start_sharer("one"), start_sharer("two")
    replaced(origin, one)
    redis.publish("42")
    applies(one), applies(two)
    assert entries(redis) == []
    assert shares(two) == b"new picture"
    assert taken(one) == b"new picture"
    assert taken(two, OTHER) == b"old picture"  # Of which there was no event.


def test_an_event_is_told_to_the_tier_also_while_another_node_is_stopped(start_sharer, redis, origin):
    one, two = start_sharer("one"), start_sharer("two")
    replaced(origin, one)
    one.pause()
    try:
        redis.publish("42")
        applies(two)
        assert shares(two) == b"new picture"
        one.resume()
        applies(one)
        assert taken(one) == b"new picture"
    finally:
        one.resume()
    assert taken(start_sharer("three")) == b"new picture"


def test_a_node_that_knows_of_an_event_takes_nothing_older_though_the_tier_does_not_know(
        start_sharer, redis, gate, origin):
    one = start_sharer("one")
    replaced(origin, one)
    one.pause()  # So that it does not tell the tier.
    try:
        two = start_sharer("two", {"url": gate.url})
        telling = gate.hold(b":entries:42", unless=b":claim:")
        redis.publish("42")
        telling.wait()
        assert len(entries(redis)) == 1
        assert asked(two) == b"new picture"
        assert looks(two, "disbelieved") == 1
        assert taken(two, OTHER) == b"old picture"
        telling.release()
        applies(two)
    finally:
        one.resume()


def test_a_put_that_an_event_overtakes_on_its_way_is_refused(start_sharer, redis, gate, origin):
    one, two = start_sharer("one", {"url": gate.url}), start_sharer("two")
    origin.on(PATH, OLD)
    put = gate.hold(b"old picture")
    assert asked(one) == b"old picture"
    put.wait()
    origin.on(PATH, NEW)
    redis.publish("42")
    applies(two)
    put.release()
    put_is(one, "refused")
    assert entries(redis) == []
    assert asked(two) == b"new picture"


def test_what_an_event_overtakes_at_the_origin_is_not_put(start_sharer, redis, origin):
    one, two = start_sharer("one"), start_sharer("two")
    held = origin.hold(PATH)
    with one.connect() as client:
        client.ask("GET", PATH)
        request = held.next()
        redis.publish("42")
        applies(one), applies(two)
        OLD(request)
        response = client.response()
        assert response.body == b"old picture" and response.cache_status["detail"] == "voided"
    origin.on(PATH, NEW)
    assert asked(two) == b"new picture"
    assert one.metric("tier_puts_total") == 0


# --- Nodes that end and come back ---


def test_a_node_starts_warm(start_sharer, origin):
    node = start_sharer()
    origin.on(PATH, OLD)
    shares(node)
    for end in (node.stop, node.kill):
        end()
        node.start()
        wait_for_tier(node)
        assert taken(node) == b"old picture"
        assert node.metric("tier_epochs_moved_total") == 0
    assert origin.count(PATH) == 1


def test_events_that_came_while_no_node_was_there_are_replayed(start_sharer, redis, origin):
    node = start_sharer()
    replaced(origin, node)
    node.stop()
    redis.publish("42")
    redis.publish("1")
    node.start()
    wait_for_tier(node)
    assert asked(node) == b"new picture"
    assert taken(node, OTHER) == b"old picture"
    assert node.metric("tier_replays_total") == 1 and node.metric("tier_events_replayed_total") == 2
    assert node.metric("tier_epochs_moved_total") == 0


def test_more_events_than_one_read_has_are_replayed(start_sharer, redis, origin):
    node = start_sharer()
    replaced(origin, node)
    node.stop()
    redis("EVAL", "for i = 1, 2500 do redis.call('XADD', KEYS[1], '*', 'avatar', i % 50) end", 1, "avatar:updates")
    node.start()
    wait_for_tier(node)
    assert asked(node) == b"new picture" and asked(node, OTHER) == b"old picture"
    assert node.metric("tier_events_replayed_total") == 2500
    assert node.metric("tier_epochs_moved_total") == 0


def test_where_the_feed_does_not_reach_back_the_tier_begins_anew_once_for_all(start_sharer, redis, origin):
    nodes = [start_sharer(name) for name in ("one", "two", "three")]
    replaced(origin, nodes[0])
    stop(*nodes)
    for avatar in ("42", "1", "2"):
        redis.publish(avatar)
    redis("XTRIM", "avatar:updates", "MAXLEN", 1)
    start_together(*nodes)
    assert total(nodes, "tier_epochs_moved_total") == 1
    assert len({node.status()["tier"]["epoch"] for node in nodes}) == 1
    assert shares(nodes[1]) == b"new picture"
    assert taken(nodes[0]) == b"new picture" and taken(nodes[2]) == b"new picture"
    assert asked(nodes[2], OTHER) == b"old picture"


def test_another_life_of_the_feed_is_another_epoch(start_sharer, redis, tier_redis, origin):
    one, two = start_sharer("one", {"url": tier_redis.url}), start_sharer("two", {"url": tier_redis.url})
    redis.publish("1")
    applies(one), applies(two)
    replaced(origin, one)
    before = one.status()["tier"]["epoch"]
    redis.restart(with_data=True)
    for node in (one, two):
        node.wait_for_metric(lambda value: value == 1, "feed_gaps_total")
        wait_for_tier(node)
        assert node.status()["tier"]["epoch"] != before
    assert shares(two) == b"new picture"
    assert one.get(PATH).body == b"new picture"  # Revalidated, or taken.
    assert total((one, two), "tier_epochs_moved_total") == 2  # With that at the start.


# --- By hand, and by a request ---


@pytest.mark.parametrize("what", [{"avatar": "42"}, {"url": PATH}], ids=["avatar", "url"])
def test_what_was_purged_is_gone_from_the_tier_and_not_taken_from_there_again(start_sharer, redis, origin, what):
    one, two = start_sharer("one"), start_sharer("two")
    replaced(origin, one)
    assert one.purge(**what)["responses"] == 1
    one.wait_for_metric(lambda value: value == 1, "tier_forgotten_total")
    assert entries(redis) == []
    # The other asks a replica of the origin that has not heard of it.
    origin.on(PATH, OLD)
    assert shares(two) == b"old picture"
    origin.on(PATH, NEW)
    assert asked(one) == b"new picture"
    assert taken(two, OTHER) == b"old picture"


def test_a_purge_while_the_tier_cannot_be_told_is_made_up_for(start_sharer, redis, tier_redis, origin):
    one = start_sharer("one", {"url": tier_redis.url})
    replaced(origin, one)
    tier_redis("SAVE")
    tier_redis.stop()
    one.wait_for_metric(lambda value: value == 0, "tier_open")
    one.purge(avatar="42")
    tier_redis.start()
    wait_for_tier(one)
    one.wait_for_metric(lambda value: value == 1, "tier_forgotten_total")
    assert entries(tier_redis) == []
    assert len(entries(tier_redis, "43")) == 1
    assert asked(one) == b"new picture"


def test_a_purge_of_everything_is_another_epoch(start_sharer, origin):
    one, two = start_sharer("one"), start_sharer("two")
    replaced(origin, one)
    before = one.status()["tier"]["epoch"]
    one.purge(all=True)
    wait_for_tier(one)
    epoch = one.status()["tier"]["epoch"]
    assert epoch != before
    assert shares(one) == b"new picture"
    wait_until(lambda: two.status()["tier"]["epoch"] == epoch, "the other's looking at the epoch")
    assert taken(two) == b"new picture"
    assert asked(two, OTHER) == b"old picture"
    assert total((one, two), "tier_epochs_moved_total") == 2  # With that at the start.


def test_after_an_unsafe_request_nothing_is_taken_until_its_event_is_there(start_sharer, redis, tier_redis, origin):
    one = start_sharer("one", {"url": tier_redis.url}, updates=LONG_LEASE)
    two = start_sharer("two", {"url": tier_redis.url}, updates=LONG_LEASE)
    larger = "/avatars/42/640"
    replaced(origin, two)
    origin.on(larger, OLD)
    shares(two, larger)
    assert taken(one) == b"old picture"
    redis.pause()
    try:
        assert one.request("PUT", PATH, body=b"new").status == 200
        origin.on(larger, NEW)
        assert len(entries(tier_redis)) == 1
        assert asked(one) == b"new picture"
        assert asked(one, larger) == b"new picture"
        assert one.metric("updates_pending") == 1
    finally:
        redis.resume()
    applies(two)
    assert two.get(PATH).body == b"new picture" and two.get(larger).body == b"new picture"
