#!/usr/bin/env python3
"""What a hit costs in processor time: two programs, or one with and without an update feed, in turns in one run.

    tests/bench/hits.py --program build/release/avatar-edge --against OTHER/avatar-edge [--rounds 5] [--seconds 3]

Prints for each the median of microseconds of processor time a request, and the ratios to the first. With a feed each edge
follows a Redis of its own, in which nothing happens (`--events N`: so many events a second, of other avatars). Each edge
has one worker on one core; the load comes from wrk on another.
"""
import argparse
import http.server
import os
import pathlib
import socket
import statistics
import subprocess
import tempfile
import threading
import time
import urllib.request

BODY = os.urandom(4096)
AVATARS = 1000


class Origin(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(BODY)))
        self.send_header("Cache-Control", "public, max-age=86400")
        self.end_headers()
        self.wfile.write(BODY)

    def log_message(self, *_):
        pass


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wait_for(url):
    deadline = time.monotonic() + 20
    while True:
        try:
            with urllib.request.urlopen(url) as answer:
                if answer.status == 200:
                    return
        except OSError:
            pass
        assert time.monotonic() < deadline, f"{url} does not answer"
        time.sleep(0.02)


class Edge:
    def __init__(self, folder, name, program, origin_port, redis_port=None):
        self.name, self.port, admin = name, free_port(), free_port()
        config = [
            "workers: 1", f'listen: [{{address: "127.0.0.1:{self.port}"}}]', f'admin: {{address: "127.0.0.1:{admin}"}}',
            f'origin: {{urls: ["http://127.0.0.1:{origin_port}"]}}', "log: {level: warning, access: off}"
        ]
        if redis_port:
            config.append(f'updates: {{url: "redis://127.0.0.1:{redis_port}/0"}}')
        file = folder / f"{name.replace(' ', '-')}.yaml"
        file.write_text("\n".join(config) + "\n")
        self.process = subprocess.Popen(["taskset", "-c", "0", program, "serve", "--config", file],
                                        stdin=subprocess.DEVNULL)
        wait_for(f"http://127.0.0.1:{admin}/readyz")
        for avatar in range(AVATARS):
            urllib.request.urlopen(f"http://127.0.0.1:{self.port}/avatars/{avatar}/96").read()

    def measure(self, script, seconds, connections):
        before = cpu_seconds(self.process.pid)
        output = subprocess.run(["taskset", "-c", "1", "wrk", "-t1", f"-c{connections}", f"-d{seconds}", "-s", script,
                                 f"http://127.0.0.1:{self.port}"], capture_output=True, text=True, check=True).stdout
        requests = int(next(line for line in output.splitlines() if "requests in" in line).split()[0])
        assert "Non-2xx" not in output, output
        return 1e6 * (cpu_seconds(self.process.pid) - before) / requests


def publish(port, per_second, ended):
    with socket.create_connection(("127.0.0.1", port)) as redis:
        threading.Thread(target=lambda: [None for _ in iter(lambda: redis.recv(65536), b"")], daemon=True).start()
        sent = 0
        begin = time.monotonic()
        while not ended.is_set():
            due = int((time.monotonic() - begin) * per_second)
            lines = "".join(f"XADD avatar:updates MAXLEN ~ 100000 * avatar other-{n}\r\n" for n in range(sent, due))
            redis.sendall(lines.encode())
            sent = due
            time.sleep(0.01)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default="build/release/avatar-edge")
    parser.add_argument("--against", help="another program, measured without a feed")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--events", type=int, default=0, help="update events a second")
    options = parser.parse_args()

    origin = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Origin)
    threading.Thread(target=origin.serve_forever, daemon=True).start()
    processes = []
    ended = threading.Event()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        script = folder / "hits.lua"
        script.write_text(f"local n = 0\nrequest = function() n = (n * 31 + 7) % {AVATARS}\n"
                          "return wrk.format('GET', '/avatars/' .. n .. '/96') end\n")
        try:
            redis_port = free_port()
            processes.append(subprocess.Popen(["redis-server", "--port", str(redis_port), "--save", "", "--dir", name],
                                              stdout=subprocess.DEVNULL))
            edges = []
            if options.against:
                edges.append(Edge(folder, "against", options.against, origin.server_port))
                processes.append(edges[-1].process)
            for title, port in (("without feed", None), ("with feed", redis_port)):
                edges.append(Edge(folder, title, options.program, origin.server_port, port))
                processes.append(edges[-1].process)
            if options.events:
                threading.Thread(target=publish, args=(redis_port, options.events, ended), daemon=True).start()
            costs = {edge.name: [] for edge in edges}
            for _ in range(options.rounds):
                for edge in edges:
                    costs[edge.name].append(edge.measure(script, options.seconds, options.connections))
            first = statistics.median(costs[edges[0].name])
            for edge in edges:
                median = statistics.median(costs[edge.name])
                print(f"{edge.name:14} {median:6.2f} us a request, {median / first:4.2f} of the first   "
                      f"(from {min(costs[edge.name]):.2f} to {max(costs[edge.name]):.2f})")
        finally:
            ended.set()
            for process in processes:
                process.terminate()
            for process in processes:
                process.wait()
            origin.shutdown()


if __name__ == "__main__":
    main()
