"""A large avatar reaches all who wait for it while it comes from the origin; what voids it on the way counts as ever."""
import concurrent.futures

import pytest

from client import Incomplete
from edge import wait_until
from origin import answer

FRESH = {"Cache-Control": "max-age=600", "ETag": '"v1"'}
PATH = "/avatars/42/1080"
PICTURE = bytes(i * 7 % 256 for i in range(300_000))
COME = 100_000  # Bytes of it that have come while the rest is held back.


def ask(edge, method="GET", headers=None):
    client = edge.connect()
    client.ask(method, PATH, headers)
    return client


def begin(held, fields=None, picture=PICTURE):
    """The origin answers with a part of the picture."""
    request = held.next()
    request.send_head(200, FRESH | (fields or {}), len(picture))
    request.send(picture[:COME])
    return request


def go_on(request, picture=PICTURE):
    request.send(picture[COME:])
    request.finish()


def wait_for_waiters(edge, count):
    edge.wait_for_metric(lambda waiters: waiters == count, "waiters")


def test_all_who_wait_get_what_there_is(start_edge, origin):
    edge = start_edge([origin], {"workers": 3})
    held = origin.hold(PATH)
    clients = [ask(edge) for _ in range(20)]
    wait_for_waiters(edge, 20)
    request = begin(held)
    heads = [client.head() for client in clients]
    for client, head in zip(clients, heads):
        assert head.status == 200 and int(head["Content-Length"]) == len(PICTURE)
        assert client.body_so_far(head, COME) == PICTURE[:COME]
    assert sum("collapsed" in head.cache_status for head in heads) == 19
    assert all(head.cache_status["fwd"] == "uri-miss" for head in heads)

    late = ask(edge)  # Comes when the answer is under way.
    late_head = late.head()
    assert late.body_so_far(late_head, COME) == PICTURE[:COME] and "collapsed" in late_head.cache_status
    go_on(request)
    for client, head in zip(clients + [late], heads + [late_head]):
        with client:
            client.read_body(head)
            assert head.body == PICTURE
    assert origin.count(PATH) == 1
    wait_until(lambda: edge.get(PATH).is_hit, "the response to be stored")
    assert edge.get(PATH).body == PICTURE
    metrics = edge.metrics()
    assert metrics("answers_begun_early_total") == 21 and metrics("waiters") == 0
    assert metrics("requests_total", outcome="miss") == 1 and metrics("requests_total", outcome="collapsed") == 20


def test_a_head_request_has_its_answer_with_the_head(edge, origin):
    held = origin.hold(PATH)
    with ask(edge) as client, ask(edge, "HEAD") as only_head:
        wait_for_waiters(edge, 2)
        request = begin(held)
        response = only_head.response("HEAD")
        assert int(response["Content-Length"]) == len(PICTURE) and response.body == b""
        go_on(request)
        assert client.response().body == PICTURE


def test_an_update_on_the_way_voids_it(edge, origin):
    """Who asked before gets the old picture, which is not kept; who asks afterwards begins anew."""
    held = origin.hold(PATH)
    with ask(edge) as early:
        old = begin(held)
        head = early.head()
        assert early.body_so_far(head, COME) == PICTURE[:COME]
        assert edge.update("42", version=2)["fills"] == 1
        newer = PICTURE[::-1]
        with ask(edge) as late:
            new = begin(held, {"ETag": '"v2"'}, newer)
            late_head = late.head()
            assert late.body_so_far(late_head, COME) == newer[:COME]
            go_on(old)
            early.read_body(head)
            assert head.body == PICTURE
            edge.wait_for_metric(lambda voided: voided == 1, "fills_total", end="voided")
            with ask(edge) as later:  # Joins the new one, which still comes.
                later_head = later.head()
                go_on(new, newer)
                for client, one in ((late, late_head), (later, later_head)):
                    client.read_body(one)
                    assert one.body == newer
    edge.wait_for_metric(lambda stored: stored == 1, "fills_total", end="stored")
    hit = edge.get(PATH)
    assert hit.is_hit and hit.body == newer and origin.count(PATH) == 2


