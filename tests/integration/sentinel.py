"""A primary and its replica, with sentinels that watch over them: all of them real, on ports of this machine."""
import socket
import subprocess

from edge import free_port, wait_until
from redis import PATIENCE, Redis, RedisError, read_reply

NAME = "faces"


class Server(Redis):
    """A Redis that has a port too, for sentinels name nothing else."""

    def __init__(self, folder, *options):
        folder.mkdir()
        self.port = free_port()
        super().__init__(folder, "--port", str(self.port), "--bind", "127.0.0.1", "--repl-diskless-sync-delay", "0",
                         *options)

    @property
    def place(self):
        return f"127.0.0.1:{self.port}"

    def role(self):
        return self("ROLE")[0]


class Sentinel:
    """One of them; what it learns is lost with it."""

    def __init__(self, folder, primary, quorum, *lines):
        folder.mkdir()
        self.port = free_port()
        self.password = None
        self.file = folder / "sentinel.conf"
        self.file.write_text("\n".join([
            f"port {self.port}", "bind 127.0.0.1", f"dir {folder}",
            f"sentinel monitor {NAME} 127.0.0.1 {primary.port} {quorum}",
            f"sentinel down-after-milliseconds {NAME} 1000", f"sentinel failover-timeout {NAME} 5000", *lines, ""]))
        with open(folder / "sentinel.log", "wb") as log:
            self.process = subprocess.Popen(["redis-server", self.file, "--sentinel"], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log)
        wait_until(self.is_up, "a sentinel")

    @property
    def place(self):
        return f"127.0.0.1:{self.port}"

    def is_up(self):
        assert self.process.poll() is None, "the sentinel has ended"
        try:
            return self("PING") == "PONG"
        except RedisError:
            return True  # It asks for a password.
        except OSError:
            return False

    def __call__(self, *words):
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE) as connection:
            parts = [str(word).encode() for word in words]
            connection.sendall(b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(p), p) for p in parts))
            with connection.makefile("rb") as reader:
                return read_reply(reader)

    def names(self):
        """The port of the primary, as it knows it."""
        return int(self("SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME)[1])

    def stop(self):
        self.process.kill()
        self.process.wait()


class Site:
    """primary, replica, and sentinels."""

    def __init__(self, folder, count=1, password=None, sentinel_password=None):
        self.folder = folder
        self.servers, self.sentinels = [], []
        self.primary = self.add_server("first")
        self.replica = self.add_server("second", "--replicaof", f"127.0.0.1 {self.primary.port}")
        if password:
            for server in self.servers:
                server("CONFIG", "SET", "masterauth", password, "requirepass", password)
        lines = ([f"sentinel auth-pass {NAME} {password}"] if password else []) + (
            [f"requirepass {sentinel_password}"] if sentinel_password else [])
        for number in range(count):
            self.sentinels.append(Sentinel(folder / f"sentinel-{number}", self.primary, count // 2 + 1, *lines))

    def add_server(self, name, *options):
        self.servers.append(Server(self.folder / name, *options))
        return self.servers[-1]

    @property
    def url(self):
        return self.url_of(*(one.place for one in self.sentinels))

    @staticmethod
    def url_of(*places, name=NAME):
        return f"redis+sentinel://{','.join(places)}/{name}"

    def await_replica(self):
        """Until the replica has all, and every sentinel knows it and the others."""
        wait_until(lambda: self.replica("ROLE")[3] == "connected", "the replica")
        for sentinel in self.sentinels:
            wait_until(lambda: len(sentinel("SENTINEL", "REPLICAS", NAME)) == 1, "the sentinel's replica")
            wait_until(lambda: len(sentinel("SENTINEL", "SENTINELS", NAME)) == len(self.sentinels) - 1, "sentinels")

    def fail_over(self):
        """Makes the replica the primary, while the primary still answers. Returns when every sentinel names it."""
        self.await_replica()
        wait_until(self.try_fail_over, "a failover to begin")
        self.await_failover()

    def try_fail_over(self):
        try:
            return self.sentinels[0]("SENTINEL", "FAILOVER", NAME) == "OK"
        except RedisError as error:
            assert str(error).startswith(("NOGOODSLAVE", "INPROG")), error
            return False

    def await_failover(self):
        for sentinel in self.sentinels:
            wait_until(lambda: sentinel.names() == self.replica.port, "the failover")
        self.primary, self.replica = self.replica, self.primary

    def set_up_anew(self, primary):
        """Has every sentinel forget what it knows, and then watch over that server, which has no replica."""
        for sentinel in self.sentinels:
            sentinel("SENTINEL", "REMOVE", NAME)
        # Not before all have: they tell each other.
        for sentinel in self.sentinels:
            sentinel("SENTINEL", "MONITOR", NAME, "127.0.0.1", primary.port, len(self.sentinels) // 2 + 1)
        self.primary, self.replica = primary, None

    def stop(self):
        for one in self.sentinels + self.servers:
            one.stop()
