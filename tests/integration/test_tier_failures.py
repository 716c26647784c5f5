"""The Redis tier's Redis in trouble: clients notice nothing, counters and /status do, and it mends by itself."""
import pytest

from edge import wait_until
from origin import answer
from redis import RedisError
from sharing import (NEW, OLD, OTHER, PATH, applies, asked, entries, is_degraded, looks, put_is, shares, taken,
                     wait_for_tier)

FRESH = {"Cache-Control": "max-age=600"}


def any_avatar(origin):
    """Every avatar has a picture."""
    origin.default = answer(200, FRESH, b"a picture")


def guards(redis, epoch="*"):
    return redis("KEYS", f"*:{epoch}:guard")


def are_at_one(redis, *nodes):
    """Whether all are in the epoch that counts, and all its buckets are there."""
    epoch = redis("GET", "{avatar-edge}:epoch")
    return all(node.status()["tier"]["epoch"] == epoch for node in nodes) and len(guards(redis, epoch)) == 16


@pytest.fixture
def start_apart(start_sharer, tier_redis):
    """Starts nodes whose tier is in another Redis than the feed."""
    return lambda site="one", tier=None, **config: start_sharer(site, {"url": tier_redis.url} | (tier or {}), **config)


# --- Away ---


def test_a_tier_that_is_not_there_at_the_start_is_used_when_it_is(start_node, tier_redis, origin):
    tier_redis.stop()
    node = start_node(workers=1, redis={"url": tier_redis.url, "timeout": "10s"})
    origin.on(PATH, OLD)
    assert asked(node) == b"old picture" and node.get(PATH).is_hit
    assert is_degraded(node)
    assert node.metric("tier_open") == node.metric("tier_connected") == 0
    assert looks(node, "unavailable") == 1
    assert node.admin("GET", "/readyz").status == 200
    tier_redis.start()
    wait_for_tier(node)
    assert not node.status()["degraded"]
    origin.on(OTHER, OLD)
    assert shares(node, OTHER) == b"old picture"


def test_a_tier_that_comes_back_empty_begins_anew(start_apart, tier_redis, origin):
    # With a lease so long that the next proof that nobody wants is far away.
    one, two = (start_apart(name, updates={"lease": "1h", "registry": "2h"}) for name in ("one", "two"))
    origin.on(PATH, OLD)
    shares(one)
    tier_redis.stop()
    wait_until(lambda: is_degraded(one) and is_degraded(two), "the tier's end")
    assert asked(two) == b"old picture"
    tier_redis.start()
    wait_for_tier(one), wait_for_tier(two)
    assert not two.status()["degraded"]
    origin.on(OTHER, OLD)
    shares(one, OTHER)
    assert taken(two, OTHER) == b"old picture"
    assert sum(node.metric("tier_epochs_moved_total") for node in (one, two)) == 2
    assert two.metric("tier_connections_lost_total") == 1


def test_a_tier_that_comes_back_with_old_data_is_told_what_it_missed(start_apart, redis, tier_redis, origin):
    one, two = start_apart("one"), start_apart("two")
    for path in (PATH, OTHER):
        origin.on(path, OLD)
        shares(one, path)
    tier_redis("SAVE")
    tier_redis.stop()
    wait_until(lambda: is_degraded(one) and is_degraded(two), "the tier's end")
    origin.on(PATH, NEW)
    redis.publish("42")
    two.wait_for_metric(lambda value: value == 1, "feed_events_applied_total")
    tier_redis.start()
    for node in (one, two):
        wait_for_tier(node)
    assert entries(tier_redis) == []
    assert asked(two) == b"new picture"
    assert taken(two, OTHER) == b"old picture"
    assert sum(node.metric("tier_epochs_moved_total") for node in (one, two)) == 1


