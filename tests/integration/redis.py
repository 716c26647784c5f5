"""A real Redis on a UNIX socket in the test's folder, and the few commands that tests give it."""
import os
import pathlib
import signal
import socket
import subprocess

from edge import stop_process, wait_until

PATIENCE = 60


class RedisError(Exception):
    """What Redis answered with an error."""


class Redis:
    """Keeps nothing by itself; after SAVE the next start finds what was saved."""

    def __init__(self, folder, *options):
        self.folder = pathlib.Path(folder)
        self.options = options
        self.process = None
        self.start()

    @property
    def path(self):
        return self.folder / "redis.sock"

    @property
    def url(self):
        return f"unix://{self.path}"

    def start(self, *options, is_loading=False):
        self.path.unlink(missing_ok=True)
        log = open(self.folder / "redis.log", "ab")
        self.process = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", str(self.path), "--save", "", "--dir", str(self.folder),
             *self.options, *options],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        log.close()
        wait_until(lambda: self.is_up(is_loading), "Redis")

    def is_up(self, is_loading=False):
        assert self.process.poll() is None, "redis-server has ended"
        try:
            return self("PING") == "PONG" and not is_loading
        except RedisError as error:
            return is_loading and str(error).startswith("LOADING")
        except OSError:
            return False

    def stop(self):
        if self.process:
            self.process.kill()  # Also when it is paused; nothing that it was sent is done any more.
            self.process.wait()
            self.process = None

    def restart(self, with_data=False):
        """Another life of the server."""
        if with_data:
            self("SAVE")
        self.stop()
        if not with_data:
            (self.folder / "dump.rdb").unlink(missing_ok=True)
        self.start()

    def pause(self):
        stop_process(self.process.pid)

    def resume(self):
        os.kill(self.process.pid, signal.SIGCONT)

    def __call__(self, *words):
        """A command on a connection of its own."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(PATIENCE)
            connection.connect(str(self.path))
            parts = [word if isinstance(word, bytes) else str(word).encode() for word in words]
            connection.sendall(b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(p), p) for p in parts))
            with connection.makefile("rb") as reader:
                return read_reply(reader)

    # --- The feed ---

    def publish(self, avatar, **fields):
        """An update event, as whoever commits uploads writes it; its ID."""
        return self("XADD", "avatar:updates", "*", "avatar", avatar,
                    *[word for name, value in fields.items() for word in (name, value)])

    def nodes(self):
        """The registry: node to position."""
        words = self("HGETALL", "{avatar:updates}:nodes")
        return {name: entry.split()[1] for name, entry in zip(words[::2], words[1::2])}

    def make_registry_old(self):
        """As if it had stood for longer than it remembers nodes, so that nobody need be waited for unseen."""
        self("HSET", "{avatar:updates}:identity", "since", 1)

    def avatars(self):
        """Of all events, in their order."""
        return [dict(zip(fields[::2], fields[1::2])).get("avatar")
                for _, fields in self("XRANGE", "avatar:updates", "-", "+")]


def read_reply(reader):
    line = reader.readline()
    kind, rest = line[:1], line[1:].rstrip(b"\r\n")
    if kind == b"+":
        return rest.decode()
    if kind == b"-":
        raise RedisError(rest.decode())
    if kind == b":":
        return int(rest)
    if kind == b"$":
        return None if int(rest) < 0 else reader.read(int(rest) + 2)[:-2].decode(errors="surrogateescape")
    if kind == b"*":
        return None if int(rest) < 0 else [read_reply(reader) for _ in range(int(rest))]
    raise OSError(f"not a reply: {line!r}")
