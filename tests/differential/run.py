#!/usr/bin/python3
"""Runs random cases against the real program and holds what it does to the model.

    run.py [--cases N] [--seed S] [--case K]

    --cases   how many (100000)
    --seed    by which all cases are made (random, and printed)
    --case    only this one of them, told in full
"""
import argparse
import collections
import json
import multiprocessing
import os
import pathlib
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "integration"))
sys.path.insert(0, str(HERE))
from edge import PROGRAM, free_port, wait_until  # noqa: E402
from cases import CONFIGS, Case, imf  # noqa: E402
from model import FRESHEN, LIFETIME, NOT_STORED, USE, predict  # noqa: E402

TABLES = (LIFETIME, NOT_STORED, USE, FRESHEN)
SOURCES = {rule[0]: rule[1] for table in TABLES for rule in table} | {"stored": "RFC 9111 3"}
AT_ONCE = 48        # Connections of one driver.
DRIVERS = 2
AGE_TOLERANCE = 4   # Seconds that may pass between a prediction and the answer.
ATTEMPTS = 5        # Of a batch that took longer.


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--cases", type=int, default=100_000)
    options.add_argument("--seed", type=int, default=None)
    options.add_argument("--case", type=int, default=None)
    options = options.parse_args()
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(2 ** 32)
    numbers = range(options.cases) if options.case is None else [options.case]
    print(f"differential: {len(numbers)} cases, seed {seed}", flush=True)
    with tempfile.TemporaryDirectory() as folder, Servers(pathlib.Path(folder)) as servers:
        if options.case is not None:
            return tell(seed, options.case, servers.ports)
        shares = [(seed, numbers[i::DRIVERS], servers.ports) for i in range(DRIVERS)]
        with multiprocessing.Pool(DRIVERS, initializer=signal.signal, initargs=(signal.SIGINT, signal.SIG_IGN)) as pool:
            outcomes = pool.starmap(drive, shares)
        decided, failures = collections.Counter(), []
        for rules, failed in outcomes:
            decided.update(rules)
            failures += failed
        for number in sorted(failures)[:3]:
            tell(seed, number, servers.ports)
    return report(decided, failures, options.cases)


def report(decided, failures, cases):
    names = [rule[0] for table in TABLES for rule in table]
    for name in names:
        print(f"  {decided[name]:7} {name}")
    silent = [name for name in names if not decided[name]] if cases >= 20_000 else []
    if silent:
        print(f"differential: no case was decided by: {', '.join(silent)}")
    print(f"differential: {len(failures)} of {cases} cases disagree")
    return 1 if failures or silent else 0


class Servers:
    """An origin, and an edge for each configuration."""

    def __init__(self, folder):
        self.folder, self.processes, self.ports = folder, [], {}

    def __enter__(self):
        origin = free_port()
        self.log = open(self.folder / "log", "wb")
        self.start([sys.executable, str(HERE / "origin.py"), str(origin)])
        for config in CONFIGS:
            port = self.ports[config.name] = free_port()
            file = self.folder / f"{config.name}.yaml"
            file.write_text(json.dumps({
                "workers": 1, "listen": [{"address": f"127.0.0.1:{port}"}], "admin": {"address": "127.0.0.1:0"},
                "origin": {"urls": [f"http://127.0.0.1:{origin}"]}, "cache": config.yaml | {"memory": "1GiB"}, "updates": {"push": "0s"},
                "overload": {"loop_lag": "0s"},
                "http": {"header_bytes_max": "64KiB"}, "log": {"access": "off", "level": "error"}}))
            self.start([PROGRAM, "serve", "--config", file])
        for port in [origin, *self.ports.values()]:
            wait_until(lambda: connects(port), f"port {port}")
        return self

    def start(self, command):
        self.processes.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log))

    def __exit__(self, *_):
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait(60)
        self.log.close()


def connects(port):
    try:
        socket.create_connection(("127.0.0.1", port)).close()
        return True
    except OSError:
        return False


# --- Driving: many connections, one question on each, then all the answers ---

