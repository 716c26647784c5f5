"""After an update, nothing that was fetched before it is used again: DESIGN.md sections 1 and 6."""
import pytest

from origin import answer

FRESH = {"Cache-Control": "max-age=600"}


def test_an_update_drops_what_is_held(edge, origin):
    origin.on("/avatars/42/96", answer(200, FRESH, b"old"))
    edge.get("/avatars/42/96")
    origin.on("/avatars/42/96", answer(200, FRESH, b"new"))
    assert edge.get("/avatars/42/96").body == b"old"
    done = edge.update("42")
    assert done["scope"] == "node" and done["responses"] == 1
    assert edge.get("/avatars/42/96").body == b"new"
    assert edge.metric("invalidations_total", kind="update") == 1


def test_all_variants_go_at_once_and_no_other_avatar(edge, origin):
    targets = ["/avatars/42/46", "/avatars/42/96", "/avatars/42", "/avatars/42/96?dpr=2"]
    for target in targets + ["/avatars/43/96", "/avatars/4/96"]:
        origin.on(target, answer(200, FRESH, b"old"))
        edge.get(target)
    assert edge.update("42")["responses"] == 4
    assert edge.get("/avatars/43/96").is_hit and edge.get("/avatars/4/96").is_hit
    for target in targets:
        assert not edge.get(target).is_hit


def test_an_update_while_a_fill_is_held_open(edge, origin):
    """The old picture reaches only those who asked before; it is not kept; the next request fetches anew."""
    held = origin.hold("/avatars/42/96")
    early = edge.connect()
    early.ask("GET", "/avatars/42/96")
    old = held.next()
    assert edge.update("42", version=2)["fills"] == 1

    late = edge.connect()
    late.ask("GET", "/avatars/42/96")
    new = held.next()  # Did not join the fill that the update has overtaken.
    old.respond(200, FRESH, b"old")
    assert early.response().body == b"old"
    new.respond(200, FRESH, b"new")
    assert late.response().body == b"new"
    hit = edge.get("/avatars/42/96")
    assert hit.is_hit and hit.body == b"new"
    assert edge.metric("fills_total", end="voided") == 1 and edge.metric("fills_total", end="stored") == 1
    early.close(), late.close()


def test_the_old_fill_may_end_last(edge, origin):
    held = origin.hold("/avatars/42/96")
    early, late = edge.connect(), edge.connect()
    early.ask("GET", "/avatars/42/96")
    old = held.next()
    edge.update("42")
    late.ask("GET", "/avatars/42/96")
    held.next().respond(200, FRESH, b"new")
    assert late.response().body == b"new"
    old.respond(200, FRESH, b"old")
    assert early.response().body == b"old"
    assert edge.get("/avatars/42/96").body == b"new"
    early.close(), late.close()


@pytest.mark.parametrize("how", ["update", "purge", "all", "unsafe"])
def test_a_304_that_was_in_flight_puts_nothing_back(edge, origin, how):
    origin.on("/avatars/42/96", answer(200, {"Cache-Control": "max-age=60", "Age": "99", "ETag": '"v1"'}, b"old"))
    edge.get("/avatars/42/96")
    held = origin.hold("/avatars/42/96")
    client = edge.connect()
    client.ask("GET", "/avatars/42/96")
    revalidation = held.next()
    assert revalidation.get("If-None-Match") == '"v1"'
    if how == "update":
        edge.update("42")
    elif how == "purge":
        edge.purge(avatar="42")
    elif how == "all":
        edge.purge(all=True)
    else:
        origin.on("/avatars/42", answer(204, {}))
        assert edge.request("PUT", "/avatars/42", body=b"upload").status == 204
    revalidation.respond(304, FRESH | {"ETag": '"v1"'})
    assert client.response().body == b"old"
    origin.on("/avatars/42/96", answer(200, FRESH | {"ETag": '"v2"'}, b"new"))
    assert edge.get("/avatars/42/96").body == b"new"
    assert origin.last("/avatars/42/96").get("If-None-Match") is None
    client.close()


