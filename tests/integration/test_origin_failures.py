"""What clients are told when the origin is late, broken or gone: RFC 9110 section 15.6, RFC 9209."""
import contextlib
import socket
import subprocess
import threading
from types import SimpleNamespace

import pytest

from client import Incomplete
from edge import free_port
from origin import HeldOrigin, answer

FRESH = {"Cache-Control": "max-age=60"}
UPLOAD = bytes(15 << 20)  # More than sockets hold.
QUICK = {"origin": {"timeouts": {"connect": "300ms", "first_byte": "300ms", "total": "800ms"}}}


def check_error(response, status, error):
    assert (response.status, response.proxy_error) == (status, error), response
    assert "Cache-Status" in response and not response.is_hit


def test_an_origin_that_says_nothing_in_time_is_504(start_edge, origin):
    edge = start_edge([origin], QUICK)
    held = origin.hold("/avatars/1/46")
    check_error(edge.get("/avatars/1/46"), 504, "http_response_timeout")
    held.next().wait_for_abandonment()
    origin.on("/avatars/1/46", answer(200, FRESH, b"picture"))
    assert edge.get("/avatars/1/46").body == b"picture"
    assert edge.metric("origin_requests_total", end="timeout") == 1


def test_an_origin_that_does_not_finish_in_time_is_504(start_edge, origin):
    edge = start_edge([origin], QUICK)

    def begin(request):
        request.send_head(200, FRESH, 100)
        request.send(b"begun")

    origin.on("/avatars/1/46", begin)
    check_error(edge.get("/avatars/1/46"), 504, "connection_read_timeout")


@pytest.mark.http1("bodies in pieces")
def test_a_client_may_take_longer_for_an_upload_than_the_origin_for_an_answer(start_edge, origin):
    edge = start_edge([origin], QUICK)
    origin.on("/avatars/1", answer(200, {}, b"taken"))
    with edge.connect() as client:
        client.ask("PUT", "/avatars/1", {"Content-Length": "8"}, body=b"half")
        edge.wait_for_metric(lambda pieces: pieces == 4, "request_body_bytes_total")
        # Long enough for both of the origin's limits: another fetch has reached them.
        other = origin.hold("/avatars/2/46")
        check_error(edge.get("/avatars/2/46"), 504, "http_response_timeout")
        other.next().close()
        client.send(b"done")
        assert client.response("PUT").body == b"taken"


def test_an_origin_that_says_nothing_to_an_upload_in_time_is_504(start_edge, origin):
    edge = start_edge([origin], QUICK)
    held = origin.hold("/avatars/1")
    check_error(edge.request("PUT", "/avatars/1", body=b"whole"), 504, "http_response_timeout")
    held.next().close()


@pytest.mark.http1("bodies in pieces")
def test_an_origin_that_takes_no_more_of_an_upload_is_504(start_edge):
    with socket.create_server(("127.0.0.1", 0)) as listener:  # Nobody reads what comes there.
        edge = start_edge([SimpleNamespace(url=f"http://127.0.0.1:{listener.getsockname()[1]}")], QUICK)
        with edge.connect() as client:
            client.ask("PUT", "/avatars/1", {"Content-Length": str(len(UPLOAD))}, body=b"")

            def send():
                with contextlib.suppress(OSError):
                    client.send(UPLOAD)

            sender = threading.Thread(target=send)
            sender.start()
            check_error(client.response("PUT"), 504, "http_response_timeout")
            client.close()
            sender.join()


def test_a_stream_that_does_not_finish_in_time_is_cut_and_not_ended(start_edge, origin):
    edge = start_edge([origin], QUICK)

    def begin(request):
        request.send_head(200, {"Cache-Control": "no-store"}, chunked=True)
        request.send(b"5\r\nbegun\r\n")

    origin.on("/stream", begin)
    with pytest.raises(Incomplete) as broken:
        edge.get("/stream")
    assert broken.value.response.body == b"begun"


@pytest.mark.parametrize("said", [
    b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 2xx What\r\n\r\n", b"HTTP/1.1 200 OK\r\nno colon\r\n\r\nbody",
    b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n", b"\0\1\2\3", b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nabc\r\n",
], ids=lambda said: said[:60].decode("latin-1").replace("\r\n", " "))
def test_nonsense_is_502_and_never_stored(edge, origin, said):
    def say(request):
        request.send(said)
        request.close()

    origin.on("/avatars/1/46", say)
    response = edge.get("/avatars/1/46")
    assert response.status == 502 and response.proxy_error
    origin.on("/avatars/1/46", answer(200, FRESH, b"picture"))
    assert edge.get("/avatars/1/46").body == b"picture"


