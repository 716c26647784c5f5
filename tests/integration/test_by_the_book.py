"""What RFC 9111 leaves to directives of requests and responses, and to the operator."""
import email.utils
import time

import pytest

from edge import wait_until
from origin import answer

FRESH = {"Cache-Control": "max-age=60", "ETag": '"v1"'}
PATH = "/avatars/1/46"


def fill(edge, origin, headers=None, body=b"picture"):
    origin.on(PATH, answer(200, FRESH if headers is None else headers, body))
    return edge.get(PATH)


# Requests' directives (RFC 9111 section 5.2.1).


def test_only_if_cached_never_reaches_the_origin(edge, origin):
    response = edge.get(PATH, {"Cache-Control": "only-if-cached"})
    assert response.status == 504 and origin.count() == 0
    fill(edge, origin)
    assert edge.get(PATH, {"Cache-Control": "only-if-cached"}).is_hit


@pytest.mark.parametrize("directive", ["no-cache", "max-age=0"])
def test_a_client_may_have_it_revalidated(edge, origin, directive):
    fill(edge, origin)
    origin.on(PATH, answer(304, FRESH))
    response = edge.get(PATH, {"Cache-Control": directive})
    assert response.body == b"picture" and response.cache_status["fwd"] == "request"
    assert response.cache_status["fwd-status"] == "304"


def test_many_who_want_it_revalidated_are_one_request_at_the_origin(edge, origin):
    fill(edge, origin)
    held = origin.hold(PATH)
    clients = [edge.connect() for _ in range(20)]
    for client in clients:
        client.ask("GET", PATH, {"Cache-Control": "no-cache"})
    request = held.next()
    wait_until(lambda: edge.avatar("1")["fills"][0]["waiters"] == 20, "20 waiters")
    assert edge.get(PATH).is_hit  # Nobody else waits for them.
    request.respond(304, FRESH)
    for client in clients:
        assert client.response().body == b"picture"
        client.close()
    assert origin.count() == 2


@pytest.mark.parametrize("directive", ["no-store", "min-fresh=1000", "max-age=5"])
def test_the_other_directives_do_not_count_by_default(edge, origin, directive):
    fill(edge, origin, {"Cache-Control": "max-age=60", "Age": "20"})
    assert edge.get(PATH, {"Cache-Control": directive}).is_hit


def test_all_directives_count_where_they_are_obeyed(start_edge, origin):
    edge = start_edge([origin], {"cache": {"request_directives": "obey"}})
    fill(edge, origin, {"Cache-Control": "max-age=60", "Age": "20"})
    for directive in ("max-age=5", "min-fresh=1000"):
        assert edge.get(PATH, {"Cache-Control": directive}).cache_status["fwd"] == "request"
    origin.on("/avatars/3/46", answer(200, {"Cache-Control": "max-age=60", "Age": "100", "ETag": '"v1"'}))
    edge.get("/avatars/3/46")
    for directive in ("max-stale=1000", "max-stale"):
        assert edge.get("/avatars/3/46", {"Cache-Control": directive}).cache_status["detail"] == "max-stale"
    assert edge.get("/avatars/3/46", {"Cache-Control": "max-stale=10"}).cache_status["fwd"] == "stale"
    origin.on("/avatars/2/46", answer(200, FRESH, b"secret"))
    assert "stored" not in edge.get("/avatars/2/46", {"Cache-Control": "no-store"}).cache_status
    assert edge.get("/avatars/2/46").cache_status["fwd"] == "uri-miss"


def test_no_directive_counts_where_they_are_ignored(start_edge, origin):
    edge = start_edge([origin], {"cache": {"request_directives": "ignore"}})
    fill(edge, origin)
    for directive in ("no-cache", "only-if-cached", "max-age=0"):
        assert edge.get(PATH, {"Cache-Control": directive}).is_hit


