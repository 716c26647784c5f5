"""HTTP/2 with clients, frame by frame: RFC 9113 as far as a server owes it, RFC 9218, and the limits.

Where the RFC speaks of an error of the stream, one of the whole connection is allowed as well (section 5.4).
"""
import os
import re
import signal
import socket
import subprocess
import threading

import pytest

from client import Client, Incomplete
from edge import wait_for_standstill, wait_until
from http2_client import Http2Client
from http2_frames import (ACK, END_HEADERS, END_STREAM, PADDED, PREFACE, PRIORITIZED, STREAM_MAX, Code, Peer, Reset, Setting,
                          Type, body_of, data, frame, goaway, ping, priority, priority_update, request, rst_stream,
                          settings, window_update)
from origin import Flood, answer

FRESH = {"Cache-Control": "max-age=60"}
PATH = "/avatars/1/46"


def echo(request):
    request.respond(200, {"Cache-Control": "no-store", "X-Method": request.method}, request.body)


@pytest.fixture
def front(origin, edge):
    """The edge, with a small picture and an echo behind it."""
    origin.on(PATH, answer(200, FRESH | {"ETag": '"one"'}, b"picture"))
    origin.on("/echo", echo)
    return edge


@pytest.fixture
def peer(front):
    """A connection with prior knowledge, after both sides have acknowledged the settings."""
    with Peer(front.port) as peer:
        yield peer.ready()


def is_alive(peer, stream=101):
    """Whether the connection still serves."""
    return peer.get(stream).body == b"picture"


def ends_connection(peer, *frames):
    """Sends the frames; the code of the GOAWAY with which the edge closes."""
    peer.send(*frames)
    return peer.end()


# --- The beginning: section 3.4 ---


def test_a_request_may_follow_the_preface_at_once(front):
    with Peer(front.port) as peer:
        response = peer.get(1)
        assert response.status == 200 and response.body == b"picture"
        assert peer.frames[0].type == Type.SETTINGS and not peer.frames[0].is_ack
        assert sum(one.type == Type.SETTINGS and one.is_ack for one in peer.frames) == 1


def test_the_preface_may_come_in_any_pieces(front):
    with Peer(front.port, preface=False) as peer:
        message = PREFACE + settings() + peer.headers(1, request())
        for i in range(len(message)):
            peer.send(message[i:i + 1])
        assert peer.response(1).body == b"picture"


@pytest.mark.parametrize("cut", range(1, 24, 3))
def test_a_preface_in_two_pieces(front, cut):
    with Peer(front.port, preface=False) as peer:
        peer.send(PREFACE[:cut])
        peer.send(PREFACE[cut:], settings())
        assert peer.get(1).body == b"picture"


def test_http_1_and_2_share_the_port(front):
    with Client(front.port) as first, Peer(front.port) as second:
        assert first.get(PATH).body == second.get(1).body == b"picture"
        assert first.get(PATH).is_hit and second.get(3).is_hit


@pytest.mark.parametrize("said", [b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\rx",
                                  b"PRI / HTTP/2.0\r\n\r\nSM\r\n\r\n", b"PRI * HTTP/2.1\r\n\r\nSM\r\n\r\n"], ids=repr)
def test_another_preface_is_the_end_of_the_connection(front, origin, said):
    with Client(front.port) as client:
        client.send(said + settings())
        client.rest()  # A GOAWAY, a refusal of HTTP/1, or nothing: but an end.
    assert origin.count() == 0


def test_a_preface_that_stops_is_closed_after_a_while(start_edge, origin):
    edge = start_edge([origin], {"http": {"timeouts": {"header": "300ms", "idle": "300ms"}}})
    for said in (PREFACE[:10], PREFACE[:-1], PREFACE):
        with Client(edge.port) as client:
            client.send(said)
            client.rest()


def test_settings_must_come_first(front):
    with Peer(front.port, preface=False) as peer:
        assert ends_connection(peer, PREFACE, ping()) in (Code.PROTOCOL_ERROR, None)


# --- Settings: section 6.5 ---


def test_settings_are_acknowledged_in_their_order(peer):
    peer.send(settings({Setting.MAX_FRAME_SIZE: 20000}), settings(), settings({Setting.HEADER_TABLE_SIZE: 0}))
    assert sum(one.type == Type.SETTINGS and one.is_ack for one in peer.sync()) == 3


def test_unknown_settings_are_ignored(peer):
    peer.send(settings([(0x7777, 1), (0xffff, 2**32 - 1)]))
    assert is_alive(peer)


def test_of_a_setting_that_comes_twice_the_last_counts(front):
    with Peer(front.port, [(Setting.INITIAL_WINDOW_SIZE, 0), (Setting.INITIAL_WINDOW_SIZE, 7)]) as peer:
        assert peer.get(1).body == b"picture"


@pytest.mark.parametrize("setting, value, code", [
    (Setting.ENABLE_PUSH, 2, Code.PROTOCOL_ERROR), (Setting.INITIAL_WINDOW_SIZE, 2**31, Code.FLOW_CONTROL_ERROR),
    (Setting.MAX_FRAME_SIZE, 16383, Code.PROTOCOL_ERROR), (Setting.MAX_FRAME_SIZE, 2**24, Code.PROTOCOL_ERROR)])
def test_impossible_settings_end_the_connection(peer, setting, value, code):
    assert ends_connection(peer, settings({setting: value})) == code


def test_what_the_edge_announces_is_possible(peer):
    announced = peer.settings
    assert announced.get(Setting.ENABLE_PUSH, 0) == 0
    assert announced[Setting.MAX_CONCURRENT_STREAMS] >= 100  # Section 6.5.2 recommends no less.
    assert 16384 <= announced.get(Setting.MAX_FRAME_SIZE, 16384) < 2**24
    assert announced.get(Setting.INITIAL_WINDOW_SIZE, 65535) <= STREAM_MAX
    assert announced.get(Setting.NO_RFC7540_PRIORITIES, 1) == 1


# --- Frames: sections 4 and 6 ---


def test_a_ping_is_answered_with_its_own_bytes(peer):
    peer.send(ping(b"abcdefgh"), ping(b"ABCDEFGH"))
    answers = [one.payload for one in peer.sync() if one.type == Type.PING]
    assert answers == [b"abcdefgh", b"ABCDEFGH"]


def test_an_answer_to_no_ping_is_ignored(peer):
    peer.send(ping(flags=ACK))
    assert is_alive(peer)


def test_unknown_frames_and_flags_are_ignored(peer):
    peer.send(frame(0x77, 0xff, 0, b"anything"), frame(0x78, 0xff, 1, b"x" * 16384), frame(0xff, 0, 99),
              ping(b"flagged!", 0xfe), peer.headers(1, request(), flags=END_HEADERS | 0xc2))
    assert peer.response(1).body == b"picture"


def test_the_reserved_bit_of_a_stream_is_ignored(peer):
    peer.send(peer.headers(2**31 + 1, request()))
    assert peer.response(1).body == b"picture"


@pytest.mark.parametrize("type", [Type.DATA, Type.HEADERS, Type.SETTINGS, 0x77], ids=str)
def test_a_frame_that_is_too_large_is_a_frame_size_error(peer, type):
    stream = 0 if type == Type.SETTINGS else 1
    peer.send(frame(type, 0, stream, length=16386), bytes(16386))
    assert peer.reset(stream) == Code.FRAME_SIZE_ERROR