def drive(seed, numbers, ports):
    clients = {name: [Client(port) for _ in range(AT_ONCE)] for name, port in ports.items()}
    decided, failures = collections.Counter(), []
    batches = collections.defaultdict(list)
    for number in numbers:
        case = Case(f"{seed} {number}")
        batches[case.config.name].append((number, case))
        if len(batches[case.config.name]) == AT_ONCE:
            batch = batches.pop(case.config.name)
            run_batch(seed, batch, clients[case.config.name], decided, failures)
    for name, batch in batches.items():
        run_batch(seed, batch, clients[name], decided, failures)
    return decided, failures


def run_batch(seed, batch, clients, decided, failures):
    for attempt in range(ATTEMPTS):
        began = time.monotonic()
        rules, failed = ask_batch(seed, attempt, batch, clients)
        # Where the machine stood still for longer than ages may differ, that says nothing.
        if not failed or time.monotonic() - began < AGE_TOLERANCE:
            break
    decided.update(rules)
    failures += failed


def ask_batch(seed, attempt, batch, clients):
    """The rules that decided, and the numbers of the cases that disagree."""
    now = int(time.time())
    rules, failed, thirds = [], [], []
    marked = [(f"{number}.{attempt}", number, case, client) for (number, case), client in zip(batch, clients)]
    for mark, _, case, client in marked:
        client.send(first_request(seed, mark, case, now))
    for _, _, _, client in marked:
        client.receive("GET")
    for mark, _, case, client in marked:
        client.send(second_request(seed, mark, case, now))
    for mark, number, case, client in marked:
        second, third = predict(case, case.config, now)
        rules += second.rules
        if difference(second, *client.receive(case.method2)):
            failed.append(number)
        elif third:
            rules += third.rules
            thirds.append((number, third, client))
            client.send(third_request(seed, mark, case, now))
    for number, third, client in thirds:
        if difference(third, *client.receive("GET")):
            failed.append(number)
    return rules, failed


class Client:
    def __init__(self, port):
        self.port, self.data = port, b""
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)

    def send(self, data):
        self.socket.sendall(data)

    def receive(self, method):
        """The final response: status, fields with names in lower case, body."""
        while True:
            while b"\r\n\r\n" not in self.data:
                self.more()
            head, _, self.data = self.data.partition(b"\r\n\r\n")
            lines = head.decode("latin-1").split("\r\n")
            status = int(lines[0][9:12])
            if status >= 200:
                break
        fields = {}
        for line in lines[1:]:
            name, _, value = line.partition(": ")
            fields[name.lower()] = value
        has_body = method != "HEAD" and status not in (204, 304)
        length = int(fields.get("content-length", 0)) if has_body else 0
        while len(self.data) < length:
            self.more()
        body, self.data = self.data[:length], self.data[length:]
        if fields.get("connection") == "close":
            self.socket.close()
            self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=60)
            self.data = b""
        return status, fields, body

    def more(self):
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionError("the edge closed the connection")
        self.data += data


