#!/usr/bin/env python3
"""What a request costs here and in other servers that are installed, in turns in one run.

    tests/bench/peers.py              processor time a request, of each server under each workload
    tests/bench/peers.py --scale      hits over HTTP/1, of this program with one worker and with two
    tests/bench/peers.py --rate 5000  how long hits take at that many a second, which is the same for all

Each server has one worker on one core; the load (wrk, h2load, openssl s_time) and the origin (nginx) have another. A
round visits the servers in random order. What is printed is the median of the rounds: microseconds of processor time a
request, of all processes of the server, and requests a second in brackets. The latter is often the load's limit and not
the server's; the former is what to compare.

Workloads: hits among 1,000 avatars over HTTP/1 in the clear (h1-4k, h1-32k), over HTTP/1 and TLS (h1tls-4k), over HTTP/2
and TLS (h2-4k, h2-32k); full TLS handshakes and nothing else (handshake); responses that nobody has asked for before,
each stored (miss). h2o keeps nothing of what it proxies: it serves the same bytes as files, and takes no part in miss.
"""
import argparse
import contextlib
import json
import os
import pathlib
import random
import re
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/integration"))
from certificates import Authority  # noqa: E402

AVATARS = 1000
SIZES = {"4k": 4096, "32k": 32768}
CONNECTIONS, H2_CONNECTIONS, H2_STREAMS, HANDSHAKES_AT_ONCE = 64, 16, 16, 4
WORKLOADS = ["h1-4k", "h1-32k", "h1tls-4k", "h2-4k", "h2-32k", "handshake", "miss"]
CORES = sorted(os.sched_getaffinity(0))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=str(ROOT / "build/release/avatar-edge"))
    parser.add_argument("--servers", default=",".join(SERVERS), help="of these, those that are installed (%(default)s)")
    parser.add_argument("--workloads", help=f"some of {','.join(WORKLOADS)}; with --rate h1-4k,h2-4k by default")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3, help="of each round, server and workload")
    parser.add_argument("--scale", action="store_true")
    parser.add_argument("--rate", type=int, help="requests a second")
    options = parser.parse_args()
    servers = [name for name in options.servers.split(",") if name == OURS or shutil.which(name, path=search_path())]
    workloads = (options.workloads or ("h1-4k,h2-4k" if options.rate else ",".join(WORKLOADS))).split(",")
    if not set(servers) <= set(SERVERS) or not set(workloads) <= set(WORKLOADS):
        parser.error(f"servers are {','.join(SERVERS)}, workloads {','.join(WORKLOADS)}")
    if len(CORES) < 2:
        parser.error("one core for the servers and another for the load are needed")
    if options.rate and "--rps" not in run_on(CORES, "h2load", "--help").stdout:
        parser.error("this h2load cannot hold a rate (--rps)")
    for end in (signal.SIGTERM, signal.SIGINT):
        signal.signal(end, lambda *_: sys.exit(1))
    with Scene(options.program) as scene:
        if options.scale:
            measure_scale(scene, options)
        elif options.rate:
            measure_rate(scene, servers, [w for w in workloads if w.startswith("h") and w != "handshake"], options)
        else:
            compare(scene, servers, workloads, options)


# ---- The three measurements ----


def compare(scene, names, workloads, options):
    servers = [scene.start(name) for name in names]
    print(f"| workload | {' | '.join(names)} | {OURS} / best other |\n|{' --- |' * (len(names) + 2)}", flush=True)
    for workload in workloads:
        taking_part = [server for server in servers if not (workload == "miss" and server.name == "h2o")]
        loads = in_turns(scene, taking_part, workload, options, lambda server: server.load(workload, options.seconds))
        costs = {name: statistics.median(load.cpu_us for load in some) for name, some in loads.items()}
        cells = [f"{costs[name]:.1f} ({statistics.median(load.rate for load in loads[name]):,.0f})" if name in costs else ""
                 for name in names]
        others = [cost for name, cost in costs.items() if name != OURS]
        ratio = f"{costs[OURS] / min(others):.2f}" if OURS in costs and others else ""
        print(f"| {workload} | {' | '.join(cells)} | {ratio} |", flush=True)


def measure_rate(scene, names, workloads, options):
    servers = [scene.start(name) for name in names]
    print(f"at {options.rate} requests a second\n\n| workload | server | p50, ms | p99, ms | worst p99 | us a request | a second |\n"
          "| --- | --- | --- | --- | --- | --- | --- |", flush=True)
    for workload in workloads:
        loads = in_turns(scene, servers, workload, options,
                         lambda server: server.load_at_rate(workload, options.seconds, options.rate))
        for name, some in loads.items():
            p50, p99 = (statistics.median(percentile(load.times_us, share) for load in some) / 1000 for share in (0.5, 0.99))
            worst = max(percentile(load.times_us, 0.99) for load in some) / 1000
            print(f"| {workload} | {name} | {p50:.2f} | {p99:.2f} | {worst:.2f} | "
                  f"{statistics.median(load.cpu_us for load in some):.1f} | "
                  f"{statistics.median(load.rate for load in some):,.0f} |", flush=True)


