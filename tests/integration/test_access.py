"""Who may ask: access lists, trusted proxies and the PROXY protocol. Over every transport."""
import socket
import struct

import pytest

from client import Incomplete
from edge import wait_until
from origin import answer

FRESH = {"Cache-Control": "max-age=600"}
TARGET = "/avatars/42/96"
LOCAL = ["127.0.0.0/8"]
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def version_1(client):
    return f"PROXY TCP4 {client} 198.51.100.1 1234 443\r\n".encode()


def version_2(client, more=b""):
    family = socket.AF_INET6 if ":" in client else socket.AF_INET
    address = socket.inet_pton(family, client)
    rest = address + bytes(len(address)) + struct.pack("!HH", 1234, 443) + more
    return SIGNATURE + bytes([0x21, 0x21 if ":" in client else 0x11]) + struct.pack("!H", len(rest)) + rest


def start_behind(start_edge, origin, access=None, **config):
    """An edge whose listeners want a PROXY header of this machine."""
    edge = start_edge([origin], {"access": {"trusted_proxies": LOCAL} | (access or {})} | config, start=False)
    for listener in edge.config["listen"]:
        listener["proxy_protocol"] = True
    edge.start()
    return edge


def clients(edge, count):
    """Of the access log, when it has so many lines of the data port."""
    def found():
        return [line["client"] for line in edge.access_log() if line["target"] in (TARGET, "/echo")]
    wait_until(lambda: len(found()) >= count, f"{count} lines")
    return found()


def answers(edge):
    """Whether a client of its own gets an answer; a connection that is closed is none."""
    try:
        return edge.get(TARGET).status == 200
    except (Incomplete, OSError, EOFError):
        return False


def test_who_is_denied_is_closed_and_counted(start_edge, origin):
    origin.on(TARGET, answer(200, FRESH, b"picture"))
    edge = start_edge([origin], {"access": {"deny": LOCAL}})
    assert not answers(edge)
    assert edge.metric("limits_reached_total", limit="access") == 1
    assert edge.reload({"access": {"allow": ["127.0.0.1"]}}) == "ok"
    wait_until(lambda: answers(edge), "the longer prefix to count")
    assert edge.reload({"access": {"allow": ["192.0.2.0/24"], "deny": []}}) == "ok"
    wait_until(lambda: not answers(edge), "who is not allowed to be closed")


def test_an_address_of_ours_may_ask_for_more(start_edge, origin):
    origin.on(TARGET, answer(200, FRESH, b"picture"))
    edge = start_edge([origin], start=False)
    edge.config["listen"][-1]["deny"] = LOCAL
    edge.start()
    assert not answers(edge)


def test_nobody_is_believed_by_default(edge, origin):
    origin.on("/echo", answer(200, FRESH, b"picture"))
    assert edge.get("/echo", {"X-Forwarded-For": "192.0.2.1", "Forwarded": "for=192.0.2.1"}).status == 200
    assert clients(edge, 1) == ["127.0.0.1"]
    assert edge.request("POST", "/echo", {"X-Forwarded-For": "192.0.2.1", "Forwarded": "for=192.0.2.1"}, b"x").status == 200
    fill, upload = origin.requests
    assert fill.get("X-Forwarded-For") is None and fill.get("Forwarded") is None
    assert upload.get("X-Forwarded-For") == "127.0.0.1" and upload.get("Forwarded") is None


def test_a_trusted_proxy_names_its_client(start_edge, origin):
    edge = start_edge([origin], {"access": {"trusted_proxies": LOCAL + ["10.0.0.0/8"]},
                                 "limits": {"rates": [{"by": "address", "rate": "1/d"}]}})
    origin.on(TARGET, answer(200, FRESH, b"picture"))
    with edge.connect() as proxy:
        assert proxy.get(TARGET, {"X-Forwarded-For": "203.0.113.9, 192.0.2.1, 10.1.1.1"}).status == 200
        assert proxy.get(TARGET, {"X-Forwarded-For": "203.0.113.8, 192.0.2.1"}).status == 429
        assert proxy.get(TARGET, {"X-Forwarded-For": "192.0.2.2"}).status == 200
        assert proxy.request("POST", TARGET, {"X-Forwarded-For": "9.9.9.9, 192.0.2.3"}, b"x").status == 200
        assert proxy.get(TARGET).status == 200
    assert sorted(clients(edge, 5)) == ["127.0.0.1", "192.0.2.1", "192.0.2.1", "192.0.2.2", "192.0.2.3"]
    upload, = [request for request in origin.requests if request.method == "POST"]
    assert upload.get("X-Forwarded-For") == "192.0.2.3"


def test_a_client_behind_a_proxy_is_told_that_it_may_not(start_edge, origin):
    edge = start_edge([origin], {"access": {"trusted_proxies": LOCAL, "deny": ["192.0.2.0/24"]}})
    origin.on(TARGET, answer(200, FRESH, b"picture"))
    with edge.connect() as proxy:
        denied = proxy.get(TARGET, {"X-Forwarded-For": "192.0.2.1"})
        assert denied.status == 403 and denied.proxy_error == "http_request_denied"
        assert proxy.get(TARGET, {"X-Forwarded-For": "198.51.100.1"}).status == 200
    assert edge.metric("limits_reached_total", limit="access") == 1
    assert edge.metric("requests_total", outcome="refused") == 1


def test_nobody_purges_without_a_token_where_a_proxy_on_this_machine_speaks_for_others(start_edge, origin):
    edge = start_edge([origin], {"access": {"trusted_proxies": LOCAL}})
    for fields in ({}, {"X-Forwarded-For": "192.0.2.1"}, {"X-Forwarded-For": "unknown"}):
        assert edge.request("PURGE", TARGET, fields).status == 403
    assert edge.reload({"access": {"trusted_proxies": ["192.0.2.0/24"]}}) == "ok"
    assert edge.request("PURGE", TARGET).status == 200


