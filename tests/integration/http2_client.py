"""An HTTP/2 client that is used like that of HTTP/1. Whatever the edge does against the protocol fails the test.

The state machine is that of the library h2, which is strict; what it lets pass is checked here. Tests that break the
protocol themselves use http2_frames.py.
"""
import socket
import ssl

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.settings

from client import PATIENCE, Incomplete, Response

# RFC 9113 section 8.2.2: of a connection, and so not sent.
CONNECTION_FIELDS = {"connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"}


class Connection(h2.connection.H2Connection):
    def _receive_goaway_frame(self, frame):
        """Unlike h2, takes what comes after it: streams that are under way end well (RFC 9113 section 6.8)."""
        event = h2.events.ConnectionTerminated()
        event.error_code, event.last_stream_id = h2.errors._error_code_from_int(frame.error_code), frame.last_stream_id
        event.additional_data = frame.additional_data
        return [], [event]


class Stream:
    """One request, and what has come of its response."""

    def __init__(self, id, method):
        self.id, self.method = id, method
        self.heads = []  # Those that have come and were not taken yet.
        self.response = None  # The last of them, the one that is not interim.
        self.body = bytearray()
        self.unread = 0  # Bytes for which the stream's window has not been opened again.
        self.is_complete = False
        self.failure = None  # Why no more will come.
        self.error_code = None  # That of RST_STREAM.

    @property
    def is_over(self):
        return self.is_complete or self.failure is not None