def test_feed_and_tier_of_one_redis_come_back_together(start_sharer, redis, origin):
    one, two = start_sharer("one"), start_sharer("two")
    origin.on(PATH, OLD)
    shares(one)
    origin.on(PATH, NEW)
    redis.restart(with_data=True)
    for node in (one, two):
        node.wait_for_metric(lambda value: value == 1, "feed_gaps_total")
        wait_for_tier(node)
    assert asked(two) == b"new picture"  # An event may be among the lost.
    assert not is_degraded(two)


# --- Slow ---


def test_a_silent_tier_is_passed_over_and_tried_again(start_apart, tier_redis, origin):
    any_avatar(origin)
    node = start_apart(tier={"timeout": "200ms"})  # Not so short that the tier's silence ends the connection.
    before = looks(node, "late")
    tier_redis.pause()
    try:
        with node.connect() as client:
            clients = [node.connect() for _ in range(10)]
            for number, waiting in enumerate(clients):
                waiting.ask("GET", f"/avatars/{number}/96")
            for waiting in clients:
                assert waiting.response().body == b"a picture"
                waiting.close()
            assert looks(node, "late") == before + 10
            assert node.metric("tier_workers_passing_over") == 1
            assert client.get("/avatars/10/96").body == b"a picture"
            assert looks(node, "passed_over") >= 1
    finally:
        tier_redis.resume()
    wait_for_tier(node)
    assert node.metric("tier_workers_passing_over") == 0
    shares(node, "/avatars/11/96")
    assert not node.status()["degraded"]


def test_a_tier_that_stays_silent_is_given_up_until_it_speaks(start_apart, tier_redis, origin):
    any_avatar(origin)
    node = start_apart(tier={"timeout": "20ms"})
    tier_redis.pause()
    try:
        wait_until(lambda: is_degraded(node), "the end of patience")
        assert asked(node) == b"a picture"
        assert node.metric("tier_open") == 0
    finally:
        tier_redis.resume()
    wait_for_tier(node)
    assert not node.status()["degraded"]


def test_an_answer_that_comes_too_late_is_a_miss(start_sharer, gate, origin):
    one, two = start_sharer("one"), start_sharer("two", {"url": gate.url, "timeout": "50ms"})
    origin.on(PATH, OLD)
    origin.on(OTHER, OLD)
    shares(one), shares(one, OTHER)
    before = looks(two, "late")
    slow = gate.hold(PATH.encode())
    assert asked(two) == b"old picture"
    assert looks(two, "late") == before + 1
    slow.release()
    wait_for_tier(two)
    assert taken(two, OTHER) == b"old picture"


# --- Full ---


def test_a_full_tier_that_may_not_evict_takes_nothing_and_forgets_what_it_has_to(
        start_apart, redis, tier_redis, origin):
    claim = {"claim": "1s"}  # Which it cannot take any more; that is no error.
    one, two = start_apart("one", claim), start_apart("two", claim)
    for path in (PATH, OTHER):
        origin.on(path, OLD)
        shares(one, path)
    any_avatar(origin)
    tier_redis("CONFIG", "SET", "maxmemory-policy", "noeviction")
    tier_redis("CONFIG", "SET", "maxmemory", "1")
    assert asked(one, "/avatars/44/96") == b"a picture"
    put_is(one, "error")
    assert taken(two, OTHER) == b"old picture"
    origin.on(PATH, NEW)
    redis.publish("42")
    applies(one), applies(two)
    assert entries(tier_redis) == []
    assert asked(two) == b"new picture"
    assert looks(one, "error") == looks(two, "error") == 0
    assert not is_degraded(one) and not is_degraded(two)
    tier_redis("CONFIG", "SET", "maxmemory", "0")
    shares(one, "/avatars/45/96")
    assert taken(two, "/avatars/45/96") == b"a picture"