def measure_scale(scene, options):
    """The load has the cores that the workers leave, or where they leave none shares all with them."""
    servers = [scene.start(OURS, workers) for workers in (1, 2)]
    loads = in_turns(scene, servers, "h1-4k", options, lambda server: server.load("h1-4k", options.seconds))
    print(f"{len(CORES)} cores\n\n| workers | requests a second | us a request | requests a second of the server's processor time | "
          "cores: server | cores: load |\n| --- | --- | --- | --- | --- | --- |")
    for workers, some in zip((1, 2), loads.values()):
        rate, cost, server, load = (statistics.median(getattr(each, what) for each in some)
                                    for what in ("rate", "cpu_us", "server_cores", "load_cores"))
        print(f"| {workers} | {rate:,.0f} | {cost:.1f} | {1e6 / cost:,.0f} | {server:.2f} | {load:.2f} |")


def in_turns(scene, servers, workload, options, measure):
    """What `measure` says of each server in each round, by its name; of hits, when all is held that it asks for."""
    for server in servers if workload not in ("miss", "handshake") else ():
        server.fill(workload)
        measure(server)  # HAProxy tells by Host, which wrk and h2load write differently.
    loads = {server.title: [] for server in servers}
    for _ in range(options.rounds):
        for server in random.sample(servers, len(servers)):
            asked_before = scene.origin_requests()
            load = measure(server)
            asked = scene.origin_requests() - asked_before
            expected = load.requests if workload == "miss" else 0
            if abs(asked - expected) > load.requests / 100 + CONNECTIONS:
                print(f"{server.title}, {workload}: the origin was asked {asked} times for {load.requests} requests",
                      file=sys.stderr)
            loads[server.title].append(load)
    return loads


def percentile(values, share):
    return sorted(values)[int(len(values) * share)]


# ---- Load ----


class Load:
    """What one run of a load came to."""

    def __init__(self, server, run):
        begin, used, children = time.monotonic(), server.cpu_seconds(), children_seconds()
        self.requests, self.times_us = run()
        seconds = time.monotonic() - begin
        server_seconds = server.cpu_seconds() - used
        self.rate = self.requests / seconds
        self.cpu_us = 1e6 * server_seconds / self.requests
        self.server_cores = server_seconds / seconds
        self.load_cores = (children_seconds() - children) / seconds


def children_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def search_path():
    return os.environ["PATH"] + ":/usr/sbin:/sbin"


def pinned(cores, *command):
    return ["taskset", "-c", ",".join(map(str, cores)), *map(str, command)]


def run_on(cores, *command):
    return subprocess.run(pinned(cores, *command), capture_output=True, text=True, check=True)


def number_in(pattern, text):
    found = re.search(pattern, text)
    assert found, f"no {pattern!r} in: {text}"
    return int(found[1])


def wrk(cores, seconds, url, script):
    threads = len(cores)
    output = run_on(cores, "wrk", f"-t{threads}", f"-c{CONNECTIONS}", f"-d{seconds}", "-s", script, url).stdout
    assert "Non-2xx" not in output, output
    if "Socket errors" in output:
        print(output, file=sys.stderr)
    return number_in(r"(\d+) requests in", output), []


def h2load(cores, *arguments):
    output = run_on(cores, "h2load", *arguments).stdout
    succeeded = number_in(r"(\d+) succeeded", output)
    assert number_in(r"status codes: (\d+) 2xx", output) >= succeeded and " 0 failed" in output, output
    return succeeded


def handshakes(cores, seconds, port):
    command = pinned(cores, "openssl", "s_time", "-new", "-connect", f"127.0.0.1:{port}", "-time", seconds)
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
               for _ in range(HANDSHAKES_AT_ONCE)]
    return sum(number_in(r"(\d+) connections in \d+ real", each.communicate()[0]) for each in running), []


# ---- Servers ----

OURS = "avatar-edge"


def configure_ours(server):
    # JSON is YAML.
    config = {
        "workers": server.workers,
        "listen": [{"address": f"127.0.0.1:{server.port}"},
                   {"address": f"127.0.0.1:{server.tls_port}", "tls": {"certificates": [server.scene.certificate.tls]}}],
        "admin": {"address": "127.0.0.1:0"},
        "origin": {"urls": [server.scene.origin_url]},
        "cache": {"memory": "512MiB"},
        "log": {"level": "warning", "access": "off"},
    }
    return [server.scene.program, "serve", "--config", server.write("edge.yaml", json.dumps(config))]


