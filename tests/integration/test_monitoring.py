"""The files of monitoring/ in a real Prometheus that scrapes the real program: every recording rule and every query of the
dashboard gives data, and alerts fire by what has really happened, not before.

What each alert makes of numbers is tested by tests/monitoring; here it is whether the program gives those numbers."""
import contextlib
import itertools
import json
import re
import resource

import pytest

from client import Client
from edge import PRESET, wait_until
from origin import answer
from prometheus import MONITORING, Prometheus
from sharing import wait_for_tier
from verify import sites_of

pytestmark = pytest.mark.skipif(PRESET != "release", reason="says nothing more of the program than the other tests do")

PICTURE = {"Cache-Control": "max-age=86400", "ETag": '"1"'}

# They tell of a slow machine, which the tests' may be.
OF_PACE = {"AvatarEdgeHitsSlow", "AvatarEdgeOriginSlow", "AvatarEdgeFeedLag", "AvatarEdgeTierSlow",
           "AvatarEdgeLogLinesDropped"}


@pytest.fixture
def transport():
    """With TLS, so that there is something to see of it."""
    return "h1tls"


@pytest.fixture(scope="module")
def identity(authority):
    return authority, authority.sign("watched", "DNS:edge.test", "IP:127.0.0.1", days=30)


@pytest.fixture
def watch(tmp_path):
    """watch(edges, runs of verify) starts a Prometheus that has scraped them and evaluated all rules."""
    started = []

    def start(edges, runs=()):
        folder = tmp_path / f"prometheus-{len(started)}"
        folder.mkdir()
        targets = {"avatar-edge": [f"127.0.0.1:{edge.admin_port}" for edge in edges],
                   "avatar-edge-verify": [f"127.0.0.1:{run.port}" for run in runs]}
        started.append(Prometheus(folder, {job: ports for job, ports in targets.items() if ports}))
        wait_until(started[-1].is_ready, "Prometheus")
        wait_until(started[-1].has_scraped, "two scrapes")
        started[-1].wait_until_evaluated()
        return started[-1]

    yield start
    for prometheus in started:
        prometheus.stop()


def is_silent(prometheus, *alerts):
    return not set(alerts) & prometheus.firing().keys()


def dashboard_queries():
    """All that Grafana would ask for: panels, variables and what is marked on the panels."""
    dashboard = json.loads((MONITORING / "dashboard.json").read_text())
    queries = {target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())}
    assert len(queries) > 50
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            series, label = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["definition"]).groups()
            queries.add(series.replace("}", f',{label}!=""}}'))
    return queries | {mark["expr"] for mark in dashboard["annotations"]["list"]}


def as_asked(expression):
    """What Grafana sends when all sites and nodes are chosen."""
    return expression.replace("$__rate_interval", "1m").replace("$site", ".*").replace("$instance", ".*")


def test_every_rule_and_every_panel_has_data_and_a_healthy_site_is_silent(start_edge, origin, redis, start_verify, watch):
    origin.default = lambda request: request.respond(
        200, PICTURE | ({"Cache-Control": "no-store"} if "private" in request.target else {}), bytes(40_000))
    edge = start_edge([origin], {
        "site": "one", "workers": 1,
        # Room for some 90 of the pictures, so that there are evictions when the test wants them.
        "cache": {"memory": "4MiB", "object_max": "1MiB", "floors_max": 1000},
        "updates": {"url": redis.url, "lease": "20s"}, "redis": {"url": redis.url, "timeout": "10s", "claim": "0s"}})
    wait_for_tier(edge)
    run = start_verify(edge, sites_of(one=edge), "--grace", "100ms")
    prometheus = watch([edge], [run])
    counted = itertools.count()

    def use(avatars):
        """Some of everything that happens to a healthy node."""
        for avatar in range(avatars):
            for _ in range(2):
                assert edge.get(f"/avatars/{avatar}/96").status == 200
        edge.get("/avatars/1/private")
        redis.publish(f"changed-{next(counted)}")

    def wait_for_data(expressions):
        missing = list(expressions)

        def all_have():
            use(20)
            missing[:] = [one for one in missing if not prometheus.query(as_asked(one))]
            return not missing

        try:
            wait_until(all_have, "data")
        except AssertionError:
            raise AssertionError(f"no data of {missing}") from None

    records = [rule["name"] for rule in prometheus.rules() if rule["type"] == "recording"]
    of_evictions = {"instance:avatar_edge_cache_stay_seconds:rate15m"}
    wait_for_data(set(records) - of_evictions)
    prometheus.wait_until_evaluated()
    wait_until(lambda: not prometheus.firing().keys() - OF_PACE, "silence")

    # More pictures than there is room for, round and round: a rate of fifteen minutes needs many to be high.
    def is_evicting():
        use(150)
        return "AvatarEdgeEvictsSoon" in prometheus.firing()

    wait_until(is_evicting, "evictions")
    prometheus.wait_for("AvatarEdgeEvictsSoon")
    wait_for_data(of_evictions)
    # What has not happened is counted as well, as 0.
    wait_for_data(dashboard_queries())
    run.end(0)