def test_who_wants_it_fresher_does_not_get_it_stale(start_edge, origin):
    edge = start_edge([origin], {"cache": {"request_directives": "obey"}})
    fill(edge, origin)
    assert edge.get(PATH, {"Cache-Control": "min-fresh=1000, max-stale"}).cache_status["fwd"] == "request"


# What may be stored (section 3).


def test_a_response_to_credentials_is_shared_only_where_the_origin_says_so(edge, origin):
    origin.on(PATH, lambda request: request.respond(
        200, {"Cache-Control": "public, max-age=60"}, request.get("Authorization", "-").encode()))
    assert "stored" in edge.get(PATH, {"Authorization": "Bearer me"}).cache_status
    assert edge.get(PATH).is_hit and edge.get(PATH, {"Authorization": "Bearer you"}).is_hit
    origin.on("/avatars/2/46", lambda request: request.respond(200, FRESH, request.get("Authorization", "-").encode()))
    private = edge.get("/avatars/2/46", {"Authorization": "Bearer me"})
    assert private.body == b"Bearer me" and "stored" not in private.cache_status
    assert edge.get("/avatars/2/46").body == b"-"
    assert edge.get("/avatars/2/46", {"Authorization": "Bearer me"}).body == b"-"


def test_nobody_waits_for_an_answer_to_anothers_credentials(edge, origin):
    held = origin.hold(PATH)
    mine, yours = edge.connect(), edge.connect()
    mine.ask("GET", PATH, {"Authorization": "Bearer me"})
    first = held.next()
    yours.ask("GET", PATH)
    second = held.next()
    assert second.get("Authorization") is None
    first.respond(200, {"Cache-Control": "private"}, b"mine")
    second.respond(200, FRESH, b"ours")
    assert mine.response().body == b"mine" and yours.response().body == b"ours"
    mine.close(), yours.close()


@pytest.mark.parametrize("directive", ["private", "no-cache"])
def test_listed_fields_are_for_the_one_who_asked(edge, origin, directive):
    first = fill(edge, origin, {"Cache-Control": f'max-age=60, {directive}="X-Who, X-When"', "X-Who": "me", "X-All": "us"})
    assert first["X-Who"] == "me" and first["X-All"] == "us"
    again = edge.get(PATH)
    assert again.is_hit and "X-Who" not in again and again["X-All"] == "us"


@pytest.mark.parametrize("directive", ["private", "no-cache"])
def test_a_cookie_that_is_listed_does_not_keep_the_rest_from_being_stored(edge, origin, directive):
    first = fill(edge, origin, {"Cache-Control": f'max-age=60, {directive}="Set-Cookie"', "Set-Cookie": "a=b"})
    again = edge.get(PATH)
    assert first["Set-Cookie"] == "a=b" and again.is_hit and "Set-Cookie" not in again


def test_the_origins_error_is_shared_but_not_its_cookie(edge, origin):
    first, second = two_wait(edge, origin, lambda request: request.respond(500, {"Set-Cookie": "a=b"}, b"trouble"))
    assert first.body == second.body == b"trouble" and origin.count() == 1
    assert first["Set-Cookie"] == "a=b" and "Set-Cookie" not in second


def test_a_private_error_is_for_the_one_who_asked(edge, origin):
    said = iter([b"mine", b"yours"])
    first, second = two_wait(edge, origin, lambda request: request.respond(503, {"Cache-Control": "private"}, next(said)))
    assert (first.status, first.body) == (503, b"mine") and (second.status, second.body) == (503, b"yours")


def two_wait(edge, origin, respond):
    """What two clients get who wait for one fill, which `respond` ends, as it answers what they ask for themselves."""
    held = origin.hold(PATH)
    with edge.connect() as first, edge.connect() as second:
        first.ask("GET", PATH)
        request = held.next()
        second.ask("GET", PATH)
        wait_until(lambda: edge.avatar("1")["fills"][0]["waiters"] == 2, "2 waiters")
        origin.on(PATH, respond)
        respond(request)
        return first.response(), second.response()