def test_an_origin_that_breaks_off_breaks_the_answers(edge, origin):
    held = origin.hold(PATH)
    with ask(edge) as one, ask(edge) as other, ask(edge, headers={"Range": "bytes=0-9"}) as partial:
        wait_for_waiters(edge, 3)
        request = begin(held)
        heads = [one.head(), other.head()]
        assert one.body_so_far(heads[0], COME) == PICTURE[:COME]
        request.close()
        for client, head in zip((one, other), heads):
            with pytest.raises(Incomplete):
                client.read_body(head)
        assert partial.response().status == 502  # Has not begun, so it can be told.
    edge.wait_for_metric(lambda errors: errors == 3, "requests_total", outcome="error")
    wait_until(lambda: sum(record["status"] == 200 and record.get("complete") is False
                           and record["detail"] == "http_response_incomplete" for record in edge.access_log()) == 2,
               "lines in the access log")
    origin.on(PATH, answer(200, FRESH, PICTURE))
    whole = edge.get(PATH)
    assert whole.body == PICTURE and not whole.is_hit


def test_what_is_known_to_be_broken_before_the_answer_has_begun_is_said(edge, origin):
    held = origin.hold(PATH)
    with ask(edge) as client:
        wait_for_waiters(edge, 1)
        request = held.next()
        edge.pause()  # So that the head and the end are there together.
        request.send_head(200, FRESH, len(PICTURE))
        request.close()
        edge.resume()
        assert client.response().status == 502
    assert edge.metric("answers_begun_early_total") == 0


def test_an_origin_that_breaks_off_again_and_again_harms_nobody_else(start_edge, origin):
    # And it is asked all the same.
    edge = start_edge([origin], {"workers": 2, "origin": {"breaker": {"failed_share": 0}}})
    origin.on("/avatars/1/46", answer(200, FRESH, b"well"))

    def break_off(request):
        request.send_head(200, FRESH, len(PICTURE))
        request.send(PICTURE[:COME])
        request.close()

    origin.on(PATH, break_off)

    def insist():
        for _ in range(100):
            with ask(edge) as client:
                try:
                    assert client.response().status == 502
                except Incomplete:
                    pass

    with concurrent.futures.ThreadPoolExecutor(8) as several:
        for done in [several.submit(insist) for _ in range(8)]:
            done.result()
    assert edge.get("/avatars/1/46").body == b"well"
    wait_for_waiters(edge, 0)


@pytest.mark.http1("the version of the request")
def test_a_client_of_http_1_0_gets_it_as_it_comes(edge, origin):
    held = origin.hold(PATH)
    with edge.connect() as client:
        client.ask("GET", PATH, version="1.0")
        request = begin(held)
        head = client.head()
        assert client.body_so_far(head, COME) == PICTURE[:COME]
        go_on(request)
        client.read_body(head)
        assert head.body == PICTURE and client.is_closed()


def test_what_readers_still_hold_counts_as_memory_of_the_cache(edge, origin):
    picture = PICTURE * 26  # More than the buffers of sockets take.
    held = origin.hold(PATH)
    with ask(edge) as slow:
        request = begin(held, picture=picture)
        head = slow.head()
        assert edge.metric("cache_bytes") > len(picture)
        go_on(request, picture)
        edge.wait_for_metric(lambda stored: stored == 1, "fills_total", end="stored")
        assert len(picture) < edge.metric("cache_bytes") < len(picture) * 1.1
        edge.update("42")
        assert edge.metric("cache_bytes") > len(picture)
        slow.read_body(head)
    edge.wait_for_metric(lambda held: held < len(picture), "cache_bytes")


def test_waiters_are_bounded_also_while_they_are_answered(start_edge, origin):
    edge = start_edge([origin], {"cache": {"waiters_max": 2}})
    held = origin.hold(PATH)
    with ask(edge) as one, ask(edge) as other:
        wait_for_waiters(edge, 2)
        request = begin(held)
        heads = [one.head(), other.head()]
        assert edge.get(PATH).status == 503
        other.close()

        def is_let_in():
            with ask(edge) as third:
                return third.head().status == 200

        wait_until(is_let_in, "a place to become free")
        go_on(request)
        one.read_body(heads[0])
        assert heads[0].body == PICTURE


def test_an_answer_behind_an_update_says_so(start_edge, origin):
    edge = start_edge([origin], {"updates": {"lag_retries": 0}})
    edge.update("42", version=7)
    held = origin.hold(PATH)
    with ask(edge) as client:
        request = begin(held, {"X-Avatar-Version": "6"})
        assert client.head().cache_status["detail"] == "behind-update"
        go_on(request)
    edge.wait_for_metric(lambda ended: ended == 1, "fills_total", end="below_floor")


def test_who_asks_for_a_part_waits_for_the_whole(edge, origin):
    held = origin.hold(PATH)
    with ask(edge) as whole, ask(edge, headers={"Range": "bytes=299990-"}) as partial:
        wait_for_waiters(edge, 2)
        request = begin(held)
        head = whole.head()
        wait_for_waiters(edge, 2)  # For more, and for all.
        go_on(request)
        response = partial.response()
        assert response.status == 206 and response.body == PICTURE[299_990:]
        whole.read_body(head)
        assert head.body == PICTURE and origin.count(PATH) == 1