@pytest.mark.parametrize("wrong", [
    pytest.param(frame(Type.PING, payload=b"1234567"), id="PING of 7"),
    pytest.param(frame(Type.PING, payload=b"123456789"), id="PING of 9"),
    pytest.param(frame(Type.SETTINGS, payload=b"12345"), id="SETTINGS of 5"),
    pytest.param(settings({Setting.ENABLE_PUSH: 0}, flags=ACK), id="SETTINGS acknowledged with values"),
    pytest.param(frame(Type.WINDOW_UPDATE, payload=b"\0\0\1"), id="WINDOW_UPDATE of 3"),
    pytest.param(frame(Type.GOAWAY, payload=b"\0" * 7), id="GOAWAY of 7"),
    pytest.param(frame(Type.RST_STREAM, stream=1, payload=b"\0\0\0"), id="RST_STREAM of 3"),
    pytest.param(frame(Type.PRIORITY, stream=1, payload=b"\0\0\0\0"), id="PRIORITY of 4"),
])
def test_a_frame_of_the_wrong_size_is_a_frame_size_error(peer, wrong):
    # The stream that some are for is under way, because on one that is idle they would be wrong for two reasons.
    peer.ask(1, "/echo", method="PUT", end=False)
    peer.send(wrong)
    assert peer.reset(1) == Code.FRAME_SIZE_ERROR


@pytest.mark.parametrize("wrong", [
    pytest.param(data(0, b"x"), id="DATA"), pytest.param(frame(Type.HEADERS, END_HEADERS), id="HEADERS"),
    pytest.param(rst_stream(0), id="RST_STREAM"), pytest.param(priority(0), id="PRIORITY"),
    pytest.param(frame(Type.CONTINUATION, END_HEADERS), id="CONTINUATION"),
])
def test_what_is_for_a_stream_may_not_name_the_connection(peer, wrong):
    assert ends_connection(peer, wrong) == Code.PROTOCOL_ERROR


@pytest.mark.parametrize("wrong", [
    pytest.param(frame(Type.PING, stream=1, payload=b"12345678"), id="PING"),
    pytest.param(frame(Type.SETTINGS, stream=1), id="SETTINGS"),
    pytest.param(frame(Type.GOAWAY, stream=1, payload=bytes(8)), id="GOAWAY"),
])
def test_what_is_for_the_connection_may_not_name_a_stream(peer, wrong):
    assert ends_connection(peer, wrong) == Code.PROTOCOL_ERROR


def test_a_client_may_not_push(peer):
    promise = frame(Type.PUSH_PROMISE, END_HEADERS, 1, b"\0\0\0\2" + peer.encode(request()))
    assert ends_connection(peer, promise) == Code.PROTOCOL_ERROR


def test_padding_is_taken_off(peer):
    block = peer.encode(request("PUT", "/echo"))
    peer.send(frame(Type.HEADERS, END_HEADERS | PADDED, 1, b"\5" + block + bytes(5)),
              data(1, b"hel", padding=255), data(1, b"", padding=0), data(1, b"lo", end=True, padding=1))
    assert peer.response(1).body == b"hello"


@pytest.mark.parametrize("wrong", [
    pytest.param(lambda block: frame(Type.HEADERS, END_HEADERS | PADDED, 3, bytes([len(block) + 1]) + block), id="HEADERS"),
    pytest.param(lambda block: frame(Type.DATA, PADDED, 1, b"\6hello"), id="DATA"),
])
def test_more_padding_than_frame_is_a_protocol_error(peer, wrong):
    peer.ask(1, "/echo", method="PUT", end=False)
    assert ends_connection(peer, wrong(peer.encode(request()))) == Code.PROTOCOL_ERROR


def test_the_old_priorities_are_read_past(peer):
    """RFC 9113 section 5.3.2: deprecated, but still sent."""
    block = peer.encode(request())
    peer.send(priority(1), priority(99, 1, 256), frame(
        Type.HEADERS, END_HEADERS | END_STREAM | PRIORITIZED, 1, b"\x80\0\0\0\x10" + block), priority(1, 3))
    assert peer.response(1).body == b"picture"


# --- Streams: section 5.1 ---


def test_streams_have_odd_numbers_that_rise(peer):
    assert peer.get(1).body == peer.get(7).body == b"picture"
    # It may have been on its way when its stream was closed, so it is read past rather than blamed on the client.
    peer.send(peer.headers(5, request()))
    assert is_alive(peer, 9) and not any(one.stream == 5 for one in peer.frames)


def test_a_stream_of_an_even_number_is_a_protocol_error(peer):
    assert ends_connection(peer, peer.headers(2, request())) == Code.PROTOCOL_ERROR


@pytest.mark.parametrize("wrong", [data(1, b"x"), rst_stream(1), window_update(1, 1),
                                   frame(Type.CONTINUATION, END_HEADERS, 1)],
                         ids=["DATA", "RST_STREAM", "WINDOW_UPDATE", "CONTINUATION"])
def test_what_needs_a_stream_on_an_idle_one_is_a_protocol_error(peer, wrong):
    assert ends_connection(peer, wrong) == Code.PROTOCOL_ERROR


def test_the_client_says_no_more_after_the_end_of_its_request(peer, origin):
    held = origin.hold("/avatars/2/46")
    peer.ask(1, "/avatars/2/46")
    held.next()
    peer.send(data(1, b"more"))
    assert peer.reset(1) == Code.STREAM_CLOSED


def test_a_second_head_after_the_end_of_the_request_is_an_error(peer, origin):
    held = origin.hold("/avatars/2/46")
    peer.ask(1, "/avatars/2/46")
    held.next()
    peer.send(peer.headers(1, request()))
    assert peer.reset(1) in (Code.STREAM_CLOSED, Code.PROTOCOL_ERROR)


@pytest.mark.parametrize("late", [data(1, b"late"), rst_stream(1), window_update(1, 1), priority(1)],
                         ids=["DATA", "RST_STREAM", "WINDOW_UPDATE", "PRIORITY"])
def test_what_comes_for_a_stream_that_is_over_harms_at_most_the_connection(peer, late):
    """Section 5.1 allows an error of type STREAM_CLOSED for the first, and nothing for the others."""
    assert peer.get(1).body == b"picture"
    peer.send(late)
    try:
        assert is_alive(peer)
    except Incomplete:
        assert late[3] == Type.DATA and peer.end() == Code.STREAM_CLOSED


def test_what_was_on_its_way_when_the_edge_reset_the_stream_is_ignored(peer):
    peer.send(peer.headers(1, request("PUT", "/echo", ("connection", "close")), end=False), data(1, b"x" * 100),
              data(1, b"y", end=True))
    assert peer.reset(1) == Code.PROTOCOL_ERROR
    assert is_alive(peer)


def test_no_more_streams_than_announced(front, origin):
    held = origin.hold("/avatars/2/46")
    with Peer(front.port) as peer:
        most = peer.ready().settings[Setting.MAX_CONCURRENT_STREAMS]
        for i in range(most + 1):
            peer.ask(1 + 2 * i, "/avatars/2/46")
        if peer.reset(1 + 2 * most) == Code.REFUSED_STREAM:
            held.next().respond(200, FRESH, b"late")
            assert all(peer.response(1 + 2 * i).body == b"late" for i in range(most))
            assert is_alive(peer, 3 + 2 * most)
        else:  # The client knew, and so the edge may end the connection.
            assert peer.end() == Code.PROTOCOL_ERROR


