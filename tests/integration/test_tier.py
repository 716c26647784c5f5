"""The Redis tier, with real nodes and a real Redis: what the nodes of a site share. PROTOCOL, "Tier".

Nodes of these tests have one worker, so that what it has found out about the tier is what the node knows.
"""
import subprocess

from edge import PROGRAM
from origin import answer
from sharing import OLD, OTHER, PATH, applies, asked, entries, looks, put_is, puts, shares, taken

DAY = 86400


def fields(redis, avatar="42"):
    """What the tier holds of it, by name."""
    [key] = entries(redis, avatar)
    words = redis("HGETALL", key)
    return key, dict(zip(words[::2], words[1::2]))


# --- What is shared ---


def test_what_one_node_has_fetched_another_need_not_ask_for(start_sharer, origin):
    one, two = start_sharer("one"), start_sharer("two")
    origin.on(PATH, OLD)
    shares(one)
    response = two.get(PATH)
    status = response.cache_status
    assert response.body == b"old picture" and response["ETag"] == '"old"'
    assert status.keys() == {"hit", "ttl", "detail"} and status["detail"] == "tier2"
    assert DAY - 60 <= int(status["ttl"]) <= DAY
    assert "detail" not in two.get(PATH).cache_status and two.get(PATH).is_hit  # It is in memory now.
    assert origin.count(PATH) == 1
    assert looks(two, "hit") == 1 and puts(two, "stored") == 0
    assert two.metric("requests_total", outcome="tier2") == 1
    assert two.metric("fills_total", end="tier2") == 1


def test_age_goes_on_in_the_tier(start_sharer, redis, origin):
    one, two = start_sharer("one"), start_sharer("two")
    origin.on(PATH, answer(200, {"Cache-Control": "max-age=600", "Age": "100"}, b"old picture"))
    shares(one)
    key, held = fields(redis)
    [put_at] = [name for name in held if name.startswith("t")]
    redis("HINCRBY", key, put_at, -200_000)  # As if it were 200 s later.
    response = two.get(PATH)
    age, ttl = int(response["Age"]), int(response.cache_status["ttl"])
    assert response.cache_status["detail"] == "tier2"
    assert 300 <= age < 360 and 599 <= age + ttl <= 600


def test_what_is_no_longer_fresh_is_not_taken(start_sharer, redis, origin):
    one, two = start_sharer("one"), start_sharer("two")
    origin.on(PATH, answer(200, {"Cache-Control": "max-age=600"}, b"old picture"))
    shares(one)
    key, held = fields(redis)
    [put_at] = [name for name in held if name.startswith("t")]
    redis("HINCRBY", key, put_at, -601_000)
    asked(two)
    assert looks(two, "disbelieved") == 1


def test_each_client_gets_of_the_tier_what_vary_chooses_for_it(start_sharer, origin):
    one, two = start_sharer("one"), start_sharer("two")
    origin.on(PATH, lambda request: request.respond(
        200, {"Cache-Control": "max-age=600", "Vary": "Accept"}, request.get("Accept").encode()))
    kinds = ["image/webp", "image/png"]
    for kind in kinds:
        shares(one, headers={"Accept": kind})
    for kind in kinds:
        assert taken(two, headers={"Accept": kind}) == kind.encode()
    assert asked(two, headers={"Accept": "image/avif"}) == b"image/avif"
    assert origin.count(PATH) == 3


def test_404s_are_shared(start_sharer, origin):
    one, two = start_sharer("one"), start_sharer("two")
    origin.on(PATH, answer(404, {"Cache-Control": "max-age=600"}, b"nobody"))
    shares(one)
    assert taken(two) == b"nobody" and two.get(PATH).status == 404
    assert origin.count(PATH) == 1


def test_parts_and_heads_are_answered_from_what_the_tier_has(start_sharer, origin):
    one, two = start_sharer("one"), start_sharer("two")
    for path in (PATH, OTHER):
        origin.on(path, OLD)
        shares(one, path)
    part = two.get(PATH, {"Range": "bytes=0-2"})
    assert part.status == 206 and part.body == b"old" and part.cache_status["detail"] == "tier2"
    head = two.request("HEAD", OTHER)
    assert head["Content-Length"] == "11" and head.cache_status["detail"] == "tier2"
    assert two.get(PATH, {"If-None-Match": '"old"'}).status == 304
    assert origin.count(PATH) == origin.count(OTHER) == 1


def test_what_was_revalidated_is_shared_as_it_is_now(start_sharer, origin):
    one, two = start_sharer("one"), start_sharer("two")
    origin.on(PATH, answer(200, {"Cache-Control": "max-age=600", "ETag": '"old"', "X-Mood": "first"}, b"old picture"))
    shares(one)
    origin.on(PATH, answer(304, {"Cache-Control": "max-age=600", "ETag": '"old"', "X-Mood": "second"}))
    one.get(PATH, {"Cache-Control": "no-cache"})
    put_is(one, "stored", 2)
    response = two.get(PATH)
    assert response.cache_status["detail"] == "tier2" and response["X-Mood"] == "second"
    assert response.body == b"old picture"