def test_an_update_between_a_304_that_cannot_be_used_and_the_whole_response(edge, origin):
    origin.on("/avatars/42/96", answer(200, {"Cache-Control": "max-age=60", "Age": "100", "ETag": '"v1"'}, b"old"))
    edge.get("/avatars/42/96")
    held = origin.hold("/avatars/42/96")
    with edge.connect() as client:
        client.ask("GET", "/avatars/42/96")
        held.next().respond(304, {"Cache-Control": "no-store"})
        whole = held.next()
        edge.update("42")
        whole.respond(200, FRESH, b"old")
        assert client.response().cache_status["detail"] == "voided"
    origin.on("/avatars/42/96", answer(200, FRESH, b"new"))
    assert edge.get("/avatars/42/96").body == b"new"


def test_an_answer_below_the_floor_of_an_update_is_not_kept(edge, origin):
    edge.update("42", version=5)
    origin.on("/avatars/42/96", answer(200, FRESH | {"X-Avatar-Version": "4"}, b"of a slow replica"))
    for _ in range(2):
        response = edge.get("/avatars/42/96")
        assert response.status == 200 and not response.is_hit and "stored" not in response.cache_status
    origin.on("/avatars/42/96", answer(200, FRESH | {"X-Avatar-Version": "5"}, b"new"))
    edge.get("/avatars/42/96")
    assert edge.get("/avatars/42/96").is_hit
    assert edge.metric("fills_total", end="below_floor") >= 2


def test_a_late_event_of_an_older_version_does_not_lower_the_floor(edge, origin):
    edge.update("42", version=5)
    edge.update("42", version=3)
    origin.on("/avatars/42/96", answer(200, FRESH | {"X-Avatar-Version": "4"}, b"old"))
    edge.get("/avatars/42/96")
    assert not edge.get("/avatars/42/96").is_hit


def test_a_remembered_404_goes_with_the_upload(edge, origin):
    origin.on("/avatars/42/96", answer(404, {}, b"none yet"))
    assert edge.get("/avatars/42/96").status == 404
    origin.on("/avatars/42/96", answer(200, FRESH, b"first"))
    edge.update("42")
    assert edge.get("/avatars/42/96").body == b"first"


# --- Unsafe requests through the edge: PROTOCOL R5 ---


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE", "PATCH"])
def test_an_unsafe_request_invalidates_before_its_answer_is_passed_on(edge, origin, method):
    origin.on("/avatars/42/96", answer(200, FRESH, b"old"))
    edge.get("/avatars/42/96")
    held = origin.hold("/avatars/42")
    client = edge.connect()
    client.ask(method, "/avatars/42", body=b"upload")
    request = held.next()
    assert edge.get("/avatars/42/96").is_hit  # Sent is not yet done.
    origin.on("/avatars/42/96", answer(200, FRESH, b"new"))
    request.send_head(200, {}, 2)
    assert client.head().status == 200
    assert edge.get("/avatars/42/96").body == b"new"  # The answer's body is still to come.
    request.send(b"ok")
    request.finish()
    client.close()


def test_an_unsafe_request_that_failed_at_the_origin_invalidates_nothing(edge, origin):
    origin.on("/avatars/42/96", answer(200, FRESH, b"old"))
    edge.get("/avatars/42/96")
    origin.on("/avatars/42", answer(403, {}, b"no"))
    assert edge.request("PUT", "/avatars/42", body=b"upload").status == 403
    assert edge.get("/avatars/42/96").is_hit


def test_a_refusal_that_its_client_does_not_wait_for_invalidates_nothing(edge, origin):
    origin.on("/avatars/42/96", answer(200, FRESH, b"old"))
    edge.get("/avatars/42/96")
    held = origin.hold("/avatars/42")
    with edge.connect() as client:
        client.ask("PUT", "/avatars/42", body=b"upload")
        request = held.next()
        request.send_head(403, {}, 100)
        assert client.head().status == 403
    request.wait_for_abandonment()
    assert edge.get("/avatars/42/96").is_hit
    assert edge.metric("invalidations_total", kind="unsafe_request") == 0


def test_an_unsafe_request_of_unknown_outcome_counts_as_done(edge, origin):
    origin.on("/avatars/42/96", answer(200, FRESH, b"old"))
    edge.get("/avatars/42/96")
    origin.on("/avatars/42", lambda request: request.close())
    assert edge.request("PUT", "/avatars/42", body=b"upload").status == 502
    assert not edge.get("/avatars/42/96").is_hit