def test_the_origin_fails(start_edge, origin, watch):
    origin.default = answer(200, PICTURE, b"picture")
    edge = start_edge([origin], {"workers": 1, "origin": {
        "breaker": {"fetches_min": 4}, "health": {"path": "/health", "interval": "1s", "timeout": "1s"}}})
    prometheus = watch([edge])
    alerts = ("AvatarEdgeOriginFails", "AvatarEdgeErrors", "AvatarEdgeOriginLeftAlone", "AvatarEdgeOriginUrlOut",
              "AvatarEdgeOriginUrlUnhealthy", "AvatarEdgeMaintenance")
    for avatar in range(5):
        assert edge.get(f"/avatars/{avatar}/96").status == 200
    prometheus.wait_until_evaluated()
    assert is_silent(prometheus, *alerts)
    edge.admin_json("POST", "/maintenance", {"on": True})
    prometheus.wait_for("AvatarEdgeMaintenance")
    assert is_silent(prometheus, "AvatarEdgeOriginFails", "AvatarEdgeOriginLeftAlone", "AvatarEdgeOriginUrlOut")
    edge.admin_json("POST", "/maintenance", {"on": False})
    origin.close()
    others = itertools.count(5)

    def do_all_fire():
        assert edge.get(f"/avatars/{next(others)}/96").status in (502, 503)
        return set(alerts) - {"AvatarEdgeMaintenance"} <= prometheus.firing().keys()

    wait_until(do_all_fire, "the alarm")


def test_redis_goes_and_comes_back_as_another(start_sharer, origin, redis, watch):
    origin.default = answer(200, PICTURE, b"picture")
    edge = start_sharer(updates={"lease": "1s"})
    prometheus = watch([edge])
    while_away = "AvatarEdgeWithoutLease", "AvatarEdgeWithoutTier", "AvatarEdgeUpdatesPending"
    wait_until(lambda: is_silent(prometheus, *while_away, "AvatarEdgeFeedGap", "AvatarEdgeFeedMalformed"), "silence")
    redis.publish("..", op="none")
    prometheus.wait_for("AvatarEdgeFeedMalformed")
    redis.stop()
    assert edge.request("PUT", "/avatars/1/96", body=b"another").status == 200
    prometheus.wait_for(*while_away)
    redis.start()
    prometheus.wait_for("AvatarEdgeFeedGap")
    wait_until(lambda: is_silent(prometheus, *while_away), "the end of the alarm")