@pytest.mark.parametrize("header", [version_1, version_2])
def test_a_proxy_header_says_whose_connection_it_is(start_edge, origin, header):
    edge = start_behind(start_edge, origin)
    origin.on(TARGET, answer(200, FRESH, b"picture"))
    with edge.connect(opening=[header("192.0.2.1")]) as client:
        assert [client.get(TARGET).body for _ in range(2)] == [b"picture"] * 2
        assert client.request("POST", TARGET, None, b"x").status == 200
    assert clients(edge, 3) == ["192.0.2.1"] * 3
    assert origin.requests[-1].get("X-Forwarded-For") == "192.0.2.1"


def test_records_behind_the_address_are_passed_over(start_edge, origin):
    edge = start_behind(start_edge, origin)
    origin.on(TARGET, answer(200, FRESH, b"picture"))
    with edge.connect(opening=[version_2("2001:db8::1", b"\x04\x02\x00" + bytes(512))]) as client:
        assert client.get(TARGET).status == 200
    assert clients(edge, 1) == ["2001:db8::1"]


def test_a_health_check_of_the_balancer_is_the_balancer(start_edge, origin):
    edge = start_behind(start_edge, origin)
    origin.on(TARGET, answer(200, FRESH, b"picture"))
    with edge.connect(opening=[SIGNATURE + b"\x20\0\0\0"]) as client:
        assert client.get(TARGET).status == 200
    assert clients(edge, 1) == ["127.0.0.1"]


def test_a_client_has_so_many_connections_and_no_more(start_edge, origin):
    edge = start_edge([origin], {"http": {"connections_per_client_max": 3}})
    origin.on(TARGET, answer(200, FRESH, b"picture"))
    clients = [edge.connect() for _ in range(3)]
    assert all(client.get(TARGET).status == 200 for client in clients)
    if edge.transport == "h1":
        with edge.connect() as client:
            refused = client.response()
            assert refused.status == 503 and refused.proxy_error == "connection_limit_reached"
    else:
        with pytest.raises(OSError):
            edge.connect()
    assert edge.metric("limits_reached_total", limit="connections_per_client") == 1
    clients.pop().close()
    wait_until(lambda: answers(edge), "the place that is free again")
    for client in clients:
        client.close()


def test_connections_of_trusted_proxies_do_not_count_but_those_of_their_clients_do(start_edge, origin):
    origin.on(TARGET, answer(200, FRESH, b"picture"))
    edge = start_behind(start_edge, origin, http={"connections_per_client_max": 1})
    with edge.connect(opening=[version_2("192.0.2.1")]) as first:
        assert first.get(TARGET).status == 200
        with pytest.raises((Incomplete, OSError, EOFError)):
            with edge.connect(opening=[version_2("192.0.2.1")]) as second:
                second.get(TARGET)
        with edge.connect(opening=[version_2("192.0.2.2")]) as other:
            assert other.get(TARGET).status == 200
    assert edge.metric("limits_reached_total", limit="connections_per_client") == 1


def test_a_header_that_comes_in_pieces_is_one(start_edge, origin):
    edge = start_behind(start_edge, origin)
    origin.on(TARGET, answer(200, FRESH, b"picture"))
    header = version_1("192.0.2.1")
    pieces = [header[i:i + 1] for i in range(len(header))]
    with edge.connect(opening=pieces) as client:
        assert client.get(TARGET).status == 200
    assert clients(edge, 1) == ["192.0.2.1"]


def test_what_begins_otherwise_is_closed_and_counted(start_edge, origin):
    edge = start_behind(start_edge, origin)
    for beginning in (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"\x16\x03\x01\x02\x00", b"PROXY TCP4 nobody\r\n"):
        with socket.create_connection(("127.0.0.1", edge.port), timeout=30) as plain:
            plain.sendall(beginning)
            try:
                assert plain.recv(100) == b""
            except ConnectionResetError:
                pass
    edge.wait_for_metric(lambda count: count == 3, "proxy_headers_malformed_total")


def test_a_header_that_does_not_come_is_not_waited_for(start_edge, origin):
    edge = start_edge([origin], {"access": {"trusted_proxies": LOCAL}, "http": {"timeouts": {"header": "50ms"}}},
                      start=False)
    edge.config["listen"][0]["proxy_protocol"] = True
    edge.start()
    with socket.create_connection(("127.0.0.1", edge.port), timeout=30) as plain:
        plain.sendall(b"PROXY TCP4 ")
        assert plain.recv(100) == b""


def test_a_header_of_who_is_not_trusted_is_worth_nothing(start_edge, origin):
    edge = start_behind(start_edge, origin, {"trusted_proxies": ["192.0.2.0/24"]})
    with socket.create_connection(("127.0.0.1", edge.port), timeout=30) as plain:
        try:
            plain.sendall(version_1("192.0.2.1"))
            assert plain.recv(100) == b""
        except (ConnectionResetError, BrokenPipeError):
            pass
    assert edge.metric("limits_reached_total", limit="access") == 1


def test_access_lists_look_at_who_the_header_names(start_edge, origin):
    edge = start_behind(start_edge, origin, {"deny": ["192.0.2.0/24"]})
    origin.on(TARGET, answer(200, FRESH, b"picture"))
    with edge.connect(opening=[version_2("198.51.100.7")]) as client:
        assert client.get(TARGET).status == 200
    with socket.create_connection(("127.0.0.1", edge.port), timeout=30) as plain:
        plain.sendall(version_2("192.0.2.1"))
        assert plain.recv(100) == b""
    assert edge.metric("limits_reached_total", limit="access") == 1