# --- Field blocks: sections 4.3, 6.2 and 6.10 ---


def test_a_field_block_may_come_in_pieces(peer):
    block = peer.encode(request("GET", PATH, ("x-long", "a" * 1000)))
    pieces = [block[:1], block[1:1], block[1:500], block[500:]]
    peer.send(frame(Type.HEADERS, END_STREAM, 1, pieces[0]), *[frame(Type.CONTINUATION, 0, 1, one) for one in pieces[1:]],
              frame(Type.CONTINUATION, END_HEADERS, 1))
    assert peer.response(1).body == b"picture"


@pytest.mark.parametrize("between", [
    pytest.param(ping(), id="PING"), pytest.param(data(1, b"x"), id="DATA"), pytest.param(frame(0x77), id="unknown"),
    pytest.param(frame(Type.CONTINUATION, END_HEADERS, 3), id="CONTINUATION of another stream"),
    pytest.param(frame(Type.HEADERS, END_HEADERS, 3), id="HEADERS of another stream"),
])
def test_nothing_comes_between_the_pieces_of_a_field_block(peer, between):
    block = peer.encode(request())
    assert ends_connection(peer, frame(Type.HEADERS, END_STREAM, 1, block[:5]), between,
                           frame(Type.CONTINUATION, END_HEADERS, 1, block[5:])) == Code.PROTOCOL_ERROR


@pytest.mark.parametrize("where", [0, 1], ids=["before", "after"])
def test_no_continuation_without_a_field_block_that_waits_for_it(peer, where):
    peer.ask(1, "/echo", method="PUT", end=False)
    between = [data(1, b"x")] if where else []
    assert ends_connection(peer, *between, frame(Type.CONTINUATION, END_HEADERS, 1)) == Code.PROTOCOL_ERROR


@pytest.mark.parametrize("block", [b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", b"\xbe", b"\x80", b"\x3f\xe2\x1f",
                                   b"\x40\x7f", b"\x82\x20"],
                         ids=["endless number", "index out of the table", "index 0", "table above the limit",
                              "cut off", "table size after a field"])
def test_what_does_not_decompress_is_a_compression_error(peer, block):
    assert ends_connection(peer, frame(Type.HEADERS, END_HEADERS | END_STREAM, 1, block)) == Code.COMPRESSION_ERROR


def test_fields_are_remembered_and_forgotten_as_the_client_says(peer, origin):
    origin.on("/echo", answer(200, {"Cache-Control": "no-store"}))
    for stream in (1, 3):
        assert peer.get(stream, "/echo", ("x-some", "thing")).status == 200
        assert origin.last("/echo").get("X-Some") == "thing"
    peer.encoder.header_table_size = 0
    assert peer.get(5, "/echo", ("x-some", "thing")).status == 200
    assert origin.last("/echo").get("X-Some") == "thing"


def test_a_client_that_remembers_nothing_is_answered_so(front):
    with Peer(front.port, {Setting.HEADER_TABLE_SIZE: 0}) as peer:
        peer.ready()
        peer.decoder.max_allowed_table_size = 0
        for stream in (1, 3, 5):
            assert peer.get(stream).body == b"picture"


# --- Requests: section 8 ---

GET = [(":method", "GET"), (":scheme", "http"), (":authority", "edge.test"), (":path", PATH)]


def without(name):
    return [field for field in GET if field[0] != name]


@pytest.mark.parametrize("fields", [
    pytest.param(GET + [("X-Upper", "1")], id="upper case"),
    pytest.param(GET + [("connection", "keep-alive")], id="connection"),
    pytest.param(GET + [("keep-alive", "timeout=5")], id="keep-alive"),
    pytest.param(GET + [("proxy-connection", "keep-alive")], id="proxy-connection"),
    pytest.param(GET + [("transfer-encoding", "chunked")], id="transfer-encoding"),
    pytest.param(GET + [("upgrade", "h2c")], id="upgrade"),
    pytest.param(GET + [("te", "gzip")], id="te that is not trailers"),
    pytest.param(GET + [("x", "1"), (":path", "/")], id="pseudo-field after a field"),
    pytest.param(GET[:3] + [("x", "1")] + GET[3:], id="field before a pseudo-field"),
    pytest.param(GET + [(":path", "/other")], id="path twice"),
    pytest.param(GET + [(":method", "GET")], id="method twice"),
    pytest.param(without(":method"), id="no method"),
    pytest.param(without(":scheme"), id="no scheme"),
    pytest.param(without(":path"), id="no path"),
    pytest.param(without(":path") + [(":path", "")], id="empty path"),
    pytest.param(without(":path") + [(":path", "avatars/1/46")], id="path without slash"),
    pytest.param(without(":authority"), id="neither authority nor host"),
    pytest.param(GET + [(":status", "200")], id="pseudo-field of responses"),
    pytest.param(GET + [(":unknown", "1")], id="unknown pseudo-field"),
    pytest.param(GET + [("host", "elsewhere.test")], id="another host"),
    pytest.param(GET + [("x", "a\0b")], id="NUL"),
    pytest.param(GET + [("x", "a\r\nb: c")], id="line end"),
    pytest.param(GET + [("x y", "1")], id="space in a name"),
    pytest.param(GET + [("", "1")], id="no name"),
    pytest.param(GET + [("content-length", "5")], id="length without a body"),
    pytest.param(GET + [("content-length", "x")], id="length that is none"),
    pytest.param(GET + [("content-length", "0"), ("content-length", "1")], id="two lengths"),
    pytest.param(GET + [(":protocol", "websocket")], id="protocol without leave"),
])
def test_a_malformed_request_is_an_error_of_its_stream(peer, origin, fields):
    """Section 8.1.1. An answer may come before the reset, and then must say 400."""
    peer.send(peer.headers(1, fields))
    with pytest.raises(Reset) as reset:
        response = peer.response(1)
        assert response.status == 400, response
        raise Reset(Code.PROTOCOL_ERROR)
    assert reset.value.code == Code.PROTOCOL_ERROR
    assert origin.count() == 0
    assert is_alive(peer)


def test_te_trailers_is_allowed(peer):
    assert peer.get(1, PATH, ("te", "trailers")).body == b"picture"


def test_host_may_take_the_place_of_authority_and_repeat_it(peer):
    peer.send(peer.headers(1, without(":authority") + [("host", "edge.test")]),
              peer.headers(3, GET + [("host", "edge.test")]))
    assert peer.response(1).body == peer.response(3).body == b"picture"


@pytest.mark.parametrize("body", [b"", b"hell", b"hello!"], ids=["none", "less", "more"])
def test_a_body_of_another_length_than_announced_never_completes_at_the_origin(peer, origin, body):
    peer.ask(1, "/echo", ("content-length", "5"), method="PUT", end=False)
    peer.send(data(1, body, end=True))
    assert peer.reset(1) == Code.PROTOCOL_ERROR
    assert is_alive(peer) and origin.count("/echo") == 0


