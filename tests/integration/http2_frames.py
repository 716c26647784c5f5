"""HTTP/2 frame by frame (RFC 9113): a client that may break every rule, and shows each frame that comes back."""
import enum
import select
import socket
import struct
from collections import namedtuple

import hpack

from client import PATIENCE, Incomplete, Response

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
STREAM_MAX = 2**31 - 1


class Type(enum.IntEnum):
    DATA = 0
    HEADERS = 1
    PRIORITY = 2
    RST_STREAM = 3
    SETTINGS = 4
    PUSH_PROMISE = 5
    PING = 6
    GOAWAY = 7
    WINDOW_UPDATE = 8
    CONTINUATION = 9
    PRIORITY_UPDATE = 16


# Flags.
END_STREAM = ACK = 0x1
END_HEADERS = 0x4
PADDED = 0x8
PRIORITIZED = 0x20


class Code(enum.IntEnum):
    NO_ERROR = 0
    PROTOCOL_ERROR = 1
    INTERNAL_ERROR = 2
    FLOW_CONTROL_ERROR = 3
    SETTINGS_TIMEOUT = 4
    STREAM_CLOSED = 5
    FRAME_SIZE_ERROR = 6
    REFUSED_STREAM = 7
    CANCEL = 8
    COMPRESSION_ERROR = 9
    CONNECT_ERROR = 10
    ENHANCE_YOUR_CALM = 11
    INADEQUATE_SECURITY = 12
    HTTP_1_1_REQUIRED = 13


class Setting(enum.IntEnum):
    HEADER_TABLE_SIZE = 1
    ENABLE_PUSH = 2
    MAX_CONCURRENT_STREAMS = 3
    INITIAL_WINDOW_SIZE = 4
    MAX_FRAME_SIZE = 5
    MAX_HEADER_LIST_SIZE = 6
    ENABLE_CONNECT_PROTOCOL = 8
    NO_RFC7540_PRIORITIES = 9


# --- Frames to send, as bytes ---


def frame(type, flags=0, stream=0, payload=b"", length=None):
    """Any frame; it may lie about its length."""
    return struct.pack(">I", len(payload) if length is None else length)[1:] + struct.pack(
        ">BBI", type, flags, stream) + payload


def settings(values=(), **options):
    """From pairs, or a dict, of identifier and value."""
    pairs = values.items() if isinstance(values, dict) else values
    return frame(Type.SETTINGS, payload=b"".join(struct.pack(">HI", *pair) for pair in pairs), **options)


def data(stream, body=b"", end=False, padding=None):
    flags = END_STREAM if end else 0
    if padding is not None:
        return frame(Type.DATA, flags | PADDED, stream, bytes([padding]) + body + bytes(padding))
    return frame(Type.DATA, flags, stream, body)


def ping(payload=b"are here", flags=0):
    return frame(Type.PING, flags, 0, payload)


def window_update(stream, increment):
    return frame(Type.WINDOW_UPDATE, 0, stream, struct.pack(">I", increment))


def rst_stream(stream, code=Code.CANCEL):
    return frame(Type.RST_STREAM, 0, stream, struct.pack(">I", code))


def goaway(last=0, code=Code.NO_ERROR, more=b""):
    return frame(Type.GOAWAY, 0, 0, struct.pack(">II", last, code) + more)


def priority(stream, parent=0, weight=16):
    return frame(Type.PRIORITY, 0, stream, struct.pack(">IB", parent, weight - 1))


def priority_update(stream, value):
    """RFC 9218 section 7.1."""
    return frame(Type.PRIORITY_UPDATE, 0, 0, struct.pack(">I", stream) + value.encode())


def request(method="GET", path="/avatars/1/46", *more, authority="edge.test", scheme="http"):
    """The fields of a request."""
    return [(":method", method), (":scheme", scheme), (":authority", authority), (":path", path), *more]


# --- What comes back ---


class Frame(namedtuple("Frame", "type flags stream payload fields")):
    """`fields` are those of a whole field block, on the frame that ended it."""

    @property
    def is_ack(self):
        return self.type in (Type.SETTINGS, Type.PING) and bool(self.flags & ACK)

    @property
    def ends_stream(self):
        return self.type in (Type.DATA, Type.HEADERS) and bool(self.flags & END_STREAM)

    @property
    def code(self):
        """That of RST_STREAM or GOAWAY."""
        assert self.type in (Type.RST_STREAM, Type.GOAWAY)
        return Code(struct.unpack(">I", self.payload[:4] if self.type == Type.RST_STREAM else self.payload[4:8])[0])

    @property
    def last_stream(self):
        assert self.type == Type.GOAWAY
        return struct.unpack(">I", self.payload[:4])[0]

    @property
    def number(self):
        """The increment of WINDOW_UPDATE."""
        assert self.type == Type.WINDOW_UPDATE
        return struct.unpack(">I", self.payload)[0]

    def __repr__(self):
        return f"<{self.type!r} {self.flags:#x} on {self.stream}: {self.fields or self.payload[:40]!r}>"


class Reset(Exception):
    """RST_STREAM came where a response was waited for."""

    def __init__(self, code):
        super().__init__(code.name)
        self.code = code