def test_an_upload_whose_client_has_gone_still_invalidates(edge, origin):
    origin.on("/avatars/42/96", answer(200, FRESH, b"old"))
    edge.get("/avatars/42/96")
    held = origin.hold("/avatars/42")
    client = edge.connect()
    client.ask("PUT", "/avatars/42", body=b"upload")
    request = held.next()
    client.close()
    edge.wait_for_metric(lambda count: count == 1, "client_aborts_total")
    request.respond(204)
    edge.wait_for_metric(lambda count: count == 1, "invalidations_total", kind="unsafe_request")
    assert not edge.get("/avatars/42/96").is_hit


def test_safe_methods_invalidate_nothing(edge, origin):
    origin.on("/avatars/42/96", answer(200, FRESH, b"old"))
    edge.get("/avatars/42/96")
    edge.request("OPTIONS", "/avatars/42/96")
    edge.request("HEAD", "/avatars/42/96")
    assert edge.get("/avatars/42/96").is_hit


# --- Purges ---


def fill(edge, origin, *targets):
    for target in targets:
        origin.on(target, answer(200, FRESH | {"ETag": '"v1"'}, b"old"))
        edge.get(target)


def test_purge_of_a_url_leaves_the_other_variants(edge, origin):
    fill(edge, origin, "/avatars/42/46", "/avatars/42/96")
    assert edge.purge(url="/avatars/%34%32/96")["responses"] == 1
    assert edge.get("/avatars/42/46").is_hit and not edge.get("/avatars/42/96").is_hit


def test_purge_of_an_avatar_and_of_all(edge, origin):
    fill(edge, origin, "/avatars/1/46", "/avatars/1/96", "/avatars/2/46", "/other/path")
    assert edge.purge(avatar="1")["responses"] == 2
    assert edge.get("/avatars/2/46").is_hit
    fill(edge, origin, "/avatars/1/46")
    assert edge.purge(all=True)["responses"] >= 3
    for target in ("/avatars/1/46", "/avatars/2/46", "/other/path"):
        assert not edge.get(target).is_hit


@pytest.mark.parametrize("what", [{"avatar": "42"}, {"url": "/avatars/42/96"}, {"all": True}], ids=str)
def test_a_soft_purge_revalidates(edge, origin, what):
    fill(edge, origin, "/avatars/42/96")
    edge.purge(soft=True, **what)
    origin.on("/avatars/42/96", answer(304, FRESH | {"ETag": '"v1"'}))
    response = edge.get("/avatars/42/96")
    assert response.body == b"old" and response.cache_status["fwd-status"] == "304"
    assert origin.last("/avatars/42/96").get("If-None-Match") == '"v1"'
    assert edge.get("/avatars/42/96").is_hit


def test_purge_is_idempotent_and_counts_nothing_when_nothing_is_held(edge):
    for what in ({"avatar": "none"}, {"url": "/none"}, {"all": True}):
        assert edge.purge(**what)["responses"] == 0


def test_the_method_purge_works_from_this_machine(edge, origin):
    fill(edge, origin, "/avatars/42/96")
    response = edge.request("PURGE", "/avatars/42/96")
    assert response.status == 200 and b'"responses":1' in response.body.replace(b" ", b"")
    assert not edge.get("/avatars/42/96").is_hit
    assert origin.count("/avatars/42/96") == 2  # The PURGE itself was not passed on.


def test_a_hard_purge_voids_a_running_fill(edge, origin):
    held = origin.hold("/avatars/42/96")
    client = edge.connect()
    client.ask("GET", "/avatars/42/96")
    request = held.next()
    assert edge.purge(avatar="42")["fills"] == 1
    request.respond(200, FRESH, b"old")
    assert client.response().body == b"old"
    origin.on("/avatars/42/96", answer(200, FRESH, b"new"))
    assert edge.get("/avatars/42/96").body == b"new"
    client.close()


def test_a_url_of_no_route_is_an_avatar_named_by_its_path(edge, origin):
    fill(edge, origin, "/banners/7.png", "/banners/7.png?w=2")
    assert edge.update("/banners/7.png")["responses"] == 2
    assert not edge.get("/banners/7.png").is_hit
