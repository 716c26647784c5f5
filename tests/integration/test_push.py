"""Push-fill: what an update has dropped, though it was asked for lately, is filled again before anybody asks."""
from edge import wait_until
from origin import answer

PATH = "/avatars/42/96"
OLD = answer(200, {"Cache-Control": "max-age=86400"}, b"old")
NEW = answer(200, {"Cache-Control": "max-age=86400"}, b"new")
# And what is filled soon after an event is good for long.
UNSETTLED = {"push": "60s", "settle": "0s"}


def is_held(node, avatar="42"):
    return bool(node.avatar(avatar)["responses"])


def hold_push(node, redis, origin):
    """What is held at the origin, and of it the request of a push-fill."""
    origin.on(PATH, OLD)
    node.get(PATH)
    held = origin.hold(PATH)
    redis.publish("42")
    push = held.next()
    return held, push


def test_what_was_asked_for_lately_is_there_again_before_anybody_asks(start_node, redis, origin):
    node = start_node(updates=UNSETTLED)
    origin.on(PATH, OLD)
    node.get(PATH)
    origin.on(PATH, NEW)
    redis.publish("42")
    node.wait_for_metric(lambda value: value == 1, "push_fills_total", end="started")
    wait_until(lambda: is_held(node), "the push-fill")
    filled = node.get(PATH)
    assert filled.is_hit and filled.body == b"new"
    assert origin.count(PATH) == 2


def test_what_was_answered_while_it_came_is_hot_too(start_node, redis, origin):
    node = start_node(updates=UNSETTLED)
    held = origin.hold(PATH)
    with node.connect() as client:
        client.ask("GET", PATH)
        request = held.next()
        request.send_head(200, {"Cache-Control": "max-age=86400"}, 200_000)
        request.send(bytes(100_000))
        head = client.head()
        request.send(bytes(100_000))
        request.finish()
        client.read_body(head)
    wait_until(lambda: is_held(node), "the response")
    assert node.metric("answers_begun_early_total") == 1
    origin.on(PATH, NEW)
    redis.publish("42")
    node.wait_for_metric(lambda value: value == 1, "push_fills_total", end="started")


def test_a_node_that_has_too_much_to_do_leaves_it_to_whoever_asks(start_node, redis, origin):
    node = start_node(updates=UNSETTLED, workers=1,
                      cache={"memory": "1MiB", "object_max": "64KiB", "floors_max": 1000})
    origin.on(PATH, OLD)
    node.get(PATH)
    assert node.reload({"overload": {"memory": "1MiB"}}) == "ok"  # Far less than it has.
    node.wait_for_metric(lambda level: level == 3, "overload_level", cause="memory")
    redis.publish("42")
    node.wait_for_metric(lambda value: value == 1, "push_fills_total", end="dropped")
    assert node.reload({"overload": {"memory": "0B"}}) == "ok"
    node.wait_for_metric(lambda level: level == 0, "overload_level", cause="memory")
    origin.on(PATH, NEW)
    assert node.get(PATH).body == b"new"
    assert origin.count(PATH) == 2


def test_it_is_filled_again_after_every_event_while_it_is_hot(start_node, redis, origin):
    node = start_node(updates=UNSETTLED)
    origin.on(PATH, OLD)
    node.get(PATH)
    for pushes in (1, 2, 3):
        redis.publish("42")
        node.wait_for_metric(lambda value, wanted=pushes: value == wanted, "push_fills_total", end="started")
        wait_until(lambda: is_held(node), "the push-fill")
    assert origin.count(PATH) == 4


def test_each_variant_is_filled_for_whom_it_was(start_node, redis, origin):
    node = start_node(updates=UNSETTLED)
    origin.on(PATH, answer(200, {"Cache-Control": "max-age=86400", "Vary": "Accept"}, b"picture"))
    for accept in ("image/webp", "image/png"):
        node.get(PATH, {"Accept": accept})
    redis.publish("42")
    node.wait_for_metric(lambda value: value >= 1, "push_fills_total", end="started")
    # One fill runs for a URL at a time, so the second waits for the first.
    wait_until(lambda: len(node.avatar("42")["responses"]) == 2, "the push-fills")
    assert node.get(PATH, {"Accept": "image/webp"}).is_hit and node.get(PATH, {"Accept": "image/png"}).is_hit
    assert origin.count(PATH) == 4