@pytest.mark.parametrize("head", [b"Content-Length: 100\r\n\r\nhalf", b"Transfer-Encoding: chunked\r\n\r\n64\r\nhalf",
                                  b"Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"], ids=["sized", "in chunk", "between"])
def test_a_picture_cut_off_is_502_and_never_stored(edge, origin, head):
    def cut(request):
        request.send(b"HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\n" + head)
        request.close()

    origin.on("/avatars/1/46", cut)
    check_error(edge.get("/avatars/1/46"), 502, "http_response_incomplete")
    origin.on("/avatars/1/46", answer(200, FRESH, b"picture"))
    assert edge.get("/avatars/1/46").body == b"picture"


def test_a_stream_cut_off_is_cut_for_the_client_too(edge, origin):
    def cut(request):
        request.send_head(200, {"Cache-Control": "no-store"}, chunked=True)
        request.send(b"4\r\nhalf\r\n")
        request.close()

    origin.on("/stream", cut)
    # Where the client has seen nothing of it yet, it can be told; in HTTP/2 the reset of the stream tells.
    try:
        check_error(edge.get("/stream"), 502, "http_response_incomplete")
    except Incomplete as broken:
        seen = broken.response
        assert seen.body in (b"", b"half") if seen else edge.transport == "h2"


@pytest.mark.http1("what is answered when the stream is broken before it has been sent")
@pytest.mark.parametrize("cache_control", ["no-store", "max-age=60"])
def test_a_stream_cut_off_before_the_client_has_seen_any_of_it_is_502(edge, origin, cache_control):
    held = origin.hold("/avatars/1/46")
    origin.on("/avatars/2/46", answer(200, FRESH, b"picture"))
    with edge.connect() as client:
        client.ask("GET", "/avatars/1/46")
        request = held.next()
        edge.pause()  # So that its beginning and its end are there together.
        request.send_head(200, {"Cache-Control": cache_control}, 300_000)
        request.send(bytes(1000))
        request.close()
        edge.resume()
        check_error(client.response(), 502, "http_response_incomplete")
        client.ask("GET", "/avatars/2/46")
        assert client.response().body == b"picture"  # Nor does it cost the connection.


def test_a_response_without_length_ends_with_its_connection(edge, origin):
    def until_close(request):
        request.send(b"HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\n\r\nall of it")
        request.close()

    origin.on("/avatars/1/46", until_close)
    assert edge.get("/avatars/1/46").body == b"all of it"


def test_a_connection_closed_without_a_word_is_502(edge, origin):
    origin.on("/avatars/1/46", lambda request: request.close())
    check_error(edge.get("/avatars/1/46"), 502, "connection_terminated")


def test_an_idle_connection_that_the_origin_closed_costs_no_request(edge, origin):
    """The origin closes after each answer without saying so; whoever comes next must not suffer."""

    def answer_and_close(request):
        request.respond(200, {"Cache-Control": "no-store"}, b"picture")
        request.close()

    origin.on("/picture", answer_and_close)
    for _ in range(20):
        assert edge.get("/picture").body == b"picture"


def test_an_origin_that_refuses_connections_is_an_honest_5xx(start_edge):
    edge = start_edge([f"http://127.0.0.1:{free_port()}"])
    first = edge.get("/avatars/1/46")
    check_error(first, 502, "connection_refused")
    second = edge.get("/avatars/1/46")  # The only URL is ejected, or tried again.
    assert second.status in (502, 503) and second.proxy_error in ("connection_refused", "destination_unavailable")
    assert edge.metric("origin_requests_total", end="connect_error") >= 1


def test_one_dead_url_of_several_costs_no_request(start_edge, origin):
    origin.default = answer(200, {"Cache-Control": "no-store"}, b"picture")
    edge = start_edge([f"http://127.0.0.1:{free_port()}", origin, f"http://127.0.0.1:{free_port()}"])
    for i in range(30):
        assert edge.get(f"/avatars/{i}/46").body == b"picture"
    # An upload is not lost either: it was never sent to who could not be reached.
    assert edge.request("PUT", "/avatars/1", body=b"upload").status == 200


def test_several_urls_share_the_work(start_edge, origin):
    other = HeldOrigin()
    for one in (origin, other):
        one.default = answer(200, {"Cache-Control": "no-store"}, b"picture")
    edge = start_edge([origin, other])
    for i in range(40):
        edge.get(f"/avatars/{i}/46")
    assert origin.count() >= 5 and other.count() >= 5 and origin.count() + other.count() == 40
    other.close()
    for i in range(40):
        assert edge.get(f"/avatars/{i}/46").status == 200


