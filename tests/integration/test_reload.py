"""avatar-edge reload and POST /reload: what came of it, under a number that log, status and metrics have too."""
import json

import pytest

from client import Client
from edge import wait_until
from origin import answer
from service_manager import HeldThread


def reload(edge, *options, check=True, **changes):
    """The command, after a change of the file."""
    edge.config.update(changes)
    edge.write_config()
    return edge.run("reload", *options, check=check)


def test_a_reload_that_is_waited_for_is_in_force_on_every_worker(edge, origin):
    origin.on("/avatars/1/46", answer(200, {}, b"picture"))
    done = reload(edge, "--wait", http={"target_bytes_max": "64B"})
    assert done.stdout == "reload 1: done, on every worker\n"
    for _ in range(20):  # Of both workers, whichever the kernel chooses.
        assert edge.get("/avatars/1/46?" + "x" * 64).status == 414


def test_the_number_is_in_log_status_and_metrics(edge):
    reload(edge, "--wait=5s")
    edge.wait_for_log("config.reload reload 1 (POST /reload): done")
    edge.wait_for_log("admin.reload by 127.0.0.1: reload 1")
    assert edge.reload(text="cache: {memroy: 1MiB}\n") == "failed"
    edge.wait_for_log("config.problem reload 2: ")
    edge.wait_for_log("config.reload reload 2 (SIGHUP): failed with 1 problem")
    config = edge.status()["config"]
    assert config["id"] == 1 and config["reloads"] == 1
    assert config["last"]["id"] == 2 and config["last"]["by"] == "SIGHUP" and config["last"]["result"] == "failed"
    assert edge.metric("config_reload_id") == 1
    assert edge.reload({}) == "ok"
    assert edge.metric("config_reload_id") == 3 and edge.status()["config"]["last"]["result"] == "ok"


def test_without_wait_it_only_asks(edge):
    assert reload(edge).stdout == "reload 1: asked for\n"
    edge.wait_for_log("reload 1 (POST /reload): done")


def test_what_needs_a_restart_is_said(edge):
    done = reload(edge, "--wait", site="elsewhere", workers=3)
    assert done.stdout == "reload 1: a restart is needed for site, workers\nreload 1: done, on every worker\n"


def test_a_file_with_mistakes_is_told_and_the_edge_not_asked(edge):
    edge.file.write_text(f"cache: {{memroy: 1MiB}}\nadmin: {{address: '127.0.0.1:{edge.admin_port}'}}\ndrain: 5\n")
    done = edge.run("reload", "--wait", check=False)
    assert done.returncode == 1
    assert f"{edge.file}:1:9: unknown key 'memroy'" in done.stderr and f"{edge.file}:3:8: drain" in done.stderr
    assert edge.status()["config"]["last"] is None


def test_what_the_edge_finds_wrong_is_told_by_its_place(edge, tmp_path):
    """The file that is reloaded is the edge's own; this one only says where it is asked."""
    edge.file.write_text("cache: {memroy: 1MiB}\n")
    other = tmp_path / "other.yaml"
    other.write_text(f"admin: {{address: '127.0.0.1:{edge.admin_port}'}}\n")
    mine, edge.file = edge.file, other
    done = edge.run("reload", "--wait", check=False)
    edge.file = mine
    assert done.returncode == 1 and f"{mine}:1:9: unknown key 'memroy'" in done.stderr
    assert "reload 1: failed; the running configuration stays in force" in done.stderr


def test_a_worker_that_hangs_is_waited_for_until_the_time_is_over(edge):
    try:
        worker = HeldThread(edge.process.pid)
    except PermissionError:
        pytest.skip("ptrace is not allowed here")
    try:
        done = reload(edge, "--wait=50ms", check=False)
        assert done.returncode == 1 and "1 workers have yet to take it over" in done.stderr
        assert edge.status()["config"]["last"]["workers_left"] == 1
    finally:
        worker.release()
    wait_until(lambda: edge.status()["config"]["last"]["workers_left"] == 0, "the worker")


def test_an_edge_that_is_not_there_is_told(edge):
    edge.stop()
    done = edge.run("reload", "--wait", check=False)
    assert done.returncode == 1 and "no answer from the admin port" in done.stderr


def test_a_wrong_time_is_wrong_usage(edge):
    assert edge.run("reload", "--wait=soon", check=False).returncode == 2


def test_the_admin_port_answers_with_what_came_of_it(edge):
    done = edge.admin("POST", "/reload?wait=10s")
    assert done.status == 200
    assert json.loads(done.body) == {"id": 1, "result": "ok", "problems": [], "needs_restart": [], "workers_left": 0}
    asked = edge.admin("POST", "/reload")
    assert asked.status == 202 and json.loads(asked.body)["id"] == 2
    edge.wait_for_log("reload 2 (POST /reload): done")
    edge.file.write_text("drain: 5\n")
    failed = edge.admin("POST", "/reload?wait=10s")
    assert failed.status == 422 and "drain: not a duration" in json.loads(failed.body)["problems"][0]
    assert edge.admin("POST", "/reload?wait=2h").status == 400
    assert edge.admin("GET", "/reload").status == 405


def test_a_client_that_leaves_while_it_waits_harms_nobody(edge):
    try:
        worker = HeldThread(edge.process.pid)
    except PermissionError:
        pytest.skip("ptrace is not allowed here")
    try:
        with Client(edge.admin_port) as client:
            client.ask("POST", "/reload?wait=50s")
            edge.wait_for_log("reload 1 (POST /reload): done")
    finally:
        worker.release()
    assert edge.admin("POST", "/reload?wait=10s").status == 200
