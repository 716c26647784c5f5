"""Who may operate an edge: those who reach its UNIX socket, or show a certificate."""
import os
import re
import shutil
import ssl
import stat
import tempfile

import pytest

from client import Client, Incomplete
from edge import free_port, wait_until
from service_manager import ServiceManager

TOKEN = "open-sesame-and-come-in"


@pytest.fixture
def socket_path():
    """Short, because the name of a socket is."""
    folder = tempfile.mkdtemp(prefix="admin-")
    yield folder + "/admin.sock"
    shutil.rmtree(folder)


@pytest.fixture
def start_unix(start_edge, origin, socket_path):
    """start_unix(admin={}) starts an edge whose admin port is a UNIX socket."""

    def start(admin=None, wait=True):
        edge = start_edge([origin], {"admin": {"address": f"unix:{socket_path}"} | (admin or {})}, start=False)
        edge.admin_place = socket_path
        edge.start() if wait else edge.launch()
        return edge

    return start


@pytest.fixture
def token_file(tmp_path):
    file = tmp_path / "token"
    file.write_text(TOKEN)
    file.chmod(0o600)
    return str(file)


# --- A UNIX socket ---


def test_a_unix_socket_is_asked_without_a_token_and_the_log_names_the_user(start_unix, socket_path):
    edge = start_unix()
    assert stat.S_IMODE(os.stat(socket_path).st_mode) == 0o660
    assert edge.status()["admin"] == f"unix:{socket_path}"
    edge.purge(all=True)
    edge.wait_for_log(f'admin.purge by uid {os.getuid()}: {{"all": true}}')
    wait_until(lambda: any(line["client"] == f"uid {os.getuid()}" for line in edge.access_log()), "the access log")


def test_the_commands_find_the_unix_socket(start_unix):
    edge = start_unix()
    assert '"state": "serving"' in edge.run("status").stdout
    assert "nothing is held" in edge.run("explain", "/avatars/42/96").stdout
    assert '"scope":"node"' in edge.run("update", "--avatar", "42").stdout
    edge.stop()
    done = edge.run("status", check=False)
    assert done.returncode == 1 and "no answer from the admin port (unix:" in done.stderr


def test_a_token_is_asked_for_at_a_unix_socket_too_where_there_is_one(start_unix, token_file):
    edge = start_unix({"token_file": token_file, "socket_mode": "0666"})
    assert edge.admin("GET", "/status").status == 401
    assert '"state": "serving"' in edge.run("status").stdout


def test_the_file_of_the_socket_goes_with_the_edge(start_unix, socket_path):
    edge = start_unix()
    edge.stop()
    assert not os.path.exists(socket_path)


def test_the_socket_of_an_edge_that_died_is_replaced(start_unix, socket_path):
    first = start_unix()
    first.kill()
    assert os.path.exists(socket_path)
    start_unix()


def test_the_socket_of_a_living_edge_is_not(start_unix):
    first = start_unix()
    second = start_unix(wait=False)
    second.check_end(1)
    assert "somebody listens there already" in second.log()
    assert first.status()["state"] == "serving"


def test_a_unix_socket_may_be_inherited(start_edge, origin, socket_path):
    import socket
    edge = start_edge([origin], {"admin": {"address": f"unix:{socket_path}"}}, start=False)
    edge.admin_place = socket_path
    manager = ServiceManager()
    with socket.socket(socket.AF_UNIX) as operators:
        operators.bind(socket_path)
        operators.listen(8)
        manager.launch(edge, [operators], "operators")
        manager.wait_for("READY")
        assert edge.status()["admin"] == f"unix:{socket_path}"
        edge.stop()
        assert os.path.exists(socket_path)  # It is the manager's.
    manager.close()


# --- Certificates ---


class Operators:
    """An authority's certificates: of the admin port, of an operator, and what each trusts."""

    def __init__(self, authority):
        self.authority = authority
        self.port, self.ann = authority.sign("port", "DNS:edge.test"), authority.sign("ann", "DNS:ann.test")
        self.admin = {
            "address": f"0.0.0.0:{free_port()}",
            "tls": self.port.tls | {"client_ca_file": str(authority.file)},
            "client": self.ann.tls | {"ca_file": str(authority.file), "server_name": "edge.test"},
        }

    def context(self, certificate=None):
        context = self.authority.context()
        if certificate:
            context.load_cert_chain(certificate.file, certificate.key)
        return context


