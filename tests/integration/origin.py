"""An origin that does what the test says, when it says it: it holds answers back, counts requests and misbehaves."""
import queue
import re
import select
import socket
import ssl
import threading

from client import Incomplete

PATIENCE = 30  # Seconds after which something that should have come has not.


class OriginRequest:
    """A request that has arrived, body and all. Answer it from any thread."""

    def __init__(self, connection, method, target, fields, body, was_chunked):
        self.connection = connection
        self.method, self.target, self.fields, self.body = method, target, fields, body
        self.was_chunked = was_chunked
        self.finished = threading.Event()

    def get(self, name, default=None):
        values = [value for field, value in self.fields if field.lower() == name.lower()]
        return ", ".join(values) if values else default

    def respond(self, status=200, headers=None, body=b"", reason="Said", chunked=False):
        """A whole answer; the connection stays open."""
        self.send_head(status, headers, None if chunked else len(body), reason, chunked)
        if self.method == "HEAD" or status in (204, 304):
            self.finish()
        elif chunked:
            half = len(body) // 2
            for piece in (body[:half], body[half:]):
                if piece:
                    self.send(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.send(b"0\r\n\r\n")
            self.finish()
        else:
            self.send(body)
            self.finish()

    def send_head(self, status=200, headers=None, length=None, reason="Said", chunked=False):
        lines = [f"HTTP/1.1 {status} {reason}"]
        fields = dict(headers or {})
        if chunked:
            fields["Transfer-Encoding"] = "chunked"
        elif length is not None and status not in (204, 304):
            fields.setdefault("Content-Length", str(length))
        for name, value in fields.items():
            for one in value if isinstance(value, list) else [value]:
                lines.append(f"{name}: {one}")
        self.send(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))

    def send(self, data):
        try:
            self.connection.sendall(data)
        except OSError:
            pass  # The edge has gone, which is for the test to notice at the edge.

    def finish(self):
        """The answer is complete; the next request may come."""
        self.finished.set()

    def close(self, reset=False):
        """Ends the connection where it stands."""
        try:
            if reset:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            else:
                self.connection.shutdown(socket.SHUT_RDWR)
            self.connection.close()
        except OSError:
            pass
        self.finished.set()

    def wait_for_abandonment(self):
        """Returns once the edge has closed the connection that the request came on."""
        readable, _, _ = select.select([self.connection], [], [], PATIENCE)
        assert readable and self.connection.recv(1) == b"", "the edge still waits for this answer"


class Held:
    """The requests for a path that nobody answers but the test."""

    def __init__(self):
        self.arrived = queue.Queue()

    def __call__(self, request):
        self.arrived.put(request)

    def next(self):
        """The next request that has come; waits for it."""
        return self.arrived.get(timeout=PATIENCE)

    @property
    def is_empty(self):
        return self.arrived.empty()


def answer(status=200, headers=None, body=b"", **options):
    """A handler that always says the same."""
    return lambda request: request.respond(status, headers, body, **options)


class Flood:
    """A handler that answers with so many bytes, a whole number of MiB, as fast as they are taken; one request."""

    def __init__(self, size):
        self.size = size
        self.sent = 0

    def __call__(self, request):
        request.send_head(200, {"Cache-Control": "no-store"}, self.size)
        while self.sent < self.size:
            request.send(b"x" * (1 << 20))
            self.sent += 1 << 20
        request.finish()


class HeldOrigin:
    """Listens on 127.0.0.1:port. What has no handler of its own goes to `default`, a 404."""

    def __init__(self, tls=None, port=0):
        self.tls = tls  # (certificate, key) files.
        self.handlers = {}
        self.default = answer(404, {"Cache-Control": "no-store"}, b"not here")
        self.requests = []  # All that came, in their order.
        self.connections = set()
        self.connection_count = 0
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", port), backlog=1024)
        self.port = self.listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        threading.Thread(target=self.accept, daemon=True).start()

    def on(self, target, handler):
        self.handlers[target] = handler
        return handler

    def hold(self, target):
        return self.on(target, Held())

    def count(self, target=None):
        with self.lock:
            return sum(1 for request in self.requests if target in (None, request.target))

    def last(self, target):
        with self.lock:
            return [request for request in self.requests if request.target == target][-1]

    def close(self):
        if self.listener.fileno() < 0:
            return  # The test has closed it already.
        # shutdown wakes the thread that accepts; close alone does not.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        with self.lock:
            connections = list(self.connections)
            for request in self.requests:
                request.finished.set()
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.tls:
                connection = self.wrap(connection)
            with self.lock:
                self.connections.add(connection)
                self.connection_count += 1
            self.converse(connection)
        except (OSError, ValueError, Incomplete):
            pass
        finally:
            with self.lock:
                self.connections.discard(connection)
            try:
                connection.close()
            except OSError:
                pass

    def wrap(self, connection):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.tls)
        return context.wrap_socket(connection, server_side=True)

    def converse(self, connection):
        reader = connection.makefile("rb")
        while request := read_request(connection, reader):
            with self.lock:
                self.requests.append(request)
            self.handlers.get(request.target, self.default)(request)
            request.finished.wait()


def read_request(connection, reader):
    """The next request, or None when the connection ended before it began."""
    line = reader.readline()
    if not line:
        return None
    method, target, _ = line.decode("latin-1").split(" ", 2)
    fields = []
    while (line := reader.readline().decode("latin-1").rstrip("\r\n")) != "":
        name, _, value = line.partition(":")
        fields.append((name, value.strip()))
    named = {name.lower(): value for name, value in fields}
    if named.get("expect", "").lower() == "100-continue":
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    chunked = "chunked" in named.get("transfer-encoding", "").lower()
    body = read_chunks(reader) if chunked else read_exactly(reader, int(named.get("content-length", 0)))
    return OriginRequest(connection, method, target, fields, body, chunked)


def read_chunks(reader):
    body = b""
    while True:
        line = reader.readline()
        if not re.match(rb"[0-9A-Fa-f]+", line):
            raise Incomplete("no chunk size")
        size = int(line.split(b";")[0], 16)
        body += read_exactly(reader, size)
        read_exactly(reader, 2)
        if size == 0:
            return body


def read_exactly(reader, count):
    data = reader.read(count)
    if len(data) != count:
        raise Incomplete("request body cut off")
    return data