class Peer:
    """One connection. SETTINGS and PING of the edge are acknowledged; for the rest it sends what it is told to send."""

    def __init__(self, port, values=(), preface=True, tls=None):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_hostname="edge.test")
        self.buffer = b""
        self.encoder, self.decoder = hpack.Encoder(), hpack.Decoder()
        self.block = None  # The field block that has begun: stream, flags, bytes.
        self.settings = {}  # The edge's.
        self.frames = []  # All that have come.
        self.passed = []  # Those that were read past while another was waited for, and belong to other streams.
        self.pings = 0
        if preface:
            self.send(PREFACE, settings(values))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, *frames):
        self.socket.sendall(b"".join(frames))

    def headers(self, stream, fields, end=True, flags=END_HEADERS):
        """HEADERS with these fields, as bytes."""
        return frame(Type.HEADERS, flags | (END_STREAM if end else 0), stream, self.encode(fields))

    def encode(self, fields):
        # No Huffman codes, so that lengths are what they seem.
        return self.encoder.encode([(name.encode(), value.encode()) for name, value in fields], huffman=False)

    def ask(self, stream, path="/avatars/1/46", *more, method="GET", end=True):
        self.send(self.headers(stream, request(method, path, *more), end))

    def get(self, stream, path="/avatars/1/46", *more):
        self.ask(stream, path, *more)
        return self.response(stream)

    # --- Reading ---

    def next(self):
        """The next frame; Incomplete when the edge has closed."""
        head = self.bytes(9)
        length, (type, flags, stream) = int.from_bytes(head[:3], "big"), struct.unpack(">BBI", head[3:])
        assert length <= 16384, "a larger frame than was allowed"
        one = self.take(Frame(Type(type), flags, stream & STREAM_MAX, self.bytes(length), None))
        self.frames.append(one)
        return one

    def bytes(self, count):
        while len(self.buffer) < count:
            try:
                more = self.socket.recv(1 << 16)
            except ConnectionResetError:
                more = b""
            if not more:
                raise Incomplete(f"connection closed after {self.frames[-5:]}")
            self.buffer += more
        found, self.buffer = self.buffer[:count], self.buffer[count:]
        return found

    def take(self, one):
        if self.block:
            assert one.type == Type.CONTINUATION and one.stream == self.block[0], f"{one} inside a field block"
        if one.type == Type.SETTINGS and not one.is_ack:
            for at in range(0, len(one.payload), 6):
                identifier, value = struct.unpack(">HI", one.payload[at:at + 6])
                self.settings[identifier] = value
            self.answer(settings(flags=ACK))
        elif one.type == Type.PING and not one.is_ack:
            self.answer(ping(one.payload, ACK))
        elif one.type == Type.HEADERS:
            assert not one.flags & (PADDED | PRIORITIZED)
            self.block = one.stream, one.flags, one.payload
        elif one.type == Type.CONTINUATION:
            assert self.block, "CONTINUATION of nothing"
            self.block = one.stream, self.block[1] | one.flags, self.block[2] + one.payload
        assert one.type != Type.PUSH_PROMISE
        if self.block and one.flags & END_HEADERS:
            stream, flags, block = self.block
            self.block = None
            fields = [(name, value) for name, value in self.decoder.decode(block)]
            return Frame(Type.HEADERS, flags, stream, block, fields)
        return one

    def answer(self, one):
        try:
            self.send(one)
        except OSError:
            pass  # It has closed; what it sent before that is still to be read.

    def until(self, is_wanted):
        """The first frame from now on of which that is so."""
        while not is_wanted(one := self.next()):
            pass
        return one

    def sync(self):
        """A round trip: what was sent before has been dealt with. The frames that came meanwhile."""
        self.pings += 1
        payload = b"sync%04d" % self.pings
        self.send(ping(payload))
        before = len(self.frames)
        self.until(lambda one: one.type == Type.PING and one.is_ack and one.payload == payload)
        return self.frames[before:-1]

    def ready(self):
        """Waits until each side has the settings of the other."""
        self.until(lambda one: one.type == Type.SETTINGS and one.is_ack)
        if not self.settings:
            self.until(lambda one: one.type == Type.SETTINGS and not one.is_ack)
        self.sync()
        return self

    def comes(self):
        """The next frame if there is one already."""
        if len(self.buffer) < 9 and not select.select([self.socket], [], [], 0)[0]:
            return None
        return self.next()

    def response(self, stream):
        """The whole response; frames of other streams are kept for theirs."""
        found, interim = None, []
        for one in self.of_stream(stream):
            if one.type == Type.RST_STREAM:
                raise Reset(one.code)
            if one.type == Type.HEADERS:
                assert found is None, f"trailers, which the edge has none of: {one}"
                head = head_of(one)
                if head.status < 200:
                    interim.append(head)
                else:
                    found = head
                    found.interim = interim
            elif one.type == Type.DATA:
                found.body += body_of(one)
            if one.ends_stream:
                return found

    def of_stream(self, stream):
        """Its frames, first those that came while another's were waited for."""
        while True:
            kept = [one for one in self.passed if one.stream == stream]
            if kept:
                self.passed.remove(kept[0])
                yield kept[0]
                continue
            one = self.next()
            if one.stream == stream:
                yield one
            elif one.stream:
                self.passed.append(one)

    def end(self):
        """Waits until the edge closes; the code of its last GOAWAY, None where it sent none."""
        try:
            while True:
                self.next()
        except Incomplete:
            assert not self.buffer, "closed inside a frame"
        codes = [one.code for one in self.frames if one.type == Type.GOAWAY]
        return codes[-1] if codes else None

    def reset(self, stream):
        """The code with which the edge resets the stream, alone or with the whole connection."""
        try:
            one = self.until(lambda one: (one.type == Type.RST_STREAM and one.stream == stream) or (
                one.type == Type.GOAWAY and one.code != Code.NO_ERROR))
        except Incomplete:
            raise AssertionError(f"closed without a reason after {self.frames}") from None
        return one.code


def head_of(one):
    (name, status), *fields = one.fields
    assert name == ":status" and not any(name.startswith(":") for name, _ in fields), one
    return Response("2", int(status), "", fields)


def body_of(one):
    if one.flags & PADDED:
        return one.payload[1:len(one.payload) - one.payload[0]]
    return one.payload
