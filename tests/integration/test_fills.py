"""One fill a key, however many ask."""
import threading

from origin import answer

FRESH = {"Cache-Control": "max-age=60"}


def ask_at_once(edge, target, count):
    clients = []
    for _ in range(count):
        clients.append(edge.connect())
        clients[-1].ask("GET", target)
    return clients


def wait_for_waiters(edge, count):
    edge.wait_for_metric(lambda waiters: waiters == count, "waiters")


def responses(clients):
    """Each client's response; the clients are closed."""
    found = []
    for client in clients:
        with client:
            found.append(client.response())
    return found


def test_a_thousand_clients_on_two_workers_cost_the_origin_one_request(start_edge, origin):
    # So many handshakes may take longer than an origin is waited for.
    edge = start_edge([origin], {"origin": {"timeouts": {"first_byte": "5m", "total": "5m"}}})
    held = origin.hold("/avatars/42/640")
    picture = bytes(i * 7 % 256 for i in range(200_000))
    clients = ask_at_once(edge, "/avatars/42/640", 1000)
    request = held.next()
    wait_for_waiters(edge, 1000)
    request.respond(200, FRESH, picture)
    answers = responses(clients)
    assert len(answers) == 1000 and all(one.status == 200 and one.body == picture for one in answers)
    assert origin.count() == 1
    assert sum("collapsed" in one.cache_status for one in answers) == 999
    metrics = edge.metrics()
    assert metrics("requests_total", outcome="miss") == 1 and metrics("requests_total", outcome="collapsed") == 999
    assert metrics("fills_total", end="stored") == 1 and metrics("waiters") == 0 and metrics("fills_in_flight") == 0


def test_a_leader_that_hangs_up_changes_nothing(edge, origin):
    held = origin.hold("/avatars/42/96")
    leader = edge.connect()
    leader.ask("GET", "/avatars/42/96")
    request = held.next()
    followers = ask_at_once(edge, "/avatars/42/96", 20)
    wait_for_waiters(edge, 21)
    leader.close()
    wait_for_waiters(edge, 20)
    request.respond(200, FRESH, b"picture")
    assert all(one.body == b"picture" for one in responses(followers))
    assert edge.get("/avatars/42/96").is_hit and origin.count() == 1


def test_a_fill_goes_on_when_everybody_has_gone(edge, origin):
    held = origin.hold("/avatars/42/96")
    client = edge.connect()
    client.ask("GET", "/avatars/42/96")
    request = held.next()
    client.close()
    wait_for_waiters(edge, 0)
    request.respond(200, FRESH, b"picture")
    edge.wait_for_metric(lambda stored: stored == 1, "fills_total", end="stored")
    assert edge.get("/avatars/42/96").is_hit


def test_more_waiters_than_allowed_are_told_503(start_edge, origin):
    edge = start_edge([origin], {"cache": {"waiters_max": 10}})
    held = origin.hold("/avatars/42/96")
    clients = ask_at_once(edge, "/avatars/42/96", 10)
    request = held.next()
    wait_for_waiters(edge, 10)
    refused = edge.get("/avatars/42/96")
    assert refused.status == 503 and "Retry-After" in refused
    assert edge.metric("limits_reached_total", limit="waiters_per_fill") == 1
    request.respond(200, FRESH, b"picture")
    assert all(one.body == b"picture" for one in responses(clients))


def test_what_is_not_storable_is_not_shared_and_then_not_queued_for(edge, origin):
    held = origin.hold("/avatars/42/96")
    clients = ask_at_once(edge, "/avatars/42/96", 10)
    first = held.next()
    wait_for_waiters(edge, 10)
    assert held.is_empty
    first.respond(200, {"Cache-Control": "private"}, b"first")
    others = [held.next() for _ in range(9)]
    for i, request in enumerate(others):
        request.respond(200, {"Cache-Control": "private"}, b"other %d" % i)
    bodies = [one.body for one in responses(clients)]
    assert len(set(bodies)) == 10 and b"first" in bodies
    # Remembered: two who ask now are both at the origin at the same time.
    later = ask_at_once(edge, "/avatars/42/96", 2)
    both = [held.next(), held.next()]
    for request in both:
        request.respond(200, {"Cache-Control": "private"}, b"later")
    assert all(one.body == b"later" and one.cache_status["fwd"] == "bypass" for one in responses(later))


def test_a_failed_fill_tells_all_and_is_not_remembered(edge, origin):
    held = origin.hold("/avatars/42/96")
    clients = ask_at_once(edge, "/avatars/42/96", 10)
    request = held.next()
    wait_for_waiters(edge, 10)
    request.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\nCache-Control: max-age=60\r\n\r\nhalf")
    request.close()
    answers = responses(clients)
    assert all(one.status == 502 for one in answers)
    origin.on("/avatars/42/96", answer(200, FRESH, b"picture"))
    assert edge.get("/avatars/42/96").body == b"picture"


def test_stale_entries_are_revalidated_once_for_all(edge, origin):
    origin.on("/avatars/42/96", answer(200, {"Cache-Control": "max-age=1", "Age": "9", "ETag": '"v1"'}, b"picture"))
    edge.get("/avatars/42/96")
    held = origin.hold("/avatars/42/96")
    clients = ask_at_once(edge, "/avatars/42/96", 50)
    request = held.next()
    wait_for_waiters(edge, 50)
    request.respond(304, FRESH | {"ETag": '"v1"'})
    assert all(one.body == b"picture" for one in responses(clients))
    assert origin.count() == 2


def test_fills_of_different_keys_do_not_wait_for_each_other(edge, origin):
    held = origin.hold("/avatars/1/96")
    client = edge.connect()
    client.ask("GET", "/avatars/1/96")
    request = held.next()
    origin.on("/avatars/1/46", answer(200, FRESH, b"small"))
    assert edge.get("/avatars/1/46").body == b"small"
    request.respond(200, FRESH, b"large")
    assert responses([client])[0].body == b"large"


def test_a_crowd_over_many_avatars_gets_each_its_own(edge, origin):
    """Many clients, many keys, no pauses: nothing is mixed up and no key is asked for twice."""
    origin.default = lambda request: request.respond(200, FRESH, request.target.encode() * 50)
    wrong = []

    def crowd(seed):
        with edge.connect() as client:
            for i in range(200):
                target = f"/avatars/{(i * 7 + seed) % 50}/96"
                if client.get(target).body != target.encode() * 50:
                    wrong.append(target)

    threads = [threading.Thread(target=crowd, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong and origin.count() == 50