def test_the_crumbs_of_a_cookie_are_joined(peer, origin):
    """Section 8.2.3."""
    peer.get(1, "/echo", ("cookie", "a=b"), ("x", "1"), ("cookie", "c=d"), ("cookie", "e=f"))
    cookies = [value for name, value in origin.last("/echo").fields if name.lower() == "cookie"]
    assert cookies == ["a=b; c=d; e=f"]


def test_the_origin_is_asked_the_same_by_every_version(front, origin):
    headers = {"Accept": "image/webp", "User-Agent": "test", "X-Some": "thing"}
    with Client(front.port) as first, Http2Client(front.port) as second:
        seen = []
        for client in (first, second):
            client.request("PUT", "/echo", headers, b"body")
            seen.append({name.lower(): value for name, value in origin.last("/echo").fields})
    assert (seen[0].pop("via"), seen[1].pop("via")) == ("1.1 avatar-edge", "2 avatar-edge")
    assert seen[0].pop("x-request-id") != seen[1].pop("x-request-id")
    assert seen[0] == seen[1]


def test_a_response_says_what_it_says_in_http_1(front):
    with Client(front.port) as first, Peer(front.port) as second:
        first.get(PATH)
        old, new = first.get(PATH), second.get(1)
    assert new.is_hit and new["Via"] == "1.1 avatar-edge"  # What the origin spoke.
    assert all(name == name.lower() for name, _ in new.fields)
    assert {name.lower() for name, _ in old.fields} - {"connection"} == {name for name, _ in new.fields}
    assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", new["Date"])


def test_head_and_304_and_204_have_no_data(peer, origin):
    origin.on("/avatars/2", answer(204))
    full = peer.get(1)
    before = len(peer.frames)
    peer.ask(3, method="HEAD")
    peer.ask(5, PATH, ("if-none-match", '"one"'))
    peer.ask(7, "/avatars/2", method="DELETE")
    head, unchanged, nothing = (peer.response(stream) for stream in (3, 5, 7))
    assert (head.status, unchanged.status, nothing.status) == (200, 304, 204)
    assert head["Content-Length"] == full["Content-Length"] == "7"
    assert not any(one.type == Type.DATA for one in peer.frames[before:])


def test_trailers_of_a_request_end_it_and_go_no_further(peer, origin):
    peer.ask(1, "/echo", method="PUT", end=False)
    peer.send(data(1, b"hello"), peer.headers(1, [("x-sum", "1")]))
    assert peer.response(1).body == b"hello"
    assert origin.last("/echo").get("X-Sum") is None


@pytest.mark.parametrize("fields, end", [([("x-sum", "1")], False), ([(":path", "/")], True), ([("X-Sum", "1")], True),
                                         ([("connection", "close")], True)],
                         ids=["not the end", "pseudo-field", "upper case", "connection"])
def test_malformed_trailers_are_an_error_of_the_stream(peer, origin, fields, end):
    peer.ask(1, "/echo", method="PUT", end=False)
    peer.send(data(1, b"hello"), peer.headers(1, fields, end=end))
    assert peer.reset(1) == Code.PROTOCOL_ERROR
    assert is_alive(peer) and origin.count("/echo") == 0


def test_connect_is_not_implemented(peer, origin):
    peer.send(peer.headers(1, [(":method", "CONNECT"), (":authority", "elsewhere.test:443")], end=False))
    try:
        assert peer.response(1).status in (405, 501)
    except Reset as reset:
        assert reset.code in (Code.PROTOCOL_ERROR, Code.REFUSED_STREAM, Code.CONNECT_ERROR)
    assert is_alive(peer) and origin.count() == 1


def test_what_is_not_implemented_is_said(peer, origin):
    peer.ask(1, method="TRACE")
    peer.ask(3, "/echo", ("expect", "coffee"), method="PUT")
    assert [peer.response(stream).status for stream in (1, 3)] == [405, 417]
    assert origin.count() == 0


def test_a_client_that_expects_100_gets_it_before_it_sends_the_body(peer):
    peer.ask(1, "/echo", ("expect", "100-continue"), ("content-length", "5"), method="PUT", end=False)
    assert peer.until(lambda one: one.type == Type.HEADERS).fields[0] == (":status", "100")
    peer.send(data(1, b"hello", end=True))
    assert peer.response(1).body == b"hello"


# --- Many streams at once: section 5 ---


def test_many_requests_are_under_way_at_once_and_each_gets_its_own(front, origin):
    origin.default = lambda request: request.respond(200, FRESH, request.target.encode() * 100)
    with Http2Client(front.port) as client:
        asked = [(f"/avatars/{i}/96", client.ask("GET", f"/avatars/{i}/96")) for i in range(100)]
        for target, stream in reversed(asked):
            assert client.response(stream=stream).body == target.encode() * 100


def test_who_waits_for_the_origin_holds_up_nobody(peer, origin):
    held = origin.hold("/avatars/2/46")
    peer.ask(1, "/avatars/2/46")
    slow = held.next()
    assert peer.get(3).body == b"picture"
    slow.respond(200, FRESH, b"late")
    assert peer.response(1).body == b"late"


def test_streams_of_one_connection_share_a_fill(peer, front, origin):
    held = origin.hold("/avatars/2/46")
    for stream in range(1, 21, 2):
        peer.ask(stream, "/avatars/2/46")
    fill = held.next()
    front.wait_for_metric(lambda waiters: waiters == 10, "waiters")
    fill.respond(200, FRESH, b"late")
    answers = [peer.response(stream) for stream in range(1, 21, 2)]
    assert all(one.body == b"late" for one in answers) and origin.count() == 1
    assert sum("collapsed" in one.cache_status for one in answers) == 9


def test_a_stream_that_is_reset_leaves_its_fill_and_is_counted(peer, front, origin):
    held = origin.hold("/avatars/2/46")
    peer.ask(1, "/avatars/2/46")
    fill = held.next()
    peer.send(rst_stream(1))
    front.wait_for_metric(lambda count: count == 1, "client_aborts_total")
    front.wait_for_metric(lambda waiters: waiters == 0, "waiters")
    fill.respond(200, FRESH, b"for the next one")
    front.wait_for_metric(lambda stored: stored == 1, "fills_total", end="stored")
    response = peer.get(3, "/avatars/2/46")
    assert response.is_hit and response.body == b"for the next one"
    assert not any(one.stream == 1 for one in peer.frames)


def test_a_client_that_goes_away_abandons_all_its_streams(front, origin):
    held = [origin.hold(f"/avatars/{i}/96") for i in range(5)]
    with Peer(front.port) as peer:
        for i in range(5):
            peer.ask(1 + 2 * i, f"/avatars/{i}/96")
        fills = [one.next() for one in held]
    front.wait_for_metric(lambda count: count >= 1, "client_aborts_total")
    front.wait_for_metric(lambda waiters: waiters == 0, "waiters")
    for fill in fills:
        fill.respond(200, FRESH, b"for the next one")
    front.wait_for_metric(lambda stored: stored == 5, "fills_total", end="stored")


def test_a_pass_that_is_reset_is_abandoned_at_the_origin(peer, front, origin):
    held = origin.hold("/stream")
    peer.ask(1, "/stream", ("content-length", "1"), method="PUT", end=False)
    peer.send(rst_stream(1))
    front.wait_for_metric(lambda count: count == 1, "client_aborts_total")
    assert held.is_empty and is_alive(peer)


# --- Flow control: sections 5.2 and 6.9 ---


