#!/usr/bin/python3
"""Measures the update feed on one node with no other load, and asserts nothing.

    latency.py [delay] [stream] [burst] [outage]      all of them by default

    delay    from XADD to the first new picture on the wire
    stream   2,430 events a second while hits run at full speed, against hits undisturbed
    burst    a million events at once: applied in a second, and the memory that it took
    outage   Redis stopped for 10 s under load: failures, and how long hits take
"""
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from farm import PROVER, STREAM, Farm, field_of, id_of, resp, wait_until  # noqa: E402

DELAYS = 2000
EVENTS_PER_SECOND = 2430
STREAM_SECONDS = 60
BURST = 1_000_000
OUTAGE = 10


def main():
    # So that every process is ended, also when this one is.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    wanted = sys.argv[1:] or list(MEASURES)
    for name in wanted:
        with tempfile.TemporaryDirectory() as folder:
            MEASURES[name](folder)
    return 0


def delay(folder):
    # The farm's prover is the origin of another node than this one's: it only waits.
    with Farm(folder, 1, nodes=1, lease_ms=5000, registry_ms=600_000, through_relay=False, prover=IDLE) as farm:
        origin = farm.origin_port
        farm.prover.kill()
        wait_until(lambda: is_free(origin), "the origin's port")
        measured = subprocess.run(
            [PROVER, f"--node={farm.nodes[0].port}:{farm.nodes[0].admin_port}", "--redis", str(farm.redis.port),
             "--origin", str(origin), "--delays", str(DELAYS)], capture_output=True, text=True, check=True).stdout
    print(f"latency: XADD to the first new picture on the wire: {measured.strip()}", flush=True)


def stream(folder):
    with Farm(folder, 1, nodes=1, lease_ms=5000, registry_ms=600_000, through_relay=False, prover=LOAD) as farm:
        order = farm.prover.order
        order("writers rate 0")
        order("writers plain on")
        warm_up(farm)
        before = interval(farm, STREAM_SECONDS / 2)
        with Stream(farm.redis.port) as events:
            during = interval(farm, STREAM_SECONDS)
        after = interval(farm, STREAM_SECONDS / 2)
        order(f"writers rate {EVENTS_PER_SECOND}")
        changed = order("stats")["events"]
        changing = interval(farm, STREAM_SECONDS / 2)
        changed = order("stats")["events"] - changed
        order("writers rate 0")
        summary, _ = farm.prover.finish()
    undisturbed = (before["hits_a_second"] + after["hits_a_second"]) / 2
    tell("hits undisturbed, before", before)
    tell(f"hits with {events.written / STREAM_SECONDS:.0f} events a second, of avatars that are not read", during)
    tell("hits undisturbed, after", after)
    tell(f"hits with {changed / STREAM_SECONDS * 2:.0f} changes a second of the very 500 avatars that are read", changing)
    print(f"latency: {during['hits_a_second'] / undisturbed:.3f} of the undisturbed throughput; with changes of what is "
          f"read {changing['hits_a_second'] / undisturbed:.3f}; violations: {sum(summary['violations'].values())}",
          flush=True)


class Stream:
    """Writes events of avatars that nobody reads, evenly, by a thread of its own."""

    def __init__(self, port):
        self.connection = socket.create_connection(("127.0.0.1", port))
        self.written = 0
        self.is_ending = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.is_ending.set()
        self.thread.join()
        self.connection.close()

    def run(self):
        reader = self.connection.makefile("rb")
        began = time.monotonic()
        while not self.is_ending.wait(0.005):
            due = int((time.monotonic() - began) * EVENTS_PER_SECOND) - self.written
            self.connection.sendall(b"".join(
                resp(("XADD", STREAM, "*", "avatar", f"other-{self.written + i}", "version", "2")) for i in range(due)))
            for _ in range(2 * due):
                reader.readline()
            self.written += due


