#!/usr/bin/python3
"""Measures the Redis tier with real nodes, a real Redis and nginx as the origin, and asserts nothing.

    tests/bench/tier.py [cost] [restart] [slow]       all of them by default

    cost     processor time of an edge for a request that the tier answers, and for one that the origin answers: without
             and with a tier, over plain HTTP on kept connections, and over TLS with a new one each time
    restart  one of two nodes restarts with an empty memory under load: who answers in its first seconds
    slow     Redis 100 ms away, then stopped, then back: how long hits and misses take meanwhile
"""
import http.client
import os
import pathlib
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/integration"), str(ROOT / "tests/prove")]
from edge import Edge, free_port, wait_until  # noqa: E402
from nginx import Nginx  # noqa: E402
from redis import Redis  # noqa: E402
from relay import Relay  # noqa: E402

BODY = os.urandom(4096)
ROUNDS, REQUESTS = 5, 6000
PATIENT = {"timeout": "5s"}  # So that a busy machine makes no misses of hits.
FRESH = "add_header Cache-Control 'public, max-age=86400';"


class Scene:
    """Ends whatever was started in it."""

    def __init__(self, folder):
        self.folder, self.ends = pathlib.Path(folder), []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for end in reversed(self.ends):
            end()

    def own(self, thing):
        self.ends.append(thing.stop)
        return thing

    def sub(self, name):
        folder = self.folder / name
        folder.mkdir()
        return folder

    def nginx(self, name, locations):
        nginx = self.own(Nginx(self.sub(name), locations))
        nginx.write("/picture", BODY)
        return nginx

    def edge(self, name, origin, redis=None, /, **config):
        config = {"workers": 1, "cache": {"memory": "2GiB"}, "log": {"level": "error", "access": "off"}} | config
        if redis:
            config["redis"] = config.get("redis", {}) | {"url": redis if isinstance(redis, str) else redis.url}
        edge = self.own(Edge(self.sub(name), [origin], config))
        if redis:
            wait_until(lambda: edge.status()["tier"]["open"], "the tier")
        return edge


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def ask_all(port, paths, connections=16):
    """Asks for each once, over kept connections."""
    failures = []

    def ask_some(mine):
        client = http.client.HTTPConnection("127.0.0.1", port)
        for path in mine:
            client.request("GET", path)
            answer = client.getresponse()
            if answer.status != 200 or len(answer.read()) != len(BODY):
                failures.append(path)

    threads = [threading.Thread(target=ask_some, args=(paths[i::connections],)) for i in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures[:3]


def cost(folder):
    with Scene(folder) as scene:
        redis = scene.own(Redis(scene.sub("redis")))
        plain = scene.nginx("plain", f"location / {{ try_files /picture =404; {FRESH} }}")
        key, certificate = scene.folder / "key.pem", scene.folder / "certificate.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
                       check=True, capture_output=True)
        tls_port = free_port()
        scene.nginx("tls", f"listen 127.0.0.1:{tls_port} ssl; ssl_certificate {certificate}; ssl_certificate_key {key};"
                           f"ssl_session_cache off; ssl_session_tickets off; keepalive_timeout 0;"
                           f"location / {{ try_files /picture =404; {FRESH} }}")
        tls = {"urls": [f"https://127.0.0.1:{tls_port}"], "tls": {"ca_file": str(certificate)}}
        filler = scene.edge("filler", plain.url, redis)
        edges = {
            "a hit in the tier": scene.edge("tier", plain.url, redis, redis=PATIENT),
            "a fill, no tier": scene.edge("no-tier", plain.url),
            "a fill, and put into a tier": scene.edge("other-tier", plain.url, scene.own(Redis(scene.sub("other"))),
                                                      redis=PATIENT),
            "a fill over TLS, a new connection each": scene.edge("tls-edge", plain.url, None, origin=tls),
        }
        costs = {name: [] for name in edges}
        for turn in range(ROUNDS):
            paths = [f"/avatars/{turn}-{n}/96" for n in range(REQUESTS)]
            ask_all(filler.port, paths)
            wait_until(lambda: redis("DBSIZE") >= (turn + 1) * REQUESTS, "the puts")
            for name in random.sample(sorted(edges), len(edges)):
                edge = edges[name]
                before = cpu_seconds(edge.process.pid)
                ask_all(edge.port, paths)
                costs[name].append(1e6 * (cpu_seconds(edge.process.pid) - before) / REQUESTS)
        hits = edges["a hit in the tier"].metric("tier_looks_total", end="hit")
        assert hits == ROUNDS * REQUESTS, f"only {hits} were answered by the tier"
    first = statistics.median(costs["a hit in the tier"])
    for name, all_costs in costs.items():
        median = statistics.median(all_costs)
        print(f"tier: {name:40} {median:7.1f} us of processor time, {median / first:5.2f}   "
              f"(from {min(all_costs):.1f} to {max(all_costs):.1f})", flush=True)


