"""SIGUSR2: another process of the program takes the place of the one that runs."""
import contextlib
import json
import os
import pathlib
import select
import signal
import socket
import ssl
import threading

import pytest

from client import Client
from edge import PATIENCE, Metrics, merge, stop_process, wait_until
from origin import answer

FRESH = {"Cache-Control": "max-age=600"}
AVATARS = range(1, 21)


def serve_versions(origin):
    """Each avatar's picture names its version; answers the versions, to be changed."""
    versions = {avatar: 1 for avatar in AVATARS}

    def picture_of(avatar):
        return lambda request: request.respond(
            200, FRESH | {"X-Avatar-Version": str(versions[avatar])}, b"v%d" % versions[avatar])

    for avatar in AVATARS:
        origin.on(f"/avatars/{avatar}/46", picture_of(avatar))
    return versions


def warm(edge):
    for avatar in AVATARS:
        edge.get(f"/avatars/{avatar}/46")


@contextlib.contextmanager
def serve_twice(origin, start_node):
    """An edge of which two processes serve, and connections that the old one has: (edge, client's, operator's)."""
    node = start_node(upgrade={"patience": "60s"}, drain="60s", http={"timeouts": {"drain_idle": "60s"}})
    serve_versions(origin)
    warm(node)
    with node.connect() as kept, Client(node.admin_port) as operator:
        kept.ask("GET", "/avatars/1/46")
        assert kept.response().is_hit
        operator.ask("GET", "/livez")
        assert operator.response().status == 200
        old = node.process
        node.signal(signal.SIGUSR2)
        node.await_upgrade(1)
        assert old.poll() is None
        yield node, kept, operator
    assert old.wait(PATIENCE) == 0


def child_of(process):
    """The process that it has started, as soon as that runs the program."""
    children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children")
    child = int(wait_until(lambda: children.read_text().split(), "a new process")[0])
    wait_until(lambda: b"AVATAR_EDGE_UPGRADE=" in pathlib.Path(f"/proc/{child}/environ").read_bytes(), "its program")
    return child


def upgrade_under(node, loads, is_over):
    """Upgrades three times while each of the loads runs on a thread of its own, until is_over is set."""
    threads = [threading.Thread(target=load) for load in loads]
    for thread in threads:
        thread.start()
    try:
        for _ in range(3):
            node.upgrade()
    finally:
        is_over.set()
        for thread in threads:
            thread.join()


@pytest.fixture
def node(origin, start_node):
    """An edge that hears the feed, before an origin whose avatars have versions."""
    node = start_node(updates={"lease": "10s"}, upgrade={"patience": "60s"})
    node.versions = serve_versions(origin)
    warm(node)
    return node


# --- What is handed over ---


def test_what_memory_held_is_held_by_the_new_process(node, origin):
    asked = origin.count()
    node.upgrade()
    assert node.status()["generation"] == 1
    for avatar in AVATARS:
        assert node.get(f"/avatars/{avatar}/46").is_hit
    assert origin.count() == asked
    node.wait_for_log("20 responses were handed over")
    node.wait_for_log("20 responses were taken over, 0 were not")


def test_an_upgrade_may_be_upgraded(node, origin):
    asked = origin.count()
    node.upgrade()
    node.upgrade()
    assert node.status()["generation"] == 2 and node.get("/avatars/1/46").is_hit and origin.count() == asked


def test_age_goes_on(node, origin):
    origin.on("/avatars/1/96", answer(200, FRESH | {"Age": "100"}, b"old"))
    node.get("/avatars/1/96")
    node.upgrade()
    held = node.get("/avatars/1/96")
    assert held.is_hit and 100 <= int(held["Age"]) <= 200 and 400 <= int(held.cache_status["ttl"]) <= 500


