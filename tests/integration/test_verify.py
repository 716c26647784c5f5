"""`avatar-edge verify`: finds edges that answer old pictures, and never accuses a healthy one."""
import json
import signal
import socket
import subprocess
import time

import pytest

from client import fetch
from edge import PATIENCE, PROGRAM, free_port, wait_until
from origin import HeldOrigin
from verify import sites_of


class Redis:
    """A redis-server of the test's own, on a UNIX socket."""

    def __init__(self, folder):
        self.path = folder / "redis.sock"
        self.url = f"unix://{self.path}"
        self.process = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", self.path, "--save", "", "--dir", folder],
            stdout=subprocess.DEVNULL)
        wait_until(self.is_there, "redis-server")

    def is_there(self):
        try:
            return self.ask("PING") == b"+PONG"
        except OSError:
            return False

    def ask(self, *words, user=None):
        """The first line of the answer."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(PATIENCE)
            connection.connect(str(self.path))
            answers = connection.makefile("rb")
            for command in ([("AUTH", user, "secret")] if user else []) + [words]:
                encoded = [str(word).encode() for word in command]
                connection.sendall(b"*%d\r\n" % len(encoded)
                                   + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in encoded))
                answer = answers.readline().rstrip()
            return answer

    def publish(self, avatar, user=None, **more):
        fields = [word for pair in more.items() for word in pair]
        assert not self.ask("XADD", "avatar:updates", "*", "avatar", avatar, *fields, user=user).startswith(b"-")

    def stop(self):
        self.process.kill()
        self.process.wait()


class Avatars:
    """What an origin, or an edge of the test's own, has: a version for each avatar, told as the test wants."""

    def __init__(self, tells=("version", "etag")):
        self.tells = tells
        self.versions = {}
        self.server = HeldOrigin()
        self.server.default = self.answer

    def answer(self, request):
        avatar = request.target.split("/")[2]
        version = self.version_for(request, avatar)
        if version is None:
            return request.respond(404, {"Cache-Control": "max-age=600"}, b"none")
        headers = {"Cache-Control": "max-age=600"}
        if "version" in self.tells:
            headers["X-Avatar-Version"] = str(version)
        if "etag" in self.tells:
            headers["ETag"] = f'"{avatar}-{version}"'
        return request.respond(200, headers, f"{avatar} at {version}".encode())

    def version_for(self, request, avatar):
        return self.versions.get(avatar, 1)

    @property
    def url(self):
        return self.server.url


@pytest.fixture
def redis(tmp_path):
    server = Redis(tmp_path)
    yield server
    server.stop()


@pytest.fixture
def start_avatars():
    started = []

    def start(tells=("version", "etag"), kind=Avatars):
        started.append(kind(tells))
        return started[-1]

    yield start
    for one in started:
        one.server.close()


def change_until(is_enough, redis, origin, edges, versions=True):
    """Changes one avatar after the other, all of which the edges hold, until the run has seen enough."""
    deadline = time.monotonic() + PATIENCE
    for number in range(1, 1_000_000):
        avatar = f"a{number % 200}"
        for edge in edges:
            fetch(edge.port, "GET", f"/avatars/{avatar}/96")
        version = origin.versions[avatar] = origin.versions.get(avatar, 1) + 1
        redis.publish(avatar, **({"version": version} if versions else {}))
        if is_enough():
            return
        assert time.monotonic() < deadline, "in vain waited for the checks"
        time.sleep(0.05)