def configure_haproxy(server):
    return ["haproxy", "-db", "-f", server.write("haproxy.cfg", f"""
global
  nbthread {server.workers}
  tune.bufsize 65536
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
cache memory
  total-max-size 512
  max-object-size 65536
  max-age 86400
frontend clients
  bind 127.0.0.1:{server.port}
  bind 127.0.0.1:{server.tls_port} ssl crt {server.scene.pem} alpn h2,http/1.1
  http-request cache-use memory
  http-response cache-store memory
  default_backend origin
backend origin
  server origin {server.scene.origin_url.removeprefix("http://")}
""")]


def configure_h2o(server):
    files = server.folder / "files"
    for avatar in range(AVATARS):
        (files / str(avatar)).mkdir(parents=True)
        for size in SIZES:
            os.link(server.scene.files / size, files / str(avatar) / size)
    return ["h2o", "-c", server.write("h2o.conf", f"""
{"user: root" if os.geteuid() == 0 else ""}
num-threads: {server.workers}
listen: {{host: 127.0.0.1, port: {server.port}}}
listen: {{host: 127.0.0.1, port: {server.tls_port}, ssl: {{certificate-file: {server.scene.certificate.file},
  key-file: {server.scene.certificate.key}}}}}
file.mime.setdefaulttype: image/webp
hosts:
  default:
    paths:
      /avatars:
        file.dir: {files}
        header.set: "cache-control: public, max-age=86400"
""")]


def configure_nginx(server):
    return ["nginx", "-p", server.folder, "-e", server.folder / "log", "-c", server.write("nginx.conf", f"""
{NGINX_BEGIN} worker_processes {server.workers}; pid {server.folder}/pid;
http {{
  {NGINX_HTTP}
  proxy_cache_path {server.scene.memory}/{server.name} keys_zone=avatars:64m max_size=512m inactive=1d use_temp_path=off;
  open_file_cache max=10000 inactive=1d;
  upstream origin {{ server {server.scene.origin_url.removeprefix("http://")}; keepalive 64; keepalive_requests 1000000000; }}
  server {{
    listen 127.0.0.1:{server.port} backlog=4096; listen 127.0.0.1:{server.tls_port} ssl http2 backlog=4096;
    ssl_certificate {server.scene.certificate.file}; ssl_certificate_key {server.scene.certificate.key};
    ssl_protocols TLSv1.2 TLSv1.3;
    location / {{
      proxy_pass http://origin; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_cache avatars; proxy_cache_lock on;
    }}
  }}
}}""")]


NGINX_BEGIN = f"daemon off; {'user root;' if os.geteuid() == 0 else ''} events {{ worker_connections 8192; }}"
NGINX_HTTP = """access_log off; sendfile on; keepalive_requests 1000000000; default_type image/webp;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;"""
SERVERS = {OURS: configure_ours, "haproxy": configure_haproxy, "h2o": configure_h2o, "nginx": configure_nginx}


