import pytest

from edge import Edge, wait_until
from nginx import Nginx
from origin import HeldOrigin
from redis import Redis


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: takes more than a second or two")


@pytest.fixture
def origin():
    """An origin that the test drives."""
    origin = HeldOrigin()
    yield origin
    origin.close()


@pytest.fixture
def start_edge(tmp_path):
    """start_edge(origins, config={}) starts an edge that must end well when the test does."""
    edges = []

    def start(origins, config=None, **options):
        folder = tmp_path / f"edge-{len(edges)}"
        folder.mkdir()
        # Known before it starts, so that it is stopped even when its start fails.
        edge = Edge(folder, [one if isinstance(one, str) else one.url for one in origins], config, start=False)
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
    folder = tmp_path / "redis"
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
def start_nginx(tmp_path):
    """start_nginx(locations) starts a real nginx as an origin."""
    servers = []

    def start(locations="location / { expires 1h; }"):
        folder = tmp_path / f"nginx-{len(servers)}"
        folder.mkdir()
        servers.append(Nginx(folder, locations))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()