def message(first_line, fields, body=b""):
    return (first_line + "\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields) + "\r\n").encode("latin-1") + body


def answer304(fields, serial):
    return message("HTTP/1.1 304 Not", [("X-Serial", str(serial)), *fields])[:-4].hex() + b"\r\n\r\n".hex()


def answer(status, fields, serial):
    body = b"" if status == 204 else b"%d123456789" % serial
    length = [] if status == 204 else [("Content-Length", str(len(body)))]
    # The origin adds a last field, so the head must not end yet.
    head = message(f"HTTP/1.1 {status} Said", [("X-Serial", str(serial)), *length, *fields])[:-4]
    return (head + b"\r\n\r\n" + body).hex()


def url(seed, number):
    return f"/d/{seed}-{number}"


def first_request(seed, number, case, now):
    said = answer(case.status, case.response1(now), 1)
    return message(f"GET {url(seed, number)} HTTP/1.1", [("Host", "a"), ("X-Answer", said), *case.request1])


def second_request(seed, number, case, now):
    if case.fails:
        said = [("X-Answer", answer(503, [("Date", imf(now))], 2))]
    else:
        said = [("X-Answer", answer(200, [("Date", imf(now)), ("Cache-Control", "public, max-age=60"),
                                          ("ETag", '"second"')], 2)),
                ("X-Answer-304", answer304(case.not_modified(now), 3))]
    return message(f"{case.method2} {url(seed, number)} HTTP/1.1", [("Host", "a"), *said, *case.request2])


def third_request(seed, number, case, now):
    said = [("X-Answer", answer(200, [("Date", imf(now)), ("Cache-Control", "public, max-age=60")], 4)),
            ("X-Answer-304", answer304([("Date", imf(now))], 5))]
    return message(f"GET {url(seed, number)} HTTP/1.1", [("Host", "a"), *said, *case.request3()])


# --- Judging ---

def difference(prediction, status, fields, body):
    """What the program did otherwise, in words; None where it did the same."""
    is_hit = fields.get("cache-status", "").startswith("avatar-edge; hit")
    if status != prediction.status:
        return f"status {status}, not {prediction.status}"
    if is_hit != (prediction.action in ("hit", "stale")):
        return f"{fields.get('cache-status')}, but the model says {prediction.action}"
    if status not in (416, 504) and fields.get("x-serial") != str(prediction.serial):
        return f"answer {fields.get('x-serial')} of the origin, not {prediction.serial}"
    if prediction.asked and status not in (416, 504) and fields.get("x-asked") != " | ".join(prediction.asked):
        return f"the origin was asked with {fields.get('x-asked')}, not {' | '.join(prediction.asked)}"
    if prediction.age is not None and not 0 <= int(fields.get("age", -1)) - prediction.age <= AGE_TOLERANCE:
        return f"Age {fields.get('age')}, not {prediction.age}"
    if prediction.action in ("hit", "stale", "stand in"):
        for name in prediction.unshared:
            if name in fields:
                return f"{name}, which is for one client alone, was shared"
    return None


# --- One case in full ---

def tell(seed, number, ports):
    case = Case(f"{seed} {number}")
    attempt = [0]

    def differs(one):
        attempt[0] += 1
        now = int(time.time())
        client = Client(ports[one.config.name])
        mark = f"{number}-{os.getpid()}-{attempt[0]}"
        client.send(first_request(seed, mark, one, now))
        first = client.receive("GET")
        client.send(second_request(seed, mark, one, now))
        second = client.receive(one.method2)
        prediction, third = predict(one, one.config, now)
        what = difference(prediction, *second)
        if what or not third:
            return what, prediction, first, second, now
        client.send(third_request(seed, mark, one, now))
        last = client.receive("GET")
        what = difference(third, *last)
        return what and f"in the third request, {what}", third, second, last, now

    what = differs(case)[0]
    smaller = case
    while what:  # Without whatever is not needed to disagree.
        candidates = [smaller.without(part, i) for part in ("fields1", "dates", "request1", "request2", "fields304")
                      for i in range(len(getattr(smaller, part)))]
        found = next((one for one in candidates if differs(one)[0]), None)
        if found is None:
            break
        smaller = found
    what, prediction, first, second, now = differs(smaller)
    print(f"\ncase {number} of seed {seed}, configuration {smaller.config.name!r}, "
          f"{'disagrees: ' + what if what else 'agrees'}")
    print("  request 1:  GET", dict(smaller.request1))
    print(f"  answer 1:   {smaller.status}", smaller.response1(now))
    print(f"  request 2:  {smaller.method2}", dict(smaller.request2), "(the origin fails)" if smaller.fails else "")
    print("  304:       ", smaller.not_modified(now))
    print(f"  model:      {prediction.action}, status {prediction.status}, answer {prediction.serial}, asked {prediction.asked}, "
          f"age {prediction.age}; by " + ", ".join(f"{name} ({SOURCES[name]})" for name in prediction.rules))
    print(f"  program:    before {first[0]} {first[1].get('cache-status')}; then {second[0]} {second[1]}", flush=True)
    return 1 if what else 0


if __name__ == "__main__":
    sys.exit(main())
