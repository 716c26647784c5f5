#!/usr/bin/env python3
"""How long after the origin's first bytes of a large avatar those who wait for it have theirs.

    tests/bench/arriving.py [--rounds 300] [--waiters 20] [--workers 1]

In each round so many clients wait for one fill, HTTP/1 in the clear; the origin sends the head and 64 KiB of 1 MiB, and the
rest when all clients have had something. Times are from before the origin's write to after a client's read, so that this
program's own turns are in them. Prints milliseconds: of the first client of a round, and of the last.
"""
import argparse
import pathlib
import selectors
import socket
import statistics
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
from edge import Edge  # noqa: E402

SIZE, FIRST = 1 << 20, 64 << 10


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--waiters", type=int, default=20)
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        edge = Edge(pathlib.Path(folder), [f"http://127.0.0.1:{listener.getsockname()[1]}"], {"workers": options.workers})
        try:
            rounds = [one_round(edge, listener, number, options.waiters) for number in range(options.rounds)]
        finally:
            edge.stop()
    for name, times in (("first", [times[0] for times in rounds]), ("last", [times[-1] for times in rounds])):
        times.sort()
        print(f"{name} of {options.waiters}: median {statistics.median(times) * 1e3:.2f} ms, "
              f"p99 {times[len(times) * 99 // 100] * 1e3:.2f} ms")


def one_round(edge, listener, number, waiters):
    """Seconds after which each of the clients had something, in the order in which they had."""
    clients = [socket.create_connection(("127.0.0.1", edge.port)) for _ in range(waiters)]
    for client in clients:
        client.sendall(f"GET /avatars/{number}/1080 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    with listener.accept()[0] as origin:
        request = b""
        while b"\r\n\r\n" not in request:
            request += origin.recv(65536)
        edge.wait_for_metric(lambda count: count == waiters, "waiters")
        head = f"HTTP/1.1 200 OK\r\nCache-Control: max-age=600\r\nConnection: close\r\nContent-Length: {SIZE}\r\n\r\n"
        times = []
        with selectors.DefaultSelector() as selector:
            for client in clients:
                selector.register(client, selectors.EVENT_READ)
            begun = time.perf_counter()
            origin.sendall(head.encode() + bytes(FIRST))
            while len(times) < waiters:
                for key, _ in selector.select():
                    key.fileobj.recv(1024)
                    times.append(time.perf_counter() - begun)
                    selector.unregister(key.fileobj)
        origin.sendall(bytes(SIZE - FIRST))
    for client in clients:
        while client.recv(1 << 20):
            pass
        client.close()
    return times


if __name__ == "__main__":
    main()
