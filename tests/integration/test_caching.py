"""What is stored and for how long, by RFC 9111, and what is said of it, by RFC 9211."""
import email.utils
import time

import pytest

from origin import answer

FRESH = {"Cache-Control": "max-age=60"}
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20


def test_a_file_of_nginx_is_a_miss_and_then_a_hit(start_edge, start_nginx):
    nginx = start_nginx()
    nginx.write("/avatars/42/96", PNG)
    edge = start_edge([nginx])
    miss, hit = edge.get("/avatars/42/96"), edge.get("/avatars/42/96")
    assert miss.status == hit.status == 200 and miss.body == hit.body == PNG
    assert miss.cache_status["fwd"] == "uri-miss" and "stored" in miss.cache_status
    assert hit.is_hit and 3590 <= int(hit.cache_status["ttl"]) <= 3600
    assert "Age" in hit and miss["Via"] == hit["Via"] == "1.1 avatar-edge"
    assert hit["ETag"] == miss["ETag"] and hit["Last-Modified"] == miss["Last-Modified"]
    assert nginx.requests() == ["GET /avatars/42/96 200"]


def test_a_large_file_of_nginx_arrives_whole(start_edge, start_nginx):
    nginx = start_nginx()
    nginx.write("/avatars/42/1080", PNG * 400)
    edge = start_edge([nginx])
    assert edge.get("/avatars/42/1080").body == edge.get("/avatars/42/1080").body == PNG * 400
    assert len(nginx.requests()) == 1


def test_each_variant_of_an_avatar_is_stored_for_itself(edge, origin):
    for size in (46, 96, 640):
        origin.on(f"/avatars/1/{size}", answer(200, FRESH, b"%d" % size))
    for _ in range(2):
        for size in (46, 96, 640):
            assert edge.get(f"/avatars/1/{size}").body == b"%d" % size
    assert origin.count() == 3


def test_vary_chooses_by_the_request(edge, origin):
    def picture(request):
        kind = "webp" if "webp" in request.get("Accept", "") else "png"
        request.respond(200, FRESH | {"Vary": "Accept"}, kind.encode())

    origin.on("/avatars/1/46", picture)
    for _ in range(2):
        assert edge.get("/avatars/1/46", {"Accept": "image/webp"}).body == b"webp"
        assert edge.get("/avatars/1/46", {"Accept": "image/png"}).body == b"png"
    assert edge.get("/avatars/1/46", {"Accept": "image/webp"}).body == b"webp"


def test_a_client_that_has_it_gets_304(edge, origin):
    origin.on("/avatars/1/46", answer(200, FRESH | {
        "ETag": '"v1"', "Last-Modified": "Sat, 01 Nov 2025 10:00:00 GMT", "Content-Type": "image/png"}, b"picture"))
    edge.get("/avatars/1/46")
    for headers in ({"If-None-Match": '"v1"'}, {"If-None-Match": 'W/"v1", "v0"'}, {"If-None-Match": "*"},
                    {"If-Modified-Since": "Sat, 01 Nov 2025 10:00:00 GMT"}):
        response = edge.get("/avatars/1/46", headers)
        assert response.status == 304 and response.body == b"" and response["ETag"] == '"v1"', headers
        assert response.is_hit
    for headers in ({"If-None-Match": '"v2"'}, {"If-Modified-Since": "Fri, 31 Oct 2025 10:00:00 GMT"},
                    {"If-None-Match": '"v2"', "If-Modified-Since": "Sat, 01 Nov 2025 10:00:00 GMT"}):
        assert edge.get("/avatars/1/46", headers).body == b"picture", headers
    assert origin.count() == 1


def test_a_conditional_request_on_a_miss_fetches_the_whole(edge, origin):
    origin.on("/avatars/1/46", answer(200, FRESH | {"ETag": '"v1"'}, b"picture"))
    assert edge.get("/avatars/1/46", {"If-None-Match": '"v1"', "Range": "bytes=0-1"}).status == 304
    request = origin.last("/avatars/1/46")
    assert request.get("If-None-Match") is None and request.get("Range") is None
    assert edge.get("/avatars/1/46").body == b"picture"
    assert origin.count() == 1