class Server:
    """One of them, in a session of its own, on the first cores."""

    def __init__(self, scene, name, workers):
        self.scene, self.name, self.workers = scene, name, workers
        self.title = name if workers == 1 else f"{name}, {workers} workers"
        self.folder = scene.folder / self.title.replace(", ", "-").replace(" ", "-")
        self.folder.mkdir()
        self.port, self.tls_port = free_port(), free_port()
        self.load_cores = CORES[workers:][-1:] or CORES
        self.process = scene.run(self.folder, CORES[:workers], SERVERS[name](self))
        wait_for(f"http://127.0.0.1:{self.port}/avatars/0/4k")

    def write(self, name, text):
        file = self.folder / name
        file.write_text(text)
        return file

    def cpu_seconds(self):
        """Of all processes of the session."""
        ticks = 0
        for file in pathlib.Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                fields = file.read_text().rsplit(")", 1)[1].split()
                if int(fields[3]) == self.process.pid:
                    ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def url(self, workload):
        in_clear = workload in ("h1-4k", "h1-32k", "miss")
        return f"http://127.0.0.1:{self.port}" if in_clear else f"https://127.0.0.1:{self.tls_port}"

    def load(self, workload, seconds):
        if workload == "handshake":
            return Load(self, lambda: handshakes(self.load_cores, seconds, self.tls_port))
        if workload.startswith("h2"):
            arguments = [f"-D{seconds}", f"-c{H2_CONNECTIONS}", f"-m{H2_STREAMS}", "-i", self.urls(workload)]
            return Load(self, lambda: (h2load(self.load_cores, *arguments), []))
        script = self.miss_script() if workload == "miss" else self.hit_script(workload)
        return Load(self, lambda: wrk(self.load_cores, seconds, self.url(workload), script))

    def fill(self, workload):
        """Every avatar is asked for once; under load each connection might not come as far."""
        h2load(self.load_cores, f"-n{AVATARS}", "-c1", *([] if workload.startswith("h2") else ["--h1"]), "-i",
               self.urls(workload))

    def load_at_rate(self, workload, seconds, rate):
        """Each connection holds its share of the rate; they begin one after the other, so that their requests do not come
        all at once. Times are from when a request is sent; one that could not be sent in time, because too many were under
        way, shows in the rate that was reached."""
        log = self.folder / "times"
        log.unlink(missing_ok=True)
        kind = ["-m100"] if workload.startswith("h2") else ["--h1", "-m1"]
        clients = H2_CONNECTIONS if workload.startswith("h2") else CONNECTIONS
        arguments = [f"-n{max(clients, rate * seconds)}", f"-c{clients}", *kind, f"--rps={rate / clients}", "-r1",
                     "--rate-period=1ms", f"--log-file={log}", "-i", self.urls(workload)]

        def run():
            succeeded = h2load(self.load_cores, *arguments)
            return succeeded, [int(line.split("\t")[2]) for line in log.read_text().splitlines()]

        return Load(self, run)

    def urls(self, workload):
        size = workload.rsplit("-", 1)[1]
        return self.write(f"urls-{workload}", "".join(f"{self.url(workload)}/avatars/{n}/{size}\n" for n in range(AVATARS)))

    def hit_script(self, workload):
        size = workload.rsplit("-", 1)[1]
        return self.write(f"{workload}.lua", f"""
local requests, n = {{}}, 0
init = function()
  for i = 0, {AVATARS - 1} do requests[i] = wrk.format("GET", "/avatars/" .. i .. "/{size}") end
end
request = function() n = (n * 31 + 7) % {AVATARS}; return requests[n] end
""")

    def miss_script(self):
        return self.write("miss.lua", f"""
local n, new = 0, "{time.monotonic_ns()}-"
request = function() n = n + 1; return wrk.format("GET", "/avatars/" .. new .. n .. "/4k") end
""")


class Scene(contextlib.ExitStack):
    """The origin, and what all servers are given; at its end all of it goes."""

    def __init__(self, program):
        super().__init__()
        self.program = program
        self.folder = pathlib.Path(self.enter_context(tempfile.TemporaryDirectory()))
        in_memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self.memory = pathlib.Path(self.enter_context(tempfile.TemporaryDirectory(dir=in_memory)))
        self.certificate = Authority(self.folder).sign("edge", "IP:127.0.0.1")
        self.pem = self.folder / "both.pem"
        self.pem.write_text(self.certificate.file.read_text() + self.certificate.key.read_text())
        self.files = self.folder / "files"
        self.files.mkdir()
        for name, size in SIZES.items():
            (self.files / name).write_bytes(os.urandom(size))
        self.origin_url = f"http://127.0.0.1:{free_port()}"
        config = self.folder / "origin.conf"
        config.write_text(f"""
{NGINX_BEGIN} worker_processes 1; pid {self.folder}/pid;
http {{
  {NGINX_HTTP} open_file_cache max=100;
  server {{
    listen {self.origin_url.removeprefix("http://")} backlog=4096; root {self.files};
    add_header Cache-Control "public, max-age=86400"; add_header X-Avatar-Version 1;
    location ~ ^/avatars/[^/]+/(?<size>4k|32k)$ {{ try_files /$size =404; }}
    location = /status {{ stub_status; }}
  }}
}}""")
        self.run(self.folder, CORES[-1:], ["nginx", "-p", self.folder, "-e", self.folder / "log", "-c", config])
        wait_for(f"{self.origin_url}/avatars/0/4k")

    def run(self, folder, cores, command):
        # `nginx` and `haproxy` stand where not every user looks.
        command[0] = shutil.which(command[0], path=search_path())
        with open(folder / "output", "wb") as output:
            process = subprocess.Popen(pinned(cores, *command), start_new_session=True, stdin=subprocess.DEVNULL,
                                       stdout=output, stderr=output)
        self.callback(end, process)
        return process

    def start(self, name, workers=1):
        return Server(self, name, workers)

    def origin_requests(self):
        with urllib.request.urlopen(f"{self.origin_url}/status") as answer:
            return int(answer.read().split(b"\n")[2].split()[2])


def end(process):
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(url):
    deadline = time.monotonic() + 20
    while True:
        with contextlib.suppress(OSError):
            with urllib.request.urlopen(url) as answer:
                return answer.read()
        assert time.monotonic() < deadline, f"{url} does not answer"
        time.sleep(0.02)


if __name__ == "__main__":
    main()
