"""Feed and tier found through Redis Sentinel: real sentinels over a real primary and its replica."""
import itertools
import json
import subprocess

import pytest

from edge import PROGRAM, free_port, wait_until
from origin import answer
from sentinel import NAME, Site
from sharing import wait_for_tier

PATH = "/avatars/42/96"


def picture(name):
    return answer(200, {"Cache-Control": "max-age=86400", "ETag": f'"{name}"'}, name.encode())


@pytest.fixture
def make_site(tmp_path):
    """make_site(name, count=1, …) starts servers and sentinels."""
    sites = []

    def make(name="feed", **options):
        folder = tmp_path / name
        folder.mkdir()
        sites.append(Site(folder, **options))
        return sites[-1]

    yield make
    for site in sites:
        site.stop()


@pytest.fixture
def start(origin, start_edge):
    """start(url) starts an edge that has heard the feed there."""

    def start(url, lease="2s", **config):
        edge = start_edge([origin], {"updates": {"url": url, "lease": lease}} | config)
        wait_until(lambda: edge.status()["position"] is not None, "the first proof")
        return edge

    return start


def follows(edge, site):
    wait_until(lambda: edge.status()["feed"]["primary"] == site.primary.place, "the new primary")
    wait_until(lambda: edge.status()["lease_ms"] > 0, "its first proof")


def shows(edge, origin, redis, name):
    """An update published there reaches the edge, which then has the new picture alone."""
    origin.on(PATH, picture(name))
    redis.publish("42")
    wait_until(lambda: edge.get(PATH).body == name.encode(), name)
    for _ in range(3):
        assert edge.get(PATH).body == name.encode()


# --- Failovers ---


def test_an_edge_follows_a_failover_and_nothing_old_is_served(make_site, start, origin):
    site = make_site(count=3)
    site.await_replica()
    origin.on(PATH, picture("one"))
    edge = start(site.url)
    assert edge.status()["feed"]["primary"] == site.primary.place
    assert edge.get(PATH).body == b"one"
    assert edge.get(PATH).is_hit
    shows(edge, origin, site.primary, "two")
    assert edge.get(PATH).is_hit
    site.fail_over()
    # Whoever is asked meanwhile, by whatever the edge knows: what was replaced does not come back.
    assert edge.get(PATH).body == b"two"
    follows(edge, site)
    assert edge.get(PATH).body == b"two"
    assert edge.metric("feed_gaps_total") == 1
    assert edge.metric("feed_identity_changes_total") == 1
    assert edge.metric("feed_primary_switches_total") == 1
    shows(edge, origin, site.primary, "three")
    assert edge.metric("feed_gaps_total") == 1


def test_a_primary_that_died_is_replaced(make_site, start, origin):
    site = make_site()
    site.await_replica()
    origin.on(PATH, picture("one"))
    edge = start(site.url)
    assert edge.get(PATH).body == b"one"
    site.primary.stop()
    # Nobody tells of this change: the lease does.
    origin.on(PATH, picture("two"))
    wait_until(lambda: edge.get(PATH).body == b"two", "the end of the lease")
    site.await_failover()
    follows(edge, site)
    shows(edge, origin, site.primary, "three")


def test_sentinels_that_were_set_up_anew_are_followed(make_site, start, origin):
    site = make_site(count=3)
    origin.on(PATH, picture("one"))
    edge = start(site.url)
    assert edge.get(PATH).body == b"one"
    site.fail_over()
    follows(edge, site)
    # Their epochs begin again, below that of the failover.
    site.set_up_anew(site.add_server("third"))
    follows(edge, site)
    assert edge.metric("feed_primary_switches_total") == 2
    shows(edge, origin, site.primary, "two")


def test_the_tier_follows_a_failover_too(make_site, start, origin, redis):
    site = make_site()
    site.await_replica()
    origin.on(PATH, picture("one"))
    edge = start(redis.url, redis={"url": site.url, "prefix": "faces"})
    wait_for_tier(edge)
    assert edge.status()["tier"]["primary"] == site.primary.place
    assert edge.get(PATH).body == b"one"
    site.fail_over()
    wait_until(lambda: edge.status()["tier"]["primary"] == site.primary.place, "the new primary")
    wait_for_tier(edge)
    assert edge.metric("tier_primary_switches_total") == 1
    assert edge.metric("feed_primary_switches_total") == 0
    # The workers' own connections as well: what they put is there.
    numbers = itertools.count()

    def is_put():
        avatar = f"moved-{next(numbers)}"
        origin.on(f"/avatars/{avatar}/96", picture("new"))
        assert edge.get(f"/avatars/{avatar}/96").body == b"new"
        return site.primary("KEYS", "*:entries:moved-*") != []

    wait_until(is_put, "what a worker puts")
    shows(edge, origin, redis, "two")


# --- Sentinels that do not help ---


def test_sentinels_that_are_dead_are_passed_over_and_none_ends_what_stands(make_site, start, origin):
    site = make_site()
    nowhere = f"127.0.0.1:{free_port()}"
    origin.on(PATH, picture("one"))
    # With a lease that no slow machine ends: what is lost here cannot be found again.
    edge = start(site.url_of(nowhere, site.sentinels[0].place), lease="20s")
    assert edge.metric("feed_sentinel_asks_failed_total") >= 1
    site.sentinels[0].stop()
    before = edge.metric("feed_sentinel_asks_failed_total")
    edge.wait_for_metric(lambda value: value >= before + 5, "feed_sentinel_asks_failed_total")
    assert edge.get(PATH).body == b"one"
    shows(edge, origin, site.primary, "two")
    assert edge.metric("feed_connections_lost_total") == 0