@pytest.mark.parametrize("tells", [("version", "etag"), ("etag",), ()], ids=["versions", "etags", "bodies"])
def test_healthy_edges_are_consistent_and_a_deaf_one_is_found(tells, start_avatars, redis, start_edge, start_verify):
    origin = start_avatars(tells)
    # No edge that hears the feed is older than its lease, however slow the machine: it is asked later than that.
    edges = [start_edge([origin], {"updates": {"url": redis.url, "lease": "1s"}}) for _ in range(2)]
    deaf = start_edge([origin])  # Hears of no update, and so keeps what it has.
    run = start_verify(edges[0], sites_of(one=edges[0], two=edges[1], deaf=deaf), "--grace", "200ms",
                       after="1200ms,1500ms")

    scales = ["1200ms", "1500ms"]

    def is_enough():
        metrics = run.metrics()
        return all(
            metrics("verify_checks_total", site="deaf", after=after, outcome="inconsistent") >= 2 and all(
                metrics("verify_checks_total", site=site, after=after, outcome="consistent") >= 10
                for site in ("one", "two")) for after in scales)

    change_until(is_enough, redis, origin, edges + [deaf], "version" in tells)
    metrics = run.metrics()
    for site in ("one", "two"):
        assert metrics("verify_checks_total", site=site, outcome="inconsistent") == 0
        for after in scales:
            count = metrics("verify_checks_total", site=site, after=after, outcome="consistent")
            assert metrics("verify_inconsistent_share_bound", site=site, after=after) <= 3 / count
    assert metrics("verify_inconsistent_share_bound", site="deaf", after=scales[0]) > 0.2
    summary = run.end(1)
    assert "one   1200ms" in summary and "deaf  1500ms" in summary and "100 %" in summary
    accusation = next(line for line in run.log().splitlines() if "verify.inconsistent" in line)
    assert "deaf: avatar a" in accusation and "expected " in accusation and "; got " in accusation
    assert " one: " not in accusation and run.log().count("two: avatar") == 0


def test_it_only_reads_and_says_who_it_is(start_avatars, redis, start_edge, start_verify):
    origin, site = start_avatars(), start_avatars()
    edge = start_edge([origin], {"updates": {"url": redis.url}}, start=False)
    edge.write_config()
    assert redis.ask("ACL", "SETUSER", "writer", "on", ">secret", "~*", "+@all") == b"+OK"
    # What it is allowed: to read the one stream.
    assert redis.ask("ACL", "SETUSER", "default", "resetkeys", "%R~avatar:updates", "-@all", "+ping", "+xread",
                     "+xinfo|stream") == b"+OK"
    run = start_verify(edge, sites_of(site=site.url))
    redis.publish("42", user="writer")
    run.wait_for(2, "consistent")
    run.end(0)
    for server in (origin.server, site.server):
        assert server.requests
        for request in server.requests:
            assert request.method == "GET" and request.target == "/avatars/42/96"
            assert request.get("User-Agent").startswith("avatar-edge-verify/")


def test_an_edge_that_is_late_is_found_though_it_is_right_since(start_avatars, redis, start_edge, start_verify):
    class Late(Avatars):
        """The first answer about an avatar is an old one."""

        def version_for(self, request, avatar):
            return 1 if self.server.count(request.target) == 1 else 2

    origin, late = start_avatars(), start_avatars(kind=Late)
    edge = start_edge([origin], {"updates": {"url": redis.url}})
    run = start_verify(edge, sites_of(late=late.url), "--grace", "100ms")
    number = 0

    def is_found():
        nonlocal number
        number += 1
        origin.versions[str(number)] = 2
        redis.publish(number, version=2)
        time.sleep(0.2)
        return "right since" in run.log() and run.checks(outcome="consistent") > 0

    wait_until(is_found, "the late answer is found, and the next one consistent")
    run.end(1)


def test_a_deleted_avatar_must_be_gone(start_avatars, redis, start_edge, start_verify):
    origin, gone, still = start_avatars(), start_avatars(), start_avatars()
    edge = start_edge([origin], {"updates": {"url": redis.url}})
    run = start_verify(edge, sites_of(gone=gone.url, still=still.url), "--grace", "100ms")
    origin.versions["42"] = gone.versions["42"] = None
    redis.publish("42", op="delete")
    run.wait_for(2, "consistent", site="gone")
    run.wait_for(2, "inconsistent", site="still")
    assert run.checks(site="gone", outcome="inconsistent") == 0
    run.end(1)


