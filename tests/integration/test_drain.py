"""The end in steps: not ready, then no new connections, then what is begun is finished, then the rest is cut off."""


from edge import wait_until
from http2_frames import Code, Peer, Type
from origin import answer

FRESH = {"Cache-Control": "max-age=600"}
PATH = "/avatars/1/46"


def test_while_the_delay_lasts_it_is_not_ready_and_serves_on(start_edge, origin):
    edge = start_edge([origin], {"drain_delay": "1h"})
    origin.on(PATH, answer(200, FRESH, b"picture"))
    edge.signal()
    edge.wait_for_log("drain.delay")
    assert edge.admin("GET", "/readyz").status == 503
    assert edge.status()["state"] == "draining"
    response = edge.get(PATH)  # On a new connection.
    assert response.body == b"picture" and response.get("Connection") != "close"
    edge.signal()  # A second one ends at once.
    edge.check_end(0)


def test_when_the_delay_is_over_nothing_new_is_accepted(start_edge, origin):
    edge = start_edge([origin], {"drain_delay": "1ms"})
    held = origin.hold(PATH)
    with edge.connect() as busy:
        busy.ask("GET", PATH)
        request = held.next()
        edge.signal()
        edge.wait_for_log("drain accepts nothing more")

        def is_refused():
            try:
                edge.connect().close()
                return False
            except (ConnectionRefusedError, ConnectionResetError):
                return True

        wait_until(is_refused, "closed listeners")
        request.respond(200, FRESH, b"late but whole")
        response = busy.response()
        assert response.body == b"late but whole" and response["Connection"] == "close"
    edge.check_end(0)


def test_who_still_waits_when_the_drain_is_over_is_told(start_edge, origin):
    edge = start_edge([origin], {"drain": "200ms"})
    held = origin.hold(PATH)
    with edge.connect() as client:
        client.ask("GET", PATH)
        held.next()
        edge.signal()
        response = client.response()
        assert response.status == 503 and response["Retry-After"] == "1" and response["Connection"] == "close"
        assert client.is_closed()
    edge.check_end(0)


def test_a_stream_of_http2_that_is_cut_off_is_reset(start_edge, origin):
    edge = start_edge([origin], {"drain": "200ms"})
    held = origin.hold(PATH)
    with Peer(edge.port) as peer:
        peer.ready().ask(1, PATH)
        held.next()
        edge.signal()
        reset = peer.until(lambda one: one.type == Type.RST_STREAM)
        assert reset.stream == 1 and reset.code == Code.CANCEL
    edge.check_end(0)
