"""URLs of the origin are checked (origin.health): one that is unhealthy is left out until it is healthy again."""
import itertools

import pytest

from edge import wait_until
from origin import answer

PICTURE = answer(200, {"Cache-Control": "max-age=3600"}, b"picture")
ILL = answer(503, {}, b"ill")


@pytest.fixture
def start(start_edge, origin, other):
    """start(workers=…, health=…) starts an edge before two URLs that are both well; what is healthy is said by checks
    alone, since the pictures always come."""
    for url in (origin, other):
        url.default = PICTURE
        url.on("/health", answer(204))

    def start(workers=2, **health):
        health = {"path": "/health", "interval": "500ms", "timeout": "500ms", "failures": 2, "successes": 1} | health
        return start_edge([origin, other], {"workers": workers, "origin": {"health": health,
                                                                           "breaker": {"failed_share": 0}}})
    return start


def unhealthy(edge):
    return edge.status()["origin"]["unhealthy"]


targets = (f"/avatars/{number}/46" for number in itertools.count())


def count_shares(origin, other, edge, requests=20):
    """How many of some misses went to each of the two."""
    def pictures(url):
        with url.lock:
            return sum(request.target != "/health" for request in url.requests)

    before = pictures(origin), pictures(other)
    assert all(edge.get(next(targets)).body == b"picture" for _ in range(requests))
    return pictures(origin) - before[0], pictures(other) - before[1]


def is_left_out(origin, other, edge):
    """Whether neither worker asks `origin` any more; each hears of it by itself."""
    return count_shares(origin, other, edge) == (0, 20)


def test_an_unhealthy_url_gets_no_requests_until_it_is_healthy_again(start, origin, other):
    edge = start()
    assert edge.status()["origin"] == {"urls": 2, "checked": True, "unhealthy": []}
    edge.wait_for_metric(lambda checks: checks >= 4, "origin_checks_total", end="good")
    assert all(count_shares(origin, other, edge))
    origin.on("/health", ILL)
    wait_until(lambda: is_left_out(origin, other, edge), "that it is left out")
    assert unhealthy(edge) == [origin.url] and edge.metric("origin_urls_unhealthy") == 1
    assert edge.metric("origin_checks_total", end="status") >= 2
    edge.wait_for_log("origin.health")
    assert f"{origin.url} is unhealthy: 2 checks in a row have failed; 127.0.0.1:{origin.port}: status 503" in edge.log()
    # By checks, not by requests.
    assert edge.metric("origin_urls_ejected") == 0 and edge.metric("origin_requests_total", end="5xx") == 0
    origin.on("/health", answer(200))
    wait_until(lambda: all(count_shares(origin, other, edge)), "that it returns")
    assert unhealthy(edge) == [] and edge.metric("origin_urls_unhealthy") == 0
    edge.wait_for_log(f"{origin.url} is healthy again")


def test_where_all_urls_are_unhealthy_nobody_is_refused(start, origin, other):
    edge = start()
    for url in (origin, other):
        url.on("/health", ILL)
    wait_until(lambda: len(unhealthy(edge)) == 2, "that both are unhealthy")
    assert all(count_shares(origin, other, edge))
    assert not edge.status()["degraded"]


def test_a_reload_begins_and_ends_the_checks(start, origin, other):
    edge = start(path=None)
    origin.on("/health", ILL)
    assert edge.status()["origin"]["checked"] is False
    assert edge.reload({"origin": {"health": {"path": "/health"}}}) == "ok"
    wait_until(lambda: unhealthy(edge) == [origin.url], "that it is unhealthy")
    wait_until(lambda: is_left_out(origin, other, edge), "that it is left out")
    edge.config["origin"]["health"] = {"path": None}
    assert edge.reload() == "ok"
    wait_until(lambda: all(count_shares(origin, other, edge)), "that it is asked again")
    assert unhealthy(edge) == [] and edge.metric("origin_urls_unhealthy") == 0
    asked = origin.count("/health")
    count_shares(origin, other, edge)
    assert origin.count("/health") <= asked + 1  # One may have been under way.


def test_a_url_that_hangs_is_unhealthy(start, origin, other):
    edge = start()
    origin.hold("/health")
    wait_until(lambda: unhealthy(edge) == [origin.url], "that it is unhealthy")
    assert edge.metric("origin_checks_total", end="timeout") >= 2