def test_a_status_that_nobody_knows_is_not_stored_under_must_understand(edge, origin):
    origin.on(PATH, answer(299, {"Cache-Control": "max-age=60, must-understand"}, b"?"))
    edge.get(PATH)
    assert not edge.get(PATH).is_hit
    fill(edge, origin, {"Cache-Control": "max-age=60, must-understand, no-store"})
    wait_until(lambda: edge.purge(avatar="1"), "the mark to go")
    fill(edge, origin, {"Cache-Control": "max-age=60, must-understand, no-store"})
    assert edge.get(PATH).is_hit


@pytest.mark.parametrize("policy, second, cookie", [("pass", "uri-miss", None), ("strip", "hit", None),
                                                    ("store", "hit", "a=b")])
def test_the_operator_decides_about_cookies(start_edge, origin, policy, second, cookie):
    edge = start_edge([origin], {"cache": {"set_cookie": policy}})
    first = fill(edge, origin, FRESH | {"Set-Cookie": "a=b"})
    assert first["Set-Cookie"] == "a=b"
    again = edge.get(PATH)
    assert again.is_hit == (second == "hit")
    if again.is_hit:
        assert again.get("Set-Cookie") == cookie


# How long (section 4.2), and to whom it is said (RFC 9213).


def test_freshness_is_guessed_from_last_modified_within_bounds(start_edge, origin):
    edge = start_edge([origin], {"cache": {"heuristic_max": "1h"}})
    fill(edge, origin, {"Last-Modified": email.utils.formatdate(time.time() - 1000, usegmt=True)})
    assert 90 <= int(edge.get(PATH).cache_status["ttl"]) <= 100
    origin.on("/avatars/2/46", answer(200, {"Last-Modified": "Sat, 01 Nov 2014 10:00:00 GMT"}, b"old"))
    edge.get("/avatars/2/46")
    assert 3590 <= int(edge.get("/avatars/2/46").cache_status["ttl"]) <= 3600


def test_cdn_cache_control_counts_before_cache_control_and_is_for_us(edge, origin):
    response = fill(edge, origin, {"CDN-Cache-Control": "max-age=500", "Cache-Control": "no-store", "Expires": "0"})
    assert "CDN-Cache-Control" not in response and response["Cache-Control"] == "no-store"
    assert edge.get(PATH).is_hit and int(edge.get(PATH).cache_status["ttl"]) > 400
    origin.on("/avatars/2/46", answer(200, FRESH | {"CDN-Cache-Control": "no-store"}, b"secret"))
    assert "CDN-Cache-Control" not in edge.get("/avatars/2/46")
    assert not edge.get("/avatars/2/46").is_hit


def test_cdn_cache_control_stays_in_force_through_a_304_that_does_not_repeat_it(edge, origin):
    fill(edge, origin, {"CDN-Cache-Control": "max-age=500", "Cache-Control": "no-store", "Age": "600", "ETag": '"v1"'})
    origin.on(PATH, answer(304, {"ETag": '"v1"'}))
    assert edge.get(PATH).cache_status["fwd-status"] == "304"
    assert edge.get(PATH).is_hit and int(edge.get(PATH).cache_status["ttl"]) > 400


def test_cdn_cache_control_is_forwarded_where_the_operator_says_so(start_edge, origin):
    edge = start_edge([origin], {"cache": {"forward_targeted": True}})
    assert fill(edge, origin, {"CDN-Cache-Control": "max-age=500"})["CDN-Cache-Control"] == "max-age=500"
    assert edge.get(PATH)["CDN-Cache-Control"] == "max-age=500"


@pytest.mark.parametrize("zone", ["UTC", "EST", "+0000", ""])
def test_an_expires_in_any_other_zone_than_gmt_has_passed(edge, origin, zone):
    later = email.utils.formatdate(time.time() + 1000, usegmt=True)
    fill(edge, origin, {"Expires": later.replace(" GMT", f" {zone}".rstrip()), "ETag": '"v1"'})
    assert edge.get(PATH).cache_status["fwd"] == "stale"


