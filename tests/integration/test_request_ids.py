"""A request is found again: by its id in the access log, at the origin and in what a client is told; by its trace. Over every
transport."""
import re

from edge import wait_until
from origin import answer

FRESH = {"Cache-Control": "max-age=600"}
TARGET = "/avatars/42/96"
TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
TRACEPARENT = f"00-{TRACE_ID}-b7ad6b7169203331-01"
OURS = re.compile(r"[0-9a-f]{16}-[0-9a-f]+")
BEHIND_A_PROXY = {"access": {"trusted_proxies": ["127.0.0.0/8"]}}


def lines(edge, count, target=TARGET):
    """The access log's of a target, once there are so many."""
    def found():
        return [line for line in edge.access_log() if line["target"] == target]
    wait_until(lambda: len(found()) >= count, f"{count} lines")
    return found()


def test_each_request_has_an_id_that_the_origin_gets_too(edge, origin):
    origin.on(TARGET, answer(200, FRESH, b"picture"))
    origin.on("/upload", answer(204))
    assert "X-Request-ID" not in edge.get(TARGET, {"X-Request-ID": "of a stranger"})
    edge.get(TARGET)
    edge.request("POST", "/upload", {"X-Request-ID": "of-a-stranger"}, b"x")
    miss, hit = [line["request_id"] for line in lines(edge, 2)]
    passed = lines(edge, 1, "/upload")[0]["request_id"]
    assert len({miss, hit, passed}) == 3 and all(OURS.fullmatch(one) for one in (miss, hit, passed))
    assert origin.last(TARGET).get("X-Request-ID") == miss
    assert origin.last("/upload").get("X-Request-ID") == passed


def test_no_id_is_given_twice_by_edges_and_their_restarts(edge, origin):
    for run in range(2):
        for _ in range(3):
            edge.get("/avatars/1/96")
        edge.stop()
        if run == 0:
            edge.start()
    ids = [line["request_id"] for line in lines(edge, 6, "/avatars/1/96")]
    assert len(set(ids)) == 6


def test_an_id_of_a_trusted_proxy_is_kept(start_edge, origin):
    origin.on(TARGET, answer(200, FRESH, b"picture"))
    edge = start_edge([origin], BEHIND_A_PROXY)
    edge.get(TARGET, {"X-Request-ID": "of-the-proxy"})
    edge.get("/avatars/1/96", {"X-Request-ID": "x" * 129})
    assert lines(edge, 1)[0]["request_id"] == origin.last(TARGET).get("X-Request-ID") == "of-the-proxy"
    assert OURS.fullmatch(lines(edge, 1, "/avatars/1/96")[0]["request_id"])


def test_an_error_of_ours_tells_the_client_its_id(edge, origin):
    origin.close()
    response = edge.get(TARGET)
    assert response.status == 502
    told = response["X-Request-ID"]
    assert f"request {told}\n" in response.body.decode()
    assert lines(edge, 1)[0]["request_id"] == told


def test_who_is_collapsed_has_an_id_of_his_own_and_the_origin_gets_the_leaders(edge, origin):
    held = origin.hold(TARGET)
    with edge.connect() as first, edge.connect() as second:
        first.ask("GET", TARGET, {"traceparent": TRACEPARENT})
        request = held.next()
        second.ask("GET", TARGET)
        edge.wait_for_metric(lambda count: count == 2, "waiters")
        request.respond(200, FRESH, b"picture")
        assert first.response().status == second.response().status == 200
    by_outcome = {line["outcome"]: line for line in lines(edge, 2)}
    assert request.get("X-Request-ID") == by_outcome["miss"]["request_id"] != by_outcome["collapsed"]["request_id"]
    assert by_outcome["miss"]["trace_id"] == TRACE_ID and "trace_id" not in by_outcome["collapsed"]


def test_the_trace_goes_on_to_the_origin_on_fills_and_passes(edge, origin):
    origin.on(TARGET, answer(200, FRESH, b"picture"))
    origin.on("/upload", answer(204))
    trace = {"traceparent": TRACEPARENT, "tracestate": "vendor=1"}
    edge.get(TARGET, trace)
    edge.request("POST", "/upload", trace, b"x")
    edge.get(TARGET, trace)
    for target in (TARGET, "/upload"):
        request = origin.last(target)
        assert (request.get("traceparent"), request.get("tracestate")) == (TRACEPARENT, "vendor=1")
    assert [line["trace_id"] for line in lines(edge, 2) + lines(edge, 1, "/upload")] == [TRACE_ID] * 3


def test_a_malformed_trace_goes_nowhere(edge, origin):
    origin.on(TARGET, answer(200, FRESH, b"picture"))
    origin.on("/upload", answer(204))
    malformed = {"traceparent": TRACEPARENT.upper(), "tracestate": "vendor=1"}
    edge.get(TARGET, malformed)
    edge.request("POST", "/upload", malformed, b"x")
    for target in (TARGET, "/upload"):
        request = origin.last(target)
        assert request.get("traceparent") is None and request.get("tracestate") is None
        assert "trace_id" not in lines(edge, 1, target)[0]


def test_an_origin_that_varies_on_what_we_add_is_asked_once(edge, origin):
    origin.on(TARGET, answer(200, FRESH | {"Vary": "X-Request-ID, traceparent"}, b"picture"))
    assert edge.get(TARGET).body == edge.get(TARGET).body == b"picture"
    edge.get(TARGET, {"X-Request-ID": "a"})
    assert origin.count(TARGET) == 2  # Another variant for who said something there.
