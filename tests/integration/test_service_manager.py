"""What a service manager hears of the edge, the sockets that it opens for it, and the units for systemd."""
import re
import shutil
import signal
import socket
import subprocess
import time

import pytest

from client import Client
from edge import PROGRAM, ROOT, free_port
from origin import answer
from service_manager import HeldThread, ServiceManager, listening

FRESH = {"Cache-Control": "max-age=600"}
UNITS = ROOT / "config/systemd"


@pytest.fixture(params=["path", "abstract"])
def any_manager(request):
    manager = ServiceManager(is_abstract=request.param == "abstract")
    yield manager
    manager.close()


@pytest.fixture
def manager():
    manager = ServiceManager()
    yield manager
    manager.close()


@pytest.fixture
def service(start_edge, origin):
    """service(config={}): an edge that a manager has yet to launch."""
    return lambda config=None: start_edge([origin], config, start=False)


# --- What it hears ---


def test_ready_is_said_when_the_edge_is(any_manager, service):
    edge = service()
    any_manager.launch(edge)
    told = any_manager.wait_for("READY")
    assert told["READY"] == "1" and f"127.0.0.1:{edge.port}" in told["STATUS"]
    assert edge.admin("GET", "/readyz").status == 200


def test_an_edge_that_waits_for_the_feed_says_so_and_is_ready_after_a_lease(manager, service):
    edge = service({"updates": {"url": f"redis://127.0.0.1:{free_port()}", "lease": "1s"}})
    manager.launch(edge)
    manager.wait_for("READY")
    assert manager.heard[0] == {"STATUS": "waiting for the update feed"}


def test_a_reload_begins_and_ends(manager, service):
    edge = service()
    manager.launch(edge)
    manager.wait_for("READY")
    before = time.monotonic_ns() // 1000
    assert edge.reload({"cache": {"negative_ttl": "7s"}}) == "ok"
    told = manager.next()
    assert told["RELOADING"] == "1"
    assert before <= int(told["MONOTONIC_USEC"]) <= time.monotonic_ns() // 1000
    assert manager.next()["READY"] == "1"


def test_a_failed_reload_ends_too_and_says_why(manager, service):
    edge = service()
    manager.launch(edge)
    manager.wait_for("READY")
    assert edge.reload(text="cache: {memroy: 1MiB}") == "failed"
    assert "RELOADING" in manager.next()
    told = manager.next()
    assert told["READY"] == "1" and "memroy" in told["STATUS"]


def test_the_drain_is_said_when_it_begins_with_the_time_that_it_may_take(manager, service, origin):
    edge = service({"drain": "50s"})
    held = origin.hold("/avatars/1/46")
    manager.launch(edge)
    manager.wait_for("READY")
    with edge.connect() as client:
        client.ask("GET", "/avatars/1/46")
        request = held.next()
        edge.signal(signal.SIGTERM)
        told = manager.next()  # While the request is under way.
        assert told["STOPPING"] == "1" and int(told["EXTEND_TIMEOUT_USEC"]) >= 50_000_000
        request.respond(200, FRESH, b"last")
        assert client.response().body == b"last"
    edge.check_end(0)


def test_a_manager_that_watches_hears_again_and_again_that_the_edge_is_alive(manager, service):
    manager.launch(service(), WATCHDOG_USEC="20000")
    for _ in range(3):
        assert manager.wait_for("WATCHDOG")["WATCHDOG"] == "1"


def test_an_edge_of_which_a_worker_hangs_is_not_alive(manager, service):
    edge = service({"drain": "300ms"})
    manager.launch(edge, WATCHDOG_USEC="20000")
    manager.wait_for("READY")
    try:
        worker = HeldThread(edge.process.pid)
    except PermissionError:
        pytest.skip("ptrace is not allowed here")
    try:
        edge.signal(signal.SIGTERM)
        manager.wait_for("STOPPING")
        # Main's loop turns, and its timers fire: this one long after those of the watch.
        edge.wait_for_log("drain.deadline")
    finally:
        worker.release()
    edge.check_end(0)
    # One may be due to answers from before the worker was held.
    assert sum("WATCHDOG" in told for told in manager.rest()) <= 1


def test_a_watch_that_is_meant_for_another_process_is_none(manager, service):
    edge = service()
    manager.launch(edge, WATCHDOG_USEC="2", WATCHDOG_PID="1")
    manager.wait_for("READY")
    edge.stop()
    manager.wait_for("STOPPING")
    assert not any("WATCHDOG" in told for told in manager.heard)


def test_a_manager_that_is_gone_is_no_failure(service):
    manager, edge = ServiceManager(), service()
    place = manager.place
    manager.close()
    manager.place = place
    manager.launch(edge)
    edge.wait_for_log("service_manager.unheard")
    assert edge.admin("GET", "/readyz").status == 200


