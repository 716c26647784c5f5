"""avatar-edge tail, and GET /tail: the records of the access log as they come."""
import contextlib
import json
import signal
import socket
import subprocess

import pytest

from client import Client
from edge import PATIENCE, PROGRAM
from origin import answer

FRESH = {"Cache-Control": "max-age=600"}
TARGET = "/avatars/42/96"


@pytest.fixture
def edge(start_edge, origin):
    """Whose access log is off: what is followed does not depend on it."""
    origin.on(TARGET, answer(200, FRESH, b"picture"))
    return start_edge([origin], {"log": {"access": "off"}, "avatars": {"routes": ["/avatars/{avatar}/{variant}"]}})


@pytest.fixture
def tail(edge):
    """tail(*options) starts the command, and returns when the edge knows of it."""
    with contextlib.ExitStack() as stack:
        def start(*options):
            before = edge.metric("tail_readers")
            process = subprocess.Popen([PROGRAM, "tail", "--config", edge.file, *options], stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE, text=True)
            stack.callback(process.wait, PATIENCE)
            stack.callback(process.kill)
            edge.wait_for_metric(lambda count: count == before + 1, "tail_readers")
            return process
        yield start


def test_records_are_those_of_the_access_log(edge, tail):
    process = tail("--count", "2", "--filter", f"target={TARGET}")
    edge.get(TARGET)
    edge.get(TARGET)
    out, err = process.communicate(timeout=PATIENCE)
    records = [json.loads(line) for line in out.splitlines()]
    assert [record["outcome"] for record in records] == ["miss", "hit"]
    assert {"time", "client", "status", "bytes", "duration_us", "request_id"} <= records[0].keys()
    assert process.returncode == 0 and err == "" and edge.access_log() == []
    edge.wait_for_metric(lambda count: count == 0, "tail_readers")


def test_only_so_many_follow_at_once(edge, tail):
    for _ in range(8):
        tail()
    refused = edge.admin("GET", "/tail")
    assert refused.status == 503 and b"8 others" in refused.body
    assert edge.metric("limits_reached_total", limit="tails") == 1


def test_the_edge_filters(edge, tail):
    process = tail("--count", "1", "--filter", "status>=400 and avatar=43", "--filter", "client=127.0.0.0/8")
    for target in (TARGET, "/avatars/7/96", "/avatars/43/96"):
        edge.get(target)
    out, _ = process.communicate(timeout=PATIENCE)
    assert [json.loads(line)["target"] for line in out.splitlines()] == ["/avatars/43/96"]


@pytest.mark.parametrize("text, complaint", [
    ("stauts=500", "filter, character 1: there is no field 'stauts'; there are avatar, "),
    ("status=500 or status=404", "filter, character 12: 'and' must stand between comparisons"),
    ("duration>100", "filter, character 10: "),
])
def test_a_filter_that_is_not_understood_is_told_why(edge, text, complaint):
    told = edge.run("tail", "--filter", text, check=False)
    assert told.returncode == 1 and told.stdout == "" and told.stderr.startswith("avatar-edge: " + complaint)


def test_it_ends_where_the_edge_is_not(edge):
    edge.stop()
    told = edge.run("tail", check=False)
    assert told.returncode == 1 and "the admin port (127.0.0.1:" in told.stderr


def test_the_drain_ends_it(edge, tail):
    process = tail()
    edge.signal(signal.SIGTERM)
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1 and "the edge drains" in err
    edge.check_end(0)


def test_an_upgrade_ends_it(start_node, origin):
    origin.on(TARGET, answer(200, FRESH, b"picture"))
    node = start_node()
    with Client(node.admin_port) as client:
        client.ask("GET", "/tail")
        client.head()
        node.upgrade()
        assert b"the edge drains" in client.rest()


def test_the_token_guards_it_and_the_command_shows_it(start_edge, origin, tmp_path):
    token_file = tmp_path / "token"
    token_file.write_text("open-sesame-and-come-in\n")
    token_file.chmod(0o600)
    edge = start_edge([origin], {"admin": {"token_file": str(token_file)}})
    assert edge.admin("GET", "/tail").status == 401
    told = edge.run("tail", "--filter", "status=", check=False)
    assert "a value is missing" in told.stderr


def test_a_head_request_has_no_stream(edge):
    with Client(edge.admin_port) as client:
        assert client.request("HEAD", "/tail").status == 200
        assert client.get("/livez").status == 200


def test_who_does_not_read_is_told_later_what_was_dropped(edge, origin):
    """The edge holds a bounded part for it, and goes on; whoever reads gets all."""
    target = "/avatars/" + "a" * 3000 + "/96"
    origin.on(target, answer(200, FRESH, b"picture"))
    with Client(edge.admin_port) as slow, Client(edge.admin_port) as quick, edge.connect() as asker:
        slow.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        for reader in (slow, quick):
            reader.ask("GET", "/tail?filter=outcome%3Dhit")
            reader.head()
        asker.get(target)
        for _ in range(60):  # 12 MB of records, and what sockets hold is less.
            asker.send(f"GET {target} HTTP/1.1\r\nHost: edge.test\r\n\r\n".encode() * 60)
            for _ in range(60):
                assert asker.response().body == b"picture"
            for _ in range(60):  # No more than a reader's queue holds is on its way at once.
                assert b"dropped" not in quick.until(b'"outcome":"hit"')
        slow.until(b'{"tail":"dropped","records":')
    edge.wait_for_metric(lambda count: count > 0, "tail_records_dropped_total")
    edge.wait_for_metric(lambda count: count == 0, "tail_readers")


@pytest.mark.slow
def test_silence_is_broken_now_and_then(edge):
    with Client(edge.admin_port) as client:
        client.ask("GET", "/tail?filter=status%3D999")
        client.head()
        assert client.until(b"1\r\n\n\r\n") is not None