def test_what_is_stale_is_revalidated(edge, origin):
    """The origin's answers are stale on arrival, so that no test need wait for them to become so."""
    origin.on("/avatars/1/46", answer(200, {"Cache-Control": "max-age=60", "Age": "100", "ETag": '"v1"',
                                            "Last-Modified": "Sat, 01 Nov 2025 10:00:00 GMT"}, b"old"))
    assert edge.get("/avatars/1/46").body == b"old"
    origin.on("/avatars/1/46", answer(304, {"Cache-Control": "max-age=60", "ETag": '"v1"', "X-New": "1"}))
    response = edge.get("/avatars/1/46")
    assert response.status == 200 and response.body == b"old"
    assert response.cache_status["fwd"] == "stale" and response.cache_status["fwd-status"] == "304"
    request = origin.last("/avatars/1/46")
    assert request.get("If-None-Match") == '"v1"'
    assert request.get("If-Modified-Since") == "Sat, 01 Nov 2025 10:00:00 GMT"
    hit = edge.get("/avatars/1/46")
    assert hit.is_hit and hit.body == b"old" and hit["X-New"] == "1"
    assert edge.metric("requests_total", outcome="revalidated") == 1


def test_a_revalidation_may_bring_something_new(edge, origin):
    origin.on("/avatars/1/46", answer(200, {"Cache-Control": "max-age=60", "Age": "100", "ETag": '"v1"'}, b"old"))
    edge.get("/avatars/1/46")
    origin.on("/avatars/1/46", answer(200, FRESH | {"ETag": '"v2"'}, b"new"))
    response = edge.get("/avatars/1/46")
    assert response.body == b"new" and response.cache_status["fwd"] == "stale"
    assert edge.get("/avatars/1/46").is_hit and edge.get("/avatars/1/46").body == b"new"


def test_no_cache_is_stored_and_asked_for_each_time(edge, origin):
    origin.on("/avatars/1/46", answer(200, {"Cache-Control": "no-cache", "ETag": '"v1"'}, b"picture"))
    edge.get("/avatars/1/46")
    origin.on("/avatars/1/46", answer(304, {"Cache-Control": "no-cache", "ETag": '"v1"'}))
    for _ in range(3):
        assert edge.get("/avatars/1/46").body == b"picture"
    assert origin.count() == 4 and origin.last("/avatars/1/46").get("If-None-Match") == '"v1"'


@pytest.mark.parametrize("fields", [
    {"Cache-Control": "no-store"}, {"Cache-Control": "private, max-age=60"},
    {"Cache-Control": "max-age=60", "Set-Cookie": "a=b"}, {"Cache-Control": "max-age=60", "Vary": "*"},
    {}, {"Expires": "0"}, {"Cache-Control": "max-age=60, s-maxage=0"}], ids=str)
def test_what_may_not_be_stored_is_asked_for_each_time(edge, origin, fields):
    origin.on("/avatars/1/46", answer(200, fields, b"picture"))
    for _ in range(3):
        response = edge.get("/avatars/1/46")
        assert response.status == 200 and response.body == b"picture"
        assert not response.is_hit and "stored" not in response.cache_status
    assert origin.count() == 3


def test_s_maxage_is_for_us_and_expires_counts_from_date(edge, origin):
    origin.on("/avatars/1/46", answer(200, {"Cache-Control": "max-age=0, s-maxage=500"}, b"a"))
    now = time.time()
    origin.on("/avatars/2/46", answer(200, {
        "Date": email.utils.formatdate(now, usegmt=True), "Expires": email.utils.formatdate(now + 500, usegmt=True)}))
    for avatar in (1, 2):
        edge.get(f"/avatars/{avatar}/46")
        assert 480 <= int(edge.get(f"/avatars/{avatar}/46").cache_status["ttl"]) <= 500


def test_the_origins_age_counts(edge, origin):
    origin.on("/avatars/1/46", answer(200, {"Cache-Control": "max-age=600", "Age": "100"}, b"a"))
    assert int(edge.get("/avatars/1/46")["Age"]) >= 100
    hit = edge.get("/avatars/1/46")
    assert int(hit["Age"]) >= 100 and int(hit.cache_status["ttl"]) <= 500


def test_default_ttl_is_for_what_says_nothing(start_edge, origin):
    edge = start_edge([origin], {"cache": {"default_ttl": "1m"}})
    origin.on("/avatars/1/46", answer(200, {}, b"picture"))
    edge.get("/avatars/1/46")
    assert edge.get("/avatars/1/46").is_hit


