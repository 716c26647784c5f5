"""What operators see: /metrics, the access log and the plain log."""
import re

from edge import wait_until
from origin import answer

FRESH = {"Cache-Control": "max-age=600"}


def access_lines(edge, count):
    """The access log once it has that many lines of the data port."""
    def lines():
        return [line for line in edge.access_log() if line["path" if "path" in line else "target"].startswith("/avatars/")]

    return wait_until(lambda: len(lines()) >= count and lines(), f"{count} lines in the access log")


def test_requests_are_counted_by_outcome(edge, origin):
    origin.on("/avatars/1/46", answer(200, FRESH, b"x" * 1000))
    origin.on("/avatars/1", answer(204))
    for _ in range(5):
        edge.get("/avatars/1/46")
    edge.request("PUT", "/avatars/1", body=b"upload")
    edge.get("/avatars/%2f/46")
    metrics = edge.metrics()

    def count(outcome):
        return metrics("requests_total", outcome=outcome)

    assert (count("miss"), count("hit"), count("pass"), count("error")) == (1, 4, 1, 1)
    assert metrics("response_bytes_total") > 5000
    assert metrics("request_body_bytes_total") == 6
    assert metrics("request_duration_seconds_count", outcome="hit") == 4
    assert metrics("origin_requests_total", end="2xx") == 2
    assert metrics("origin_response_body_bytes_total") == 1000
    assert metrics("cache_stored_responses") == 0  # The PUT was an update of avatar 1.
    assert metrics("invalidations_total", kind="unsafe_request") == 1


def test_the_exposition_is_well_formed(edge):
    response = edge.admin("GET", "/metrics")
    assert response["Content-Type"].startswith("text/plain")
    text = response.body.decode()
    names = set(re.findall(r"^# TYPE (\S+) ", text, re.M))
    assert len(names) > 30
    for name in names:
        assert re.search(rf"^# HELP {name} .+", text, re.M), name
        assert name.startswith(("avatar_edge_", "process_")), name
        kind = re.search(rf"^# TYPE {name} (\w+)", text, re.M)[1]
        assert (kind == "counter") == name.endswith("_total"), name
    assert edge.metric("build_info") == 1 and edge.metric("info", site="test") == 1
    buckets = [float(value) for value in
               re.findall(r'^avatar_edge_request_duration_seconds_bucket\{.*outcome="hit".*\} (\S+)', text, re.M)]
    assert buckets == sorted(buckets)


def test_cache_gauges_follow_the_cache(edge, origin):
    for size in (46, 96):
        origin.on(f"/avatars/1/{size}", answer(200, FRESH, b"x" * 1000))
        edge.get(f"/avatars/1/{size}")
    metrics = edge.metrics()
    assert metrics("cache_stored_responses") == 2
    assert 2000 < metrics("cache_bytes") < 10_000
    edge.purge(all=True)
    metrics = edge.metrics()
    assert metrics("cache_stored_responses") == 0 and metrics("cache_bytes") < 2000


def test_connections_are_counted(edge, origin):
    with edge.connect() as first, edge.connect() as second:
        for client in (first, second):
            client.get("/avatars/1/46")
        assert edge.metric("connections_open") >= 2
    before = edge.metric("connections_accepted_total")
    with edge.connect() as client:
        client.get("/avatars/1/46")
        assert edge.metric("connections_accepted_total") >= before + 1


def test_the_access_log_has_a_json_line_for_each_request(edge, origin):
    origin.on("/avatars/1/46", answer(200, FRESH, b"picture"))
    for _ in range(2):
        edge.get("/avatars/1/46")
    edge.get('/avatars/1/46"')
    lines = access_lines(edge, 3)
    assert [line["outcome"] for line in lines] == ["miss", "hit", "pass"]
    assert lines[0]["status"] == 200 and lines[0]["method"] == "GET"
    assert "127.0.0.1" in lines[0].values() and "HTTP/1.1" in lines[0].values()


def test_only_errors_are_logged_when_asked(start_edge, origin):
    edge = start_edge([origin], {"log": {"access": "errors"}})
    origin.on("/avatars/1/46", answer(200, FRESH, b"picture"))
    edge.get("/avatars/1/46")
    edge.get("/avatars/2/46")
    assert [line["status"] for line in access_lines(edge, 1)] == [404]


def test_nothing_is_logged_when_off(start_edge, origin):
    edge = start_edge([origin], {"log": {"access": "off"}})
    edge.get("/avatars/2/46")
    edge.stop()
    assert edge.access_log() == []


def test_the_plain_log_tells_of_start_and_end(edge):
    edge.wait_for_log(str(edge.port))
    edge.stop()
    log = edge.log()
    assert "drain" in log
    assert all(re.match(r"\d{4}-\d\d-\d\d", line) for line in log.splitlines())


def test_a_client_cannot_write_lines_into_the_log(edge, origin):
    edge.raw(b"GET /avatars/1/46?\r\nHost: e\r\n\r\n")
    edge.get("/avatars/1/46?%0afake=1", {"X": "1"})
    edge.stop()
    assert "\nfake" not in edge.log()
    assert edge.access_log() is not None  # Every line is JSON.