# --- What is not ---


def test_what_may_not_be_stored_or_is_too_large_stays_out(start_sharer, redis, origin):
    node = start_sharer(tier={"object_max": "1KiB"})
    for number, headers in enumerate(({"Cache-Control": "private, max-age=600"}, {"Cache-Control": "no-store"},
                                      {"Cache-Control": "max-age=600", "Set-Cookie": "a=b"},
                                      {"Cache-Control": "max-age=600", "Vary": "*"}, {"Cache-Control": "max-age=0"})):
        path = f"/avatars/{number}/96"
        origin.on(path, answer(200, headers, b"mine"))
        node.get(path)
    for size in (1024, 1025):
        origin.on(f"/avatars/{size}/96", answer(200, {"Cache-Control": "max-age=600"}, b"x" * size))
    asked(node, "/avatars/1025/96")
    shares(node, "/avatars/1024/96")  # On the same connection, so no other put is still on its way.
    assert len(entries(redis, "*")) == 1
    assert puts(node, "too_large") == 1


def test_nothing_stays_longer_than_it_is_good_for_or_may(start_sharer, redis, origin):
    node = start_sharer(tier={"ttl_max": "10m"})
    for avatar, max_age, longest in ((1, 300, 300), (2, 3600, 600)):
        origin.on(f"/avatars/{avatar}/96", answer(200, {"Cache-Control": f"max-age={max_age}"}, b"a picture"))
        shares(node, f"/avatars/{avatar}/96")
        [key] = entries(redis, avatar)
        assert (longest - 100) * 1000 < redis("PTTL", key) <= longest * 1000


def test_what_was_filled_while_the_origin_settles_is_short_lived_elsewhere_too(start_sharer, redis, origin):
    settle = {"settle": "1h"}
    one, two = start_sharer("one", updates=settle), start_sharer("two", updates=settle)
    redis.publish("42")
    applies(one), applies(two)
    origin.on(PATH, OLD)
    shares(one)
    response = two.get(PATH)
    assert response.cache_status["detail"] == "tier2" and int(response.cache_status["ttl"]) <= 3600


def test_caches_of_different_names_share_nothing(start_sharer, origin):
    one, two = start_sharer("one"), start_sharer("two", {"prefix": "another"})
    origin.on(PATH, OLD)
    shares(one)
    asked(two)


def test_who_wants_it_from_the_origin_gets_it_from_there(start_sharer, origin):
    one, two = start_sharer("one"), start_sharer("two")
    for path, directive in ((PATH, "no-cache"), (OTHER, "max-age=0")):
        origin.on(path, OLD)
        shares(one, path)
        assert asked(two, path, {"Cache-Control": directive}) == b"old picture"
        assert origin.count(path) == 2


def test_without_a_lease_the_tier_is_not_used(start_sharer, redis, tier_redis, origin):
    one, two = (start_sharer(name, {"url": tier_redis.url}, updates={"lease": "1s"}) for name in ("one", "two"))
    origin.on(PATH, OLD)
    shares(one)
    redis.pause()
    two.wait_for_metric(lambda value: value == 0, "feed_lease_remaining_seconds")
    before = two.metric("tier_looks_total") - two.metric("tier_looks_total", end="forbidden")
    assert asked(two) == b"old picture"
    assert two.metric("tier_looks_total") - two.metric("tier_looks_total", end="forbidden") == before
    redis.resume()


# --- Configuration ---


def test_check_names_what_is_wrong_with_the_tier(tmp_path):
    file = tmp_path / "edge.yaml"
    file.write_text("redis:\n  url: http://x\n  prefix: 'a b'\n  timeout: 0s\n  ttl_max: 100ms\n  object_max: 65MiB\n"
                    "  claim: 11s\n  clam: 1s\n")
    done = subprocess.run([PROGRAM, "check", "--config", file], capture_output=True, text=True, timeout=30)
    assert done.returncode == 1
    problems = (done.stdout + done.stderr).splitlines()
    for line, words in enumerate(("redis.url", "redis.prefix", "redis.timeout", "redis.ttl_max", "redis.object_max",
                                  "redis.claim", "did you mean 'claim'"), start=2):
        assert any(f"edge.yaml:{line}:" in problem and words in problem for problem in problems), (words, problems)


def test_a_reload_names_what_of_the_tier_needs_a_restart(start_sharer):
    node = start_sharer()
    assert node.reload({"redis": {"timeout": "9s"}}) == "ok"
    node.wait_for_log("a restart is needed for redis.timeout")