# Which variant (section 4.1).


@pytest.mark.parametrize("vary", ["*", ", *", "*, Accept", "Accept,*", ["", "*"], ["*", "*"]], ids=str)
def test_what_varies_by_anything_is_never_used_again(edge, origin, vary):
    fill(edge, origin, FRESH | {"Vary": vary})
    assert not edge.get(PATH).is_hit


def test_selecting_fields_are_compared_by_what_they_mean(edge, origin):
    fill(edge, origin, FRESH | {"Vary": "Accept, Accept-Language"})
    origin.on(PATH, answer(200, FRESH | {"Vary": "Accept, Accept-Language"}, b"picture"))
    edge.get(PATH, {"Accept": "image/png, image/webp", "Accept-Language": "en, de"})
    again = edge.get(PATH, {"Accept": "IMAGE/WEBP,image/png;q=1.0", "Accept-Language": "DE ,en"})
    assert again.is_hit and origin.count() == 2


def test_accept_is_reduced_to_what_the_origin_varies_on(start_edge, origin):
    edge = start_edge([origin], {"cache": {"accept_types": ["image/avif", "image/webp"]}})
    origin.on(PATH, lambda request: request.respond(200, FRESH | {"Vary": "Accept"}, request.get("Accept").encode()))
    browsers = ["image/webp,image/apng,image/*,*/*;q=0.8", "text/html, image/webp;q=0.9", "image/webp"]
    assert {edge.get(PATH, {"Accept": accept}).body for accept in browsers} == {b"image/webp, */*"}
    assert edge.get(PATH, {"Accept": "*/*"}).body == b"*/*"
    assert edge.get(PATH).body == b"*/*"
    assert edge.get(PATH, {"Accept": "image/webp, image/avif"}).body == b"image/avif, image/webp, */*"
    assert origin.count() == 3


def test_variants_are_limited_and_the_oldest_gives_way(start_edge, origin):
    edge = start_edge([origin], {"cache": {"variants_max": 3}})
    origin.on(PATH, lambda request: request.respond(200, FRESH | {"Vary": "X-Kind"}, request.get("X-Kind").encode()))
    for kind in "abcde":
        edge.get(PATH, {"X-Kind": kind})
    assert len(edge.avatar("1")["responses"]) == 3
    assert all(edge.get(PATH, {"X-Kind": kind}).is_hit for kind in "cde")
    assert edge.get(PATH, {"X-Kind": "a"}).cache_status["fwd"] == "vary-miss"


def test_who_waits_for_another_variants_fill_gets_a_fill_of_its_own_and_it_is_stored(edge, origin):
    held = origin.hold(PATH)
    png, webp, too = edge.connect(), edge.connect(), edge.connect()
    png.ask("GET", PATH, {"Accept": "image/png"})
    first = held.next()
    webp.ask("GET", PATH, {"Accept": "image/webp"}), too.ask("GET", PATH, {"Accept": "image/webp"})
    wait_until(lambda: edge.avatar("1")["fills"][0]["waiters"] == 3, "3 waiters")
    first.respond(200, FRESH | {"Vary": "Accept"}, b"png")
    second = held.next()
    assert second.get("Accept") == "image/webp"
    wait_until(lambda: edge.avatar("1")["fills"][0]["waiters"] == 2, "2 waiters")
    second.respond(200, FRESH | {"Vary": "Accept"}, b"webp")
    assert png.response().body == b"png" and webp.response().body == too.response().body == b"webp"
    assert edge.get(PATH, {"Accept": "image/webp"}).is_hit and edge.get(PATH, {"Accept": "image/png"}).is_hit
    for client in (png, webp, too):
        client.close()


# Validation (section 4.3).

STALE = {"Cache-Control": "max-age=60", "Age": "100", "ETag": '"v1"'}


@pytest.mark.parametrize("forbidding", [{"Cache-Control": "private, max-age=60"}, {"Cache-Control": "no-store"},
                                        {"CDN-Cache-Control": "no-store"}, {"Vary": "*"}], ids=str)
