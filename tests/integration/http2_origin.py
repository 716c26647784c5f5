"""An origin that speaks HTTP/2 over TLS, frame by frame, and HTTP/1.1 to who asks for that."""
import socket
import ssl
import struct
import threading

import hpack

from http2_frames import (END_HEADERS, END_STREAM, ACK, PREFACE, PADDED, PRIORITIZED, STREAM_MAX, Code, Frame, Type, data,
                          frame, ping, rst_stream, settings)
from origin import HeldOrigin


class Connection:
    """One connection; what it sends may break every rule."""

    def __init__(self, origin, socket):
        self.origin, self.socket = origin, socket
        self.encoder, self.decoder = hpack.Encoder(), hpack.Decoder()
        self.lock = threading.Lock()
        self.resets = {}  # Codes, by stream.
        self.on_heard = None

    def send(self, *frames):
        try:
            with self.lock:
                self.socket.sendall(b"".join(frames))
        except OSError:
            pass  # The edge has gone, which is for the test to notice at the edge.

    def when_heard(self, act):
        """Calls it when the edge has read all that was sent."""
        self.on_heard = act
        self.send(ping())

    def close(self):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def serve(self, reader):
        assert reader.read(len(PREFACE)) == PREFACE
        self.send(settings(self.origin.settings))
        while head := reader.read(9):
            length, (type, flags, stream) = int.from_bytes(head[:3], "big"), struct.unpack(">BBI", head[3:])
            self.on_frame(Frame(Type(type), flags, stream & STREAM_MAX, reader.read(length), None))

    def on_frame(self, one):
        if one.type == Type.SETTINGS and not one.is_ack:
            self.send(settings(flags=ACK))
        elif one.type == Type.PING and not one.is_ack:
            self.send(ping(one.payload, ACK))
        elif one.type == Type.PING and self.on_heard:
            act, self.on_heard = self.on_heard, None
            act()
        elif one.type == Type.RST_STREAM:
            self.resets[one.stream] = one.code
        elif one.type == Type.HEADERS:
            assert one.flags & END_HEADERS and one.flags & END_STREAM and not one.flags & PADDED, one
            block = one.payload[5:] if one.flags & PRIORITIZED else one.payload
            request = Http2Request(self, one.stream, dict(self.decoder.decode(block)))
            with self.origin.lock:
                self.origin.http2_requests.append(request)
            self.origin.http2_handlers.get(request.target, self.origin.http2_default)(request)


class Http2Request:
    """A request that has arrived. Answer it from any thread."""

    def __init__(self, connection, stream, fields):
        self.connection, self.stream, self.fields = connection, stream, fields
        self.target = fields[":path"]

    def head(self, status=200, headers=None, end=False):
        with self.connection.lock:
            block = self.connection.encoder.encode(
                [(":status", str(status))] + [(name.lower(), value) for name, value in (headers or {}).items()])
        self.connection.send(frame(Type.HEADERS, END_HEADERS | (END_STREAM if end else 0), self.stream, block))

    def body(self, body, end=True):
        pieces = [body[at:at + 16384] for at in range(0, len(body), 16384)] or [b""]
        for piece in pieces[:-1]:
            self.connection.send(data(self.stream, piece))
        self.connection.send(data(self.stream, pieces[-1], end))

    def respond(self, status=200, headers=None, body=b""):
        self.head(status, {"content-length": str(len(body))} | (headers or {}))
        self.body(body)

    def reset(self, code=Code.INTERNAL_ERROR):
        self.connection.send(rst_stream(self.stream, code))


class Http2Origin(HeldOrigin):
    """What comes over HTTP/2 goes to `http2_handlers`, what comes over HTTP/1.1 to the handlers of HeldOrigin."""

    def __init__(self, certificate, settings=()):
        self.settings = settings
        self.http2_handlers, self.http2_requests = {}, []
        self.http2_default = lambda request: request.respond(404, {"cache-control": "no-store"}, b"not here")
        self.http2_connections = []
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate.file, certificate.key)
        self.context.set_alpn_protocols(["h2", "http/1.1"])
        super().__init__(tls=(certificate.file, certificate.key))

    def on_http2(self, target, handler):
        self.http2_handlers[target] = handler
        return handler

    def http2_count(self, target=None):
        with self.lock:
            return sum(1 for request in self.http2_requests if target in (None, request.target))

    def wrap(self, connection):
        return self.context.wrap_socket(connection, server_side=True)

    def converse(self, connection):
        if connection.selected_alpn_protocol() != "h2":
            return super().converse(connection)
        ours = Connection(self, connection)
        with self.lock:
            self.http2_connections.append(ours)
        ours.serve(connection.makefile("rb"))
