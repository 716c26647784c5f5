"""avatar-edge top: what a running edge does, in a terminal and for scripts."""
import os
import pty
import re
import select
import signal
import subprocess
import termios
import time

import pytest

from edge import PATIENCE, PROGRAM
from origin import answer

FRESH = {"Cache-Control": "max-age=600"}
TARGET = "/avatars/42/96"
LEFT = b"\x1b[?1049l"  # The screen from before.


class Screen:
    """The command in a terminal of its own."""

    def __init__(self, edge):
        self.near, self.far = pty.openpty()
        self.before = termios.tcgetattr(self.far)
        self.process = subprocess.Popen([PROGRAM, "top", "--config", edge.file, "--interval", "100ms"], stdin=self.far,
                                        stdout=self.far, stderr=self.far)
        self.text = b""

    def wait_for(self, what):
        """What comes next, until it has this."""
        deadline = time.monotonic() + PATIENCE
        while what not in self.text:
            readable, _, _ = select.select([self.near], [], [], max(deadline - time.monotonic(), 0))
            assert readable, (what, self.text[-2000:])
            self.text += os.read(self.near, 65536)
        self.text = self.text.split(what, 1)[1]

    def press(self, key):
        os.write(self.near, key)

    def check_end(self):
        """It has ended well, and the terminal is as it was."""
        self.wait_for(LEFT)
        assert self.process.wait(PATIENCE) == 0
        assert termios.tcgetattr(self.far) == self.before

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.near)
        os.close(self.far)


@pytest.fixture
def screen(edge):
    screen = Screen(edge)
    yield screen
    screen.close()


def test_once_is_a_report_of_one_interval(start_node, origin):
    origin.on(TARGET, answer(200, FRESH, b"picture"))
    node = start_node()
    process = subprocess.Popen([PROGRAM, "top", "--config", node.file, "--once", "--interval", "2s"],
                               stdout=subprocess.PIPE, text=True)
    while process.poll() is None:
        node.get(TARGET)
        time.sleep(0.01)  # Not for timing: it leaves the machine to the others.
    out, _ = process.communicate()
    assert process.returncode == 0, out
    report = dict(re.findall(r"^([a-z][a-z ]{11})(.*)$", out, re.M))
    report = {name.strip(): text for name, text in report.items()}
    assert {"edge", "requests", "by outcome", "hit ratio", "latency", "hottest", "origin", "by end", "breaker", "feed", "tier",
            "memory"} <= report.keys()
    assert float(re.match(r"([\d.]+)/s", report["requests"])[1]) > 0
    assert float(re.search(r"\bhit ([\d.]+)", report["by outcome"])[1]) > 0
    assert re.fullmatch(r"[\d.]+ %", report["hit ratio"])
    assert report["feed"].startswith("lease ") and report["tier"] == "none"
    assert report["breaker"].startswith("closed 2 ")
    assert "\x1b" not in out


def test_once_lists_the_hottest_avatars_in_order(edge, origin):
    targets = [f"/avatars/{avatar}/96" for avatar in (7, 7, 7, 42, 42, "a%20b")]
    for target in set(targets):
        origin.on(target, answer(200, FRESH, b"picture"))
    process = subprocess.Popen([PROGRAM, "top", "--config", edge.file, "--once", "--interval", "2s"],
                               stdout=subprocess.PIPE, text=True)
    while process.poll() is None:
        for target in targets:
            edge.get(target)
        time.sleep(0.01)  # Not for timing: it leaves the machine to the others.
    out, _ = process.communicate()
    assert process.returncode == 0, out
    assert re.search(r"^hottest     7 [\d.]+/s   42 [\d.]+/s   a%20b [\d.]+/s$", out, re.M), out
    # Nobody watches any more, so nobody pays.
    assert edge.metric("hottest_watches") == 0


def test_watches_of_the_hottest_avatars_are_bounded(edge):
    for watch in range(8):
        assert edge.admin("GET", f"/hottest?watch={watch}").status == 200
    refused = edge.admin("GET", "/hottest")
    assert refused.status == 503 and b"8 others" in refused.body
    assert edge.metric("limits_reached_total", limit="hottest_watches") == 1 and edge.metric("hottest_watches") == 8
    told = edge.run("top", "--once", "--interval", "100ms")
    assert re.search(r"^hottest     -$", told.stdout, re.M), told.stdout


def test_once_fails_where_the_edge_is_not(edge):
    edge.stop()
    told = edge.run("top", "--once", check=False)
    assert told.returncode == 1 and told.stdout == "" and "no answer from the admin port" in told.stderr


def test_an_interval_has_a_least(edge):
    told = edge.run("top", "--once", "--interval", "1ms", check=False)
    assert told.returncode == 2 and "at least 100ms" in told.stderr


def test_q_ends_it_and_gives_the_terminal_back(screen):
    screen.wait_for(b"hit ratio")
    assert termios.tcgetattr(screen.far) != screen.before
    screen.press(b"q")
    screen.check_end()


def test_control_c_ends_it_and_gives_the_terminal_back(screen):
    screen.wait_for(b"hit ratio")
    screen.process.send_signal(signal.SIGINT)
    screen.check_end()


def test_an_edge_that_goes_away_is_waited_for(edge, screen):
    screen.wait_for(b"hit ratio")
    edge.stop()
    screen.wait_for(b"no answer from the admin port")
    edge.start()
    screen.wait_for(b"hit ratio")
    screen.press(b"q")
    screen.check_end()


def test_it_ends_when_nobody_reads_it(edge):
    process = subprocess.Popen([PROGRAM, "top", "--config", edge.file, "--interval", "100ms"], stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE)
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(PATIENCE) == 0


def test_without_a_terminal_reports_follow_each_other(edge):
    process = subprocess.Popen([PROGRAM, "top", "--config", edge.file, "--interval", "100ms"], stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, text=True)
    lines = iter(process.stdout.readline, "")
    for _ in range(2):
        assert any(line.startswith("hit ratio") for line in lines)
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0 and "\x1b" not in out