def test_a_304_may_forbid_what_is_held(edge, origin, forbidding):
    """Then the origin is asked for a whole response, which goes to the one who asked."""
    fill(edge, origin, STALE | {"Last-Modified": "Sat, 01 Nov 2014 10:00:00 GMT"}, b"old")
    origin.on(PATH, lambda request: request.respond(
        304 if request.get("If-None-Match") else 200, FRESH | forbidding, b"mine"))
    first = edge.get(PATH)
    assert first.body == b"mine" and "stored" not in first.cache_status
    assert not edge.get(PATH).is_hit


def test_a_304_answers_those_who_share_the_stored_response_only_by_leave(edge, origin):
    fill(edge, origin, STALE, b"old")
    bodies = iter([b"mine", b"yours"])
    first, second = two_wait(edge, origin, lambda request: request.respond(304, {"Cache-Control": "private"}) if request.get(
        "If-None-Match") else request.respond(200, {"Cache-Control": "private"}, next(bodies)))
    assert first.body == b"mine" and second.body == b"yours"


def test_a_304_without_a_date_was_made_when_it_came(edge, origin):
    fill(edge, origin, {"Cache-Control": "max-age=60", "Date": "Sat, 01 Nov 2014 10:00:00 GMT", "ETag": '"v1"'})
    origin.on(PATH, answer(304, {}))
    assert edge.get(PATH).cache_status["fwd-status"] == "304"
    assert edge.get(PATH).is_hit


def test_a_304_updates_what_is_held_but_not_what_describes_its_bytes(edge, origin):
    fill(edge, origin, STALE | {"X-Who": "1", "Content-MD5": "old", "Content-Digest": "sha-256=:b2xk:"})
    origin.on(PATH, answer(304, FRESH | {"X-Who": "2", "Content-MD5": "none", "Content-Digest": "sha-256=:bm9uZQ==:"}))
    edge.get(PATH)
    again = edge.get(PATH)
    assert again.is_hit and again["X-Who"] == "2"
    assert again["Content-MD5"] == "old" and again["Content-Digest"] == "sha-256=:b2xk:"


def test_a_cookie_of_a_304_is_for_the_one_who_asked(edge, origin):
    fill(edge, origin, STALE)
    origin.on(PATH, answer(304, FRESH | {"Set-Cookie": "a=b"}))
    assert edge.get(PATH)["Set-Cookie"] == "a=b"
    again = edge.get(PATH)
    assert again.is_hit and "Set-Cookie" not in again


def test_a_304_freshens_a_variant_also_for_those_it_was_not_chosen_for(edge, origin):
    origin.on(PATH, answer(200, STALE | {"Vary": "Accept-Language", "Content-Language": "de"}, b"deutsch"))
    edge.get(PATH, {"Accept-Language": "en, de"})
    origin.on(PATH, answer(304, FRESH))
    assert edge.get(PATH, {"Accept-Language": "fr;q=0.5, de"}).cache_status["fwd-status"] == "304"
    for accepted in ("fr;q=0.5, de", "en, de"):
        assert edge.get(PATH, {"Accept-Language": accepted}).is_hit


def test_a_head_freshens_what_get_has_stored(edge, origin):
    fill(edge, origin, STALE | {"X-Who": "1"})
    origin.on(PATH, answer(304, FRESH | {"X-Who": "2"}))
    assert edge.request("HEAD", PATH)["X-Who"] == "2"
    again = edge.get(PATH)
    assert again.is_hit and again["X-Who"] == "2" and again.body == b"picture"
    origin.on("/avatars/2/46", answer(200, STALE, b"old"))
    edge.get("/avatars/2/46")
    origin.on("/avatars/2/46", answer(200, FRESH | {"ETag": '"v2"'}, b"new"))
    head = edge.request("HEAD", "/avatars/2/46")
    assert head["Content-Length"] == "3" and head["ETag"] == '"v2"'
    assert edge.get("/avatars/2/46").is_hit and edge.get("/avatars/2/46").body == b"new"



