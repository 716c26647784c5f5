"""Plays a service manager, as systemd is one: hears what a process says of itself, and opens sockets for it."""
import contextlib
import ctypes
import fcntl
import os
import pathlib
import shutil
import socket
import tempfile

from edge import PATIENCE


class ServiceManager:
    """What it is told comes over `place`, in order."""

    def __init__(self, is_abstract=False):
        # Short, because the name of a socket is.
        self.folder = tempfile.mkdtemp(prefix="manager-")
        self.place = self.folder + "/notify"
        if is_abstract:
            self.place = "@" + self.place
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.place.replace("@", "\0"))
        self.socket.settimeout(PATIENCE)
        self.heard = []

    def launch(self, edge, listeners=(), names="", pid="$$", **environment):
        """Starts the edge as a service, with these sockets open; `pid`: whom they are meant for."""
        # Out of the way of where they are to be.
        high = [fcntl.fcntl(one.fileno(), fcntl.F_DUPFD, 100) for one in listeners]
        moves = " ".join(f"{3 + at}<&{fd} {fd}<&-" for at, fd in enumerate(high))
        edge.prefix = ["bash", "-c", f'export LISTEN_PID={pid}; exec "$@" {moves}', "bash"]
        edge.options = {"pass_fds": high,
                        "env": os.environ | {"NOTIFY_SOCKET": self.place, "LISTEN_FDS": str(len(high)),
                                             "LISTEN_FDNAMES": names} | environment}
        edge.launch()
        for fd in high:
            os.close(fd)

    def next(self):
        """The next that it is told, by names."""
        told = dict(line.split("=", 1) for line in self.socket.recv(4096).decode().splitlines())
        self.heard.append(told)
        return told

    def wait_for(self, name):
        while True:
            told = self.next()
            if name in told:
                return told

    def rest(self):
        """All that it was told and has not heard yet; of a process that has ended."""
        self.socket.setblocking(False)
        told = []
        with contextlib.suppress(BlockingIOError):
            while True:
                told.append(self.next())
        return told

    def close(self):
        self.socket.close()
        shutil.rmtree(self.folder)


class HeldThread:
    """One thread of a child of ours stands still, by ptrace; the others go on.

    It waits for events, and so holds no lock that another might want."""

    SEIZE, INTERRUPT, CONTINUE, DETACH = 0x4206, 0x4207, 7, 17
    WAITS = {"232", "281", "441", "22"}  # epoll_wait, epoll_pwait and epoll_pwait2 of x86-64; epoll_pwait of ARM.

    def __init__(self, pid):
        # The last is a worker, as those are started last.
        self.thread = max(int(task.name) for task in pathlib.Path(f"/proc/{pid}/task").iterdir())
        self.call(self.SEIZE)
        self.interrupt()
        system_call = pathlib.Path(f"/proc/{pid}/task/{self.thread}/syscall")
        while system_call.read_text().split()[0] not in self.WAITS:
            self.call(self.CONTINUE)
            self.interrupt()

    def interrupt(self):
        self.call(self.INTERRUPT)
        os.waitpid(self.thread, 0x40000000)  # __WALL

    def call(self, request):
        libc = ctypes.CDLL(None, use_errno=True)
        libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
        if libc.ptrace(request, self.thread, None, None) != 0:
            raise OSError(ctypes.get_errno(), "ptrace")

    def release(self):
        self.call(self.DETACH)


def listening(port):
    one = socket.socket()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    one.bind(("127.0.0.1", port))
    one.listen(64)
    return one
