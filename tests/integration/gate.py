"""A way to Redis that a test can close: what is sent with certain bytes in it waits, and all behind it."""
import socket
import threading

PATIENCE = 60


class Hold:
    """What is sent with `mark` in it, and without `unless`, waits here, and whatever comes after it on the same
    connection."""

    def __init__(self, mark, unless):
        self.mark, self.unless = mark, unless
        self.arrived, self.released = threading.Event(), threading.Event()

    def wait(self):
        """Returns when something waits."""
        assert self.arrived.wait(PATIENCE), f"{self.mark!r} was never sent"

    def release(self):
        self.released.set()

    def is_for(self, data):
        return not self.released.is_set() and self.mark in data and not (self.unless and self.unless in data)


class Gate:
    """Listens on a UNIX socket in the folder and passes everything on to that of `redis`, in both directions."""

    def __init__(self, folder, redis):
        self.redis = redis
        self.path = folder / "gate.sock"
        self.url = f"unix://{self.path}"
        self.holds = []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.path))
        self.listener.listen()
        self.connections = []
        threading.Thread(target=self.accept, daemon=True).start()

    def hold(self, mark, unless=None):
        self.holds.append(Hold(mark, unless))
        return self.holds[-1]

    def close(self):
        self.listener.close()
        for hold in self.holds:
            hold.release()
        for connection in self.connections:
            end(connection)

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            try:
                server.connect(str(self.redis.path))
            except OSError:
                client.close()
                continue
            self.connections += client, server
            for source, sink, holds in ((client, server, self.holds), (server, client, [])):
                threading.Thread(target=pump, args=(source, sink, holds), daemon=True).start()


def pump(source, sink, holds):
    try:
        before = b""
        while data := source.recv(1 << 20):
            for hold in list(holds):
                # Also where it comes in two pieces: without its end no command is done.
                if hold.is_for(before + data):
                    hold.arrived.set()
                    hold.released.wait()
            before = data[-100:]
            sink.sendall(data)
    except OSError:
        pass
    finally:
        end(sink)


def end(connection):
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