def data_of(frames, stream):
    return b"".join(body_of(one) for one in frames if one.type == Type.DATA and one.stream == stream)


def next_data(peer, stream):
    return body_of(peer.until(lambda one: one.type == Type.DATA and one.stream == stream))


def test_a_closed_window_of_a_stream_is_respected_and_opened_bit_by_bit(front):
    with Peer(front.port, {Setting.INITIAL_WINDOW_SIZE: 0}) as peer:
        peer.ready().ask(1)
        peer.until(lambda one: one.type == Type.HEADERS)
        for byte in b"picture":
            assert data_of(peer.sync(), 1) == b""
            peer.send(window_update(1, 1))
            assert next_data(peer, 1) == bytes([byte])
    assert front.metric("client_aborts_total") <= 1


def test_the_window_of_the_connection_is_respected(peer, origin):
    origin.on("/avatars/1/96", answer(200, FRESH, b"x" * 100_000))
    peer.send(settings({Setting.INITIAL_WINDOW_SIZE: 1 << 20}))
    peer.ask(1, "/avatars/1/96")
    while len(data_of(peer.frames, 1)) < 65535:
        peer.next()
    peer.ask(3)
    peer.until(lambda one: one.type == Type.HEADERS and one.stream == 3)  # Only DATA waits.
    peer.sync()
    assert len(data_of(peer.frames, 1)) == 65535 and data_of(peer.frames, 3) == b""
    peer.send(window_update(0, 50_000))
    while len(data_of(peer.frames, 1)) < 100_000 or len(data_of(peer.frames, 3)) < 7:
        peer.next()
    assert data_of(peer.frames, 1) == b"x" * 100_000 and data_of(peer.frames, 3) == b"picture"


def test_a_change_of_the_initial_window_counts_for_open_streams(front):
    """Section 6.9.2: it may even make a window negative."""
    with Peer(front.port, {Setting.INITIAL_WINDOW_SIZE: 3}) as peer:
        peer.ready().ask(1)
        assert next_data(peer, 1) == b"pic"
        peer.send(settings({Setting.INITIAL_WINDOW_SIZE: 1}))
        peer.sync()
        peer.send(window_update(1, 2))
        assert data_of(peer.sync(), 1) == b""
        peer.send(window_update(1, 1))
        assert next_data(peer, 1) == b"t"
        peer.send(settings({Setting.INITIAL_WINDOW_SIZE: 100}))
        assert next_data(peer, 1) == b"ure"


@pytest.mark.parametrize("stream", [0, 1])
@pytest.mark.parametrize("increment, code", [(0, Code.PROTOCOL_ERROR), (STREAM_MAX, Code.FLOW_CONTROL_ERROR)])
def test_impossible_window_updates(peer, origin, stream, increment, code):
    held = origin.hold("/avatars/2/46")
    peer.ask(1, "/avatars/2/46")
    held.next()
    peer.send(window_update(stream, increment))
    assert peer.reset(1) == code
    if stream == 0:
        assert peer.end() == code


def test_a_setting_that_makes_a_window_overflow_ends_at_least_its_stream(peer, origin):
    """Section 6.9.2 wants the connection to end; nghttp2 resets the streams whose windows overflow."""
    held = origin.hold("/avatars/2/46")
    peer.ask(1, "/avatars/2/46")
    held.next()
    peer.send(window_update(1, STREAM_MAX - 65535))
    peer.send(settings({Setting.INITIAL_WINDOW_SIZE: 65536}))
    assert peer.reset(1) == Code.FLOW_CONTROL_ERROR


def test_a_stream_that_nobody_reads_disturbs_no_other(front, origin):
    large = bytes(range(256)) * 8000
    origin.on("/avatars/1/1080", answer(200, FRESH, large))
    with Http2Client(front.port, stream_window=65535) as client:
        unread = [client.ask("GET", "/avatars/1/1080") for _ in range(3)]
        for _ in range(20):
            assert client.get(PATH).body == b"picture"
        assert client.get("/avatars/1/1080").body == large
        assert all(len(stream.body) == 65535 for stream in unread)
        assert all(client.response(stream=stream).body == large for stream in unread)


def test_a_client_that_reads_slowly_holds_back_the_origin(front, origin):
    flood = Flood(64 << 20)
    origin.on("/flood", flood)
    with Http2Client(front.port) as client:
        stream = client.ask("GET", "/flood")
        head = client.head(stream)
        wait_for_standstill(lambda: flood.sent)
        assert flood.sent < flood.size
        assert front.resident_bytes() < 512 << 20
        assert client.get(PATH).body == b"picture"
        client.read_body(head)
        assert len(head.body) == flood.size


# --- Request bodies ---


@pytest.mark.parametrize("size", [0, 1, 70_000, 3_000_000])
@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_a_body_reaches_the_origin_as_it_is(front, method, size):
    body = bytes(i % 251 for i in range(size))
    with Http2Client(front.port) as client:
        response = client.request(method, "/echo", body=body)
        assert response.status == 200 and response.body == body and response["X-Method"] == method
        assert response.cache_status["fwd"] == "method"
        assert client.get(PATH).body == b"picture"


def test_a_body_without_a_length_reaches_the_origin(peer):
    peer.ask(1, "/echo", method="PUT", end=False)
    peer.send(data(1, b"a"), data(1), data(1, b"bc" * 5000), data(1, b"d"), data(1, end=True))
    assert peer.response(1).body == b"a" + b"bc" * 5000 + b"d"


def test_bodies_of_several_streams_do_not_mix(front):
    bodies = [bytes([i]) * 500_000 for i in range(4)]
    with Http2Client(front.port) as client:
        streams = [client.ask("PUT", "/echo", end=False) for _ in bodies]
        for at in range(0, 500_000, 50_000):
            for stream, body in zip(streams, bodies):
                client.send_body(stream, body[at:at + 50_000], end=at == 450_000)
        assert [client.response(stream=stream).body for stream in streams] == bodies