def test_connections_to_the_origin_are_used_again(start_edge, origin):
    origin.default = answer(200, {"Cache-Control": "no-store"}, b"picture")
    edge = start_edge([origin], {"workers": 1})
    for i in range(50):
        edge.get(f"/avatars/{i}/46")
    assert origin.connection_count <= 2


def test_more_fetches_than_allowed_wait_and_then_are_503(start_edge, origin):
    edge = start_edge([origin], {"workers": 1, "origin": {"max_concurrent": 2, "queue_max": 2}})
    held = origin.hold("/avatars/1/46")
    for i in range(2, 6):
        origin.on(f"/avatars/{i}/46", held)
    clients = [edge.connect() for _ in range(4)]
    for i, client in enumerate(clients, 1):
        client.ask("GET", f"/avatars/{i}/46")
    first = [held.next(), held.next()]
    edge.wait_for_metric(lambda queued: queued == 2, "origin_requests_queued")
    refused = edge.get("/avatars/5/46")
    check_error(refused, 503, "connection_limit_reached")
    assert "Retry-After" in refused
    assert edge.metric("limits_reached_total", limit="origin_queue") == 1
    for request in first:
        request.respond(200, FRESH, b"picture")
    for _ in range(2):
        held.next().respond(200, FRESH, b"picture")
    assert all(client.response().body == b"picture" for client in clients)


# --- TLS ---


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """A private authority, and a certificate of 127.0.0.1 that it has signed."""
    folder = tmp_path_factory.mktemp("certificates")

    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key",
            "-out", "ca.pem", "-days", "2", "-subj", "/CN=Test authority")
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "origin.key", "-out",
            "origin.csr", "-subj", "/CN=origin")
    for name, subject in (("right", "IP:127.0.0.1"), ("wrong", "DNS:elsewhere.test")):
        (folder / "extensions").write_text(f"subjectAltName={subject}\n")
        openssl("x509", "-req", "-in", "origin.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days",
                "2", "-out", f"{name}.pem", "-extfile", "extensions")
    return folder


@pytest.fixture
def silent_origin():
    """Takes connections, and says nothing on them."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield SimpleNamespace(url=f"https://127.0.0.1:{listener.getsockname()[1]}")


@pytest.fixture
def tls_origin(certificates):
    origins = []

    def start(certificate):
        origins.append(HeldOrigin(tls=(certificates / certificate, certificates / "origin.key")))
        origins[-1].on("/avatars/1/46", answer(200, FRESH, b"picture"))
        return origins[-1]

    yield start
    for origin in origins:
        origin.close()


def test_an_https_origin_with_a_private_authority(start_edge, tls_origin, certificates):
    edge = start_edge([tls_origin("right.pem")], {"origin": {"tls": {"ca_file": str(certificates / "ca.pem")}}})
    assert edge.get("/avatars/1/46").body == b"picture"
    assert edge.get("/avatars/1/46").is_hit


@pytest.mark.parametrize("certificate, trusted", [("wrong.pem", True), ("right.pem", False)],
                         ids=["another name", "an unknown authority"])
def test_a_certificate_that_proves_nothing_is_502(start_edge, tls_origin, certificates, certificate, trusted):
    tls = {"ca_file": str(certificates / "ca.pem")} if trusted else {}
    origin = tls_origin(certificate)
    edge = start_edge([origin], {"origin": {"tls": tls}})
    check_error(edge.get("/avatars/1/46"), 502, "tls_certificate_error")
    assert origin.count() == 0


def test_a_handshake_that_is_given_up_leaves_nothing_behind_on_its_descriptor(start_edge, silent_origin):
    edge = start_edge([silent_origin], {"workers": 1, **QUICK})
    with edge.connect() as client:
        for _ in range(3):
            client.ask("GET", "/avatars/1/46")
            check_error(client.response(), 504, "connection_timeout")
            # The next connections get the descriptors that have become free.
            assert edge.request("OPTIONS", "*").status in (200, 204)
            assert edge.request("OPTIONS", "*").status in (200, 204)


def test_verification_can_be_switched_off(start_edge, tls_origin):
    edge = start_edge([tls_origin("wrong.pem")], {"origin": {"tls": {"verify": False}}})
    assert edge.get("/avatars/1/46").body == b"picture"