def test_who_has_it_already_is_told_at_once(edge, origin):
    held = origin.hold(PATH)
    with ask(edge) as client, ask(edge, headers={"If-None-Match": '"v1"'}) as knows:
        wait_for_waiters(edge, 2)
        request = begin(held)
        assert knows.response().status == 304
        go_on(request)
        assert client.response().body == PICTURE


def test_another_variant_is_asked_for_when_it_is_known_to_be_one(edge, origin):
    held = origin.hold(PATH)
    with ask(edge, headers={"Accept": "image/webp"}) as webp, ask(edge, headers={"Accept": "image/png"}) as png:
        wait_for_waiters(edge, 2)
        request = begin(held, {"Vary": "Accept"})
        mine, other = (webp, png) if request.get("Accept") == "image/webp" else (png, webp)
        head = mine.head()
        assert mine.body_so_far(head, COME) == PICTURE[:COME] and held.is_empty
        go_on(request)
        second = held.next()
        assert second.get("Accept") != request.get("Accept")
        second.respond(200, FRESH | {"Vary": "Accept"}, b"the other")
        assert other.response().body == b"the other"
        mine.read_body(head)
        assert head.body == PICTURE


def test_a_leader_that_hangs_up_on_the_way_changes_nothing(edge, origin):
    held = origin.hold(PATH)
    leader = ask(edge)
    wait_for_waiters(edge, 1)
    with ask(edge) as follower:
        wait_for_waiters(edge, 2)
        request = begin(held)
        leader.head()
        leader.close()
        head = follower.head()
        wait_for_waiters(edge, 1)
        go_on(request)
        follower.read_body(head)
        assert head.body == PICTURE
    wait_until(lambda: edge.get(PATH).is_hit, "the response to be stored")
    assert origin.count(PATH) == 1


def test_cookies_are_for_the_one_whose_request_was_sent(start_edge, origin):
    edge = start_edge([origin], {"cache": {"set_cookie": "strip"}})
    held = origin.hold(PATH)
    with ask(edge) as leader:
        wait_for_waiters(edge, 1)
        with ask(edge) as other:
            wait_for_waiters(edge, 2)
            request = begin(held, {"Set-Cookie": "a=b"})
            assert leader.head().get("Set-Cookie") == "a=b" and "Set-Cookie" not in other.head()
            go_on(request)


def test_a_slow_reader_holds_up_nobody(edge, origin):
    picture = PICTURE * 20
    held = origin.hold(PATH)
    with ask(edge) as slow, ask(edge) as quick:
        wait_for_waiters(edge, 2)
        request = begin(held, picture=picture)
        head = quick.head()
        go_on(request, picture)
        quick.read_body(head)
        assert head.body == picture
        assert slow.response().body == picture


def test_a_smaller_one_is_answered_when_it_is_whole(start_edge, origin):
    edge = start_edge([origin], {"cache": {"stream_from": f"{len(PICTURE) + 1}B"}})
    held = origin.hold(PATH)
    with ask(edge) as client:
        begin(held).close()
        assert client.response().status == 502
    assert edge.metric("answers_begun_early_total") == 0


def test_one_of_unknown_length_is_answered_when_it_is_whole(edge, origin):
    origin.on(PATH, answer(200, FRESH, PICTURE, chunked=True))
    assert edge.get(PATH).body == PICTURE and edge.get(PATH).is_hit
    assert edge.metric("answers_begun_early_total") == 0


def test_where_a_stale_response_may_stand_in_the_whole_is_waited_for(edge, origin):
    stale = {"Cache-Control": "max-age=60, stale-if-error=600", "Age": "100", "ETag": '"v0"'}
    origin.on(PATH, answer(200, stale, b"old"))
    assert edge.get(PATH).body == b"old"
    held = origin.hold(PATH)
    with ask(edge) as client:
        begin(held).close()
        response = client.response()
        assert response.body == b"old" and response.cache_status["detail"] == "stale-if-error"


def test_an_edge_that_ends_breaks_it_off(start_edge, origin):
    edge = start_edge([origin], {"drain": "0s"})
    held = origin.hold(PATH)
    with ask(edge) as client:
        begin(held)
        head = client.head()
        edge.signal()
        with pytest.raises(Incomplete):
            client.read_body(head)
    edge.wait_for_end()
