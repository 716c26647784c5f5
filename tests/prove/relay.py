"""A TCP relay whose network can be cut, fall silent, or be slow."""
import collections
import random
import selectors
import socket
import threading
import time

CHUNK = 65536


class Relay:
    """Listens on 127.0.0.1:port for one node and relays to `target`; runs a thread of its own.

    open     everything passes
    refused  connections break, new ones are refused
    silent   connections stand, nothing passes; once open again everything that was sent arrives, late
    delayed  everything passes `delay` seconds late
    held     of each connection that stands it is drawn whether it passes, is silent, or is silent in one direction; new
             ones pass. What is held arrives once it is open again, also where the node has given the connection up
    """

    def __init__(self, port, target):
        self.port, self.target = port, target
        self.random = random.Random(port)
        self.mode, self.delay = "open", 0.0
        self.selector = selectors.DefaultSelector()
        self.waker, self.wakes = socket.socketpair()
        self.wakes.setblocking(False)
        self.selector.register(self.wakes, selectors.EVENT_READ, None)
        self.peers = {}  # Socket to the one on the other side.
        self.late = collections.deque()  # (due, socket, data; None: the end)
        self.in_force = threading.Event()
        self.is_ending = False
        self.listener = None
        self.listen()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def set(self, mode, delay=0.0):
        """In force when it returns."""
        self.in_force.clear()
        self.delay, self.mode = delay, mode
        self.waker.send(b"x")
        self.in_force.wait()

    def close(self):
        self.is_ending = True
        self.waker.send(b"x")
        self.thread.join()

    def run(self):
        while not self.is_ending:
            timeout = max(0.0, self.late[0][0] - time.monotonic()) if self.late and self.mode != "silent" else None
            for key, _ in self.selector.select(timeout):
                if key.fileobj is self.wakes:
                    self.wakes.recv(CHUNK)
                    self.obey()
                elif key.fileobj is self.listener:
                    self.accept()
                elif key.fileobj in self.peers and self.mode != "silent":
                    self.relay(key.fileobj)
            self.pass_late()
        self.refuse()

    def obey(self):
        if self.mode == "refused":
            self.refuse()
        elif self.listener is None:
            self.listen()
        for one in self.peers:
            is_watched = one in self.selector.get_map()
            # Half of the directions, so a quarter of the connections passes and a quarter is silent.
            is_silent = self.mode == "silent" or (self.mode == "held" and self.random.random() < 0.5)
            if is_silent and is_watched:
                self.selector.unregister(one)
            elif not is_silent and not is_watched:
                self.selector.register(one, selectors.EVENT_READ)
        self.in_force.set()

    def listen(self):
        self.listener = socket.create_server(("127.0.0.1", self.port), backlog=64)
        self.listener.setblocking(False)
        self.selector.register(self.listener, selectors.EVENT_READ)

    def refuse(self):
        if self.listener is not None:
            self.selector.unregister(self.listener)
            self.listener.close()
            self.listener = None
        for one in list(self.peers):
            self.end(one)
        self.late.clear()

    def accept(self):
        try:
            client, _ = self.listener.accept()
        except OSError:
            return
        try:
            server = socket.create_connection(("127.0.0.1", self.target), timeout=1)
        except OSError:
            client.close()
            return
        for one, other in ((client, server), (server, client)):
            one.setblocking(True)
            one.settimeout(1)  # For sending to whoever takes nothing; Redis and the edge always do, unless stopped.
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.peers[one] = other
            if self.mode != "silent":
                self.selector.register(one, selectors.EVENT_READ)

    def relay(self, source):
        try:
            data = source.recv(CHUNK)
        except OSError:
            data = b""
        self.late.append((time.monotonic() + (self.delay if self.mode == "delayed" else 0.0), self.peers[source], data))

    def pass_late(self):
        while self.late and self.mode != "silent" and self.late[0][0] <= time.monotonic():
            _, target, data = self.late.popleft()
            if target not in self.peers:
                continue
            try:
                if not data:
                    raise ConnectionError
                target.sendall(data)
            except OSError:
                self.end(target)

    def end(self, one):
        """Both sides of a connection."""
        for side in (one, self.peers.get(one)):
            if side in self.peers:
                del self.peers[side]
                if side in self.selector.get_map():
                    self.selector.unregister(side)
                side.close()