def test_a_304_about_another_version_is_not_used(edge, origin):
    fill(edge, origin, {"Cache-Control": "no-cache", "ETag": '"v1"'})

    def confused(request):
        if request.get("If-None-Match"):
            request.respond(304, {"ETag": '"v9"'})
        else:
            request.respond(200, FRESH | {"ETag": '"v2"'}, b"new")

    origin.on(PATH, confused)
    response = edge.get(PATH)
    assert response.body == b"new" and response["ETag"] == '"v2"' and origin.count() == 3
    assert edge.get(PATH).is_hit


def test_a_304_to_an_unconditional_request_is_a_fault(edge, origin):
    origin.on(PATH, answer(304, {"ETag": '"v1"'}))
    assert edge.get(PATH).status == 502


def test_cache_status_says_why_the_origin_was_asked(edge, origin):
    """RFC 9211 section 2.2."""
    origin.on(PATH, answer(200, FRESH | {"Vary": "Accept"}, b"picture"))
    png, webp = {"Accept": "image/png"}, {"Accept": "image/webp"}
    first = edge.get(PATH, png).cache_status
    assert (first["fwd"], first["fwd-status"], first["stored"]) == ("uri-miss", "200", True) and 0 < int(first["ttl"]) <= 60
    assert edge.get(PATH, webp).cache_status["fwd"] == "vary-miss"
    assert edge.get(PATH, png | {"Cache-Control": "no-cache"}).cache_status["fwd"] == "request"
    assert edge.request("GET", PATH, png, body=b"x").cache_status["fwd"] == "bypass"
    assert edge.request("POST", PATH, png, body=b"x").cache_status["fwd"] == "method"


def test_via_names_the_version_that_the_request_came_by(edge, origin, transport):
    version = "2" if transport == "h2" else "1.1"
    fill(edge, origin)
    assert origin.last(PATH).get("Via") == f"{version} avatar-edge"
    edge.request("POST", PATH, {"Via": "1.1 other"}, body=b"x")
    assert origin.last(PATH).get("Via") == f"1.1 other, {version} avatar-edge"


@pytest.mark.http1("a request of HTTP/1.0")
def test_via_names_version_1_0_too(edge, origin):
    edge.request("POST", PATH, {"Via": "1.1 other"}, body=b"x", version="1.0")
    assert origin.last(PATH).get("Via") == "1.1 other, 1.0 avatar-edge"


# Invalidation (section 4.4).


@pytest.mark.parametrize("field", ["Location", "Content-Location"])
@pytest.mark.parametrize("form", ["/avatars/7/46", "46", "{edge}/avatars/7/46", "{origin}/avatars/7/46"])
def test_what_the_answer_to_an_unsafe_request_names_is_invalidated(edge, origin, field, form):
    origin.on("/avatars/7/46", answer(200, FRESH, b"old"))
    edge.get("/avatars/7/46")
    reference = form.format(edge=edge.url, origin=origin.url)
    origin.on("/avatars/7/upload" if form == "46" else "/uploads", answer(201, {field: reference}))
    edge.request("POST", "/avatars/7/upload" if form == "46" else "/uploads",
                 {"Host": edge.authority_name}, body=b"x")
    origin.on("/avatars/7/46", answer(200, FRESH, b"new"))
    assert edge.get("/avatars/7/46").body == b"new"


@pytest.mark.parametrize("status, reference", [(400, "/avatars/7/46"), (503, "/avatars/7/46"),
                                               (201, "http://elsewhere.example/avatars/7/46")])
def test_a_failure_or_another_site_invalidates_nothing_it_names(edge, origin, status, reference):
    origin.on("/avatars/7/46", answer(200, FRESH, b"old"))
    edge.get("/avatars/7/46")
    origin.on("/uploads", answer(status, {"Location": reference}))
    edge.request("POST", "/uploads", body=b"x")
    assert edge.get("/avatars/7/46").is_hit
