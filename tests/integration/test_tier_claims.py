"""Cold avatars that several nodes are asked for at once: one of them asks the origin, the others wait for it a little."""
import contextlib

import pytest

from edge import wait_until
from origin import answer
from sharing import NEW, OLD, OTHER, PATH, applies, is_taken

PATIENT = {"claim": "10s"}


def is_waiting(node, redis):
    """Waits until it has found again and again that another is asking."""
    def claims_tried():
        # Only a look that finds nothing sets a key.
        return int(redis("INFO", "commandstats").split("cmdstat_set:calls=")[1].split(",")[0])

    node.wait_for_metric(lambda value: value == 1, "waiters")
    before = claims_tried()
    wait_until(lambda: claims_tried() >= before + 2, "looks for what another is getting")


@contextlib.contextmanager
def waiting(one, two, redis, origin, path=PATH):
    """One node asks the origin, and the other waits for what comes of it: what is held there, the request that is, and a
    client of each node, who waits for the answer."""
    held = origin.hold(path)
    with one.connect() as first, two.connect() as second:
        first.ask("GET", path)
        request = held.next()
        second.ask("GET", path)
        is_waiting(two, redis)
        assert held.is_empty
        yield held, request, first, second


def test_of_two_nodes_one_asks_the_origin(start_sharer, redis, origin):
    one, two = start_sharer("one", PATIENT), start_sharer("two", PATIENT)
    with waiting(one, two, redis, origin) as (held, request, first, second):
        OLD(request)
        assert "fwd" in first.response().cache_status
        response = second.response()
        assert is_taken(response) and response.body == b"old picture"
    assert origin.count(PATH) == 1
    assert two.metric("tier_claims_served_total") == 1
    assert two.metric("tier_claims_waited_out_total") == one.metric("tier_claims_served_total") == 0


@pytest.mark.parametrize("how", ["kill", "silence"])
def test_where_nothing_comes_of_it_the_other_asks_within_the_claim(start_sharer, redis, origin, how):
    claim = {"claim": "200ms"}
    one, two = start_sharer("one", claim), start_sharer("two", claim)
    held = origin.hold(PATH)
    with one.connect() as first, two.connect() as second:
        first.ask("GET", PATH)
        request = held.next()
        if how == "kill":
            one.kill()
        second.ask("GET", PATH)
        OLD(held.next())
        assert second.response().body == b"old picture"
        if how == "silence":
            OLD(request)
            assert first.response().body == b"old picture"


def test_an_answer_that_does_not_reach_the_tier_is_waited_for_no_longer(start_sharer, redis, origin):
    tier = PATIENT | {"object_max": "1KiB"}
    one, two = start_sharer("one", tier), start_sharer("two", tier)
    for path, status, headers, body in (("/avatars/1/96", 200, {"Cache-Control": "private"}, b"mine"),
                                        ("/avatars/2/96", 200, {"Cache-Control": "max-age=600"}, b"x" * 1025),
                                        ("/avatars/3/96", 503, {}, b"no")):
        say = answer(status, headers, body)
        with waiting(one, two, redis, origin, path) as (held, request, first, second):
            say(request)
            assert first.response().body == body
            say(held.next())
            assert second.response().body == body
    assert two.metric("tier_claims_waited_out_total") == two.metric("tier_claims_served_total") == 0


def test_what_an_event_overtakes_is_not_what_was_waited_for(start_sharer, redis, origin):
    one, two = start_sharer("one", PATIENT), start_sharer("two", PATIENT)
    with waiting(one, two, redis, origin) as (held, request, first, second):
        redis.publish("42")
        applies(one), applies(two)
        OLD(request)
        assert first.response().cache_status["detail"] == "voided"
        NEW(held.next())
        assert second.response().body == b"new picture"
    origin.on(PATH, NEW)
    assert one.get(PATH).body == two.get(PATH).body == b"new picture"


def test_a_node_that_waits_does_other_things_and_ends_when_told(start_sharer, redis, origin):
    one, two = start_sharer("one", PATIENT), start_sharer("two", PATIENT)
    origin.on(OTHER, OLD)
    with waiting(one, two, redis, origin) as (_, request, first, _):
        assert two.get(OTHER).body == b"old picture"
        two.signal()
        two.wait_for_log("drain")
        two.signal()  # At once: a fill still waits.
        assert two.wait_for_end() == 0
        OLD(request)
        assert first.response().body == b"old picture"
