"""Starts the real program with a configuration of its own, asks it, and judges how it ends."""
import contextlib
import ctypes
import json
import os
import pathlib
import random
import re
import signal
import socket
import subprocess
import time

from client import Client, Incomplete, fetch
from http2_client import Http2Client

ROOT = pathlib.Path(__file__).resolve().parents[2]
PRESET = os.environ.get("EDGE_PRESET", "release")
PROGRAM = ROOT / "build" / PRESET / "avatar-edge"
PATIENCE = 60  # Seconds, under sanitizers as well.
COMPLAINTS = re.compile(r"AddressSanitizer|LeakSanitizer|ThreadSanitizer|runtime error:|check failed", re.I)


given_ports = set()


def free_port():
    """Below the range from which the kernel picks ports of outgoing connections; none is given twice.

    Runs side by side, of which each has a number, keep to different ones."""
    run, runs = (int(re.sub(r"\D", "", os.environ.get(name, "")) or otherwise)
                 for name, otherwise in (("PYTEST_XDIST_WORKER", 0), ("PYTEST_XDIST_WORKER_COUNT", 1)))
    while True:
        port = random.randrange(10000 + run, 32000, runs)
        if port in given_ports:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                given_ports.add(port)
                return port
            except OSError:
                pass


def wait_until(is_so, what):
    """Polls, because the thing happens in another process. Fails the test when it never does."""
    deadline = time.monotonic() + PATIENCE
    while True:
        value = is_so()
        if value:
            return value
        assert time.monotonic() < deadline, f"in vain waited for: {what}"
        time.sleep(0.01)


def is_listening(pid, port):
    """Whether a process has a socket that takes connections to that port of 127.0.0.1."""
    rows = [line.split() for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]]
    sockets = {f"socket:[{row[9]}]" for row in rows if row[1] == f"0100007F:{port:04X}" and row[3] == "0A"}
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for fd in pathlib.Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):
                if os.readlink(fd) in sockets:
                    return True
    return False


def wait_for_standstill(count):
    """Until nothing moves any more, because buffers are full; how large those of the kernel are nobody knows."""
    before = -1
    while count() != before:
        before = count()
        time.sleep(0.5)


def stop_process(pid):
    """SIGSTOP; returns when all its threads stand still, which the signal alone does not promise."""
    os.kill(pid, signal.SIGSTOP)
    tasks = pathlib.Path(f"/proc/{pid}/task")
    wait_until(lambda: all((task / "stat").read_text().rsplit(")", 1)[1].split()[0] == "T" for task in tasks.iterdir()),
               "a stopped process")


def merge(into, changes):
    """Deep; a key whose value is None is taken out."""
    for key, value in changes.items():
        if value is None:
            into.pop(key, None)
        elif isinstance(value, dict) and isinstance(into.get(key), dict):
            merge(into[key], value)
        else:
            into[key] = value
    return into


class Metrics:
    """A scrape, as numbers by name and labels."""

    def __init__(self, text):
        self.text = text
        self.samples = []
        for line in text.splitlines():
            if line and not line.startswith("#"):
                match = re.fullmatch(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)", line)
                assert match, f"not a sample: {line!r}"
                labels = dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', match[2] or ""))
                self.samples.append((match[1], labels, float(match[3])))

    def __call__(self, name, **labels):
        """The sum over all samples of that name that have these labels."""
        values = [value for sample, has, value in self.samples
                  if sample == "avatar_edge_" + name and labels.items() <= has.items()]
        assert values, f"no metric {name} {labels}"
        return sum(values)


class Successor:
    """A process that another one of ours has started, as subprocess.Popen has its own.

    When the other one ends it becomes a child of this process, which asks for that here."""

    PR_SET_CHILD_SUBREAPER = 36
    adopts = ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0

    def __init__(self, pid):
        assert self.adopts
        self.pid = pid
        self.returncode = None

    def poll(self):
        if self.returncode is None:
            with contextlib.suppress(ChildProcessError):  # It is still the other one's.
                pid, status = os.waitpid(self.pid, os.WNOHANG)
                if pid:
                    self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self, timeout):
        deadline = time.monotonic() + timeout
        while self.poll() is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("avatar-edge", timeout)
            time.sleep(0.01)
        return self.returncode

    def send_signal(self, number):
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self):
        self.send_signal(signal.SIGKILL)