def burst(folder):
    with Farm(folder, 1, nodes=1, lease_ms=5000, registry_ms=600_000, through_relay=False, prover=IDLE) as farm:
        node = farm.nodes[0]
        farm.prover.order("writers rate 0")
        before = memory(node)
        began = time.monotonic()
        last = write_burst(farm, version="2")
        written = time.monotonic() - began
        most = max(before, most_memory_until(node, last))
        took = time.monotonic() - began
        after = memory(node)
        print(f"latency: a burst of {BURST} events, written in {written:.1f} s, applied in {took:.1f} s from the first on: "
              f"{BURST / took:.0f} a second; resident {before} MiB before, {max(most, after)} at most, {after} after",
              flush=True)
        backlog(farm)


def backlog(farm):
    """The same once more, but all at once: the node is stopped while they are written."""
    node = farm.nodes[0]
    node.pause()
    last = write_burst(farm, version="3")
    node.resume()
    began = time.monotonic()
    most = most_memory_until(node, last)
    took = time.monotonic() - began
    print(f"latency: a backlog of {BURST} events, all there before the node woke up: applied in {took:.1f} s, "
          f"{BURST / took:.0f} a second; resident {most} MiB at most, {memory(node)} after", flush=True)


def write_burst(farm, version):
    """An event of each of BURST avatars, as fast as they are taken; the id of the last."""
    last = None
    with socket.create_connection(("127.0.0.1", farm.redis.port)) as connection:
        reader = connection.makefile("rb")
        for start in range(0, BURST, 10_000):
            connection.sendall(b"".join(resp(("XADD", STREAM, "*", "avatar", str(number), "version", version))
                                        for number in range(start, start + 10_000)))
            for _ in range(10_000):
                reader.readline()
                last = reader.readline()
    return id_of(last.decode().strip())


def most_memory_until(node, event):
    """Until the node has applied that event; in MiB."""
    most = memory(node)
    while id_of(node.status()["position"]) < event:
        most = max(most, memory(node))
        time.sleep(0.02)  # Polled: it happens in another process.
    return most


def outage(folder):
    with Farm(folder, 1, nodes=1, lease_ms=5000, registry_ms=600_000, through_relay=False, prover=LOAD) as farm:
        order = farm.prover.order
        order("writers rate 0")
        warm_up(farm)
        undisturbed = interval(farm, OUTAGE)
        farm.redis.stop()
        order("redis down")
        leased = interval(farm, 4)
        unleased = interval(farm, OUTAGE - 4)
        order("redis up")
        farm.redis.resume()
        after = interval(farm, 4)
        summary, _ = farm.prover.finish()
    tell("hits undisturbed", undisturbed)
    tell("Redis stopped, the lease still holds (4 s)", leased)
    tell(f"Redis stopped, the lease ends (the other {OUTAGE - 4} s)", unleased)
    tell("Redis back", after)
    failed = sum(one["failed"] for one in (undisturbed, leased, unleased, after))
    print(f"latency: {failed} requests failed; violations: {sum(summary['violations'].values())}", flush=True)


# Readers at full speed on avatars that are all held, so that what is measured is the hit; nobody measures with IDLE.
LOAD = ("--avatars", 500, "--connections", 32, "--depth", 4, "--writers", 8)
IDLE = ("--avatars", 500, "--connections", 1, "--depth", 1, "--rate", 1)


def warm_up(farm):
    def mostly_hits():
        seen = interval(farm, 0.5)
        return seen["hits"] > 0.99 * seen["reads"]
    wait_until(mostly_hits, "everything held")


def interval(farm, seconds):
    farm.prover.order("mark")
    began = time.monotonic()
    time.sleep(seconds)  # What is measured is a time.
    seen = farm.prover.order("stats")["interval"]
    seen["hits_a_second"] = seen["hits"] / (time.monotonic() - began)
    return seen


def tell(what, seen):
    times = ", ".join(f"{name} {value:.3f} ms" for name, value in seen["hit_ms"].items())
    print(f"latency: {what}: {seen['hits_a_second']:.0f} hits a second of {seen['reads']} reads, {seen['failed']} failed; "
          f"{times}", flush=True)


def memory(node):
    """Resident, in MiB."""
    return int(re.match(r"\d+", field_of(node.process.pid, "VmRSS"))[0]) // 1024


def is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            return True
        except OSError:
            return False


MEASURES = {"delay": delay, "stream": stream, "burst": burst, "outage": outage}

if __name__ == "__main__":
    sys.exit(main())