def test_certificates_end_reloads_fail_and_nodes_go(edge, authority, watch):
    prometheus = watch([edge])
    near, nearer = "AvatarEdgeCertificateExpires", "AvatarEdgeCertificateEnds"
    wait_until(lambda: is_silent(prometheus, near, nearer, "AvatarEdgeConfigBroken", "AvatarEdgeDown"), "silence")
    edge.tls["certificates"] = [authority.sign("near", "DNS:edge.test", days=3).tls]
    assert edge.reload() == "ok"
    prometheus.wait_for(near)
    assert is_silent(prometheus, nearer)
    edge.tls["certificates"] = [authority.sign("nearer", "DNS:edge.test", days=1).tls]
    assert edge.reload() == "ok"
    prometheus.wait_for(nearer)
    assert is_silent(prometheus, "AvatarEdgeConfigBroken")
    assert edge.reload(text="cache: {memroy: 1GiB}") == "failed"
    prometheus.wait_for("AvatarEdgeConfigBroken")
    edge.stop()
    prometheus.wait_for("AvatarEdgeDown")


def test_limits_are_reached(start_edge, origin, watch):
    origin.default = answer(200, PICTURE, b"picture")
    edge = start_edge([origin], {"workers": 1, "http": {"connections_max": 8},
                                 "cache": {"memory": "1MiB", "object_max": "64KiB", "floors_max": 1000}})
    prometheus = watch([edge])
    alerts = "AvatarEdgeTurnsClientsAway", "AvatarEdgeFewFilesLeft", "AvatarEdgeHandshakesFail", "AvatarEdgeUploadsLimited", \
        "AvatarEdgeOverloaded"
    assert is_silent(prometheus, *alerts)
    with contextlib.ExitStack() as connections:
        statuses = [connections.enter_context(edge.connect("h1")).get("/avatars/1/96").status for _ in range(9)]
        assert statuses == [200] * 8 + [503]
    prometheus.wait_for("AvatarEdgeTurnsClientsAway")
    with Client(edge.tls_port) as client:
        client.send(b"GET / HTTP/1.1\r\n\r\n")  # Which is no TLS.
        client.rest()
    prometheus.wait_for("AvatarEdgeHandshakesFail")
    edge.admin_json("POST", "/degraded", {"on": True})
    prometheus.wait_for("AvatarEdgeUploadsLimited")
    assert edge.reload({"overload": {"memory": "1MiB"}}) == "ok"  # Far less than it has.
    prometheus.wait_for("AvatarEdgeOverloaded")
    few = int(edge.metrics().text.split("\nprocess_open_fds ")[1].split()[0])
    _, most = resource.prlimit(edge.process.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(edge.process.pid, resource.RLIMIT_NOFILE, (few + 1, most))  # One for whoever scrapes.
    prometheus.wait_for("AvatarEdgeFewFilesLeft")


def test_verify_sees_old_pictures_grows_deaf_and_goes(start_edge, origin, redis, start_verify, watch):
    versions = {}

    def answer_version(request):
        version = versions.get(request.target.split("/")[2], 1)
        request.respond(200, {"Cache-Control": "max-age=600", "X-Avatar-Version": str(version)}, b"picture %d" % version)

    origin.default = answer_version
    hearing = start_edge([origin], {"updates": {"url": redis.url}})
    deaf = start_edge([origin])  # Hears of no update, and so keeps what it has.
    run = start_verify(hearing, f"deaf=http://127.0.0.1:{deaf.port}", "--grace", "100ms")
    prometheus = watch([hearing, deaf], [run])
    seen, not_heard, gone = "AvatarEdgeOldPicturesSeen", "AvatarEdgeVerifyIsDeaf", "AvatarEdgeVerifyDown"
    assert is_silent(prometheus, seen, not_heard, gone)
    avatars = itertools.count()

    def is_old():
        """Changes another avatar when verify has nothing to do: on a slow machine its checks may be too late to count."""
        if run.metrics()("verify_changes_pending") == 0:
            avatar = f"a{next(avatars)}"
            deaf.get(f"/avatars/{avatar}/96")
            versions[avatar] = 2
            redis.publish(avatar, version=2)
        return run.checks(outcome="inconsistent") > 0

    wait_until(is_old, "an old picture")
    prometheus.wait_for(seen)
    assert is_silent(prometheus, not_heard, gone)
    redis.stop()
    prometheus.wait_for(seen, not_heard)
    run.process.kill()
    prometheus.wait_for(gone)