class Edge:
    """A running avatar-edge. Ends by SIGTERM, and must end well.

    It is asked over `transport`: "h1", HTTP/1 on the plain port, or "h1tls" and "h2" on the TLS port, which it has where
    there is an identity: an authority and a certificate that this has signed."""

    def __init__(self, folder, origins, config=None, start=True, transport="h1", identity=None):
        self.folder = pathlib.Path(folder)
        self.port, self.admin_port = free_port(), free_port()
        self.admin_place, self.admin_tls = self.admin_port, None  # Where operators ask, and how, where it is over TLS.
        self.transport = transport
        self.tls_port = None
        self.file = self.folder / "edge.yaml"
        self.config = merge(
            {
                "site": "test",
                "workers": 2,
                "listen": [{"address": f"127.0.0.1:{self.port}"}],
                "admin": {"address": f"127.0.0.1:{self.admin_port}"},
                "origin": {"urls": list(origins)},
                "log": {"level": "info", "access": "all", "access_file": str(self.folder / "access.log")},
                # Tests count what the origin is asked: nothing is filled that nobody asks for.
                "updates": {"push": "0s"},
                # The machine of the tests may be late as it likes.
                "overload": {"loop_lag": "0s"},
                "drain": "20s",
            },
            config or {},
        )
        if identity:
            self.authority, certificate = identity
            self.tls_port = free_port()
            self.config["listen"].append({"address": f"127.0.0.1:{self.tls_port}",
                                          "tls": {"certificates": [certificate.tls]}})
        self.prefix, self.options = [], {}  # A command that it is started by, and more for Popen.
        self.process = None
        self.is_checked = False
        if start:
            self.start()

    def start(self):
        self.launch()
        wait_until(self.is_ready, "readyz")

    def launch(self):
        """Starts it without waiting until it is ready."""
        self.write_config()
        self.stderr = open(self.folder / "stderr.log", "wb")
        self.is_checked = False
        self.process = subprocess.Popen([*self.prefix, PROGRAM, "serve", "--config", self.file], stdin=subprocess.DEVNULL,
                                        stdout=self.stderr, stderr=self.stderr, **self.options)

    def write_config(self):
        # JSON is YAML.
        self.file.write_text(json.dumps(self.config, indent=2))

    def is_ready(self):
        assert self.process.poll() is None, f"ended with {self.process.returncode} at start: {self.log()}"
        try:
            return self.admin("GET", "/readyz").status == 200
        except (ConnectionRefusedError, FileNotFoundError):
            return False

    # --- Asking ---

    @property
    def tls(self):
        """What the configuration says of TLS; to be changed before a start or a reload."""
        return self.config["listen"][1]["tls"]

    @property
    def authority_name(self):
        """Host and port that it is asked at."""
        return f"127.0.0.1:{self.port if self.transport == 'h1' else self.tls_port}"

    @property
    def url(self):
        return f"{'http' if self.transport == 'h1' else 'https'}://{self.authority_name}"

    def connect(self, transport=None, **options):
        transport = transport or self.transport
        if transport == "h1":
            return Client(self.port, **options)
        if transport == "h1tls":
            return Client(self.tls_port, tls=self.authority.context("http/1.1"), **options)
        assert transport == "h2", transport
        return Http2Client(self.tls_port, tls=self.authority.context("h2"), **options)

    def get(self, target, headers=None):
        return self.request("GET", target, headers)

    def request(self, method, target, headers=None, body=None, version="1.1"):
        """One request on a connection of its own."""
        with self.connect() as client:
            return client.request(method, target, headers, body, version)

    def curl(self, target, *options):
        """What curl gets, as it is asked over the same transport."""
        protocol = "--http2" if self.transport == "h2" else "--http1.1"
        trust = [] if self.transport == "h1" else ["--cacert", self.authority.file]
        return subprocess.run(["curl", "-sSf", protocol, *trust, *options, self.url + target], capture_output=True,
                              check=True, timeout=PATIENCE).stdout

    def raw(self, data):
        """Sends the bytes; all that comes until the edge closes."""
        with self.connect() as client:
            client.send(data)
            return client.rest()

    def admin(self, method, target, headers=None, body=None):
        if isinstance(body, (dict, list)):
            body = json.dumps(body).encode()
            headers = {"Content-Type": "application/json"} | (headers or {})
        return fetch(self.admin_place, method, target, headers, body, tls=self.admin_tls)

    def admin_json(self, method, target, body=None):
        response = self.admin(method, target, None, body)
        assert response.status == 200, response
        return json.loads(response.body)

    def run(self, command, *arguments, check=True):
        """A command of the program, with this edge's configuration."""
        return subprocess.run([PROGRAM, command, "--config", self.file, *arguments], capture_output=True, text=True,
                              timeout=PATIENCE, check=check)

    def update(self, avatar, **more):
        return self.admin_json("POST", "/updates", {"avatar": avatar} | more)

    def avatar(self, avatar):
        """What is held of it."""
        return self.admin_json("GET", f"/avatars/{avatar}")

    def status(self):
        return self.admin_json("GET", "/status")

    def purge(self, **what):
        return self.admin_json("POST", "/purge", what)

    def metrics(self):
        response = self.admin("GET", "/metrics")
        assert response.status == 200
        return Metrics(response.body.decode())

    def metric(self, name, **labels):
        return self.metrics()(name, **labels)

    def resident_bytes(self):
        return int(pathlib.Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def wait_for_metric(self, is_so, name, **labels):
        return wait_until(lambda: is_so(self.metric(name, **labels)), f"metric {name} {labels}")

    def log(self):
        return (self.folder / "stderr.log").read_text(errors="replace")

    def wait_for_log(self, text):
        wait_until(lambda: text in self.log(), f"log line {text!r}")

    def access_log(self):
        file = self.folder / "access.log"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    # --- Changing and ending ---

    def reload(self, changes=None, text=None):
        """Changes the file and tells the program; "ok" or "failed"."""
        if text is None:
            merge(self.config, changes or {})
            self.write_config()
        else:
            self.file.write_text(text)
        before = self.reload_counts()
        self.process.send_signal(signal.SIGHUP)
        wait_until(lambda: self.reload_counts() != before, "reload counted")
        return next(result for result, count in self.reload_counts().items() if count != before[result])

    def reload_counts(self):
        metrics = self.metrics()
        return {result: metrics("config_reloads_total", result=result) for result in ("ok", "failed")}

    def upgrade(self):
        """Has a new process take its place; returns when that serves and the old one has ended well."""
        before, generation = self.process, self.status()["generation"]
        self.signal(signal.SIGUSR2)
        self.await_upgrade(generation + 1)
        assert before.wait(PATIENCE) == 0, self.log()[-4000:]

    def await_upgrade(self, generation):
        """The process of that generation serves, and is this edge's from now on."""
        before = self.process
        wait_until(lambda: self.status_or_none().get("generation") == generation, f"generation {generation}")
        wait_until(lambda: not is_listening(before.pid, self.admin_port), "the old process to leave the admin port")
        self.process = Successor(self.status()["pid"])

    def status_or_none(self):
        """Empty while no process has the admin port to itself."""
        with contextlib.suppress(ConnectionError, Incomplete, json.JSONDecodeError):
            return json.loads(self.admin("GET", "/status").body)
        return {}

    def signal(self, number=signal.SIGTERM):
        self.process.send_signal(number)

    def pause(self):
        stop_process(self.process.pid)

    def resume(self):
        self.signal(signal.SIGCONT)

    def wait_for_end(self):
        return self.process.wait(PATIENCE)

    def kill(self):
        """kill -9. What it leaves is for whoever comes next."""
        self.process.kill()
        self.wait_for_end()
        self.stderr.close()
        self.is_checked = True

    def stop(self):
        """Ends it if it still runs; it must have ended well."""
        if self.process is None or self.is_checked:
            return
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.check_end(0)

    def check_end(self, status):
        """Waits for the end; the exit status must be this one, and no sanitizer may have complained."""
        self.is_checked = True
        try:
            ended = self.wait_for_end()
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(f"does not end: {self.log()[-4000:]}") from None
        finally:
            self.stderr.close()
        log = self.log()
        assert not COMPLAINTS.search(log), log[-12000:]
        assert ended == status, f"exit status {ended}: {log[-4000:]}"