def test_variants_are_handed_over_with_what_selects_them(node, origin):
    origin.on("/avatars/1/96", lambda request: request.respond(
        200, FRESH | {"Vary": "Accept"}, request.get("Accept", "").encode()))
    for kind in ("image/png", "image/webp"):
        node.get("/avatars/1/96", {"Accept": kind})
    node.upgrade()
    for kind in ("image/png", "image/webp"):
        held = node.get("/avatars/1/96", {"Accept": kind})
        assert held.is_hit and held.body == kind.encode()


def test_what_was_softly_purged_is_not_handed_over(node):
    node.purge(avatar="1", soft=True)
    node.upgrade()
    assert not node.get("/avatars/1/46").is_hit and node.get("/avatars/2/46").is_hit


def test_without_a_handover_the_new_process_begins_with_nothing(node, origin):
    assert node.reload({"upgrade": {"handover": "0s"}}) == "ok"
    node.upgrade()
    assert not node.get("/avatars/1/46").is_hit


@pytest.mark.parametrize("handover", ["10s", "0s"])
def test_what_was_switched_by_hand_stays_switched(node, handover):
    assert node.reload({"upgrade": {"handover": handover}}) == "ok"
    node.admin_json("POST", "/maintenance", {"on": True})
    node.admin_json("POST", "/degraded", {"on": True})
    node.upgrade()
    reasons = " ".join(node.status()["degraded_reasons"])
    assert "maintenance" in reasons and "limited_uploads" in reasons


def test_the_new_process_has_the_new_configuration(node):
    merge(node.config, {"cache": {"memory": "64MiB"}, "workers": 3})
    node.write_config()
    node.upgrade()
    assert node.status()["workers"] == 3 and node.metric("cache_budget_bytes") == 64 << 20


# --- TLS sessions ---


def visit(node, context, session=None):
    """One request over TLS: whether the session was resumed, and the one to resume next time."""
    with socket.create_connection(("127.0.0.1", node.tls_port), timeout=PATIENCE) as plain:
        with context.wrap_socket(plain, server_hostname="edge.test", session=session) as connection:
            connection.sendall(b"GET /avatars/1/46 HTTP/1.1\r\nHost: edge.test\r\n\r\n")
            assert connection.recv(1 << 16).startswith(b"HTTP/1.1 200 ")  # TLS 1.3 brings its ticket before it.
            return connection.session_reused, connection.session


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
@pytest.mark.parametrize("handover", ["10s", "0s"])
@pytest.mark.parametrize("transport", ["h1tls"], indirect=True)
def test_a_session_from_before_an_upgrade_is_resumed_after_it(start_node, origin, identity, version, handover):
    node = start_node(upgrade={"patience": "60s", "handover": handover})
    serve_versions(origin)
    context = identity[0].context("http/1.1")
    context.minimum_version = context.maximum_version = version
    _, session = visit(node, context)
    for _ in range(2):
        node.upgrade()
        is_resumed, _ = visit(node, context, session)
        assert is_resumed
    node.wait_for_metric(lambda count: count > 0, "tls_handshakes_total", end="resumed")


# --- Counters go on ---


def counts_of(metrics):
    """What may only rise, by name and labels."""
    return {(name, tuple(sorted(labels.items()))): value for name, labels, value in metrics.samples
            if name.endswith(("_total", "_count", "_bucket", "_sum")) and not name.startswith("process_")}


def check_none_falls(scrapes):
    for before, after in zip(scrapes, scrapes[1:]):
        for series, value in counts_of(before).items():
            assert counts_of(after)[series] >= value, series


def requests_of(metrics):
    """Those of clients, which end as hits and misses here."""
    return sum(metrics("requests_total", outcome=outcome) for outcome in ("hit", "miss"))


def durations_of(metrics):
    return sum(metrics("request_duration_seconds_count", outcome=outcome) for outcome in ("hit", "miss"))


