"""The admin port: DESIGN.md section 5."""
import json
import re

import pytest

from client import fetch
from origin import answer

FRESH = {"Cache-Control": "max-age=600"}


def test_it_lives_and_is_ready(edge):
    for path in ("/livez", "/readyz", "/", "/metrics", "/status"):
        assert edge.admin("GET", path).status == 200
        head = edge.admin("HEAD", path)
        assert head.status == 200 and head.body == b"" and int(head["Content-Length"]) > 0


def test_the_index_names_every_path(edge):
    index = edge.admin("GET", "/").body.decode()
    for path in ("/livez", "/readyz", "/metrics", "/status", "/avatars/", "/explain/", "/updates", "/purge"):
        assert path in index


def test_status_says_what_the_design_promises(edge):
    status = edge.admin_json("GET", "/status")
    assert status["position"] is None
    assert "lease_ms" in status and "degraded" in status
    assert edge.admin("GET", "/status")["Content-Type"] == "application/json"


def test_an_avatar_tells_what_is_held_of_it(edge, origin):
    origin.on("/avatars/42/96", answer(200, FRESH | {"ETag": '"v7"', "X-Avatar-Version": "7"}, b"picture"))
    origin.on("/avatars/42/46", answer(200, {"Cache-Control": "no-store"}, b"picture"))
    for target in ("/avatars/42/96", "/avatars/42/46"):
        edge.get(target)
    edge.update("41", version=3)
    report = edge.admin_json("GET", "/avatars/42")
    held = {one["url"]: one for one in report["responses"]}
    fresh = held["/avatars/42/96"]
    assert fresh["state"] == "fresh" and fresh["status"] == 200 and fresh["etag"] == '"v7"' and fresh["version"] == 7
    assert fresh["body_bytes"] == 7 and 0 < fresh["fresh_for_ms"] <= 600_000 and fresh["why"]
    assert held["/avatars/42/46"]["state"] == "uncacheable"
    assert edge.admin_json("GET", "/avatars/41")["version_floor"] == 3
    assert edge.admin_json("GET", "/avatars/nobody")["responses"] == []


def test_an_avatar_tells_of_its_running_fills(edge, origin):
    held = origin.hold("/avatars/42/96")
    client = edge.connect()
    client.ask("GET", "/avatars/42/96")
    request = held.next()
    assert edge.admin_json("GET", "/avatars/42")["fills"] == [{"url": "/avatars/42/96", "waiters": 1}]
    request.respond(200, FRESH, b"picture")
    assert client.response().body == b"picture"
    client.close()


def test_an_avatar_of_any_name_can_be_asked_for(edge, origin):
    origin.on("/banners/7.png", answer(200, FRESH, b"banner"))
    edge.get("/banners/7.png")
    response = edge.admin("GET", "/avatars/a%20b%22")
    assert json.loads(response.body)["avatar"] == 'a b"'


@pytest.mark.parametrize("path, body", [
    ("/updates", b""), ("/updates", b"{"), ("/updates", b"[]"), ("/updates", b"{}"), ("/updates", b'{"avatar":42}'),
    ("/updates", b'{"avatar":""}'), ("/updates", b'{"avatar":"1","version":-1}'),
    ("/updates", b'{"avatar":"1","version":"7"}'), ("/updates", b'{"avatar":"1","version":18446744073709551616}'),
    ("/updates", b'{"avatar":"1","op":"explode"}'), ("/updates", b'{"avatar":"1","verison":1}'),
    ("/updates", b'{"avatar":"' + b"x" * 257 + b'"}'), ("/updates", b'{"avatar":"\xff"}'),
    ("/purge", b"{}"), ("/purge", b'{"avatar":"1","all":true}'), ("/purge", b'{"all":false}'),
    ("/purge", b'{"avatar":"1","soft":"yes"}'), ("/purge", b'{"avatar":"1","sfot":true}'), ("/purge", b'{"url":"x"}'),
    ("/purge", b"[" * 60_000),
], ids=lambda value: value[:40].decode("latin-1") if isinstance(value, bytes) else value)
def test_a_wrong_question_is_400_with_its_reason(edge, path, body):
    response = edge.admin("POST", path, body=body)
    assert response.status == 400 and response["Content-Type"] == "application/json"
    assert json.loads(response.body)["error"]


