"""The processes of a proof: one or two private Redis, the nodes with relays to them, and the prover."""
import json
import os
import pathlib
import queue
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "integration"))
from client import Incomplete  # noqa: E402
from edge import COMPLAINTS, PRESET, ROOT, Edge, free_port, wait_until  # noqa: E402
from relay import Relay  # noqa: E402

PROVER = ROOT / "build" / PRESET / "tests" / "prove" / "prover"
STREAM = "avatar:updates"
TIER_KEYS = "{avatar-edge*"


class Redis:
    """Of its own, on loopback. What is done to it here is done to no other. It has an append-only file, or (`appends`)
    nothing but what is saved on purpose, as a cache has."""

    def __init__(self, folder, appends=True):
        self.folder, self.port, self.appends = pathlib.Path(folder), free_port(), appends
        self.data = self.folder / "data"
        self.data.mkdir(parents=True)
        self.process = None
        self.log = open(self.folder / "redis.log", "ab")

    def start(self):
        self.process = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.data), "--save", "",
             "--appendonly", "yes" if self.appends else "no", "--appendfsync", "no", "--loglevel", "notice"],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        wait_until(self.answers, "redis")

    def answers(self):
        assert self.process.poll() is None, f"redis has ended: {(self.folder / 'redis.log').read_text()[-2000:]}"
        try:
            return self.run("PING") == b"PONG"
        except (OSError, RedisError):
            return False

    def kill(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait()

    def stop(self):
        stop_process(self.process)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def save_copy(self, name):
        """The data as they are now; a tail that is just being written is cut off when they are loaded."""
        copy = self.folder / name
        shutil.rmtree(copy, ignore_errors=True)
        if not self.appends:
            self.run("SAVE")
        # No file is to be replaced by another under way.
        self.run("CONFIG", "SET", "auto-aof-rewrite-percentage", "0")
        wait_until(lambda: b"aof_rewrite_in_progress:0" in self.run("INFO", "persistence"), "no rewriting")
        shutil.copytree(self.data, copy)
        self.run("CONFIG", "SET", "auto-aof-rewrite-percentage", "100")
        return copy

    def replace_data(self, copy=None):
        """While it does not run. Without a copy: nothing is left."""
        shutil.rmtree(self.data)
        if copy is None:
            self.data.mkdir()
        else:
            shutil.copytree(copy, self.data)

    def run(self, *words):
        return self.run_all([words])[0]

    def run_all(self, commands):
        """All in one go; their answers."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.sendall(b"".join(resp(words) for words in commands))
            reader = connection.makefile("rb")
            return [read_reply(reader) for _ in commands]

    def keys(self, pattern):
        return sorted(self.run("KEYS", pattern))

    def last_ids(self, count):
        """Oldest first."""
        entries = self.run("XREVRANGE", STREAM, "+", "-", "COUNT", str(count))
        return [entry[0].decode() for entry in reversed(entries)]


class RedisError(Exception):
    pass


def resp(words):
    words = [word.encode() if isinstance(word, str) else word for word in words]
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)


def read_reply(reader):
    line = reader.readline()
    if not line.endswith(b"\r\n"):
        raise ConnectionError("no answer of redis")
    kind, rest = line[:1], line[1:-2]
    if kind == b"-":
        raise RedisError(rest.decode())
    if kind == b"+":
        return rest
    if kind == b":":
        return int(rest)
    size = int(rest)
    if size < 0:
        return None
    if kind == b"*":
        return [read_reply(reader) for _ in range(size)]
    data = reader.read(size + 2)
    return data[:-2]


def stop_process(process):
    """SIGSTOP, and it has stopped when this returns."""
    process.send_signal(signal.SIGSTOP)
    wait_until(lambda: "T" in (field_of(process.pid, "State") or "T"), "stopped")


def field_of(pid, name):
    try:
        for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(name + ":"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return None


class Node(Edge):
    """An edge that hears the feed through its own relay, keeps its ports, and can be killed and started again."""

    def __init__(self, folder, origin_port, relay_port, lease_ms, registry_ms, tier_port=None, config=None):
        folder = pathlib.Path(folder)
        folder.mkdir(parents=True)
        changes = {
            "workers": 1,
            "http": {"requests_per_connection_max": 0, "timeouts": {"idle": "1h"}},
            "origin": {"eject": "100ms", "timeouts": {"connect": "1s", "first_byte": "3s", "total": "10s"}},
            # Names that only the test gives.
            "log": {"access": "off", "access_file": None},
            "drain": "2s",
        }
        if relay_port is not None:
            changes["updates"] = {"url": f"redis://127.0.0.1:{relay_port}/0", "stream": STREAM,
                                  "lease": f"{lease_ms}ms", "registry": f"{registry_ms}ms"}
        if tier_port is not None:
            # Machines that run a proof are busy with others as well.
            changes["redis"] = {"url": f"redis://127.0.0.1:{tier_port}/0", "timeout": "200ms"}
        super().__init__(folder, [f"http://127.0.0.1:{origin_port}"], {}, start=False)
        merge_into(self.config, changes)
        merge_into(self.config, config or {})

    def start(self):
        self.write_config()
        self.stderr = open(self.folder / "stderr.log", "ab")
        self.process = subprocess.Popen([os.fspath(self.program()), "serve", "--config", self.file],
                                        stdin=subprocess.DEVNULL, stdout=self.stderr, stderr=self.stderr)
        self.is_checked = False
        wait_until(self.is_ready, "readyz")

    @staticmethod
    def program():
        return ROOT / "build" / PRESET / "avatar-edge"

    def is_ready(self):
        try:
            return super().is_ready()
        except (OSError, Incomplete):
            return False

    def status(self):
        """None when it does not answer."""
        try:
            return self.admin_json("GET", "/status")
        except (OSError, Incomplete, ValueError):
            return None

    def kill(self):
        self.process.send_signal(signal.SIGCONT)
        self.process.kill()
        self.process.wait()
        self.stderr.close()
        self.is_checked = True

    def pause(self):
        stop_process(self.process)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)


def merge_into(config, changes):
    for key, value in changes.items():
        if value is None:
            config.pop(key, None)
        elif isinstance(value, dict):
            merge_into(config.setdefault(key, {}), value)
        else:
            config[key] = value


def id_of(text):
    """Of a stream entry, to be compared."""
    return tuple(map(int, text.split("-")))


class Prover:
    """The prover's process. Orders are in force when `order` returns."""

    def __init__(self, arguments):
        self.process = subprocess.Popen([os.fspath(PROVER), *map(str, arguments)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.answers = queue.Queue()
        self.violations = []
        self.tells = True
        self.summary = None
        self.lock = threading.Lock()
        self.thread = threading.Thread(target=self.listen, daemon=True)
        self.thread.start()
        assert "ready" in self.answer(), "the prover does not start"

    def listen(self):
        for line in self.process.stdout:
            said = json.loads(line)
            if "violation" in said:
                self.violations.append(said)
                if self.tells:
                    print(f"prove: VIOLATION {said['violation']}: {said['what']}", flush=True)
            elif "summary" in said:
                self.summary = said["summary"]
            else:
                self.answers.put(said)
        self.answers.put({"error": "the prover has ended"})

    def answer(self):
        return self.answers.get(timeout=60)

    def begin(self):
        self.process.stdin.write("begin\n")
        self.process.stdin.flush()

    def order(self, text):
        with self.lock:
            self.process.stdin.write(text + "\n")
            self.process.stdin.flush()
            said = self.answer()
        assert "error" not in said, said
        return said.get("answer")

    def finish(self):
        """The summary, and whether there was no violation."""
        self.process.stdin.write("finish\n")
        self.process.stdin.flush()
        status = self.process.wait(60)
        self.thread.join(10)
        assert self.summary is not None, f"the prover ended with {status} and without a summary"
        return self.summary, status == 0

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class Farm:
    """Everything together; ends every process it has started, however it is left.

    tier: "none", "shared" (in the Redis of the feed, on the way that the feed goes), "apart" (in a Redis of its own)
    """

    def __init__(self, folder, seed, nodes=3, lease_ms=1000, registry_ms=3000, feed="redis", through_relay=True,
                 tier="none", config=None, prover=()):
        self.folder = pathlib.Path(folder)
        self.lease = lease_ms / 1000
        self.origin_port = free_port()
        self.redis = Redis(self.folder / "redis")
        self.tier = tier
        self.tier_redis = Redis(self.folder / "tier", appends=False) if tier == "apart" else self.redis
        self.relays, self.tier_relays, self.nodes = [], [], []
        self.feed = feed
        self.prover = None
        try:
            self.redis.start()
            if tier == "apart":
                self.tier_redis.start()
            for number in range(nodes):
                relay = Relay(free_port(), self.redis.port)
                self.relays.append(relay)
                if tier == "apart":
                    self.tier_relays.append(Relay(free_port(), self.tier_redis.port))
                feed_port = (relay.port if through_relay else self.redis.port) if feed == "redis" else None
                tier_port = {"none": None, "shared": feed_port, "apart": None}[tier]
                if tier == "apart":
                    tier_port = self.tier_relays[number].port
                self.nodes.append(Node(self.folder / f"node-{number}", self.origin_port, feed_port, lease_ms,
                                       registry_ms, tier_port, config))
            addresses = [f"--node={node.port}:{node.admin_port}" for node in self.nodes]
            self.prover = Prover([*addresses, "--redis", self.redis.port, "--origin", self.origin_port, "--lease",
                                  lease_ms, "--seed", seed, *(["--no-feed"] if feed == "none" else []), *prover])
            for node in self.nodes:
                node.start()
            if feed == "redis":
                wait_until(self.is_healthy, "every node healthy at first")
            self.prover.begin()
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self.prover is not None:
            self.prover.kill()
        for node in self.nodes:
            if node.process is not None and node.process.poll() is None:
                node.kill()
        for relay in self.relays + self.tier_relays:
            relay.close()
        self.redis.kill()
        self.tier_redis.kill()

    def is_healthy(self):
        return not self.ailments((0, 0))

    def ailments(self, mark):
        """What each node that is not well, or has not come as far as `mark`, says of itself."""
        found = {}
        for number, node in enumerate(self.nodes):
            status = node.status()
            if status is None:
                found[number] = "no answer"
            elif self.feed != "redis":
                continue
            elif status.get("degraded") is not False:
                found[number] = str(status.get("degraded_reasons"))
            elif status.get("position") is None or id_of(status["position"]) < mark:
                found[number] = f"position {status.get('position')}"
        return found

    def await_health(self, patience):
        """Until all are well and have proven an event that was published now: how long it took, or what ails whom."""
        began = time.monotonic()
        mark = id_of(self.redis.run("XADD", STREAM, "*", "avatar", "no-one").decode()) if self.feed == "redis" else (0, 0)
        while ailments := self.ailments(mark):
            if time.monotonic() - began > patience:
                return None, ailments
            time.sleep(0.02)  # Polled: it happens in other processes.
        return time.monotonic() - began, None