def test_counts_go_on_over_upgrades(node):
    before = len(AVATARS)
    for upgrades in range(1, 3):
        scrapes = [node.metrics()]
        node.upgrade()
        scrapes.append(node.metrics())
        for _ in range(3):
            node.get("/avatars/1/46")
        for count in (requests_of, durations_of):
            wait_until(lambda: count(node.metrics()) == before + 3 * upgrades, "as many as were asked for")
        assert node.metric("origin_requests_total") == before
        check_none_falls(scrapes + [node.metrics()])


def test_what_the_old_process_counts_while_it_drains_is_counted(both):
    node, kept = both
    before = requests_of(node.metrics())
    kept.ask("GET", "/avatars/1/46")
    assert kept.response().is_hit
    wait_until(lambda: requests_of(node.metrics()) == before + 1, "the request counted")


def test_what_the_old_process_counts_last_is_counted(node, origin):
    held = origin.hold("/avatars/1/640")
    with node.connect() as client:
        client.ask("GET", "/avatars/1/640")
        request = held.next()
        old = node.process
        node.signal(signal.SIGUSR2)
        node.await_upgrade(1)
        request.respond(200, FRESH, b"late")
        client.response()
    assert old.wait(PATIENCE) == 0
    wait_until(lambda: node.metric("requests_total", outcome="miss") == len(AVATARS) + 1, "its last request")


def test_no_scrape_is_answered_without_what_was_counted_before(node):
    """Not even while the old process takes its time."""
    assert node.reload({"upgrade": {"handover": "0s"}}) == "ok"
    old = node.process
    node.signal(signal.SIGUSR2)
    child_of(old)
    stop_process(old.pid)
    try:
        node.wait_for_log("in the place of another process")
        scraper = Client(node.admin_port)
        scraper.ask("GET", "/metrics")
        # Whoever answers now is the new process.
        select.select([scraper.socket], [], [], 0.3)
    finally:
        old.send_signal(signal.SIGCONT)
    with scraper:
        assert requests_of(Metrics(scraper.response().body.decode())) == len(AVATARS)
    node.await_upgrade(1)
    assert old.wait(PATIENCE) == 0


def test_no_count_falls_while_two_processes_are_asked(node):
    scrapes, failures, is_over = [], [], threading.Event()

    def scrape():
        while not is_over.is_set():
            try:
                scrapes.append(node.metrics())
            except Exception as failure:  # noqa: BLE001
                failures.append(repr(failure))

    def ask():
        while not is_over.is_set():
            node.get("/avatars/1/46")

    upgrade_under(node, (scrape, ask, ask), is_over)
    assert failures == [] and len(scrapes) > 3
    check_none_falls(scrapes)


@contextlib.contextmanager
def cut_short(origin, start_node):
    """An edge whose new process has waited for the handover in vain and serves, while the old one stands still.

    At the end the old one goes on, and hears in one moment that it is to hand over large responses and that this is too
    late: (edge, an operator's connection that the old process has)."""
    node = start_node(updates={"lease": "10s"}, upgrade={"patience": "60s", "handover": "100ms"},
                      cache={"memory": "128MiB"})
    serve_versions(origin)
    for avatar in (1, 2):
        origin.on(f"/avatars/{avatar}/640", answer(200, FRESH, bytes(7_000_000)))
        node.get(f"/avatars/{avatar}/640")
    with Client(node.admin_port) as operator:
        operator.ask("GET", "/livez")
        assert operator.response().status == 200
        old = node.process
        node.signal(signal.SIGUSR2)
        child_of(old)
        stop_process(old.pid)
        try:
            node.wait_for_log("in the place of another process")
            yield node, operator
        finally:
            old.send_signal(signal.SIGCONT)
    node.await_upgrade(1)
    assert old.wait(PATIENCE) == 0


def test_counts_go_on_where_the_handover_is_cut_short(origin, start_node):
    with cut_short(origin, start_node) as (node, _):
        pass
    assert requests_of(node.metrics()) == 2