@pytest.mark.parametrize("wrong", ["gone", "nobody", "replica"])
def test_what_a_sentinel_cannot_say_is_told_with_its_name(wrong, make_site, start_edge, origin):
    site = make_site()
    sentinel, name = site.sentinels[0], NAME
    if wrong == "gone":
        sentinel.stop()
        why = f"sentinel {sentinel.place}: Connection refused"
    elif wrong == "nobody":
        name = "strangers"
        why = f"sentinel {sentinel.place}: no master named 'strangers'"
    else:
        site.await_replica()
        name = "replicas"
        sentinel("SENTINEL", "MONITOR", name, "127.0.0.1", site.replica.port, 1)
        why = f"{site.replica.place}: a replica, though sentinel {sentinel.place} names it as replicas"
    url = site.url_of(sentinel.place, name=name)
    edge = start_edge([origin], {"updates": {"url": url, "lease": "2s"}})
    edge.wait_for_log(why)
    assert edge.status()["feed"]["primary"] is None
    assert "no_lease" in " ".join(edge.status()["degraded_reasons"])
    edge.wait_for_metric(lambda value: value >= 1, "feed_sentinel_asks_failed_total")
    done = edge.run("update", "--avatar", "42", check=False)
    assert done.returncode == 1 and why in done.stderr, done.stderr
    done = edge.run("check", "--connect", check=False)
    assert done.returncode == 1 and f"updates.url: {why}" in done.stderr, done.stderr
    # It serves on, by asking the origin first.
    origin.on(PATH, picture("one"))
    assert edge.get(PATH).body == b"one"
    origin.on(PATH, picture("two"))
    assert edge.get(PATH).body == b"two"


# --- Commands ---


def test_an_update_is_published_to_the_primary_that_is_one_now(make_site, start, origin):
    site = make_site()
    origin.on(PATH, picture("one"))
    edge = start(site.url)
    assert edge.get(PATH).body == b"one"
    site.fail_over()
    follows(edge, site)
    origin.on(PATH, picture("two"))
    done = edge.run("update", "--avatar", "42", "--wait", "30s")
    assert "no node serves anything older" in done.stdout
    assert edge.get(PATH).body == b"two"
    assert site.primary.avatars() == ["42"]
    origin.on(PATH, picture("three"))
    assert edge.admin("POST", "/updates?wait=30s", body=b'{"avatar": "42"}').status == 200
    assert edge.get(PATH).body == b"three"
    assert site.primary.avatars() == ["42", "42"]


def test_verify_follows_a_failover(make_site, start, origin, start_verify):
    site = make_site()
    site.await_replica()
    edge = start(site.url)
    verify = start_verify(edge, f"one=http://127.0.0.1:{edge.port}")
    wait_until(verify.hears, "verify")
    site.fail_over()
    wait_until(lambda: f"{site.primary.place}, stream avatar:updates" in verify.log(), "verify at the new primary")
    follows(edge, site)
    origin.on(PATH, picture("one"))
    site.primary.publish("42")
    verify.wait_for(1, "consistent")


def test_check_asks_every_sentinel_and_judges_the_primary(make_site, tmp_path):
    site = make_site(count=2)
    site.primary("CONFIG", "SET", "min-replicas-to-write", 1)
    nowhere = f"127.0.0.1:{free_port()}"
    file = tmp_path / "edge.yaml"

    def check(*places):
        file.write_text(json.dumps({"updates": {"url": site.url_of(*places)}}))
        done = subprocess.run([PROGRAM, "check", "--connect", "--config", file], capture_output=True, text=True,
                              timeout=60)
        return [line for line in done.stderr.splitlines() if "updates.url" in line]

    places = [one.place for one in site.sentinels]
    assert check(*places) == []
    [problem] = check(*places, nowhere)
    assert f"sentinel {nowhere}: Connection refused" in problem
    site.primary("CONFIG", "SET", "min-replicas-to-write", 0)
    site.replica.stop()
    wait_until(lambda: site.primary("ROLE")[2] == [], "the end of the replica")
    [problem] = check(*places)
    assert "sentinels may put another in its place and min-replicas-to-write is 0" in problem


def test_servers_and_sentinels_have_passwords_of_their_own_which_nobody_sees(make_site, start_edge, origin):
    site = make_site(password="serverword", sentinel_password="sentinelword")
    place = site.sentinels[0].place
    good = f"redis+sentinel://:serverword@{place}/{NAME}?sentinel_password=sentinelword"
    edge = start_edge([origin], {"updates": {"url": good, "lease": "2s"}})
    wait_until(lambda: edge.status()["position"] is not None, "the first proof")
    assert edge.status()["feed"]["place"] == f"{NAME} of the sentinels {place}"
    bad = f"redis+sentinel://:serverword@{place}/{NAME}?sentinel_password=otherword"
    other = start_edge([origin], {"updates": {"url": bad, "lease": "2s"}})
    other.wait_for_log(f"sentinel {place}: WRONGPASS")
    for one in (edge, other):
        told = one.log() + json.dumps(one.status()) + one.run("check", "--connect", check=False).stderr
        for word in ("serverword", "sentinelword", "otherword"):
            assert word not in told
