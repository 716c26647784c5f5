"""The command line, the configuration file, reload and the end."""
import pathlib
import re
import signal
import subprocess

import pytest

from edge import PRESET, PROGRAM, free_port, wait_until
from origin import answer

FRESH = {"Cache-Control": "max-age=600"}


def run(*arguments):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=30)


def check(tmp_path, text):
    file = tmp_path / "edge.yaml"
    file.write_text(text)
    return run("check", "--config", file)


# --- The command line ---


def test_version_and_help():
    assert run("--version").returncode == 0 and "avatar-edge" in run("--version").stdout
    help = run("--help")
    assert help.returncode == 0
    for command in ("serve", "check", "demo", "status"):
        assert command in help.stdout
        assert run(command, "--help").returncode == 0


@pytest.mark.parametrize("arguments", [[], ["dance"], ["serve", "--no-such"], ["check"], ["demo", "--port", "x"]], ids=str)
def test_wrong_usage_is_exit_status_2(arguments):
    done = run(*arguments)
    assert done.returncode == 2 and done.stderr


def test_check_of_a_good_file_is_silent_success(tmp_path):
    done = check(tmp_path, "origin: {urls: ['http://127.0.0.1:9000']}\ncache: {memory: 64MiB}\n")
    assert done.returncode == 0, done.stderr


def test_check_names_every_problem_with_its_place_and_what_would_be_right(tmp_path):
    done = check(tmp_path, "workers: many\ncache:\n  memroy: 64MiB\n  object_max: 3 parsecs\n"
                           "origin:\n  urls: [ftp://x]\n  tls: {ca_file: /nowhere/ca.pem}\n")
    assert done.returncode == 1
    lines = (done.stdout + done.stderr).splitlines()
    for place, words in (("edge.yaml:1:", "workers"), ("edge.yaml:3:3:", "memory"), ("edge.yaml:4:", "object_max"),
                         ("edge.yaml:6:", "http or https"), ("edge.yaml:7:", "/nowhere/ca.pem")):
        assert any(place in line and words in line for line in lines), (place, lines)


def test_check_of_what_is_no_yaml_and_of_no_file(tmp_path):
    done = check(tmp_path, "cache: {memory: [}\n")
    assert done.returncode == 1 and "edge.yaml:1:" in done.stdout + done.stderr
    done = run("check", "--config", tmp_path / "absent.yaml")
    assert done.returncode == 1 and "absent.yaml" in done.stdout + done.stderr


def test_serve_refuses_a_broken_file(tmp_path):
    (tmp_path / "edge.yaml").write_text("cache: {memroy: 1MiB}\n")
    done = run("serve", "--config", tmp_path / "edge.yaml")
    assert done.returncode == 1 and "memroy" in done.stderr


def test_serve_says_which_address_is_taken(edge, tmp_path):
    file = tmp_path / "second.yaml"
    file.write_text(f"listen: [{{address: '127.0.0.1:{edge.port}'}}]\nadmin: {{address: '127.0.0.1:{free_port()}'}}\n")
    done = run("serve", "--config", file)
    assert done.returncode == 1 and str(edge.port) in done.stderr


def test_status_prints_what_a_running_edge_says(edge):
    done = run("status", "--config", edge.file)
    assert done.returncode == 0 and "position" in done.stdout
    edge.stop()
    done = run("status", "--config", edge.file)
    assert done.returncode == 1 and done.stderr


# --- Reload ---


def test_sighup_takes_up_what_has_changed(edge, origin):
    origin.on("/avatars/1/46", answer(200, {}, b"picture"))
    edge.get("/avatars/1/46")
    assert not edge.get("/avatars/1/46").is_hit
    edge.purge(all=True)
    assert edge.reload({"cache": {"default_ttl": "10m"}}) == "ok"
    wait_until(lambda: edge.get("/avatars/1/46").is_hit, "a hit")


def test_sighup_takes_up_another_origin(edge, origin, start_nginx):
    nginx = start_nginx()
    nginx.write("/avatars/1/46", b"of nginx")
    assert edge.get("/avatars/1/46").status == 404
    assert edge.reload({"origin": {"urls": [nginx.url]}}) == "ok"
    wait_until(lambda: edge.get("/avatars/1/46").body == b"of nginx", "the other origin")


def test_sighup_takes_up_limits_of_clients(edge, origin):
    origin.on("/avatars/1/46", answer(200, FRESH, b"picture"))
    with edge.connect() as client:
        assert client.get("/avatars/1/46").status == 200
        assert edge.reload({"http": {"target_bytes_max": "64B"}}) == "ok"
    # Each worker takes it up in a turn of its own.
    wait_until(lambda: edge.get("/avatars/1/46?" + "x" * 64).status == 414, "414")


def test_a_broken_file_changes_nothing_and_is_said(edge, origin):
    origin.on("/avatars/1/46", answer(200, FRESH, b"picture"))
    edge.get("/avatars/1/46")
    assert edge.reload(text="cache: {memory: 64MiB, memroy: 1MiB, default_ttl: 9h}\n") == "failed"
    edge.wait_for_log("memroy")
    metrics = edge.metrics()
    assert metrics("config_last_reload_successful") == 0
    assert metrics("cache_budget_bytes") == 512 << 20
    assert edge.get("/avatars/1/46").is_hit
    assert edge.reload({}) == "ok"
    assert edge.metric("config_last_reload_successful") == 1