def test_a_field_that_the_client_did_not_send_is_not_sent_for_it(start_node, redis, origin):
    node = start_node(updates=UNSETTLED)
    origin.on(PATH, answer(200, {"Cache-Control": "max-age=86400", "Vary": "Origin, Accept"}, b"picture"))
    node.get(PATH, {"Accept": "image/webp"})
    redis.publish("42")
    wait_until(lambda: origin.count(PATH) == 2, "the push-fill")
    pushed = origin.last(PATH)
    assert pushed.get("Accept") == "image/webp" and pushed.get("Origin") is None
    wait_until(lambda: is_held(node), "its end")
    assert node.get(PATH, {"Accept": "image/webp"}).is_hit


def test_what_was_not_asked_for_lately_waits_for_its_client(start_node, redis, origin):
    node = start_node(updates=UNSETTLED | {"push": "1ms"})
    origin.on(PATH, OLD)
    node.get(PATH)
    wait_until(lambda: node.avatar("42")["responses"][0]["fresh_for_ms"] < 86_399_990, "a moment to pass")
    id = redis.publish("42")
    wait_until(lambda: node.status()["position"] == id, "the position")
    assert node.metric("push_fills_total", end="started") == 0
    assert not is_held(node)


def test_without_push_everything_waits_for_its_client(start_node, redis, origin):
    node = start_node(updates={"push": "0s"})
    origin.on(PATH, OLD)
    node.get(PATH)
    id = redis.publish("42")
    wait_until(lambda: node.status()["position"] == id, "the position")
    assert sum(node.metric("push_fills_total", end=end) for end in ("started", "unneeded", "dropped")) == 0


def test_a_client_that_comes_meanwhile_joins_it(start_node, redis, origin):
    node = start_node(updates=UNSETTLED)
    _, push = hold_push(node, redis, origin)
    with node.connect() as client:
        client.ask("GET", PATH)
        node.wait_for_metric(lambda value: value == 1, "waiters")
        push.respond(200, {"Cache-Control": "max-age=86400"}, b"new")
        reply = client.response()
    assert reply.body == b"new" and "collapsed" in reply.cache_status
    assert origin.count(PATH) == 2


def test_an_event_voids_a_push_fill_like_any_other(start_node, redis, origin):
    node = start_node(updates=UNSETTLED)
    held, push = hold_push(node, redis, origin)
    redis.publish("42")
    node.wait_for_metric(lambda value: value == 2, "feed_events_applied_total")
    again = held.next()  # Nobody waits for the first, but the picture is as wanted as it was.
    push.respond(200, {"Cache-Control": "max-age=86400"}, b"in between")
    node.wait_for_metric(lambda value: value == 1, "fills_total", end="voided")
    assert not is_held(node)
    again.respond(200, {"Cache-Control": "max-age=86400"}, b"new")
    wait_until(lambda: is_held(node), "the second push-fill")
    assert node.get(PATH).body == b"new"


def test_no_more_are_under_way_at_once_than_may_be(start_node, redis, origin):
    node = start_node(updates=UNSETTLED | {"push_max": 1}, workers=1)
    paths = [f"/avatars/42/{size}" for size in (46, 64, 96)]
    for path in paths:
        origin.on(path, OLD)
        node.get(path)
    held = [origin.hold(path) for path in paths]
    redis.publish("42")
    node.wait_for_metric(lambda value: value == 1, "push_fills_total", end="started")
    for filled in range(3):
        wait_until(lambda: any(not one.is_empty for one in held), "the next push-fill")
        arrived = [one for one in held if not one.is_empty]
        assert len(arrived) == 1 and node.metric("fills_in_flight") == 1
        arrived[0].next().respond(200, {"Cache-Control": "max-age=86400"}, b"new")
        node.wait_for_metric(lambda value, wanted=filled + 2: value >= min(wanted, 3), "push_fills_total", end="started")


def test_of_the_nodes_that_share_a_tier_one_asks_the_origin(start_sharer, redis, origin):
    nodes = [start_sharer(name, {"claim": "10s"}, UNSETTLED) for name in ("one", "two", "three")]
    origin.on(PATH, OLD)
    for node in nodes:
        node.get(PATH)
    assert origin.count(PATH) == 1
    origin.on(PATH, NEW)
    redis.publish("42")
    for node in nodes:
        node.wait_for_metric(lambda value: value == 1, "feed_events_applied_total")
        wait_until(lambda: is_held(node), "the push-fill")
        assert node.get(PATH).body == b"new"
    assert origin.count(PATH) == 2, [(node.metric("fills_total", end="stored"),
                                      node.metric("tier_claims_waited_out_total")) for node in nodes]