class Http2Client:
    """One connection, with TLS where there is a context, else with prior knowledge.

    Several requests may be under way; their responses are taken in the order in which they were asked for, or by the
    stream that `ask` returns. The window of the connection opens as something comes, that of a stream as somebody takes
    its response: what nobody takes is held back, and nothing else."""

    def __init__(self, port, tls=None, timeout=PATIENCE, stream_window=1 << 20, connection_window=1 << 24, opening=()):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in opening:
            self.socket.sendall(piece)
        self.scheme = "https" if tls else "http"
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_hostname="edge.test")
            assert self.socket.selected_alpn_protocol() == "h2"
        self.stream_window, self.connection_window = stream_window, connection_window
        self.unread = 0  # Bytes for which the connection's window has not been opened again.
        self.streams = {}
        self.asked = []  # Those whose response nobody has begun to take, in their order.
        self.goaways = []  # (error code, last stream) of each that has come.
        self.is_ended = False
        self.has_settings = False  # Those of the edge.
        self.connection = Connection(h2.config.H2Configuration(header_encoding=None))
        self.connection.local_settings = h2.settings.Settings(client=True, initial_values={
            h2.settings.SettingCodes.ENABLE_PUSH: 0,
            h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: stream_window,
        })
        self.connection.initiate_connection()
        if connection_window > 65535:
            self.connection.increment_flow_control_window(connection_window - 65535)
        self.flush()
        # Acknowledged at once, because the edge may give up who does not, as it would one who only asks and never reads.
        while not self.has_settings:
            self.receive()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    # --- Asking ---

    def ask(self, method, target, headers=None, body=None, version="1.1", end=True):
        """Sends a request without waiting for its response. Its stream; with end=False its body is to go on."""
        assert version == "1.1", "HTTP/2 has no versions: such a test is to be marked http1"
        fields = self.fields(method, target, headers or {}, body)
        while self.connection.open_outbound_streams >= self.connection.remote_settings.max_concurrent_streams:
            self.receive()
        stream = Stream(self.connection.get_next_available_stream_id(), method)
        self.streams[stream.id] = stream
        self.asked.append(stream)
        self.connection.send_headers(stream.id, fields, end_stream=end and not body)
        self.flush()
        if body:
            self.send_body(stream, body, end)
        return stream

    def fields(self, method, target, headers, body):
        scheme, authority = self.scheme, "edge.test"
        if "://" in target:  # The absolute form.
            scheme, _, rest = target.partition("://")
            authority, slash, path = rest.partition("/")
            target = slash + path
        regular = []
        for name, value in headers.items():
            name = name.lower()
            if name == "host":
                authority = value
            elif name not in CONNECTION_FIELDS and (name != "te" or value == "trailers"):
                regular.append((name, value))
        if body is not None and not any(name == "content-length" for name, _ in regular):
            regular.append(("content-length", str(len(body))))
        pseudo = [(":method", method), (":scheme", scheme), (":authority", authority), (":path", target)]
        return [(name.encode(), value.encode("latin-1")) for name, value in pseudo + regular]

    def send_body(self, stream, data, end=True):
        """As the windows allow; what the edge does not want any more is not sent."""
        left = memoryview(data)
        while not stream.is_over:
            room = min(self.connection.local_flow_control_window(stream.id), self.connection.max_outbound_frame_size)
            if left and not room:
                self.receive()
                continue
            piece, left = left[:room], left[room:]
            self.connection.send_data(stream.id, bytes(piece), end_stream=end and not left)
            self.flush()
            if not left:
                return

    def request(self, method, target, headers=None, body=None, version="1.1"):
        return self.response(stream=self.ask(method, target, headers, body, version))

    def get(self, target, headers=None):
        return self.request("GET", target, headers)

    def reset(self, stream, code=h2.errors.ErrorCodes.CANCEL):
        self.connection.reset_stream(stream.id, code)
        stream.failure = "reset by the client"
        if stream in self.asked:
            self.asked.remove(stream)
        self.flush()

    # --- What comes back ---

    def response(self, method="GET", stream=None):
        """The whole response of the stream, or the next in the order of requests."""
        stream = stream or self.asked[0]
        interim = []
        while (response := self.head(stream)).status < 200:
            interim.append(response)
        response.interim = interim
        self.read_body(response)
        return response

    def head(self, stream=None):
        """The next head alone; after a final one the body is still to come."""
        stream = stream or self.asked[0]
        while not stream.heads:
            self.wait(stream)
        head = stream.heads.pop(0)
        if head is stream.response:
            self.asked.remove(stream)
        return head

    def read_body(self, response, method="GET"):
        stream = response.stream
        try:
            self.take(stream)
            while not stream.is_complete:
                self.wait(stream)
                self.take(stream)
        finally:
            response.body = bytes(stream.body)
        has_body = stream.method != "HEAD" and response.status not in (204, 304)
        if has_body and "Content-Length" in response:
            assert int(response["Content-Length"]) == len(response.body), "another length than was announced"

    def body_so_far(self, response, count):
        """The first `count` bytes of a body, once they have come."""
        stream = response.stream
        while len(stream.body) < count:
            self.take(stream)
            self.wait(stream)
        return bytes(stream.body[:count])

    def take(self, stream):
        """Opens the stream's window for what has come, when that is half of it."""
        if stream.unread * 2 > self.stream_window and not stream.is_over:
            self.connection.increment_flow_control_window(stream.unread, stream.id)
            stream.unread = 0
            self.flush()

    def wait(self, stream):
        if stream.failure or stream.is_complete:
            raise Incomplete(stream.failure or "the response is over", stream.response)
        self.receive()

    def receive(self):
        """Takes what has come, or waits for it."""
        if self.is_ended:
            raise Incomplete(f"connection closed after {self.goaways}")
        data = self.read()
        if data:
            for event in self.connection.receive_data(data):
                self.on_event(event)
            self.flush()
        else:
            self.is_ended = True
            self.fail(lambda stream: True, f"connection closed after {self.goaways}")

    def read(self):
        try:
            return self.socket.recv(1 << 16)
        except ConnectionResetError:
            return b""

    def on_event(self, event):
        stream = self.streams.get(getattr(event, "stream_id", None))
        if isinstance(event, (h2.events.ResponseReceived, h2.events.InformationalResponseReceived)):
            response = response_of(event.headers)
            response.stream = stream
            stream.heads.append(response)
            if isinstance(event, h2.events.ResponseReceived):
                stream.response = response
        elif isinstance(event, h2.events.DataReceived):
            stream.body += event.data
            stream.unread += event.flow_controlled_length
            self.unread += event.flow_controlled_length
            if self.unread * 2 > self.connection_window:
                self.connection.increment_flow_control_window(self.unread)
                self.unread = 0
        elif isinstance(event, h2.events.StreamEnded):
            stream.is_complete = True
        elif isinstance(event, h2.events.RemoteSettingsChanged):
            self.has_settings = True
        elif isinstance(event, h2.events.StreamReset):
            stream.error_code = event.error_code
            stream.failure = stream.failure or f"stream reset with {event.error_code!r}"
        elif isinstance(event, h2.events.ConnectionTerminated):
            self.goaways.append((event.error_code, event.last_stream_id))
            self.fail(lambda one: one.id > event.last_stream_id, "not begun before GOAWAY")
        elif isinstance(event, h2.events.TrailersReceived):
            raise AssertionError(f"trailers, which the edge has none of: {event.headers}")

    def fail(self, is_concerned, why):
        for stream in self.streams.values():
            if not stream.is_over and is_concerned(stream):
                stream.failure = why

    def flush(self):
        data = self.connection.data_to_send()
        if not data:
            return
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError, ssl.SSLEOFError, ssl.SSLZeroReturnError):
            pass  # The edge has closed; what it sent before that is still to be read.

    def is_closed(self):
        """Waits for the far end to close; False when more of a response comes instead."""
        before = self.progress()
        while not self.is_ended and self.progress() == before:
            self.receive()
        return self.is_ended

    def progress(self):
        return [(len(stream.heads), len(stream.body)) for stream in self.streams.values()]


def response_of(headers):
    fields = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]
    assert fields[0][0] == ":status" and len(fields[0][1]) == 3
    assert not any(name.startswith(":") for name, _ in fields[1:]), fields
    assert all(name == name.lower() for name, _ in fields), fields
    return Response("2", int(fields[0][1]), "", fields[1:])