@pytest.fixture
def operators(authority):
    return Operators(authority)


@pytest.fixture
def guarded(start_edge, origin, operators):
    """An edge whose operators have certificates, and no token."""
    edge = start_edge([origin], {"admin": operators.admin}, start=False)
    edge.admin_place = int(operators.admin["address"].rsplit(":")[-1])
    edge.admin_tls = operators.context(operators.ann)
    edge.start()
    return edge


def test_who_shows_a_certificate_needs_no_token_and_the_log_names_whose_it_is(guarded):
    guarded.purge(avatar="42")
    guarded.wait_for_log("admin.purge by 127.0.0.1, certificate of CN=ann: ")


def is_let_in(edge, context):
    try:
        with Client(edge.admin_place, tls=context) as client:
            return client.get("/status").status == 200
    except (ssl.SSLError, ConnectionError, Incomplete):
        return False


def test_who_shows_none_or_another_is_not_let_in(guarded, operators, tmp_path):
    from certificates import Authority
    assert is_let_in(guarded, guarded.admin_tls)
    assert not is_let_in(guarded, operators.context())
    (tmp_path / "other").mkdir()
    stranger = Authority(tmp_path / "other").sign("ann", "DNS:ann.test")
    assert not is_let_in(guarded, operators.context(stranger))


def test_the_commands_show_their_certificate_and_believe_that_of_the_port(guarded, operators, authority):
    assert '"state": "serving"' in guarded.run("status").stdout
    assert '"scope":"node"' in guarded.run("update", "--avatar", "42").stdout
    guarded.config["admin"]["client"]["server_name"] = "other.test"
    guarded.write_config()
    done = guarded.run("status", check=False)
    assert done.returncode == 1 and "no answer from the admin port" in done.stderr


def test_with_a_token_as_well_both_are_needed(start_edge, origin, operators, token_file):
    edge = start_edge([origin], {"admin": operators.admin | {"token_file": token_file}}, start=False)
    edge.admin_place = int(operators.admin["address"].rsplit(":")[-1])
    edge.admin_tls = operators.context(operators.ann)
    edge.start()
    assert edge.admin("GET", "/status").status == 401
    assert edge.admin("GET", "/status", {"Authorization": f"Bearer {TOKEN}"}).status == 200
    assert '"state": "serving"' in edge.run("status").stdout


def test_a_renewed_certificate_is_taken_by_a_reload(guarded, operators, authority):
    def expiry():
        with Client(guarded.admin_place, tls=guarded.admin_tls) as client:
            return client.socket.getpeercert()["serialNumber"]

    before = expiry()
    authority.sign("port", "DNS:edge.test")
    assert guarded.reload() == "ok"
    assert expiry() != before
    assert f'file="{operators.port.file}"' in guarded.metrics().text


# --- Reloads ---


def test_another_address_that_needs_a_restart_does_not_take_the_token_from_this_one(start_edge, origin, token_file):
    port = free_port()
    edge = start_edge([origin], {"admin": {"address": f"0.0.0.0:{port}", "token_file": token_file}}, start=False)
    edge.admin_place = port
    edge.launch()
    right = {"Authorization": f"Bearer {TOKEN}"}
    wait_until(lambda: edge.is_ready(), "readyz")
    edge.config["admin"] = {"address": f"127.0.0.1:{free_port()}"}
    edge.write_config()
    edge.signal(1)
    edge.wait_for_log("config.reload")
    assert re.search(r"a restart is needed for .*admin.address", edge.log())
    assert edge.admin("GET", "/status").status == 401
    assert edge.admin("GET", "/status", right).status == 200


def test_the_process_that_takes_over_in_an_upgrade_is_asked_at_the_same_socket(start_edge, origin, redis, socket_path):
    edge = start_edge([origin], {"admin": {"address": f"unix:{socket_path}"},
                                 "updates": {"url": redis.url, "lease": "1s"}}, start=False)
    edge.admin_place = socket_path
    edge.start()
    before = edge.status()["pid"]
    edge.upgrade()
    assert edge.status()["pid"] != before and os.path.exists(socket_path)
    edge.purge(all=True)
