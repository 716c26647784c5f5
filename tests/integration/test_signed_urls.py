"""URLs that are good until a time, for who was given them. Over every transport."""
import hashlib
import hmac
import subprocess
import time

import pytest

from edge import wait_until
from origin import answer

FRESH = {"Cache-Control": "max-age=600"}
OLD, NEW = "the-secret-of-last-month", "the-secret-of-this-month"
PATH = "/avatars/42/private"
LATER = 4_000_000_000


def sign(path, secret=NEW, keyid="new", expires=LATER):
    message = f"{path}{'&' if '?' in path else '?'}expires={expires}&keyid={keyid}"
    return message + "&signature=" + hmac.new(secret.encode(), message.encode(), hashlib.sha256).hexdigest()


@pytest.fixture
def edge(start_edge, origin):
    edge = start_edge([origin], start=False)
    keys = []
    for keyid, secret in (("new", NEW), ("old", OLD)):
        file = edge.folder / f"{keyid}.secret"
        file.write_text(secret + "\n")
        file.chmod(0o600)
        keys.append({"id": keyid, "secret_file": str(file)})
    edge.config["signed_urls"] = {"routes": ["/avatars/{avatar}/private"], "keys": keys}
    edge.start()
    return edge


def test_who_has_a_signed_url_gets_the_avatar(edge, origin):
    origin.on(PATH, answer(200, FRESH, b"picture"))
    assert edge.get(sign(PATH)).body == b"picture"
    assert edge.metric("signatures_total", end="good") == 1


def test_all_signatures_of_a_url_share_what_is_stored_and_the_origin_sees_none(edge, origin):
    origin.on(PATH + "?w=2", answer(200, FRESH, b"picture"))
    assert edge.get(sign(PATH + "?w=2")).status == 200
    assert edge.get(sign(PATH + "?w=2", OLD, "old")).is_hit
    assert edge.get(sign(PATH + "?w=2", expires=LATER + 1)).is_hit
    assert [request.target for request in origin.requests] == [PATH + "?w=2"]
    assert edge.avatar("42")["responses"][0]["url"] == PATH + "?w=2"


def test_uploads_must_be_signed_too_and_reach_the_origin_without(edge, origin):
    origin.on(PATH, answer(200, FRESH, b"picture"))
    assert edge.request("PUT", PATH, None, b"new").status == 403
    assert edge.request("PUT", sign(PATH), None, b"new").status == 200
    assert [request.target for request in origin.requests] == [PATH]


@pytest.mark.parametrize("target, why", [
    (PATH, "missing"),
    (PATH + "/", "missing"),
    (PATH + "?expires=4000000000&keyid=new", "missing"),
    (sign(PATH, "some-other-secret-of-ours"), "wrong"),
    (sign(PATH, keyid="unknown"), "wrong"),
    (sign(PATH).replace("/42/", "/43/"), "wrong"),
    (sign(PATH) + "&w=2", "wrong"),
    (sign(PATH, expires=1_000_000_000), "expired"),
])
def test_others_get_403_and_nothing_of_what_is_held(edge, origin, target, why):
    for path in (PATH, PATH + "/", "/avatars/43/private"):
        origin.on(path, answer(200, FRESH, b"picture"))
        assert edge.get(sign(path)).status == 200
    asked = len(origin.requests)
    refused = edge.get(target)
    assert refused.status == 403 and b"picture" not in refused.body
    assert refused.proxy_error == "http_request_denied" and f'"signature {why}"' in refused["Proxy-Status"]
    assert refused["Cache-Control"] == "no-store"
    assert edge.metric("signatures_total", end=why) == 1
    assert len(origin.requests) == asked


def test_other_paths_are_for_everybody(edge, origin):
    origin.on("/avatars/42/96", answer(200, FRESH, b"picture"))
    assert edge.get("/avatars/42/96").status == 200


def test_a_key_that_a_reload_drops_is_good_no_longer(edge, origin):
    origin.on(PATH, answer(200, FRESH, b"picture"))
    assert edge.get(sign(PATH, OLD, "old")).status == 200
    edge.config["signed_urls"]["keys"].pop()
    assert edge.reload() == "ok"
    wait_until(lambda: edge.get(sign(PATH, OLD, "old")).status == 403, "the new keys")
    assert edge.get(sign(PATH)).is_hit


def test_an_update_drops_what_signed_urls_share(edge, origin):
    origin.on(PATH, answer(200, FRESH, b"old"))
    assert edge.get(sign(PATH)).body == b"old"
    origin.on(PATH, answer(200, FRESH, b"new"))
    edge.update("42")
    assert edge.get(sign(PATH)).body == b"new"


def test_what_the_readme_says_makes_a_signed_url(edge, origin):
    origin.on(PATH, answer(200, FRESH, b"picture"))
    script = """
url="$1?expires=$(($(date +%s) + 3600))&keyid=new"
key=$(tr -d '\\n' < "$2" | od -A n -t x1 | tr -d ' \\n')
echo "$url&signature=$(printf %s "$url" | openssl dgst -sha256 -mac HMAC -macopt hexkey:"$key" -r | cut -d ' ' -f 1)"
"""
    url = subprocess.run(["sh", "-c", script, "sh", PATH, edge.folder / "new.secret"], capture_output=True, text=True,
                         check=True, timeout=60).stdout.strip()
    assert int(url.split("expires=")[1].split("&")[0]) > time.time()
    assert edge.get(url).body == b"picture"