@pytest.mark.parametrize("tells", [("version",), ()], ids=["versions", "bodies"])
def test_a_commit_whose_event_is_not_heard_yet_accuses_nobody(tells, start_avatars, redis, start_edge, start_verify):
    """The origin shows the second change already; the edge rightly answers the first, of which it was told."""
    origin, site = start_avatars(tells), start_avatars(tells)
    edge = start_edge([origin], {"updates": {"url": redis.url}})
    run = start_verify(edge, sites_of(site=site.url), "--grace", "10s")
    origin.versions["42"], site.versions["42"] = 3, 2
    redis.publish("42")  # Of version 2.
    # Asked when the event was heard, and again by each of the checks, which now wait.
    wait_until(lambda: origin.server.count("/avatars/42/96") + run.checks(outcome="late") == 3,
               "the origin is asked again")
    site.versions["42"] = 3
    redis.publish("42")  # Of version 3.
    run.wait_for(2, "consistent")
    assert run.checks(outcome="inconsistent") == 0
    run.process.send_signal(signal.SIGTERM)
    run.end(0)  # The second signal: it need not wait.


def test_without_the_origin_nobody_is_accused(start_avatars, redis, start_edge, start_verify):
    origin, site = start_avatars(), start_avatars()
    edge = start_edge([origin], {"updates": {"url": redis.url}})
    run = start_verify(edge, sites_of(site=site.url, edge=edge), "--grace", "100ms")
    origin.server.close()
    for number in range(10):
        redis.publish(f"a{number}", version=7)
    run.wait_for(40, "no_origin")
    assert run.checks(outcome="inconsistent") == 0 and run.checks(outcome="consistent") == 0
    assert "-" in run.end(0)


def test_an_edge_that_gives_no_answer_is_unavailable(start_avatars, redis, start_edge, start_verify):
    origin, broken = start_avatars(), start_avatars()
    broken.server.default = lambda request: request.respond(503, {"Retry-After": "1"})
    edge = start_edge([origin], {"updates": {"url": redis.url}})
    run = start_verify(edge, sites_of(broken=broken.url, gone=f"http://127.0.0.1:{free_port()}"))
    redis.publish("42")
    for site in ("broken", "gone"):
        run.wait_for(2, "unavailable", site=site)
    run.end(0)


def test_it_goes_on_where_it_ended(start_avatars, redis, start_edge, start_verify, tmp_path):
    origin, site = start_avatars(), start_avatars()
    edge = start_edge([origin], {"updates": {"url": redis.url}})
    file = tmp_path / "standing.json"
    run = start_verify(edge, sites_of(site=site.url), "--resume", file)
    redis.publish("1")
    run.wait_for(2, "consistent")
    run.end(0)
    first = json.loads(file.read_text())
    assert first["stream"] == "avatar:updates" and first["changes"]["read"] == 1

    redis.publish("2")  # While nobody looks.
    run = start_verify(edge, sites_of(site=site.url), "--resume", file)
    redis.publish("3")
    run.wait_for(6, "consistent")
    summary = run.end(0)
    assert "3 changes read: 3 checked" in summary
    second = json.loads(file.read_text())
    assert second["changes"]["read"] == 3 and second["position"] > first["position"]
    assert [row["consistent"] + row["late"] for row in second["checks"]] == [3, 3]

    file.write_text("{}")
    ended = verify_once(edge, sites_of(site=site.url), "--resume", file)
    assert ended.returncode == 1 and "standing.json: not written by avatar-edge verify" in ended.stderr


def test_the_rate_holds_and_what_is_too_much_is_skipped(start_avatars, redis, start_edge, start_verify):
    origin, site = start_avatars(), start_avatars()
    edge = start_edge([origin], {"updates": {"url": redis.url}})
    began = time.monotonic()
    run = start_verify(edge, sites_of(site=site.url), "--rate", "20")
    for number in range(600):
        redis.publish(f"a{number}")
    wait_until(lambda: run.metrics()("verify_changes_total") == 600, "the changes")
    wait_until(lambda: run.metrics()("verify_changes_pending") == 0, "the checks")
    run.end(0)
    allowed = 20 * (time.monotonic() - began) + 4  # And what may go at once.
    assert 0 < site.server.count() <= allowed
    assert 0 < origin.server.count() <= allowed
    words = run.stdout.read_text().split()
    checked, skipped = int(words[words.index("checked,") - 1]), int(words[words.index("skipped,") - 1])
    assert checked + skipped == 600 and 0 < checked < 600
    # Of any of them.
    asked = {int(request.target.split("/")[2][1:]) for request in site.server.requests}
    assert len(asked) <= checked


