#!/usr/bin/python3
"""Whether clients notice when an edge under full load reloads and is upgraded: counts what went wrong.

    tests/bench/life.py [--reloads 20] [--upgrades 5] [--connections 32]

For hundreds of avatars that are held ask wrk over HTTP/1, h2load over HTTP/2 with TLS, and curl, likewise, again and again
with some connections at once; meanwhile the edge reloads, a second apart, and is upgraded. h2load is spared the upgrades: it
takes GOAWAY for an error, and asks for nothing more. Prints the requests, those that failed, and the share that the origin had
to answer in the five seconds after each upgrade.
"""
import argparse
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/integration"), str(ROOT / "tests/bench")]
from certificates import Authority  # noqa: E402
from edge import Edge, wait_until  # noqa: E402
from nginx import Nginx  # noqa: E402
from redis import Redis  # noqa: E402

AVATARS = 500
CURL_REQUESTS = 20_000
SETTLED = 5  # Seconds after an upgrade for which the origin's share is counted.
WRK = """
local targets = {}
for i = 1, %d do targets[i] = "/avatars/" .. i .. "/46" end
local next = 0
request = function()
  next = next %% #targets + 1
  return wrk.format("GET", targets[next])
end
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reloads", type=int, default=20)
    parser.add_argument("--upgrades", type=int, default=5)
    parser.add_argument("--connections", type=int, default=32)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for part in ("redis", "nginx", "edge", "authority"):
            (folder / part).mkdir()
        authority = Authority(folder / "authority")
        redis, nginx = Redis(folder / "redis"), Nginx(folder / "nginx")
        for avatar in range(1, AVATARS + 1):
            nginx.write(f"/avatars/{avatar}/46", bytes(4096))
        config = {"workers": 1, "updates": {"url": redis.url}, "log": {"access": "off"},
                  "http": {"requests_per_connection_max": 0}}
        edge = Edge(folder / "edge", [nginx.url], config, transport="h2",
                    identity=(authority, authority.sign("edge", "DNS:edge.test", "IP:127.0.0.1")))
        try:
            failed = run_all(edge, folder, options)
        finally:
            for one in (edge, nginx, redis):
                one.stop()
    sys.exit(1 if failed else 0)


def run_all(edge, folder, options):
    wait_until(lambda: edge.status()["position"] is not None, "the feed")
    for avatar in range(1, AVATARS + 1):
        edge.get(f"/avatars/{avatar}/46")
    script, targets = folder / "wrk.lua", folder / "targets"
    script.write_text(WRK % AVATARS)
    targets.write_text("".join(f"https://127.0.0.1:{edge.tls_port}/avatars/{i}/46\n" for i in range(1, AVATARS + 1)))
    curl = folder / "curl"
    curl.write_text("".join(f'url = "https://127.0.0.1:{edge.tls_port}/avatars/{i % AVATARS + 1}/46"\noutput = /dev/null\n'
                            for i in range(CURL_REQUESTS)))
    seconds = 2 * options.reloads + (SETTLED + 3) * options.upgrades
    wrk = ["wrk", "-t1", f"-c{options.connections}", f"-d{seconds}s", "-s", script, f"http://127.0.0.1:{edge.port}"]
    h2load = ["h2load", "-t1", f"-c{options.connections}", "-m8", f"-D{2 * options.reloads}", "-i", targets]
    curl = ["curl", "--http2", "--cacert", edge.authority.file, "--silent", "--parallel", "--parallel-max", "64", "--write-out",
            "%{http_code} %{exitcode}\\n", "--config", curl]
    return (under(edge, Load("wrk", wrk), options.reloads, options.upgrades) +
            under(edge, Load("h2load", h2load), options.reloads, 0) +
            under(edge, Curls(curl), 0, options.upgrades))


class Load:
    """A generator that ends by itself."""

    def __init__(self, name, command):
        self.name = name
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def result(self):
        """Requests that were answered, those that failed, and the report."""
        report = self.process.communicate(timeout=300)[0]
        return *read_report(self.name, report), report


class Curls:
    """curl, again and again until the result is asked for."""

    name = "curl"

    def __init__(self, command):
        self.command, self.lines, self.is_over = command, [], threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.is_over.is_set():
            done = subprocess.run(self.command, capture_output=True, text=True, check=False)
            self.lines += done.stdout.splitlines()

    def result(self):
        self.is_over.set()
        self.thread.join()
        failed = [line for line in self.lines if line != "200 0"]
        return len(self.lines) - len(failed), len(failed), "\n".join(failed[:20])


def under(edge, load, reloads, upgrades):
    """Those that failed."""
    for _ in range(reloads):
        assert edge.reload() == "ok"
        time.sleep(1)
    shares = []
    for _ in range(upgrades):
        edge.upgrade()
        time.sleep(SETTLED)
        metrics = edge.metrics()  # Of the new process, from its beginning.
        shares.append(1 - metrics("requests_total", outcome="hit") / max(1, metrics("requests_total")))
    served, failed, report = load.result()
    told = ", ".join(f"{100 * share:.2f} %" for share in shares)
    print(f"{load.name}: {reloads} reloads, {upgrades} upgrades, {served} requests, {failed} failed"
          + (f"; by the origin after each upgrade: {told}" if shares else ""), flush=True)
    if failed:
        print(report)
    return failed


def read_report(name, report):
    if name == "wrk":
        errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", report)
        bad = re.search(r"Non-2xx or 3xx responses: (\d+)", report)
        failed = [*(errors.groups() if errors else []), *(bad.groups() if bad else [])]
        return int(re.search(r"(\d+) requests in", report)[1]), sum(int(count) for count in failed)
    counts = re.search(r"requests: (\d+) total, \d+ started, (\d+) done, (\d+) succeeded, (\d+) failed, (\d+) errored, "
                       r"(\d+) timeout", report)
    return int(counts[3]), sum(int(count) for count in counts.groups()[3:])


if __name__ == "__main__":
    main()