def test_a_404_is_remembered(edge, origin):
    origin.default = answer(404, {}, b"no such avatar")
    assert edge.get("/avatars/404/46").status == 404
    again = edge.get("/avatars/404/46")
    assert again.status == 404 and again.is_hit and again.body == b"no such avatar"
    assert origin.count() == 1


def test_trouble_of_the_origin_is_told_and_not_remembered(edge, origin):
    origin.on("/avatars/1/46", answer(503, {"Retry-After": "7"}, b"tired"))
    response = edge.get("/avatars/1/46")
    assert response.status == 503 and response["Retry-After"] == "7" and response.body == b"tired"
    origin.on("/avatars/1/46", answer(200, FRESH, b"awake"))
    assert edge.get("/avatars/1/46").body == b"awake"


def test_head_on_a_miss_fills_and_on_a_hit_is_answered(edge, origin):
    origin.on("/avatars/1/46", answer(200, FRESH, b"picture"))
    for _ in range(2):
        response = edge.request("HEAD", "/avatars/1/46")
        assert response.status == 200 and response["Content-Length"] == "7" and response.body == b""
    assert edge.get("/avatars/1/46").is_hit
    assert origin.count() == 1 and origin.last("/avatars/1/46").method == "GET"


def test_credentials_are_passed_on_and_their_answer_is_not_shared(edge, origin):
    origin.on("/avatars/1/46", lambda request: request.respond(200, FRESH, request.get("Authorization", "-").encode()))
    response = edge.get("/avatars/1/46", {"Authorization": "Bearer me"})
    assert response.body == b"Bearer me" and "stored" not in response.cache_status
    assert edge.get("/avatars/1/46").body == b"-"


@pytest.mark.parametrize("chunked", [False, True], ids=["sized", "chunked"])
def test_what_is_larger_than_object_max_is_streamed(start_edge, origin, chunked):
    edge = start_edge([origin], {"cache": {"object_max": "64KiB"}})
    body = PNG * 100
    origin.on("/avatars/1/1080", answer(200, FRESH, body, chunked=chunked))
    for _ in range(2):
        response = edge.get("/avatars/1/1080")
        assert response.body == body and not response.is_hit
    assert origin.count() == 2
    origin.on("/avatars/1/46", answer(200, FRESH, b"x" * 65536, chunked=chunked))
    edge.get("/avatars/1/46")
    assert edge.get("/avatars/1/46").is_hit


@pytest.mark.parametrize("spelling", ["/avatars/%34%32/96", "//avatars//42/96", "/./avatars/42/./96",
                                      "/avatars/1/../42/96", "http://edge.test/avatars/42/96"])
def test_spellings_of_one_path_are_one_key(edge, origin, spelling):
    origin.on("/avatars/42/96", answer(200, FRESH, b"picture"))
    assert edge.get(spelling).body == b"picture"
    assert edge.get("/avatars/42/96").is_hit
    assert [request.target for request in origin.requests] == ["/avatars/42/96"]


def test_a_query_is_part_of_the_key(edge, origin):
    for query in ("a=1", "a=2"):
        origin.on(f"/avatars/1/46?{query}", answer(200, FRESH, query.encode()))
    for query in ("a=1", "a=2"):
        assert edge.get(f"/avatars/1/46?{query}").body == query.encode()


@pytest.mark.parametrize("target", ["/avatars/4%2f2/96", "/avatars/%2F/96", "/avatars/../../x", "/avatars/%zz", "/a%00b",
                                    "/a#b"])
def test_a_path_that_could_be_read_in_two_ways_is_400(edge, origin, target):
    assert edge.get(target).status == 400
    assert origin.count() == 0


def test_workers_share_what_they_hold(start_edge, origin):
    edge = start_edge([origin], {"workers": 4})
    origin.on("/avatars/1/46", answer(200, FRESH, b"picture"))
    edge.get("/avatars/1/46")
    assert all(edge.get("/avatars/1/46").is_hit for _ in range(40))


def test_the_memory_budget_holds(start_edge, origin):
    edge = start_edge([origin], {"cache": {"memory": "8MiB"}})
    origin.default = answer(200, FRESH, b"x" * 50_000)
    with edge.connect() as client:
        for avatar in range(600):
            assert len(client.get(f"/avatars/{avatar}/46").body) == 50_000
    metrics = edge.metrics()
    assert 4 << 20 < metrics("cache_bytes") <= metrics("cache_budget_bytes") == 8 << 20
    assert metrics("cache_evictions_total") > 300