def test_an_environment_that_makes_no_sense_is_told(service):
    for name, value in (("WATCHDOG_USEC", "soon"), ("NOTIFY_SOCKET", "notify")):
        edge = service()
        edge.options = {"env": {name: value}}
        edge.launch()
        edge.check_end(1)
        assert value in edge.log()


# --- Sockets that it has opened ---


def test_the_edge_serves_on_sockets_that_it_inherits(manager, service, origin):
    edge = service()
    origin.default = answer(200, FRESH, b"picture")
    with listening(edge.port) as clients, listening(edge.admin_port) as operators:
        with Client(edge.port) as early:
            early.ask("GET", "/avatars/1/46")  # Before there is anybody to answer.
            manager.launch(edge, [clients, operators], "clients:operators")
            assert early.response().body == b"picture"
        assert edge.admin("GET", "/readyz").status == 200
        assert "listen.unused" not in edge.log()


def test_clients_that_come_while_the_edge_restarts_are_answered(manager, service, origin):
    edge = service()
    origin.default = answer(200, FRESH, b"picture")
    with listening(edge.port) as clients:
        manager.launch(edge, [clients])
        manager.wait_for("READY")
        edge.stop()
        with Client(edge.port) as between:
            between.ask("GET", "/avatars/1/46")
            manager.launch(edge, [clients])
            assert between.response().body == b"picture"


def test_listeners_that_are_not_inherited_are_opened(manager, service, origin):
    edge = service()
    origin.default = answer(200, FRESH, b"picture")
    other = free_port()
    edge.config["listen"].append({"address": f"127.0.0.1:{other}"})
    with listening(edge.port) as clients:
        manager.launch(edge, [clients])
        manager.wait_for("READY")
        for port in (edge.port, other):
            with Client(port) as client:
                assert client.request("GET", "/avatars/1/46").body == b"picture"


def test_an_inherited_socket_that_the_configuration_does_not_name_is_told(manager, service):
    edge = service()
    port = free_port()
    with listening(port) as stray:
        manager.launch(edge, [stray], "stray")
        manager.wait_for("READY")
        edge.wait_for_log("listen.unused")
        assert f"127.0.0.1:{port} (stray)" in edge.log()


def test_an_inherited_descriptor_that_does_not_listen_ends_the_start(manager, service):
    edge = service()
    with socket.socket() as idle:
        manager.launch(edge, [idle], "idle")
        edge.check_end(1)
    assert "3 (idle)" in edge.log() and "ListenStream" in edge.log()


def test_sockets_that_are_meant_for_another_process_are_not_touched(manager, service):
    edge = service()
    with socket.socket() as idle:
        manager.launch(edge, [idle], pid="1")
        manager.wait_for("READY")


# --- The units ---

needs_systemd = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")


def analyze(*arguments):
    done = subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


@needs_systemd
def test_the_units_are_well_formed(tmp_path):
    for unit in UNITS.iterdir():
        text = unit.read_text().replace("/usr/bin/avatar-edge", str(PROGRAM))  # It is not installed here.
        (tmp_path / unit.name).write_text(text)
    status, said = analyze("verify", "--man=no", "--recursive-errors=no", *map(str, sorted(tmp_path.iterdir())))
    assert status == 0 and not re.search(r"avatar-edge\.(service|socket):\d*:?.*(Unknown|ignor|fail)", said, re.I), said


@needs_systemd
def test_the_service_may_do_little():
    """Exposure from 0 (safe) to 100; what is left are the network and ports below 1024."""
    status, said = analyze("security", "--offline=yes", "--no-pager", "--threshold=20", str(UNITS / "avatar-edge.service"))
    assert status == 0, said


@needs_systemd
@pytest.mark.parametrize("line", ["Typ=notify", "SystemCallFilter=@no-such-group"])
def test_a_unit_with_a_mistake_is_found(line, tmp_path):
    """That the test above can fail."""
    unit = tmp_path / "avatar-edge.service"
    text = (UNITS / unit.name).read_text().replace("/usr/bin/avatar-edge", str(PROGRAM))
    unit.write_text(text.replace("Type=notify", "Type=notify\n" + line))
    _, said = analyze("verify", "--man=no", "--recursive-errors=no", str(unit))
    assert re.search(r"avatar-edge\.service:\d+: .*(Unknown|ignor|fail)", said, re.I), said


def test_the_units_name_the_files_that_the_package_brings():
    for unit in UNITS.iterdir():
        for path in re.findall(r"(?<![\w/])/(?:usr|etc)/[\w/.-]+", unit.read_text()):
            assert path in ("/usr/bin/avatar-edge", "/etc/avatar-edge/avatar-edge.yaml"), (unit, path)