def test_events_that_are_none_are_counted(start_avatars, redis, start_edge, start_verify):
    origin, site = start_avatars(), start_avatars()
    edge = start_edge([origin], {"updates": {"url": redis.url}})
    run = start_verify(edge, sites_of(site=site.url))
    redis.ask("XADD", "avatar:updates", "*", "nonsense", "1")
    redis.publish("..")  # No URL can name it.
    redis.publish("a b")
    run.wait_for(2, "consistent")
    assert run.metrics()("verify_changes_total", result="malformed") == 2
    assert {request.target for request in origin.server.requests} == {"/avatars/a%20b/96"}
    assert fetch(run.port, "GET", "/").status == 404 and fetch(run.port, "POST", "/metrics").status == 405
    run.end(0)


def test_it_survives_a_redis_that_goes_and_comes_back_as_another(start_avatars, redis, start_edge, start_verify,
                                                                 tmp_path):
    origin, site = start_avatars(), start_avatars()
    edge = start_edge([origin], {"updates": {"url": redis.url}})
    run = start_verify(edge, sites_of(site=site.url))
    redis.publish("1")
    run.wait_for(2, "consistent")
    redis.stop()
    wait_until(lambda: run.metrics()("verify_feed_connected") == 0, "the loss is seen")
    another = Redis(tmp_path)
    try:
        wait_until(run.hears, "the feed is heard again")
        another.publish("2")
        run.wait_for(4, "consistent")
        run.end(0)
    finally:
        another.stop()


def verify_once(edge, sites, *more):
    return subprocess.run([PROGRAM, "verify", "--config", edge.file, "--edges", sites, *more], capture_output=True,
                          text=True, timeout=PATIENCE)


def test_it_ends_after_its_time(start_avatars, redis, start_edge):
    edge = start_edge([start_avatars()], {"updates": {"url": redis.url}})
    ended = verify_once(edge, sites_of(site=edge), "--for", "300ms", "--variant", "96")
    assert ended.returncode == 0 and "0 changes read" in ended.stdout and "site" in ended.stdout


def test_a_feed_that_was_never_heard_is_a_failure(start_avatars, redis, start_edge):
    edge = start_edge([start_avatars()], {"updates": {"url": redis.url}})
    redis.stop()
    ended = verify_once(edge, sites_of(site=edge), "--for", "300ms", "--variant", "96")
    assert ended.returncode == 1 and "the update feed was never heard" in ended.stderr


def test_wrong_usage(start_avatars, start_edge, tmp_path):
    edge = start_edge([start_avatars()], start=False)
    edge.config["updates"] = {"url": "unix:///nowhere"}
    edge.write_config()
    for arguments, said in {
        ("http://127.0.0.1:1", "--url", "/a"): "has no {avatar}",
        ("http://127.0.0.1:1", "--url", "/a/{avatar}/{variant}"): "--variant 96",
        ("http://127.0.0.1:1,http://127.0.0.1:1",): "a name of its own",
        ("127.0.0.1:1",): "--edges",
        ("http://127.0.0.1:1", "--after", "1s,soon"): "--after",
        ("http://127.0.0.1:1", "--after", "1s,1000ms"): "the same time twice",
        ("http://127.0.0.1:1", "--rate", "0"): "--rate",
    }.items():
        ended = verify_once(edge, *arguments)
        assert ended.returncode == 2 and said in ended.stderr, (arguments, ended)
    edge.config["updates"] = {"url": None}
    edge.write_config()
    ended = verify_once(edge, "http://127.0.0.1:1")
    assert ended.returncode == 1 and "no updates.url" in ended.stderr
    assert "--edges" in subprocess.run([PROGRAM, "verify", "--help"], capture_output=True, text=True).stdout
