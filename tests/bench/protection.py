#!/usr/bin/python3
"""Measures what limits and breakers are for, with real edges, real origins and real load, and asserts nothing.

    tests/bench/protection.py [abuse] [dead] [flood] [cost]       all of them by default

    abuse  one client at fifty times its limit, and an origin that hangs: how long another client's hits take meanwhile
    dead   the origin is stopped for thirty seconds under hits and misses: who is answered what, and when misses are again
    flood  a million clients' keys: what the table of limits takes, and what a request costs meanwhile
    cost   processor time of a hit with all protection configured, and without
"""
import http.client
import os
import pathlib
import random
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/integration"), str(ROOT / "tests/bench")]
from edge import stop_process, wait_until  # noqa: E402
from tier import BODY, FRESH, Scene, cpu_seconds  # noqa: E402

LIMIT = 200  # A second, of each client.
PROTECTION = {
    "limits": {
        "rates": [{"by": "header", "header": "X-Client", "rate": "1000000/s"}, {"by": "address", "rate": "1000000/s"},
                  {"by": "avatar", "rate": "1000000/s"}],
        "fills_per_route_max": 200,
    },
    "access": {"deny": ["192.0.2.0/24"], "trusted_proxies": ["198.51.100.0/24"]},
    "http": {"connections_per_client_max": 10000},
}


def origin_of(scene):
    return scene.nginx("origin", f"location / {{ try_files /picture =404; {FRESH} }}")


def wrk(port, seconds, script, folder, connections=16):
    """The command: one thread asks as the script says."""
    file = folder / f"{random.randrange(1 << 30)}.lua"
    file.write_text(script)
    return ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "-s", file, f"http://127.0.0.1:{port}"]