def test_what_needs_a_restart_is_named_in_the_log(edge):
    assert edge.reload({"workers": 3, "site": "elsewhere", "cache": {"memory": "64MiB"}}) == "ok"
    edge.wait_for_log("workers")
    edge.wait_for_log("site")
    assert edge.metric("cache_budget_bytes") == 64 << 20


@pytest.mark.slow
def test_reloads_under_load_fail_no_request(edge, origin):
    """Good and broken files in turn while wrk asks."""
    origin.default = answer(200, FRESH, b"x" * 4000)
    load = subprocess.Popen(["wrk", "-t1", "-c50", "-d3s", f"http://127.0.0.1:{edge.port}/avatars/1/46"],
                            stdout=subprocess.PIPE, text=True)
    reloads = 0
    while load.poll() is None:
        if reloads % 2:
            assert edge.reload({"cache": {"negative_ttl": f"{reloads + 1}s"}}) == "ok"
        else:
            assert edge.reload(text="cache: {memroy: 1MiB}\n") == "failed"
        reloads += 1
    report = load.stdout.read()
    assert reloads >= 2 and "Requests/sec" in report, report
    assert "Socket errors" not in report and "Non-2xx" not in report, report
    assert edge.metrics()("requests_total", outcome="error") == 0


# --- The end ---


def is_refused(edge):
    try:
        edge.connect().close()
        return False
    except (ConnectionRefusedError, ConnectionResetError):  # The latter where the listener closes just then.
        return True


def test_sigterm_finishes_what_is_begun(edge, origin):
    held = origin.hold("/avatars/1/46")
    busy, idle = edge.connect(), edge.connect()
    origin.on("/avatars/2/46", answer(200, FRESH, b"picture"))
    assert idle.get("/avatars/2/46").status == 200
    busy.ask("GET", "/avatars/1/46")
    request = held.next()
    edge.signal(signal.SIGTERM)
    assert idle.is_closed()
    wait_until(lambda: is_refused(edge), "closed listeners")
    assert edge.process.poll() is None
    request.respond(200, FRESH, b"late but whole")
    response = busy.response()
    assert response.body == b"late but whole" and response["Connection"] == "close"
    assert busy.is_closed()
    edge.check_end(0)


def test_readyz_says_503_while_draining(edge, origin):
    held = origin.hold("/avatars/1/46")
    with edge.connect() as busy:
        busy.ask("GET", "/avatars/1/46")
        request = held.next()
        edge.signal(signal.SIGTERM)
        edge.wait_for_log("drain")
        try:
            assert edge.admin("GET", "/readyz").status == 503
        except ConnectionRefusedError:
            pytest.skip("the admin port closes first")
        request.respond(200, FRESH, b"picture")
        assert busy.response().body == b"picture"
    edge.check_end(0)


def test_the_drain_has_a_limit(start_edge, origin):
    edge = start_edge([origin], {"drain": "300ms"})
    held = origin.hold("/avatars/1/46")
    with edge.connect() as client:
        client.ask("GET", "/avatars/1/46")
        held.next()
        edge.signal(signal.SIGTERM)
        client.rest()  # An answer or none, but an end.
    edge.check_end(0)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_at_once(edge, origin, number):
    held = origin.hold("/avatars/1/46")
    with edge.connect() as client:
        client.ask("GET", "/avatars/1/46")
        held.next()
        edge.signal(number)
        edge.wait_for_log("drain")
        edge.signal(number)
        assert edge.wait_for_end() is not None  # Long before the drain's 20 seconds, or this test's patience ends.
    edge.is_checked = True


def test_sigint_drains_too(edge):
    edge.signal(signal.SIGINT)
    edge.check_end(0)


@pytest.mark.slow
def test_the_end_under_load_is_clean(edge, origin):
    """Hits, misses, uploads and waits in all stages when the signal comes."""
    origin.default = answer(200, FRESH, b"x" * 20_000)
    origin.on("/avatars/0", answer(204))
    held = origin.hold("/avatars/1/46")
    load = subprocess.Popen(["wrk", "-t1", "-c100", "-d2s", f"http://127.0.0.1:{edge.port}/avatars/5/46"],
                            stdout=subprocess.DEVNULL)
    waiting = [edge.connect() for _ in range(20)]
    for client in waiting:
        client.ask("GET", "/avatars/1/46")
    request = held.next()
    for avatar in range(100):
        edge.get(f"/avatars/{avatar + 10}/46")
    edge.signal(signal.SIGTERM)
    request.respond(200, FRESH, b"last")
    assert all(client.response().body == b"last" for client in waiting)
    edge.check_end(0)
    load.wait()


@pytest.mark.skipif(PRESET not in ("release", "debug"), reason="a sanitizer's heap is its own")
def test_the_memory_of_the_cache_is_there_from_the_start_where_that_is_wanted(start_edge, origin):
    edge = start_edge([origin], {"cache": {"memory": "64MiB", "preallocate": True}})
    edge.wait_for_log("cache.preallocated")
    status = pathlib.Path(f"/proc/{edge.process.pid}/status").read_text()
    assert int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) >= 60 << 10