class LateReader:
    """An origin that takes one request and reads nothing of its body until it is told to."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.may_read = threading.Event()
        self.body_bytes = 0
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        connection, _ = self.listener.accept()
        with connection, connection.makefile("rb") as reader:
            length = 0
            while line := reader.readline().strip():
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            self.may_read.wait()
            while self.body_bytes < length and (piece := reader.read1(1 << 16)):
                self.body_bytes += len(piece)
            connection.sendall(b"HTTP/1.1 200 Read\r\nContent-Length: 4\r\nCache-Control: no-store\r\n\r\nread")

    def close(self):
        self.may_read.set()
        self.listener.close()


@pytest.fixture
def late_reader():
    reader = LateReader()
    yield reader
    reader.close()


def test_an_origin_that_reads_slowly_holds_back_the_upload_and_no_other_stream(start_edge, late_reader, origin):
    size = 32 << 20
    edge = start_edge([late_reader], {"http": {"timeouts": {"body": "1m"}}, "workers": 1})
    with Http2Client(edge.port) as client:
        upload = client.ask("PUT", "/upload", {"Content-Length": str(size)}, end=False)
        sent = []
        sender = threading.Thread(target=lambda: [(client.send_body(upload, bytes(1 << 16), end=i == 511), sent.append(i))
                                                  for i in range(512)])
        sender.start()
        wait_for_standstill(lambda: len(sent))
        assert len(sent) < 512 and late_reader.body_bytes == 0
        assert edge.resident_bytes() < 256 << 20
        late_reader.may_read.set()
        sender.join()
        assert client.response(stream=upload).body == b"read"
    assert late_reader.body_bytes == size


def test_more_than_the_window_allows_is_a_flow_control_error(start_edge, late_reader):
    edge = start_edge([late_reader])
    with Peer(edge.port) as peer:
        peer.ready().ask(1, "/upload", method="PUT", end=False)
        try:
            for _ in range((30 << 20) // 16384):
                peer.send(data(1, bytes(16384)))
        except (BrokenPipeError, ConnectionResetError):
            pass  # It has closed already.
        assert peer.reset(1) == Code.FLOW_CONTROL_ERROR


def test_padding_counts_for_the_windows(peer, origin):
    """Twenty million bytes of padding pass only where the edge opens its windows for them, too."""
    with_padding = data(1, b"x", padding=255) * 100
    peer.ask(1, "/echo", method="PUT", end=False)
    window = {0: 65535, 1: peer.settings.get(Setting.INITIAL_WINDOW_SIZE, 65535)}
    for one in peer.frames:
        if one.type == Type.WINDOW_UPDATE:
            window[one.stream] += one.number
    for _ in range(800):
        while min(window.values()) < 25700:
            one = peer.until(lambda one: one.type == Type.WINDOW_UPDATE)
            window[one.stream] += one.number
        peer.send(with_padding)
        window = {stream: room - 25700 for stream, room in window.items()}
    peer.send(data(1, end=True), window_update(0, 1 << 20), window_update(1, 1 << 20))
    assert peer.response(1).body == b"x" * 80_000


def test_an_upload_that_is_reset_never_completes_at_the_origin(peer, front, origin):
    peer.ask(1, "/echo", ("content-length", "10"), method="PUT", end=False)
    peer.send(data(1, b"12345"), rst_stream(1))
    front.wait_for_metric(lambda count: count == 1, "client_aborts_total")
    assert is_alive(peer) and origin.count("/echo") == 0


# --- Priorities: RFC 9218 ---


@pytest.fixture
def narrow(front, origin):
    """A connection whose window is used up, so that what is ready to be sent gathers; and four pictures that are held."""
    for i in range(4):
        origin.on(f"/avatars/{i}/96", answer(200, FRESH, bytes([i]) * 60_000))
    origin.on("/avatars/9/1080", answer(200, FRESH, b"x" * 65535))
    with Peer(front.port, {Setting.INITIAL_WINDOW_SIZE: 1 << 20, Setting.NO_RFC7540_PRIORITIES: 1}) as peer:
        peer.ready()
        for i in range(4):
            front.get(f"/avatars/{i}/96")
        assert len(peer.get(1, "/avatars/9/1080").body) == 65535
        yield peer


def order(peer, *priorities, before_it_opens=b""):
    """Asks for pictures with these priorities; the order in which their DATA comes, by place, without repetitions."""
    streams = [11 + 2 * i for i in range(len(priorities))]
    for i, (stream, value) in enumerate(zip(streams, priorities)):
        peer.ask(stream, f"/avatars/{i}/96", *([("priority", value)] if value else []))
    for _ in streams:
        peer.until(lambda one: one.type == Type.HEADERS)
    peer.send(before_it_opens)
    assert not any(one.type == Type.DATA for one in peer.sync())
    ended, came = 0, []
    peer.send(window_update(0, 1 << 20))
    while ended < len(streams):
        one = peer.until(lambda one: one.type == Type.DATA)
        if one.payload and came[-1:] != [streams.index(one.stream)]:
            came.append(streams.index(one.stream))
        ended += one.ends_stream
    return came


def test_what_is_urgent_comes_first(narrow):
    assert order(narrow, "u=5", "u=1", None, "u=7") == [1, 2, 0, 3]


def test_of_equal_urgency_the_first_that_was_asked_for_comes_first(narrow):
    assert order(narrow, None, "u=3", "u=3") == [0, 1, 2]


def test_incremental_ones_take_turns(narrow):
    came = order(narrow, "u=3, i", "i")
    assert len(came) > 4 and came[:2] in ([0, 1], [1, 0])


def test_nonsense_for_a_priority_is_none(narrow):
    assert order(narrow, "u=9", "\"", "u=0", "i=7, u=high") == [2, 0, 1, 3]


def test_a_client_may_change_its_mind(narrow):
    assert order(narrow, "u=1", None, "u=5", before_it_opens=priority_update(15, "u=0")) == [2, 0, 1]


def test_a_priority_may_come_before_its_stream(narrow):
    narrow.send(priority_update(13, "u=0"))
    assert order(narrow, None, None) == [1, 0]


def test_a_priority_that_came_before_its_stream_counts_more_than_its_field(narrow):
    narrow.send(priority_update(13, "u=0"))
    assert order(narrow, None, "u=7") == [1, 0]


def test_any_number_of_priorities_may_come_before_their_streams(front, origin):
    """One after the other, more than nghttp2 would keep as idle streams; some of them for streams that never open."""
    origin.on("/avatars/1/96", answer(200, FRESH, b"picture"))
    with Peer(front.port, {Setting.NO_RFC7540_PRIORITIES: 1}) as peer:
        peer.ready()
        for stream in range(1, 800, 4):
            peer.send(priority_update(stream, "u=1"), priority_update(stream + 2, "u=2, i"))
            peer.ask(stream, "/avatars/1/96")
            assert peer.response(stream).status == 200
        peer.sync()


@pytest.mark.parametrize("value", ["x" * 300, "x" * 9000], ids=["long", "longer"])
def test_a_priority_that_is_too_long_is_none(narrow, value):
    narrow.send(priority_update(13, "u=0, a=" + value))
    assert order(narrow, "u=1", None) == [0, 1]


@pytest.mark.parametrize("wrong, code", [
    (frame(Type.PRIORITY_UPDATE, stream=1, payload=b"\0\0\0\1u=1"), Code.PROTOCOL_ERROR),
    (frame(Type.PRIORITY_UPDATE, payload=b"\0\0\0"), Code.FRAME_SIZE_ERROR),
    (priority_update(0, "u=1"), Code.PROTOCOL_ERROR),
], ids=["on a stream", "too short", "for no stream"])
def test_impossible_priority_updates_end_the_connection(front, wrong, code):
    """RFC 9218 section 7.1."""
    with Peer(front.port, {Setting.NO_RFC7540_PRIORITIES: 1}) as peer:
        assert ends_connection(peer.ready(), wrong) == code


# --- Limits ---


@pytest.fixture
def strict(start_edge, origin):
    """An edge with small limits."""
    origin.on(PATH, answer(200, FRESH, b"picture"))
    origin.on("/echo", echo)
    return start_edge([origin], {"http": {
        "header_bytes_max": "2KiB", "header_count_max": 10, "target_bytes_max": "100B", "body_bytes_max": "4KiB",
        "timeouts": {"header": "300ms", "body": "300ms"}}})


def test_too_many_or_too_large_fields_are_431_and_the_connection_goes_on(strict):
    with Peer(strict.port) as peer:
        peer.ready()
        assert peer.get(1, PATH, *[(f"x-{i}", "1") for i in range(30)]).status == 431
        assert peer.get(3, PATH, ("x", "a" * 2500)).status == 431
        assert peer.get(5, PATH, ("n" * 2500, "a")).status == 431
        assert peer.get(7, PATH, ("x", "a" * 1500)).status == 200
        assert peer.get(9, PATH, *[(f"x-{i}", "1") for i in range(5)]).status == 200
    assert strict.metric("limits_reached_total", limit="header_count") == 1
    assert strict.metric("limits_reached_total", limit="header_bytes") == 2


def test_a_field_block_that_is_small_only_while_it_is_compressed_is_refused(front, origin):
    """One field of 3000 bytes, named ten thousand times by an index of one byte each."""
    with Peer(front.port) as peer:
        peer.ready()
        block = peer.encode(request("GET", PATH, ("x", "a" * 3000))) + b"\xbe" * 10_000
        peer.send(frame(Type.HEADERS, END_HEADERS | END_STREAM, 1, block))
        try:
            assert peer.response(1).status == 431
            assert is_alive(peer)
        except Reset as reset:
            assert reset.code in (Code.ENHANCE_YOUR_CALM, Code.PROTOCOL_ERROR, Code.INTERNAL_ERROR)
        except Incomplete:
            assert peer.end() in (Code.ENHANCE_YOUR_CALM, Code.PROTOCOL_ERROR, Code.COMPRESSION_ERROR)
    assert origin.count() <= 1 and front.resident_bytes() < 256 << 20


def test_a_long_target_is_414_and_the_connection_goes_on(strict):
    with Peer(strict.port) as peer:
        assert peer.get(1, PATH + "?" + "q" * 80).status == 404
        assert peer.get(3, PATH + "?" + "q" * 100).status == 414
        assert peer.get(5).status == 200
    assert strict.metric("limits_reached_total", limit="target_length") == 1


def test_a_large_body_is_413_however_it_is_announced(strict, origin):
    with Http2Client(strict.port) as client:
        assert client.request("PUT", "/echo", body=b"x" * 4096).status == 200
        assert client.request("PUT", "/echo", body=b"x" * 4097).status == 413
        unannounced = client.ask("PUT", "/echo", end=False)
        client.send_body(unannounced, b"x" * 4097)
        assert client.response(stream=unannounced).status == 413
        assert client.get(PATH).status == 200
    assert origin.count("/echo") == 1
    assert strict.metric("limits_reached_total", limit="body_bytes") == 2


def test_a_field_block_that_stalls_ends_the_connection(strict):
    with Peer(strict.port) as peer:
        peer.ready().send(frame(Type.HEADERS, END_STREAM, 1, peer.encode(request())))
        peer.end()
    assert strict.metric("limits_reached_total", limit="header_timeout") == 1


def test_a_stalled_body_is_408_and_the_connection_goes_on(strict, origin):
    with Peer(strict.port) as peer:
        peer.ask(1, "/echo", ("content-length", "10"), method="PUT", end=False)
        peer.send(data(1, b"12345"))
        try:
            assert peer.response(1).status == 408
        except Reset as reset:
            assert reset.code in (Code.CANCEL, Code.NO_ERROR, Code.INTERNAL_ERROR)
        assert is_alive(peer)
    assert strict.metric("limits_reached_total", limit="body_timeout") == 1
    assert origin.count("/echo") == 0


def test_who_takes_nothing_of_an_answer_is_cut_off(start_edge, origin):
    edge = start_edge([origin], {"http": {"timeouts": {"write": "300ms"}}})
    origin.on(PATH, answer(200, FRESH, b"x" * 100_000))
    with Peer(edge.port, {Setting.INITIAL_WINDOW_SIZE: 10}) as peer:
        peer.ready().ask(1)
        try:
            peer.reset(1)  # Of the stream or of the connection, but an end.
        except AssertionError:
            pass
    edge.wait_for_metric(lambda count: count == 1, "limits_reached_total", limit="write_timeout")


def test_an_idle_connection_is_closed_with_a_word(start_edge, origin):
    origin.on(PATH, answer(200, FRESH, b"picture"))
    edge = start_edge([origin], {"http": {"timeouts": {"idle": "300ms"}}})
    with Peer(edge.port) as peer:
        assert is_alive(peer, 1)
        assert peer.end() == Code.NO_ERROR
        assert peer.frames[-1].type == Type.GOAWAY and peer.frames[-1].last_stream == 1


def test_who_waits_for_the_origin_is_not_idle(start_edge, origin):
    edge = start_edge([origin], {"http": {"timeouts": {"idle": "100ms"}}})
    held = origin.hold(PATH)
    origin.on("/avatars/2/46", answer(200, FRESH, b"other"))
    with Peer(edge.port) as peer, Peer(edge.port) as idle:
        peer.ask(1)
        fill = held.next()
        idle.ask(1, "/avatars/2/46")
        assert idle.response(1).body == b"other"
        idle.end()  # So the time is over for the other as well.
        fill.respond(200, FRESH, b"picture")
        assert peer.response(1).body == b"picture"


def test_a_connection_ends_with_its_last_request(start_edge, origin):
    origin.on(PATH, answer(200, FRESH, b"picture"))
    edge = start_edge([origin], {"http": {"requests_per_connection_max": 3}})
    with Peer(edge.port) as peer:
        for stream in (1, 3, 5):
            peer.ask(stream)
        assert all(peer.response(stream).body == b"picture" for stream in (1, 3, 5))
        assert peer.end() == Code.NO_ERROR
        assert [one for one in peer.frames if one.type == Type.GOAWAY][-1].last_stream == 5
    assert edge.metric("limits_reached_total", limit="requests_per_connection") == 1


# --- Floods ---


def flood(peer, make, are_reset):
    """Sends fifty of them, two thousand times; the code of the GOAWAY that ends it, None when none came."""
    for i in range(2000):
        try:
            peer.send(*[make(50 * i + j) for j in range(50)])
            if are_reset:  # All of them, so that no more streams are under way than may be.
                peer.until(lambda one, last=100 * i + 99: one.type == Type.RST_STREAM and one.stream == last)
            while peer.comes():
                pass
        except (OSError, Incomplete):
            break
    else:
        return None
    try:
        return peer.end()
    except OSError:
        return None


def rapid_reset(peer):
    return lambda i: peer.headers(1 + 2 * i, request()) + rst_stream(1 + 2 * i)


def empty_data(peer):
    peer.ask(1, "/echo", method="PUT", end=False)
    return lambda i: data(1)


def continuations(peer):
    peer.send(frame(Type.HEADERS, END_STREAM, 1, peer.encode(request())))
    return lambda i: frame(Type.CONTINUATION, 0, 1)


def long_continuations(peer):
    peer.send(frame(Type.HEADERS, END_STREAM, 1, peer.encode(request())))
    return lambda i: frame(Type.CONTINUATION, 0, 1, peer.encode([(f"x-{i}", "a" * 1000)]))


def malformed(peer):
    """Requests that the edge has to reset."""
    return lambda i: peer.headers(1 + 2 * i, GET + [("connection", "close")])


def impossible_windows(peer):
    """What makes the edge reset streams, which the client could deny to have done."""
    return lambda i: peer.headers(1 + 2 * i, request("PUT", "/echo"), end=False) + window_update(1 + 2 * i, STREAM_MAX)


PROVOKING_RESETS = {malformed, impossible_windows}


def window_updates(peer):
    peer.ask(1, "/echo", method="PUT", end=False)
    return lambda i: window_update(1, 1)


@pytest.mark.parametrize("limit, begin", [
    pytest.param("resets", rapid_reset, id="rapid reset"),
    pytest.param("resets", malformed, id="malformed requests"),
    pytest.param("resets", impossible_windows, id="resets provoked"),
    pytest.param("settings", lambda peer: lambda i: settings({Setting.INITIAL_WINDOW_SIZE: 65535}), id="SETTINGS"),
    pytest.param("settings", lambda peer: lambda i: settings(), id="empty SETTINGS"),
    pytest.param("pings", lambda peer: lambda i: ping(), id="PING"),
    pytest.param("empty_frames", empty_data, id="empty DATA"),
    pytest.param("continuations", continuations, id="empty CONTINUATION"),
    pytest.param("continuations", long_continuations, id="CONTINUATION"),
    pytest.param("window_updates", window_updates, id="WINDOW_UPDATE"),
    pytest.param("priorities", lambda peer: lambda i: priority(1 + 2 * (i % 1000)), id="PRIORITY"),
    pytest.param("priorities", lambda peer: lambda i: priority_update(1 + 2 * (i % 90), "u=1"), id="PRIORITY_UPDATE"),
])
def test_a_flood_ends_its_connection_and_harms_nobody(front, limit, begin):
    with Peer(front.port) as other, Peer(front.port) as peer:
        assert is_alive(other, 1)
        assert flood(peer.ready(), begin(peer), begin in PROVOKING_RESETS) == Code.ENHANCE_YOUR_CALM
        assert is_alive(other, 3)
    assert front.metric("limits_reached_total", limit=f"http2_{limit}") == 1


def test_answers_that_nobody_takes_are_limited(front):
    """A client that sends PING and reads nothing makes the edge keep the answers."""
    with Peer(front.port) as peer:
        peer.ready()
        peer.socket.settimeout(1)
        try:
            for _ in range(20_000):
                peer.send(ping() * 100)
        except (OSError, Incomplete):
            pass  # Closed, or no longer read.
        assert front.resident_bytes() < 256 << 20


def test_the_use_of_a_browser_is_no_flood(front, origin):
    """A page full of pictures that is left at once, again and again, and what else clients do."""
    origin.default = answer(200, FRESH, b"x" * 1000)
    with Peer(front.port) as peer:
        peer.ready()
        for page in range(3):
            streams = range(1001 + 200 * page, 1101 + 200 * page, 2)
            for stream in streams:
                peer.ask(stream, f"/avatars/{stream}/96")
            peer.send(*[rst_stream(stream) for stream in streams])
            peer.send(ping(), settings(), window_update(0, 1))
            assert is_alive(peer, 1101 + 200 * page)
    with Http2Client(front.port) as client:
        for _ in range(1000):
            assert client.get(PATH).body == b"picture"


# --- The end ---


def test_a_client_that_says_goodbye_gets_what_it_has_asked_for(peer, origin):
    held = origin.hold("/avatars/2/46")
    peer.ask(1, "/avatars/2/46")
    fill = held.next()
    peer.send(goaway(0, Code.NO_ERROR, b"going home"))
    peer.sync()
    fill.respond(200, FRESH, b"late")
    assert peer.response(1).body == b"late"
    peer.end()


def test_a_request_cut_off_by_the_end_of_the_connection_is_none(front, origin):
    with Peer(front.port) as peer:
        peer.ready().send(peer.headers(1, request())[:-3])
    with Peer(front.port) as peer:
        assert is_alive(peer, 1)
    assert origin.count() == 1


def test_sigterm_says_goodbye_in_two_steps_and_finishes_what_is_begun(front, origin):
    """Section 6.8: first that there are to be no more streams, and after a while which was the last."""
    held = origin.hold("/avatars/2/46")
    with Peer(front.port) as peer:
        peer.ready().ask(1, "/avatars/2/46")
        fill = held.next()
        front.signal(signal.SIGTERM)
        first = peer.until(lambda one: one.type == Type.GOAWAY)
        assert first.code == Code.NO_ERROR and first.last_stream == STREAM_MAX
        peer.ask(3)  # Sent as if the warning had not come yet.
        second = peer.until(lambda one: one.type == Type.GOAWAY)
        assert second.code == Code.NO_ERROR and second.last_stream in (1, 3)
        fill.respond(200, FRESH, b"late but whole")
        assert peer.response(1).body == b"late but whole"
        if second.last_stream == 3:
            assert b"".join(body_of(one) for one in peer.frames if one.type == Type.DATA and one.stream == 3) \
                == b"picture" or peer.response(3).body == b"picture"
        assert peer.end() == Code.NO_ERROR
        assert not any(one.type == Type.RST_STREAM for one in peer.frames)
    front.check_end(0)


def test_sigterm_ends_idle_connections(front):
    with Peer(front.port) as peer:
        assert is_alive(peer, 1)
        front.signal(signal.SIGTERM)
        assert peer.end() == Code.NO_ERROR
    front.check_end(0)


def test_the_drain_has_a_limit(start_edge, origin):
    edge = start_edge([origin], {"drain": "300ms"})
    held = origin.hold(PATH)
    with Peer(edge.port) as peer:
        peer.ask(1)
        held.next()
        edge.signal(signal.SIGTERM)
        peer.end()
    edge.check_end(0)


# --- Switched off ---


def test_where_it_is_not_enabled_it_is_not_understood(start_edge, origin):
    edge = start_edge([origin], {"http2": {"enabled": False}})
    assert edge.raw(PREFACE).startswith(b"HTTP/1.1 505 ")
    origin.on(PATH, answer(200, FRESH, b"picture"))
    assert edge.get(PATH).body == b"picture"


# --- Logs, and other clients ---


def test_the_access_log_has_the_version(front):
    with Peer(front.port) as peer:
        peer.get(1)
    line = wait_until(lambda: next((one for one in front.access_log() if one["target"] == PATH), None), "its line")
    assert line["protocol"] == "HTTP/2"


def test_h2load_has_ten_thousand_answers(front):
    done = subprocess.run(["h2load", "-n", "10000", "-c", "10", "-m", "20", f"http://127.0.0.1:{front.port}{PATH}"],
                          capture_output=True, text=True, check=True)
    assert "10000 succeeded, 0 failed, 0 errored, 0 timeout" in done.stdout, done.stdout
    assert "status codes: 10000 2xx" in done.stdout, done.stdout


def test_curl_with_prior_knowledge(front, tmp_path):
    def curl(*options):
        return subprocess.run(["curl", "-sS", "--http2-prior-knowledge", "-w", " %{http_version}", *options],
                              capture_output=True, check=True).stdout

    url = f"http://127.0.0.1:{front.port}"
    assert curl(url + PATH) == b"picture 2"
    upload = tmp_path / "upload"
    upload.write_bytes(os.urandom(2 << 20))
    assert curl("-T", upload, f"{url}/echo") == upload.read_bytes() + b" 2"


def test_an_upgrade_to_http_2_is_declined(front):
    """RFC 9113 section 3.1: h2c by upgrade is obsolete."""
    with Client(front.port) as client:
        response = client.get(PATH, {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAAA"})
        assert response.status == 200 and response.body == b"picture" and response.version == "HTTP/1.1"