class Load:
    """Asks on and on, on its own thread; of each request notes when it began, how long it took, and what came of it."""

    def __init__(self, port_of, next_path, pause=0.0):
        self.port_of, self.next_path, self.pause = port_of, next_path, pause
        self.notes, self.ended = [], False
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        client = None
        while not self.ended:
            began = time.monotonic()
            try:
                client = client or http.client.HTTPConnection("127.0.0.1", self.port_of(), timeout=60)
                client.request("GET", self.next_path())
                answer = client.getresponse()
                answer.read()
                status = answer.getheader("Cache-Status") or ""
                who = "tier" if "tier2" in status else "memory" if "; hit" in status else "origin"
                self.notes.append((began, time.monotonic() - began, who if answer.status == 200 else "failed"))
            except OSError:
                client = None
                time.sleep(0.005)
            time.sleep(self.pause)

    def stop(self):
        self.ended = True
        self.thread.join()


def share(notes, *whos):
    return sum(who in whos for _, _, who in notes) / max(1, len(notes))


def restart(folder):
    avatars = 2000
    with Scene(folder) as scene:
        redis = scene.own(Redis(scene.sub("redis")))
        nginx = scene.nginx("origin", f"location / {{ try_files /picture =404; {FRESH} }}")
        edges = [scene.edge(name, nginx.url, redis) for name in ("one", "two")]
        for edge in edges:
            ask_all(edge.port, [f"/avatars/{n}/96" for n in range(avatars)])
        weights = [1 / (n + 1)**0.9 for n in range(avatars)]
        paths = [f"/avatars/{n}/96" for n in random.choices(range(avatars), weights, k=200_000)]
        loads = [Load(lambda: edges[0].port, iter(paths[i::4]).__next__) for i in range(4)]
        for load in loads:
            scene.own(load)
        time.sleep(3)
        edges[0].stop()
        begin = time.monotonic()
        edges[0].is_checked = False
        edges[0].start()
        ready = time.monotonic()
        time.sleep(4)
        notes = [note for load in loads for note in load.notes]
    tell = [("before the restart", [note for note in notes if note[0] < begin - 0.5])]
    first = min(note[0] for note in notes if note[0] > begin)
    for since, until in ((0, 0.5), (0.5, 1), (1, 2), (2, 3)):
        tell.append((f"{since} s to {until} s after its first answer",
                     [note for note in notes if first + since <= note[0] < first + until]))
    print(f"tier: restarted: ready after {ready - begin:.2f} s, first answer {first - begin:.2f} s after the stop")
    for when, some in tell:
        print(f"tier: {when:34} {len(some):6} requests: memory {share(some, 'memory'):7.2%}, tier {share(some, 'tier'):7.2%}, "
              f"origin {share(some, 'origin'):7.2%}, failed {share(some, 'failed'):7.2%}", flush=True)


def percentile(notes, wanted):
    times = sorted(duration for _, duration, who in notes if who in wanted)
    return f"{1000 * times[int(len(times) * 0.99)]:7.2f}" if times else "   none"


def slow(folder):
    with Scene(folder) as scene:
        feed = scene.own(Redis(scene.sub("feed")))
        port = free_port()
        server = subprocess.Popen(["redis-server", "--port", str(port), "--save", "", "--dir", str(scene.sub("redis"))],
                                  stdout=subprocess.DEVNULL)
        scene.ends.append(lambda: (server.kill(), server.wait()))
        relay = Relay(free_port(), port)
        scene.ends.append(relay.close)
        nginx = scene.nginx("origin", f"location / {{ try_files /picture =404; {FRESH} }}")
        edge = scene.edge("edge", nginx.url, f"redis://127.0.0.1:{relay.port}", updates={"url": feed.url})
        hot = [f"/avatars/hot-{n}/96" for n in range(100)]
        ask_all(edge.port, hot)
        cold = iter(range(10**9)).__next__
        hits = [scene.own(Load(lambda: edge.port, lambda: random.choice(hot), 0.002)) for _ in range(2)]
        misses = [scene.own(Load(lambda: edge.port, lambda: f"/avatars/cold-{cold()}/96", 0.005)) for _ in range(2)]
        phases = []

        def phase(name, seconds):
            begin = time.monotonic()
            time.sleep(seconds)
            phases.append((name, begin, time.monotonic()))

        phase("undisturbed", 8)
        relay.set("delayed", 0.1)
        phase("Redis 100 ms away", 8)
        relay.set("open")
        phase("near again", 8)
        server.send_signal(signal.SIGSTOP)
        phase("Redis stopped", 8)
        server.send_signal(signal.SIGCONT)
        phase("goes on", 8)
        is_open = edge.status()["tier"]["open"]
        notes_of = {"hits": [n for load in hits for n in load.notes], "misses": [n for load in misses for n in load.notes]}
    for name, begin, end in phases:
        line = []
        for kind, wanted in (("hits", ("memory", )), ("misses", ("origin", "tier"))):
            some = [note for note in notes_of[kind] if begin <= note[0] < end]
            failed = sum(who == "failed" for _, _, who in some)
            line.append(f"{len(some):5} {kind}: p99 {percentile(some, wanted)} ms, {failed} failed")
        print(f"tier: {name:18} " + "; ".join(line), flush=True)
    print(f"tier: open at the end: {is_open}")


MEASURES = {"cost": cost, "restart": restart, "slow": slow}


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    for name in sys.argv[1:] or MEASURES:
        with tempfile.TemporaryDirectory() as folder:
            MEASURES[name](folder)


if __name__ == "__main__":
    main()