def test_unknown_paths_and_wrong_methods(edge):
    for method, path in (("GET", "/nothing"), ("GET", "/avatars/"), ("GET", "/statusx"), ("POST", "/")):
        response = edge.admin(method, path)
        assert response.status in (404, 405) and json.loads(response.body)["error"]
    assert edge.admin("GET", "/nothing").status == 404
    response = edge.admin("GET", "/purge")
    assert response.status == 405 and response["Allow"] == "POST"
    response = edge.admin("DELETE", "/metrics")
    assert response.status == 405 and "GET" in response["Allow"]


def test_updates_and_purges_need_not_say_how_long_they_are(edge):
    """A chunked body, as some clients send it."""
    body = b"b\r\n{\"all\":true\r\n1\r\n}\r\n0\r\n\r\n"
    response = fetch(edge.admin_port, "POST", "/purge", {"Transfer-Encoding": "chunked"}, body)
    assert response.status == 200


def test_a_token_is_asked_for_where_there_is_one(start_edge, origin, tmp_path):
    (tmp_path / "token").write_text("open-sesame-and-come-in\n")
    (tmp_path / "token").chmod(0o600)
    edge = start_edge([origin], {"admin": {"token_file": str(tmp_path / "token")}})
    right = {"Authorization": "Bearer open-sesame-and-come-in"}
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer open-sesame-and-come-in!"},
                    {"Authorization": "Basic open-sesame-and-come-in"}):
        for method, path, body in (("GET", "/status", None), ("GET", "/metrics", None), ("POST", "/purge", {"all": True})):
            response = edge.admin(method, path, headers, body)
            assert response.status == 401 and "WWW-Authenticate" in response
        assert edge.admin("GET", "/livez", headers).status == 200
        assert edge.request("PURGE", "/avatars/1/46", headers).status in (401, 403)
    assert edge.admin("GET", "/status", right).status == 200
    assert edge.admin("POST", "/purge", right, {"all": True}).status == 200
    assert edge.request("PURGE", "/avatars/1/46", right).status == 200


def test_explain_tells_in_words_what_a_request_would_get(edge, origin):
    """`avatar-edge explain URL` asks the running edge."""
    def explain(url):
        return edge.run("explain", url).stdout

    origin.on("/avatars/42/96", answer(200, {
        "Cache-Control": "max-age=600, stale-while-revalidate=60", "ETag": '"v7"', "Vary": "Accept"}, b"picture"))
    assert "nothing is held" in explain("/avatars/42/96")
    edge.get("/avatars/42/96", {"Accept": "image/webp"})
    text = explain("/avatars/42/96")
    assert "avatar 42, by the route /avatars/{avatar}/{variant}" in text
    assert "200, 7 bytes" in text and 'ETag "v7"' in text and "lifetime by max-age" in text
    assert "served without asking the origin" in text and "fresh until 20" in text
    assert "then for 1 min 0 s served while it is revalidated" in text
    origin.on("/avatars/43/96", answer(200, {"Cache-Control": "max-age=60, stale-if-error=600", "Age": "100"}, b"old"))
    edge.get("/avatars/43/96")
    assert re.search(r"stale for \d+ s \(lifetime by max-age\): the origin is asked before the next use; served as it is "
                     "should the origin fail", explain("/avatars/43/96"))
    origin.on("/avatars/44/96", answer(500, {}, b"trouble"))
    edge.get("/avatars/44/96")
    assert "nothing is held" in explain("/avatars/44/96") and "an error" in edge.avatar("44")["why"]
    assert "for requests with accept: image/webp" in text
    edge.purge(avatar="42", soft=True)
    assert "purged softly" in explain(f"http://127.0.0.1:{edge.port}/avatars/42/96")

    for target, fields, words in [
            ("/avatars/1/46", {"Cache-Control": "no-store"}, "it said no-store"),
            ("/avatars/2/46", {"Cache-Control": "private"}, "it said private"),
            ("/avatars/3/46", {}, "nothing said that it would be fresh"),
            ("/avatars/4/46", {"Cache-Control": "max-age=60", "Set-Cookie": "a=b"}, "it set a cookie")]:
        origin.on(target, answer(200, fields, b"picture"))
        edge.get(target)
        assert words in explain(target), target
        assert "asks the origin for itself" in explain(target)
    assert "by no route" in explain("/elsewhere")


def test_explain_wants_a_url(edge):
    done = edge.run("explain", "avatars", check=False)
    assert done.returncode == 1 and "such as /avatars/42/96" in done.stderr