def test_a_scraper_that_keeps_its_connection_sees_no_count_fall(origin, start_node):
    """The old process answers it once more, by what it had counted when the new one came."""
    with serve_twice(origin, start_node) as (node, kept, scraper):
        before = requests_of(node.metrics())
        kept.ask("GET", "/avatars/1/46")
        assert kept.response().is_hit
        wait_until(lambda: requests_of(node.metrics()) == before + 1, "the request counted")
        scraper.ask("GET", "/metrics")
        answered = scraper.response()
        last = Metrics(answered.body.decode())
        assert answered["Connection"] == "close" and requests_of(last) == before
        check_none_falls([last, node.metrics()])

# --- What was replaced never comes back ---


def test_an_update_that_comes_while_the_new_process_takes_over_is_seen_by_it(node):
    node.signal(signal.SIGUSR2)
    new = child_of(node.process)
    stop_process(new)  # Wherever it is.
    try:
        for avatar in AVATARS:
            node.versions[avatar] = 2
            node.update(str(avatar), version=2)
    finally:
        os.kill(new, signal.SIGCONT)
    node.await_upgrade(1)
    for avatar in AVATARS:
        assert node.get(f"/avatars/{avatar}/46").body == b"v2"


def test_an_update_after_an_upgrade_drops_what_was_handed_over(node):
    node.upgrade()
    node.versions[1] = 2
    node.update("1", version=2)
    assert node.get("/avatars/1/46").body == b"v2" and node.get("/avatars/2/46").is_hit


def test_both_processes_are_waited_for_while_both_serve(origin, start_node):
    """A wait for an update must not end before the old process has heard of it: that still answers somebody."""
    node = start_node(updates={"lease": "3s"})
    publish = {"avatar": "1", "version": 2}
    # From when on the registry is old enough to be believed.
    assert node.admin_json("POST", "/updates?wait=20s", publish)["wait"]["complete"]
    held = origin.hold("/avatars/1/640")
    with node.connect() as client:
        client.ask("GET", "/avatars/1/640")
        request = held.next()
        old = node.process
        node.signal(signal.SIGUSR2)
        node.await_upgrade(1)
        stop_process(old.pid)
        try:
            wait = json.loads(node.admin("POST", "/updates?wait=1s", {"Content-Type": "application/json"},
                                         json.dumps(publish).encode()).body)["wait"]
        finally:
            old.send_signal(signal.SIGCONT)
        silent = [one["node"] for one in wait["nodes"] if one["applied_after_ms"] is None]
        # On a machine so slow that its lease has run out meanwhile, that is what was waited for.
        assert wait["waited_out"] or (len(silent) == 1 and not silent[0].endswith("+1")), wait
        request.respond(200, FRESH, b"late")
        client.response()
    assert old.wait(PATIENCE) == 0
    assert node.admin_json("POST", "/updates?wait=20s", publish)["wait"]["complete"]


# --- What is purged in either process is purged in both ---


@pytest.fixture
def both(origin, start_node):
    """An edge of which two processes serve, and a connection that the old one has: (edge, connection)."""
    with serve_twice(origin, start_node) as (node, kept, _):
        yield node, kept


def test_what_the_old_process_purges_is_gone_in_the_new_one(both):
    node, kept = both
    kept.ask("PURGE", "/avatars/1/46")
    assert json.loads(kept.response().body)["responses"] == 1
    node.wait_for_log("as the other process was told: purge hard url /avatars/1/46")
    assert not node.get("/avatars/1/46").is_hit and node.get("/avatars/2/46").is_hit


@pytest.mark.parametrize("purge", [{"avatar": "1"}, {"avatar": "1", "soft": True}, {"url": "/avatars/1/46"}, {"all": True}],
                         ids=["avatar", "softly", "url", "all"])
def test_what_the_new_process_purges_is_gone_in_the_old_one(both, purge):
    node, kept = both
    node.purge(**purge)
    node.wait_for_log("as the other process was told: purge")
    kept.ask("GET", "/avatars/1/46")
    assert not kept.response().is_hit