def test_what_the_tier_evicted_is_not_there_and_what_is_old_stays_away(start_sharer, redis, gate, origin):
    one, two = start_sharer("one", {"url": gate.url}), start_sharer("two")
    any_avatar(origin)
    origin.on(PATH, OLD)
    shares(one, OTHER)
    put = gate.hold(b"old picture")
    asked(one)
    put.wait()
    origin.on(PATH, NEW)
    redis.publish("42")
    applies(two)
    # Nobody knows any more that 42 has changed, and what else was put stands beside.
    redis("DEL", *guards(redis))
    assert asked(two, OTHER) == b"a picture"
    put_is(two, "refused")
    # They are there again without an event, and with them nothing of before.
    wait_until(lambda: len(guards(redis)) == 16, "guards")
    put.release()
    put_is(one, "refused")
    assert asked(two) == b"new picture"
    assert not is_degraded(two)
    wait_for_tier(two)
    three = start_sharer("three")
    assert asked(three, OTHER) == b"a picture"
    assert three.metric("tier_epochs_moved_total") == 0


def test_a_full_tier_that_evicts_what_it_likes_serves_nothing_old(start_apart, redis, tier_redis, origin):
    one, two = start_apart("one"), start_apart("two")
    origin.on(PATH, OLD)
    shares(one)
    tier_redis("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    tier_redis("CONFIG", "SET", "maxmemory", "1")
    any_avatar(origin)
    for avatar in range(10):
        assert asked(one, f"/avatars/{avatar}/96") == b"a picture"
    origin.on(PATH, NEW)
    redis.publish("42")
    applies(two)
    assert two.get(PATH).body == b"new picture"
    tier_redis("CONFIG", "SET", "maxmemory", "0")
    wait_until(lambda: are_at_one(tier_redis, one, two), "one epoch, whole")
    wait_for_tier(one), wait_for_tier(two)
    assert shares(one, "/avatars/44/96") == b"a picture"
    assert taken(two, "/avatars/44/96") == b"a picture"


# --- Unwilling ---


def test_a_tier_that_became_a_replica_is_not_used_until_it_takes_events_again(start_apart, redis, tier_redis, origin):
    one, two = start_apart("one"), start_apart("two")
    origin.on(PATH, OLD)
    shares(one)
    tier_redis("REPLICAOF", "127.0.0.1", 1)
    wait_until(lambda: is_degraded(one) and is_degraded(two), "that it refuses")
    assert two.metric("tier_refused_total") >= 1
    origin.on(PATH, NEW)
    redis.publish("42")
    two.wait_for_metric(lambda value: value == 1, "feed_events_applied_total")
    assert asked(two) == b"new picture"
    tier_redis("REPLICAOF", "NO", "ONE")
    wait_for_tier(one), wait_for_tier(two)
    assert not is_degraded(two)
    assert one.get(PATH).body == b"new picture"


def test_a_tier_that_still_loads_is_waited_for(start_apart, tier_redis, origin):
    node = start_apart()
    any_avatar(origin)
    shares(node, OTHER)
    node.stop()
    for number in range(300):
        tier_redis("SET", f"ballast:{number}", "x" * 1000)
    tier_redis("SAVE")
    tier_redis.stop()
    tier_redis.start("--key-load-delay", "20000", "--loading-process-events-interval-bytes", "1024", is_loading=True)
    node.start()
    assert is_degraded(node)
    assert asked(node) == b"a picture"
    with pytest.raises(RedisError, match="LOADING"):
        tier_redis("GET", "x")
    tier_redis("CONFIG", "SET", "key-load-delay", 0)
    wait_for_tier(node)
    assert taken(node, OTHER) == b"a picture"


def test_a_tier_that_has_lost_its_scripts_gets_them_again(start_sharer, redis, origin):
    node = start_sharer()
    any_avatar(origin)
    redis("SCRIPT", "FLUSH")
    assert asked(node) == b"a picture"
    assert looks(node, "error") == 1
    wait_for_tier(node)
    shares(node, OTHER)
    wait_until(lambda: not node.status()["degraded"], "recovery")
    redis.publish("42")
    applies(node)


# --- Broken ---


def test_a_broken_entry_is_asked_of_the_origin_and_put_right(start_sharer, redis, origin):
    one, two = start_sharer("one"), start_sharer("two")
    any_avatar(origin)
    ways = (lambda entry: b"garbage", lambda entry: entry[:-1], lambda entry: entry.replace(b"a picture", b"A picture"),
            lambda entry: b"AEC\xff" + entry[4:])
    for avatar, breaking in enumerate(ways, start=1):
        path = f"/avatars/{avatar}/96"
        shares(one, path)
        [key] = entries(redis, avatar)
        [name] = [name for name in redis("HKEYS", key) if name.startswith("e")]
        whole = redis("HGET", key, name).encode(errors="surrogateescape")
        redis("HSET", key, name, breaking(whole))
        assert shares(two, path) == b"a picture"
        assert looks(two, "error") == avatar
        assert redis("HGET", key, name).endswith("a picture")
    two.wait_for_log("an entry of the tier has not the checksum that it names")


def test_an_entry_of_another_url_is_not_taken_for_it(start_sharer, redis, origin):
    one, two = start_sharer("one"), start_sharer("two")
    larger = "/avatars/42/640"
    origin.on(PATH, OLD)
    origin.on(larger, NEW)
    shares(one)
    shares(one, larger)
    [key] = entries(redis)
    names = [name for name in redis("HKEYS", key) if name.startswith("e")]
    [of_path] = [name for name in names if name.endswith(PATH)]
    [of_larger] = [name for name in names if name.endswith(larger)]
    redis("HSET", key, of_larger, redis("HGET", key, of_path).encode(errors="surrogateescape"))
    assert asked(two, larger) == b"new picture"
    assert looks(two, "error") == 1


def test_a_key_of_the_wrong_type_is_put_right(start_sharer, redis, origin):
    node = start_sharer()
    any_avatar(origin)

    def spoil(key):
        redis("DEL", key)
        redis("RPUSH", key, "nonsense")

    shares(node), shares(node, OTHER)
    [key], [other] = entries(redis, "42"), entries(redis, "43")
    spoil(key), spoil(other)
    redis.publish("42")
    applies(node)
    wait_until(lambda: entries(redis, "42") == [], "that the event drops it")
    assert shares(node, "/avatars/43/640") == b"a picture"
    assert redis("TYPE", other) == "hash"
    for guard in guards(redis):
        spoil(guard)
    wait_until(lambda: all(redis("TYPE", guard) == "hash" for guard in guards(redis)), "new guards")
    assert node.metric("tier_refused_total") == 0 and not is_degraded(node)
    shares(node, "/avatars/45/96")


def test_where_the_epoch_is_of_the_wrong_type_there_is_no_tier_until_it_goes(start_sharer, redis, origin):
    node = start_sharer()
    any_avatar(origin)
    shares(node)
    redis("DEL", "{avatar-edge}:epoch")
    redis("RPUSH", "{avatar-edge}:epoch", "nonsense")
    wait_until(lambda: is_degraded(node), "that it is seen")
    assert asked(node, OTHER) == b"a picture"
    node.wait_for_log("WRONGTYPE")
    redis("DEL", "{avatar-edge}:epoch")
    wait_for_tier(node)
    assert not is_degraded(node)


def test_a_node_that_starts_is_ready_once_it_may_use_the_tier_or_has_waited_a_second(start_edge, origin, redis):
    edge = start_edge([origin], {"updates": {"url": redis.url}, "redis": {"url": "unix:///nowhere"}}, start=False)
    edge.launch()
    reasons = set()

    def is_ready():
        try:
            answer = edge.admin("GET", "/readyz")
        except ConnectionRefusedError:
            return False
        reasons.add(answer.body.decode().strip())
        return answer.status == 200

    wait_until(is_ready, "readiness")
    assert any("waiting for the Redis tier" in reason for reason in reasons), reasons
    assert edge.status()["degraded_reasons"][0].startswith("no_tier")
