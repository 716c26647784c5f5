import pytest

from edge import Edge
from nginx import Nginx
from origin import HeldOrigin


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