class Honest:
    """Asks for what is held, at a fixed rate, on one connection; notes seconds and status of each answer."""

    def __init__(self, port, path="/avatars/1/96", rate=100):
        self.port, self.path, self.rate = port, path, rate
        self.notes, self.is_over = [], threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        while not self.is_over.is_set():
            began = time.monotonic()
            client.request("GET", self.path, headers={"X-Client": "honest"})
            answer = client.getresponse()
            answer.read()
            self.notes.append((time.monotonic() - began, answer.status))
            time.sleep(max(0.0, began + 1 / self.rate - time.monotonic()))

    def stop(self):
        self.is_over.set()
        self.thread.join()
        times = sorted(seconds for seconds, _ in self.notes)
        failed = sum(status != 200 for _, status in self.notes)
        return times[len(times) // 2] * 1e3, times[len(times) * 99 // 100] * 1e3, failed


def abuse(folder):
    """The abuser asks for what is held about fifty times as often as it may, and on other connections for what the origin
    would have to answer."""
    hits = """
      function delay() return 1 end
      function request() return wrk.format("GET", "/avatars/1/96", {["X-Client"] = "abuser"}) end"""
    misses = """
      local n = 0
      function request()
        n = n + 1
        return wrk.format("GET", "/avatars/hangs-%d-" .. n .. "/96", {["X-Client"] = "abuser"})
      end"""
    with Scene(folder) as scene:
        nginx = origin_of(scene)
        rule = {"by": "header", "header": "X-Client", "rate": f"{LIMIT}/s"}
        edge = scene.edge("edge", nginx.url, limits={"rates": [rule]})
        # What the load itself costs those who measure on the same processors.
        other = scene.edge("other", nginx.url)
        for one in (edge, other):
            answers(one.port, "/avatars/1/96")
        rounds = {"undisturbed": [], "with as many hits of another edge": [], "with the abuser and no origin": []}
        asked = 0
        for turn in range(5):
            honest = Honest(edge.port)
            time.sleep(4)
            rounds["undisturbed"].append(honest.stop())
            elsewhere = subprocess.Popen(wrk(other.port, 4, hits, scene.folder, 12), stdout=subprocess.DEVNULL)
            honest = Honest(edge.port)
            time.sleep(4)
            rounds["with as many hits of another edge"].append(honest.stop())
            elsewhere.wait(60)
            stop_process(nginx.process.pid)
            stopped = [int(pid) for pid in children_of(nginx.process.pid)]
            for pid in stopped:
                stop_process(pid)
            before = edge.metric("requests_total")
            abusers = [subprocess.Popen(wrk(edge.port, 4, script, scene.folder, connections), stdout=subprocess.DEVNULL)
                       for script, connections in ((hits, 12), (misses % turn, 100))]
            honest = Honest(edge.port)
            time.sleep(4)
            rounds["with the abuser and no origin"].append(honest.stop())
            asked = (edge.metric("requests_total") - before) / 4
            for abuser in abusers:
                abuser.wait(60)
            for pid in [nginx.process.pid, *stopped]:
                os.kill(pid, signal.SIGCONT)
            wait_until(lambda: answers(edge.port, f"/avatars/{random.random()}/96"), "the origin")
        limited = edge.metric("rate_limited_total", by="header")
    for name, all_rounds in rounds.items():
        p50, p99 = (statistics.median(one[i] for one in all_rounds) for i in (0, 1))
        print(f"abuse: {name:33} p50 {p50:.2f} ms, p99 {p99:.2f} ms ({', '.join(f'{one[1]:.2f}' for one in all_rounds)}), "
              f"{sum(one[2] for one in all_rounds)} failed", flush=True)
    print(f"abuse: {asked:.0f} requests a second in the last round, limit {LIMIT}; {limited:.0f} were refused in all")


def children_of(pid):
    return pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def answers(port, path):
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    client.request("GET", path)
    return client.getresponse().status == 200


class Misses:
    """Asks for what is not held, on and on; notes when, seconds and status of each answer."""

    def __init__(self, port, name, pause=0.02):
        self.port, self.name, self.pause = port, name, pause
        self.notes, self.is_over = [], threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        for number in range(1 << 30):
            if self.is_over.is_set():
                return
            began = time.monotonic()
            client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            client.request("GET", f"/avatars/{self.name}-{number}/96")
            answer = client.getresponse()
            answer.read()
            client.close()
            self.notes.append((began, time.monotonic() - began, answer.status))
            time.sleep(self.pause)

    def stop(self):
        self.is_over.set()
        self.thread.join()


def dead(folder, seconds=30):
    with Scene(folder) as scene:
        nginx = origin_of(scene)
        edge = scene.edge("edge", nginx.url)
        with edge.connect() as client:
            client.get("/avatars/1/96")
        misses = [Misses(edge.port, f"{number}") for number in range(32)]
        hits = subprocess.Popen(wrk(edge.port, seconds + 8, 'request = function() return wrk.format("GET", "/avatars/1/96") end',
                                    scene.folder), stdout=subprocess.PIPE, text=True)
        time.sleep(2)
        stopped = [nginx.process.pid, *map(int, children_of(nginx.process.pid))]
        for pid in stopped:
            stop_process(pid)
        died = time.monotonic()
        time.sleep(seconds)
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)
        back = time.monotonic()
        time.sleep(4)
        for one in misses:
            one.stop()
        report = hits.communicate()[0]
        notes = sorted(note for one in misses for note in one.notes)
    failed = re.findall(r"Non-2xx or 3xx responses: \d+|Socket errors: .*", report)
    asked = re.search(r"(\d+) requests in", report)[1]
    print(f"dead: hits: {asked} answered; failed: {failed or 'none'}")
    during = [note for note in notes if died < note[0] < back]
    kinds = {status: sum(note[2] == status for note in during) for status in sorted({note[2] for note in during})}
    times = sorted(note[1] for note in during)
    # What was asked before the origin came back, and the first that was asked afterwards and answered.
    late = max(note[1] for note in during)
    recovered = min(note[0] + note[1] for note in notes if note[0] > died and note[0] + note[1] > back and note[2] == 200) - back
    whole = [note[0] for note in notes if note[0] > back and note[2] != 200]
    print(f"dead: misses in {seconds} s: {kinds}; median {times[len(times) // 2] * 1e3:.1f} ms, longest {late:.2f} s")
    print(f"dead: the first miss was answered {recovered:.2f} s after the origin was back, "
          f"the last that failed was asked {max(whole, default=back) - back:.2f} s after it")


