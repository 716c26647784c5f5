import os

import pytest

from certificates import Authority
from edge import Edge, wait_until
from gate import Gate
from nginx import Nginx
from origin import HeldOrigin
from redis import Redis
from sharing import wait_for_tier
from verify import Verify

# What the tests of serving run over; the environment may name fewer.
TRANSPORTS = os.environ.get("EDGE_TRANSPORTS", "h1,h1tls,h2").split(",")

# The tests of serving: whatever a client is answered, it is answered the same over every transport.
SERVING = {"test_access", "test_arriving", "test_by_the_book", "test_caching", "test_fills", "test_interim",
           "test_invalidation", "test_limits", "test_origin_failures", "test_ranges", "test_request_ids",
           "test_signed_urls", "test_stale"}


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: takes more than a second or two")
    config.addinivalue_line("markers", "http1(reason): says something that HTTP/2 cannot say")


def pytest_generate_tests(metafunc):
    if metafunc.module.__name__ in SERVING and "transport" in metafunc.fixturenames:
        is_http1 = metafunc.definition.get_closest_marker("http1")
        metafunc.parametrize("transport", [one for one in TRANSPORTS if not (is_http1 and one == "h2")], indirect=True)


@pytest.fixture
def origin():
    """An origin that the test drives."""
    origin = HeldOrigin()
    yield origin
    origin.close()


@pytest.fixture
def other():
    """A second URL of the origin."""
    origin = HeldOrigin()
    yield origin
    origin.close()


@pytest.fixture
def transport(request):
    """What edges are asked over: HTTP/1 without TLS in all tests but those of serving."""
    return getattr(request, "param", "h1")


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def identity(authority):
    """The authority and the certificate of edges that speak TLS."""
    return authority, authority.sign("edge", "DNS:edge.test", "IP:127.0.0.1")


@pytest.fixture
def start_edge(tmp_path, transport, request):
    """start_edge(origins, config={}) starts an edge that must end well when the test does."""
    edges = []
    # Made where it is needed alone, because it takes a while.
    tls = {} if transport == "h1" else {"identity": request.getfixturevalue("identity")}

    def start(origins, config=None, **options):
        folder = tmp_path / f"edge-{len(edges)}"
        folder.mkdir()
        # Known before it starts, so that it is stopped even when its start fails.
        edge = Edge(folder, [one if isinstance(one, str) else one.url for one in origins], config, start=False,
                    transport=transport, **tls)
        edges.append(edge)
        if options.get("start", True):
            edge.start()
        return edge

    yield start
    failures = []
    for edge in edges:
        try:
            edge.stop()
        except AssertionError as failure:
            failures.append(failure)
    if failures:
        raise failures[0]


@pytest.fixture
def edge(origin, start_edge):
    """An edge with default limits in front of `origin`."""
    return start_edge([origin])


@pytest.fixture
def redis(tmp_path):
    """A real Redis, for the update feed."""
    yield from run_redis(tmp_path / "redis")


def run_redis(folder):
    folder.mkdir()
    server = Redis(folder)
    yield server
    server.stop()


@pytest.fixture
def start_node(origin, redis, start_edge):
    """start_node(site, updates={}) starts an edge that hears the feed, with a short lease, and has heard it."""

    def start(site="one", updates=None, **config):
        edge = start_edge([origin], {"site": site, "updates": {"url": redis.url, "lease": "1s"} | (updates or {})}
                          | config)
        wait_until(lambda: edge.status()["position"] is not None, "the first proof")
        return edge

    return start


@pytest.fixture
def tier_redis(tmp_path):
    """Another Redis than that of the feed, for the tier."""
    yield from run_redis(tmp_path / "tier")


@pytest.fixture
def gate(tmp_path, redis):
    """A way to `redis` on which things can be held."""
    gate = Gate(tmp_path, redis)
    yield gate
    gate.close()


@pytest.fixture
def start_sharer(start_node, redis):
    """start_sharer(site, tier={}) starts a node that may use the tier and whose worker reaches it.

    It is patient, so that only tests of impatience see any."""

    def start(site="one", tier=None, updates=None, **config):
        node = start_node(site, {"lease": "20s"} | (updates or {}), workers=1,
                          redis={"url": redis.url, "timeout": "10s", "claim": "0s"} | (tier or {}), **config)
        wait_for_tier(node)
        return node

    return start


@pytest.fixture
def start_verify(tmp_path):
    """start_verify(edge, sites, *options) runs the command with the configuration of that edge, and has heard the feed."""
    started = []

    def start(edge, sites, *more, **options):
        run = Verify(tmp_path / f"verify-{len(started)}", edge, sites, *more, **options)
        started.append(run)  # Known before it is waited for, so that it is ended even when the start fails.
        wait_until(run.hears, "the feed is heard")
        return run

    yield start
    for run in started:
        run.process.kill()
        run.process.wait()


@pytest.fixture
def start_nginx(tmp_path):
    """start_nginx(locations) starts a real nginx as an origin; with a certificate over TLS."""
    servers = []

    def start(locations="location / { expires 1h; }", certificate=None):
        folder = tmp_path / f"nginx-{len(servers)}"
        folder.mkdir()
        servers.append(Nginx(folder, locations, certificate))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()
