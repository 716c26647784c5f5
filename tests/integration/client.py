"""An HTTP/1 client that shows what came over the wire: no retries, no smoothing over of broken messages."""
import os
import socket

# Seconds after which an answer is taken not to come.
PATIENCE = 8 if os.environ.get("EDGE_PRESET", "release") == "release" else 40


class Incomplete(Exception):
    """The connection ended inside a message; .response has what had come."""

    def __init__(self, what, response=None):
        super().__init__(what)
        self.response = response


class Response:
    def __init__(self, version, status, reason, fields):
        self.version, self.status, self.reason = version, status, reason
        self.fields = fields  # (name, value) in their order.
        self.body = b""
        self.interim = []  # 1xx responses that came before.

    def __getitem__(self, name):
        """All values of the field joined by a comma; KeyError when there is none."""
        values = [value for field, value in self.fields if field.lower() == name.lower()]
        if not values:
            raise KeyError(name)
        return ", ".join(values)

    def __contains__(self, name):
        return any(field.lower() == name.lower() for field, _ in self.fields)

    def get(self, name, default=None):
        return self[name] if name in self else default

    @property
    def cache_status(self):
        """The parameters of Cache-Status: {"hit": True, "ttl": "60"}."""
        return parameters(self["Cache-Status"])

    @property
    def is_hit(self):
        return "hit" in self.cache_status

    @property
    def proxy_error(self):
        return parameters(self["Proxy-Status"]).get("error")

    def __repr__(self):
        return f"<{self.status} {dict(self.fields)} {self.body[:80]!r}>"


def parameters(field):
    cache, *items = [part.strip() for part in field.split(";")]
    assert cache == "avatar-edge", field
    found = {}
    for item in items:
        name, _, value = item.partition("=")
        found[name] = value.strip('"') or True
    return found


class Client:
    """One connection, with TLS where there is a context; the pieces of `opening` are sent before that. Everything may be sent; what comes back is parsed strictly.

    The port of this machine, or the path of a UNIX socket."""

    def __init__(self, port, timeout=PATIENCE, tls=None, opening=()):
        if isinstance(port, int):
            self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        else:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(timeout)
            self.socket.connect(str(port))
        for piece in opening:
            self.socket.sendall(piece)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_hostname="edge.test")
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def ask(self, method, target, headers=None, body=None, version="1.1"):
        """Sends a request without waiting for its response."""
        fields = {"Host": "edge.test"} | (headers or {})
        if body is not None and not any(name.lower() in ("content-length", "transfer-encoding") for name in fields):
            fields["Content-Length"] = str(len(body))
        head = f"{method} {target} HTTP/{version}\r\n" + "".join(f"{n}: {v}\r\n" for n, v in fields.items())
        self.send(head.encode("latin-1") + b"\r\n" + (body or b""))

    def request(self, method, target, headers=None, body=None, version="1.1"):
        self.ask(method, target, headers, body, version)
        return self.response(method)

    def get(self, target, headers=None):
        return self.request("GET", target, headers)

    def response(self, method="GET"):
        response = self.head()
        interim = []
        while 100 <= response.status < 200:
            interim.append(response)
            response = self.head()
        response.interim = interim
        self.read_body(response, method)
        return response

    def head(self):
        """The next head alone; its body is still to come."""
        lines = self.until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        version, status, reason = (lines[0] + " ").split(" ", 2)
        fields = []
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            assert colon and name and " " not in name, f"malformed field line {line!r}"
            fields.append((name, value.strip()))
        return Response(version, int(status), reason.strip(), fields)

    def read_body(self, response, method="GET"):
        if method == "HEAD" or response.status in (204, 304):
            return
        try:
            if response.get("Transfer-Encoding", "").lower() == "chunked":
                self.read_chunks(response)
            elif "Content-Length" in response:
                length = int(response["Content-Length"])
                body = bytearray(response.body)
                try:
                    while len(body) < length:
                        body += self.some(length - len(body))
                finally:
                    response.body = bytes(body)
            else:
                response.body = self.rest()
        except Incomplete as broken:
            raise Incomplete(str(broken), response) from None

    def body_so_far(self, response, count):
        """The first `count` bytes of a body of declared length, once they have come."""
        while len(response.body) < count:
            response.body += self.some(count - len(response.body))
        return response.body[:count]

    def read_chunks(self, response):
        body = bytearray()
        try:
            while True:
                size = int(self.until(b"\r\n"), 16)
                left = size
                while left:
                    piece = self.some(left)
                    body += piece
                    left -= len(piece)
                assert self.until(b"\r\n") == b"", "no line end after a chunk"
                if size == 0:
                    return
        finally:
            response.body = bytes(body)

    def until(self, mark):
        while mark not in self.buffer:
            self.more()
        found, self.buffer = self.buffer.split(mark, 1)
        return found

    def some(self, most):
        if not self.buffer:
            self.more()
        piece, self.buffer = self.buffer[:most], self.buffer[most:]
        return piece

    def more(self):
        try:
            piece = self.socket.recv(65536)
        except ConnectionResetError:
            piece = b""
        if not piece:
            raise Incomplete(f"connection closed after {self.buffer!r}")
        self.buffer += piece

    def rest(self):
        """Everything until the connection is closed."""
        while True:
            try:
                self.more()
            except Incomplete:
                rest, self.buffer = self.buffer, b""
                return rest

    def is_closed(self):
        """Waits for the far end to close; False when bytes come instead."""
        if self.buffer:
            return False
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True


def fetch(port, method, target, headers=None, body=None, version="1.1", tls=None):
    """One request on a connection of its own."""
    with Client(port, tls=tls) as client:
        return client.request(method, target, headers, body, version)
