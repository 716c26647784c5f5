"""`avatar-edge demo`: a sample origin and an edge with nothing to configure."""
import json
import re
import signal
import subprocess

import pytest

from client import Client, fetch
from edge import COMPLAINTS, PROGRAM, Metrics, free_port, wait_until


@pytest.fixture
def demo(tmp_path):
    port = free_port()
    output = tmp_path / "output"
    with open(output, "wb") as file:
        process = subprocess.Popen([PROGRAM, "demo", "--port", str(port)], stdin=subprocess.DEVNULL, stdout=file,
                                   stderr=file, cwd=tmp_path)
    wait_until(lambda: process.poll() is not None or f":{port}" in output.read_text(), "the demo's address")
    assert process.poll() is None, output.read_text()
    # Until the feed is heard nothing is a hit.
    wait_until(lambda: fetch(port + 2, "GET", "/readyz").status == 200, "the demo to be ready")
    yield port
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0, output.read_text()
    assert not COMPLAINTS.search(output.read_text()), output.read_text()
    with pytest.raises(ConnectionRefusedError):
        Client(port)


def test_the_page_shows_avatars_that_are_there(demo):
    page = fetch(demo, "GET", "/")
    assert page.status == 200 and page["Content-Type"].startswith("text/html")
    assert b"avatars/" in page.body


def test_pictures_of_all_sizes_come_by_the_edge(demo):
    for size in (46, 64, 96, 132, 640, 1080):
        miss, hit = (fetch(demo, "GET", f"/avatars/42/{size}") for _ in range(2))
        assert miss.status == 200 and miss["Content-Type"].startswith("image/") and len(miss.body) > 100
        assert hit.is_hit and hit.body == miss.body


def events_applied(demo):
    return Metrics(fetch(demo + 2, "GET", "/metrics").body.decode())("feed_events_applied_total")


def test_the_edge_follows_an_update_feed_of_the_demos_own(demo):
    status = json.loads(fetch(demo + 2, "GET", "/status").body)
    assert status["feed"]["connected"] and status["lease_ms"] > 0
    fetch(demo, "GET", "/avatars/42/96")
    applied = events_applied(demo)
    answer = fetch(demo + 2, "POST", "/updates?wait=30s", {"Content-Type": "application/json"}, b'{"avatar":"42"}')
    assert json.loads(answer.body)["wait"]["complete"], answer
    # It may be a hit all the same: what was just asked for is filled again at once.
    assert events_applied(demo) == applied + 1
    assert fetch(demo, "GET", "/avatars/42/96").status == 200


def test_an_upload_is_seen_at_once(demo):
    old = fetch(demo, "GET", "/avatars/42/96")
    picture = fetch(demo, "GET", "/avatars/7/640").body
    put = fetch(demo, "PUT", "/avatars/42", {"Content-Type": "image/png"}, picture)
    assert 200 <= put.status < 300, put
    new = fetch(demo, "GET", "/avatars/42/96")
    assert new.body != old.body
    assert not re.search(rb"error", new.body[:10])