def resident(pid):
    return int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


def flood(folder, keys=1_000_000):
    script = f"""
      local n = 0
      function request()
        n = n + 1
        return wrk.format("GET", "/avatars/1/96", {{["X-Client"] = "%s" .. n %% {keys}}})
      end"""
    with Scene(folder) as scene:
        nginx = origin_of(scene)
        # So slow that all of them are remembered at once.
        rule = {"by": "header", "header": "X-Client", "rate": "10/h"}
        edges = {
            "no limit": scene.edge("none", nginx.url),
            "a limit, table of 1,000,000": scene.edge("all", nginx.url, limits={"rates": [rule]}),
            "a limit, table of 65,536": scene.edge("few", nginx.url, limits={"rates": [rule], "entries": 65536}),
        }
        costs = {name: [] for name in edges}
        sizes = {}
        for name, edge in edges.items():
            answers(edge.port, "/avatars/1/96")
            sizes[name] = resident(edge.process.pid)
        for turn in range(1):
            for name, edge in edges.items():
                # As long as it takes to have asked with each key.
                asked, used = edge.metric("requests_total"), cpu_seconds(edge.process.pid)
                while edge.metric("requests_total") - asked < keys:
                    subprocess.run(wrk(edge.port, 10, script % f"{turn}-", scene.folder), stdout=subprocess.DEVNULL, check=True)
                count = edge.metric("requests_total") - asked
                costs[name].append(1e6 * (cpu_seconds(edge.process.pid) - used) / count)
        grown = {name: resident(edge.process.pid) - sizes[name] for name, edge in edges.items()}
        forgotten = {name: edge.metric("rate_buckets_forgotten_total") for name, edge in edges.items()}
    for name, all_costs in costs.items():
        print(f"flood: {name:30} {statistics.median(all_costs):.2f} us of processor time a request, {grown[name]:.1f} MiB more, "
              f"{forgotten[name]:.0f} buckets forgotten", flush=True)


def cost(folder):
    script = 'request = function() return wrk.format("GET", "/avatars/1/96", {["X-Client"] = "one"}) end'
    with Scene(folder) as scene:
        nginx = origin_of(scene)
        edges = {"without": scene.edge("without", nginx.url), "with": scene.edge("with", nginx.url, **PROTECTION)}
        for edge in edges.values():
            answers(edge.port, "/avatars/1/96")
        ratios, costs = [], {name: [] for name in edges}
        for _ in range(9):
            for name in random.sample(sorted(edges), 2):
                edge = edges[name]
                asked, used = edge.metric("requests_total"), cpu_seconds(edge.process.pid)
                subprocess.run(wrk(edge.port, 3, script, scene.folder, 64), stdout=subprocess.DEVNULL, check=True)
                costs[name].append(1e6 * (cpu_seconds(edge.process.pid) - used) / (edge.metric("requests_total") - asked))
            ratios.append(costs["with"][-1] / costs["without"][-1])
    print(f"cost: a hit of {len(BODY)} bytes: {statistics.median(costs['without']):.2f} us of processor time without, "
          f"{statistics.median(costs['with']):.2f} with; ratio by rounds, median {statistics.median(ratios):.3f} "
          f"(from {min(ratios):.3f} to {max(ratios):.3f})")


def main():
    parts = {"abuse": abuse, "dead": dead, "flood": flood, "cost": cost}
    wanted = sys.argv[1:] or list(parts)
    if not set(wanted) <= set(parts):
        sys.exit(__doc__)
    for name in wanted:
        with tempfile.TemporaryDirectory() as folder:
            parts[name](folder)


if __name__ == "__main__":
    main()