def test_what_is_purged_while_the_new_process_takes_over_is_gone_in_it(node):
    node.signal(signal.SIGUSR2)
    new = child_of(node.process)
    stop_process(new)  # Wherever it is.
    try:
        node.purge(avatar="1")
    finally:
        os.kill(new, signal.SIGCONT)
    node.await_upgrade(1)
    assert not node.get("/avatars/1/46").is_hit and node.get("/avatars/2/46").is_hit


def test_what_the_old_process_purges_last_is_gone_where_the_handover_is_cut_short(origin, start_node):
    with cut_short(origin, start_node) as (node, operator):
        node.get("/avatars/1/46")  # The new process has it from the origin.
        operator.ask("POST", "/purge", {"Content-Type": "application/json"}, body=b'{"all":true}')
        os.kill(node.process.pid, signal.SIGCONT)
        assert operator.response().status == 200
    node.wait_for_log("as the other process was told: purge hard all")
    assert not node.get("/avatars/1/46").is_hit


# --- Nobody is turned away ---


def test_no_request_fails_and_no_connection_is_refused(node):
    failures, counts, is_over = [], [], threading.Event()

    def ask():
        count = 0
        while not is_over.is_set():
            try:
                assert node.get(f"/avatars/{count % 20 + 1}/46").status == 200
            except Exception as failure:  # noqa: BLE001
                failures.append(repr(failure))
            count += 1
        counts.append(count)

    upgrade_under(node, [ask] * 4, is_over)
    assert failures == [] and min(counts) > 0


@pytest.mark.parametrize("workers", [(1, 3), (3, 1)])
def test_clients_of_every_socket_are_served_by_another_number_of_workers(start_node, origin, workers):
    node = start_node(workers=workers[0])
    serve_versions(origin)
    merge(node.config, {"workers": workers[1]})
    node.write_config()
    node.upgrade()
    for _ in range(40):
        assert node.get("/avatars/1/46").status == 200


def test_a_request_that_is_under_way_is_answered_by_the_process_that_has_it(node, origin):
    held = origin.hold("/avatars/1/640")
    with node.connect() as client:
        client.ask("GET", "/avatars/1/640")
        request = held.next()
        old = node.process
        node.signal(signal.SIGUSR2)
        node.await_upgrade(1)
        assert old.poll() is None
        request.respond(200, FRESH, b"late")
        assert client.response().body == b"late"
    assert old.wait(PATIENCE) == 0


# --- What goes wrong ---


def test_a_new_process_that_ends_changes_nothing(node):
    node.file.write_text("workers: none\n")
    node.signal(signal.SIGUSR2)
    node.wait_for_metric(lambda failed: failed == 1, "upgrades_failed_total")
    node.write_config()
    assert node.get("/avatars/1/46").is_hit and node.status()["generation"] == 0
    node.wait_for_log("the new process does not serve: it has ended")


def test_a_new_process_that_is_silent_is_ended(node):
    assert node.reload({"upgrade": {"patience": "1s", "handover": "1s"}}) == "ok"
    node.signal(signal.SIGUSR2)
    new = child_of(node.process)
    stop_process(new)
    node.wait_for_metric(lambda failed: failed == 1, "upgrades_failed_total")
    assert not pathlib.Path(f"/proc/{new}").exists()
    assert node.get("/avatars/1/46").is_hit and node.status()["generation"] == 0


def test_without_a_feed_there_is_no_upgrade(edge):
    edge.signal(signal.SIGUSR2)
    edge.wait_for_log("there is no update feed")
    assert edge.status()["generation"] == 0


def test_a_process_that_is_told_to_end_takes_the_new_one_along(node):
    node.signal(signal.SIGUSR2)
    new = child_of(node.process)
    stop_process(new)
    node.stop()
    assert not pathlib.Path(f"/proc/{new}").exists()
