"""More to do than the node can. Memory is short on purpose: the limit is set below, or beside, what the process has.

That a worker is late cannot be had on purpose from outside; tests/unit/app/worker_overload_test.cc has that."""
import contextlib

import pytest

from edge import PRESET, wait_until
from origin import answer

FRESH = {"Cache-Control": "max-age=600"}
PATH = "/avatars/42/96"
# So that the limit may be as low as that.
SMALL = {"workers": 1, "cache": {"memory": "1MiB", "object_max": "512KiB", "floors_max": 1000}}
FAR_TOO_MUCH = {"overload": {"memory": "1MiB"}}
ENOUGH = {"overload": {"memory": "100GiB"}}


@pytest.fixture
def holding(start_edge, origin):
    """An edge that holds one avatar."""
    edge = start_edge([origin], SMALL)
    origin.on(PATH, answer(200, FRESH, b"picture"))
    edge.get(PATH)
    return edge


def level(edge):
    return edge.metric("overload_level", cause="memory")


def reload(edge, changes, expected):
    assert edge.reload(changes) == "ok"
    wait_until(lambda: level(edge) == expected, f"level {expected}")


def is_refused(response):
    return (response.status == 503 and response["Retry-After"] == "1"
            and response["Cache-Status"] == "avatar-edge; detail=overload"
            and response.proxy_error == "proxy_internal_response")


def test_with_no_memory_left_all_is_refused_and_a_reload_makes_it_well(holding, origin):
    with holding.connect() as client, holding.connect() as uploader:
        assert client.get(PATH).is_hit and uploader.get(PATH).is_hit
        reload(holding, FAR_TOO_MUCH, 3)
        assert is_refused(client.get(PATH))
        assert is_refused(uploader.request("PUT", PATH, body=b"new"))
        assert holding.metric("limits_reached_total", limit="overload_hits") == 1
        assert holding.metric("limits_reached_total", limit="overload_passes") == 1
        reload(holding, ENOUGH, 0)
        # On the same connection, and an upload that was refused has changed nothing.
        assert client.get(PATH).is_hit
        assert client.get("/avatars/43/96").status == 404


def test_new_connections_wait(holding):
    with holding.connect() as early:
        assert early.get(PATH).is_hit
        reload(holding, FAR_TOO_MUCH, 3)
        with holding.connect() as late:
            late.ask("GET", PATH)
            # In each of their turns the other could have been accepted.
            assert all(early.get(PATH).status == 503 for _ in range(3))
            assert holding.metric("limits_reached_total", limit="overload_hits") == 3
            reload(holding, ENOUGH, 0)
            assert late.response().is_hit
    assert holding.metric("limits_reached_total", limit="overload_connections") == 1


def test_what_is_not_held_is_refused_first(holding, origin):
    with holding.connect() as client:
        assert client.get(PATH).is_hit

        def answers_between():
            """What is answered between the last two levels; nothing where memory was not there all the time."""
            assert holding.reload({"overload": {"memory": f"{holding.resident_bytes() * 1000 // 965}B"}}) == "ok"
            for _ in range(2):
                client.get(PATH)  # Then its worker has heard of it.
            if level(holding) != 2:
                return None
            asked = origin.count()
            answers = [client.get("/avatars/43/96"), client.request("POST", PATH, body=b""), client.get(PATH)]
            return (*answers, origin.count() - asked) if level(holding) == 2 else None

        fill, upload, hit, asked = wait_until(answers_between, "memory between the levels")
        assert is_refused(fill) and is_refused(upload) and hit.is_hit and asked == 0
    assert holding.metric("limits_reached_total", limit="overload_fills") > 0


def test_it_is_seen(holding):
    assert holding.status()["degraded"] is False and holding.metric("degraded", reason="overload") == 0
    reload(holding, FAR_TOO_MUCH, 3)
    status = holding.status()
    assert status["degraded"] is True
    assert status["degraded_reasons"] == [
        "overload: memory is short, so new connections wait, and all that is asked for is answered 503"]
    assert holding.metric("degraded", reason="overload") == 1
    holding.wait_for_log("overload.memory")
    reload(holding, {"overload": {"memory": "0B"}}, 0)
    assert holding.status()["degraded"] is False


def test_updates_and_purges_go_on(holding):
    with holding.connect() as client:
        reload(holding, FAR_TOO_MUCH, 3)
        assert holding.update("42")["responses"] == 1
        assert client.request("PURGE", PATH).status == 200
    assert holding.admin("GET", "/readyz").status == 200


def test_an_edge_that_starts_with_too_little_says_so_at_once(start_edge, origin):
    edge = start_edge([origin], SMALL | FAR_TOO_MUCH)
    wait_until(lambda: level(edge) == 3, "level 3")
    reload(edge, ENOUGH, 0)
    origin.on(PATH, answer(200, FRESH, b"picture"))
    assert edge.get(PATH).body == b"picture"


def test_every_worker_hears_of_it(start_edge, origin):
    edge = start_edge([origin], SMALL | FAR_TOO_MUCH | {"workers": 3})
    edge.wait_for_metric(lambda begun: begun == 3, "limits_reached_total", limit="overload_connections")


def test_the_lag_of_the_workers_is_measured_without_a_limit_too(edge):
    edge.wait_for_metric(lambda count: count > 0, "loop_lag_seconds_count")
    assert edge.metric("overload_level", cause="loop_lag") == 0


@pytest.mark.slow
@pytest.mark.skipif(PRESET != "release", reason="the heaps of sanitizers give nothing back")
def test_a_peak_of_memory_does_not_count_for_ever(start_edge, origin):
    edge = start_edge([origin], SMALL)
    before = edge.resident_bytes()
    size = 384 << 10  # The heap's; what is larger is mapped by itself.
    paths = [f"/avatars/{avatar}/96" for avatar in range(100)]
    held = [origin.hold(path) for path in paths]
    with contextlib.ExitStack() as clients:
        for path in paths:
            clients.enter_context(edge.connect()).ask("GET", path)
        fills = [one.next() for one in held]
        for fill in fills:
            fill.send_head(200, {"Cache-Control": "no-cache"}, size)
            fill.send(bytes(size - 1))
        wait_until(lambda: edge.resident_bytes() > before + 90 * size, "a peak")
        reload(edge, {"overload": {"memory": f"{before + 60 * size}B"}}, 3)
        for fill in fills:
            fill.send(b"!")
            fill.finish()
    # What was begun is finished, its clients have gone, and the heap gives back what that took.
    wait_until(lambda: level(edge) == 0, "the end of it")
    assert edge.resident_bytes() < before + 60 * size
