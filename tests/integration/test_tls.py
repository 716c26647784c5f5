"""TLS with clients: which certificate, which versions and ciphers, resumption, reload, and what is no TLS at all."""
import base64
import os
import re
import signal
import socket
import ssl
import subprocess
import threading

import pytest

from certificates import Authority
from client import PATIENCE, Client, Incomplete
from edge import wait_until
from http2_frames import Peer
from origin import answer

FRESH = {"Cache-Control": "max-age=60"}
PATH = "/avatars/1/46"
VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


@pytest.fixture
def transport():
    return "h1tls"


@pytest.fixture
def start_tls(start_edge, origin):
    """start_tls(certificates, tls={}) starts an edge with them, the first the default, and a small picture behind it."""
    origin.on(PATH, answer(200, FRESH, b"picture"))

    def start(certificates=None, tls=None, config=None):
        edge = start_edge([origin], config, start=False)
        if certificates:
            edge.tls["certificates"] = [one if isinstance(one, dict) else one.tls for one in certificates]
        edge.tls.update(tls or {})
        edge.start()
        return edge

    return start


@pytest.fixture
def front(start_tls):
    return start_tls()


@pytest.fixture(scope="module")
def other_authority(tmp_path_factory):
    """One that nobody trusts."""
    return Authority(tmp_path_factory.mktemp("other"))


def hello(edge, context, name="edge.test", session=None):
    """A connection after its handshake."""
    plain = socket.create_connection(("127.0.0.1", edge.tls_port), timeout=PATIENCE)
    try:
        return context.wrap_socket(plain, server_hostname=name, session=session, suppress_ragged_eofs=False)
    except BaseException:
        plain.close()
        raise


def get(connection):
    """What a GET brings on it, until the edge says that it has closed."""
    connection.sendall(f"GET {PATH} HTTP/1.1\r\nHost: edge.test\r\nConnection: close\r\n\r\n".encode())
    said = b""
    while piece := connection.recv(1 << 16):
        said += piece
    return said


def nameless(authority):
    """A context that trusts the authority whatever the name in the certificate."""
    context = authority.context()
    context.check_hostname = False
    return context


def name_of(connection):
    """The common name of the edge's certificate."""
    return dict(field[0] for field in connection.getpeercert()["subject"])["commonName"]


def s_client(edge, *options, said=b""):
    """All that openssl s_client prints."""
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{edge.tls_port}", "-CAfile", edge.authority.file,
                           *options], input=said, capture_output=True, timeout=PATIENCE)
    return (done.stdout + done.stderr).decode(errors="replace")


def wait_for_handshakes(edge, count, end):
    """Counted once the edge knows of the end, and the client may know before."""
    edge.wait_for_metric(lambda counted: counted == count, "tls_handshakes_total", end=end)


# --- Which certificate ---


@pytest.mark.parametrize("name, certificate", [
    ("edge.test", "first"), ("a.wild.test", "wild"), ("exact.wild.test", "exact"), ("EXACT.Wild.TEST", "exact"),
    ("other.wild.test", "wild"), ("a.b.wild.test", "first"), ("wild.test", "first"), ("unknown.test", "first"),
    ("second.test", "exact"), (None, "first")])
def test_the_name_that_the_client_asks_for_chooses(start_tls, authority, name, certificate):
    edge = start_tls([authority.sign("first", "DNS:edge.test"), authority.sign("wild", "DNS:*.wild.test"),
                      authority.sign("exact", "DNS:exact.wild.test", "DNS:second.test")])
    with hello(edge, nameless(authority), name) as connection:
        assert name_of(connection) == certificate
        assert get(connection).endswith(b"picture")


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_ecdsa_and_rsa_stand_side_by_side(start_tls, authority, version):
    edge = start_tls([authority.sign("ec", "DNS:edge.test"), authority.sign("rsa", "DNS:edge.test", kind="rsa")])
    option = f"-tls{version.replace('.', '_')}"
    for algorithms, kind in (("ecdsa_secp256r1_sha256", "ECDSA"), ("rsa_pss_rsae_sha256", "RSA-PSS"),
                             ("rsa_pss_rsae_sha256:ecdsa_secp256r1_sha256", "ECDSA|RSA-PSS")):
        said = s_client(edge, option, "-sigalgs", algorithms, "-servername", "edge.test")
        assert re.search(rf"Peer signature type: ({kind})\n", said), said
        assert "Verify return code: 0 (ok)" in said


def test_the_chain_comes_with_the_certificate(start_tls, authority, tmp_path):
    chain = authority.sign("chained", "DNS:edge.test")
    file = tmp_path / "chain.pem"
    file.write_bytes(chain.file.read_bytes() + authority.file.read_bytes())
    edge = start_tls([{"certificate": str(file), "key": str(chain.key)}])
    assert s_client(edge, "-showcerts").count("BEGIN CERTIFICATE") >= 2


def test_a_staple_is_sent_to_who_asks_for_it(start_tls, authority):
    certificate = authority.sign("stapled", "DNS:edge.test")
    edge = start_tls([certificate.tls | {"ocsp": str(authority.vouch(certificate))}])
    assert "OCSP Response Status: successful" in s_client(edge, "-status", "-servername", "edge.test")
    assert "Cert Status: good" in s_client(edge, "-status", "-tls1_2")
    assert "OCSP" not in s_client(edge).replace("OCSP response: no response sent", "")


def test_without_a_staple_none_is_sent(front):
    assert "OCSP response: no response sent" in s_client(front, "-status")


# --- Which protocol ---


@pytest.mark.parametrize("offered, chosen", [(["h2"], "h2"), (["http/1.1"], "http/1.1"), (["http/1.1", "h2"], "h2"),
                                             (["unknown", "http/1.1"], "http/1.1"), ([], None)], ids=str)
def test_the_protocol_is_negotiated(front, authority, offered, chosen):
    with hello(front, authority.context(*offered)) as connection:
        assert connection.selected_alpn_protocol() == chosen
        if chosen != "h2":
            assert get(connection).startswith(b"HTTP/1.1 200 ")


def test_http_2_over_tls(front, authority):
    with Peer(front.tls_port, tls=authority.context("h2")) as peer:
        assert peer.ready().get(1).body == b"picture"
    with front.connect("h2") as client:
        assert client.get(PATH).body == b"picture"


def test_who_has_negotiated_http_2_speaks_it(front, authority):
    """RFC 9113 section 3.3."""
    with hello(front, authority.context("h2")) as connection:
        connection.sendall(f"GET {PATH} HTTP/1.1\r\nHost: edge.test\r\n\r\n".encode() + b" " * 100)
        said = b""
        try:
            while piece := connection.recv(1 << 16):
                said += piece
        except (ssl.SSLEOFError, ConnectionResetError):
            pass
        assert b"picture" not in said


@pytest.mark.parametrize("option, version", [("--http2", b"2"), ("--http1.1", b"1.1"), ("--no-alpn", b"1.1")])
def test_curl(front, tmp_path, origin, option, version):
    origin.on("/echo", lambda request: request.respond(200, {"Cache-Control": "no-store"}, request.body))
    url = f"https://127.0.0.1:{front.tls_port}"

    def curl(*options):
        return subprocess.run(["curl", "-sS", "-k", option, "-w", " %{http_version}", *options], capture_output=True,
                              check=True).stdout

    assert curl(url + PATH) == b"picture " + version
    upload = tmp_path / "upload"
    upload.write_bytes(os.urandom(2 << 20))
    assert curl("-T", upload, f"{url}/echo") == upload.read_bytes() + b" " + version


def test_h2load_over_tls_has_ten_thousand_answers(front):
    done = subprocess.run(["h2load", "-n", "10000", "-c", "10", "-m", "20", f"https://127.0.0.1:{front.tls_port}{PATH}"],
                          capture_output=True, text=True, check=True)
    assert "10000 succeeded, 0 failed, 0 errored, 0 timeout" in done.stdout, done.stdout


# --- Versions and ciphers ---


def speaking(authority, version, ciphers=None):
    context = authority.context("http/1.1")
    context.minimum_version = context.maximum_version = version
    if ciphers:
        context.set_ciphers(ciphers)
    return context


def test_the_lowest_version_is_1_2_unless_it_is_1_3(start_tls, front, authority):
    for version in VERSIONS.values():
        with hello(front, speaking(authority, version)) as connection:
            assert get(connection).endswith(b"picture")
    with pytest.warns(DeprecationWarning):
        old = speaking(authority, ssl.TLSVersion.TLSv1_1, "DEFAULT@SECLEVEL=0")
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        hello(front, old)
    modern = start_tls(tls={"min_version": "1.3"})
    with hello(modern, speaking(authority, VERSIONS["1.3"])) as connection:
        assert get(connection).endswith(b"picture")
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        hello(modern, speaking(authority, VERSIONS["1.2"]))
    wait_for_handshakes(modern, 1, "failed")


def test_ciphers_are_those_of_the_configuration(start_tls, authority):
    edge = start_tls(tls={"ciphers": "ECDHE-ECDSA-AES256-GCM-SHA384", "ciphersuites": "TLS_CHACHA20_POLY1305_SHA256"})
    for version, cipher in (("1.2", "ECDHE-ECDSA-AES256-GCM-SHA384"), ("1.3", "TLS_CHACHA20_POLY1305_SHA256")):
        with hello(edge, speaking(authority, VERSIONS[version])) as connection:
            assert connection.cipher()[0] == cipher
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        hello(edge, speaking(authority, VERSIONS["1.2"], "ECDHE-ECDSA-AES128-GCM-SHA256"))


def test_what_is_left_of_a_connection_is_not_negotiated_anew(front):
    """TLS 1.2 could; it costs the edge much and the client nothing."""
    s_client(front, "-tls1_2", said=b"R\n")
    wait_for_handshakes(front, 1, "full")
    wait_for_handshakes(front, 0, "failed")


# --- Resumption ---


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_a_session_is_resumed_on_every_worker(start_tls, authority, version):
    edge = start_tls(config={"workers": 4})
    context = speaking(authority, VERSIONS[version])
    session = None
    for i in range(12):
        with hello(edge, context, session=session) as connection:
            assert connection.session_reused == (i > 0)
            assert get(connection).endswith(b"picture")
            session = connection.session
    wait_for_handshakes(edge, 1, "full")
    wait_for_handshakes(edge, 11, "resumed")


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_openssl_resumes_too_and_sends_nothing_early(front, tmp_path, version):
    file, option = tmp_path / "session", f"-tls{version.replace('.', '_')}"
    ask = f"GET {PATH} HTTP/1.1\r\nHost: edge.test\r\nConnection: close\r\n\r\n".encode()
    assert "New, " in s_client(front, option, "-ign_eof", "-sess_out", file, said=ask)
    again = s_client(front, option, "-ign_eof", "-sess_in", file, said=ask)
    assert "Reused, " in again and "picture" in again
    assert "Max Early Data: 0" in again or version == "1.2"


def test_nodes_of_a_site_resume_each_others_sessions_with_shared_keys(start_tls, authority, tmp_path):
    keys = tmp_path / "keys"
    keys.write_text(base64.b64encode(os.urandom(80)).decode() + "\n")
    keys.chmod(0o600)
    nodes = [start_tls(tls={"ticket_keys_file": str(keys)}) for _ in range(2)] + [start_tls()]
    context = authority.context()
    with hello(nodes[0], context) as connection:
        get(connection)
        session = connection.session
    reused = []
    for node in nodes:
        with hello(node, context, session=session) as connection:
            reused.append(connection.session_reused)
    assert reused == [True, True, False]


def test_an_older_key_still_decrypts(start_tls, authority, tmp_path):
    keys = tmp_path / "keys"
    old, new = (base64.b64encode(os.urandom(80)).decode() + "\n" for _ in range(2))
    keys.write_text(old)
    edge = start_tls(tls={"ticket_keys_file": str(keys)})
    context = authority.context()
    with hello(edge, context) as connection:
        get(connection)
        session = connection.session
    keys.write_text(new + old)
    assert edge.reload() == "ok"
    with hello(edge, context, session=session) as connection:
        assert connection.session_reused
    keys.write_text(new)
    assert edge.reload() == "ok"

    def is_forgotten():  # Each worker takes it up in a turn of its own.
        with hello(edge, context, session=session) as connection:
            return not connection.session_reused

    wait_until(is_forgotten, "the old key to be forgotten")


def test_a_session_outlives_a_reload(front, authority):
    context = authority.context()
    with hello(front, context) as connection:
        get(connection)
        session = connection.session
    assert front.reload({"cache": {"default_ttl": "1m"}}) == "ok"
    with hello(front, context, session=session) as connection:
        assert connection.session_reused and get(connection).endswith(b"picture")


# --- Reload ---


def current_name(edge):
    with hello(edge, nameless(edge.authority)) as connection:
        return name_of(connection)


def test_a_renewed_certificate_is_taken_up_and_no_connection_is_dropped(start_tls, authority):
    edge = start_tls([authority.sign("before", "DNS:edge.test")])
    renewed = authority.sign("after", "DNS:edge.test")
    stopped, failures, count = threading.Event(), [], [0] * 3

    def keep_asking(place):
        try:
            with edge.connect() as kept:
                while not stopped.is_set():
                    assert kept.get(PATH).body == b"picture"
                    count[place] += 1
        except (OSError, AssertionError, Incomplete) as failure:
            failures.append(failure)

    threads = [threading.Thread(target=keep_asking, args=(place,)) for place in range(3)]
    for thread in threads:
        thread.start()
    wait_until(lambda: all(count), "traffic")
    edge.tls["certificates"] = [renewed.tls]
    assert edge.reload() == "ok"
    # Each worker takes it up in a turn of its own.
    wait_until(lambda: all(current_name(edge) == "after" for _ in range(8)), "the new certificate")
    before = list(count)
    wait_until(lambda: all(now > then for now, then in zip(count, before)), "traffic on the old connections")
    stopped.set()
    for thread in threads:
        thread.join()
    assert not failures


def test_files_are_read_again_where_their_names_stay(start_tls, authority, tmp_path):
    first, second = authority.sign("first", "DNS:edge.test"), authority.sign("second", "DNS:edge.test")
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"

    def put(one):
        certificate.write_bytes(one.file.read_bytes())
        key.write_bytes(one.key.read_bytes())

    put(first)
    edge = start_tls([{"certificate": str(certificate), "key": str(key)}])
    put(second)
    assert current_name(edge) == "first"
    assert edge.reload() == "ok"
    wait_until(lambda: all(current_name(edge) == "second" for _ in range(8)), "the new certificate")


@pytest.mark.parametrize("fault", ["no file", "no certificate", "another key"])
def test_a_broken_certificate_changes_nothing_and_is_said(start_tls, authority, tmp_path, fault):
    good = authority.sign("good", "DNS:edge.test")
    edge = start_tls([good])
    broken = tmp_path / "broken.pem"
    if fault == "no certificate":
        broken.write_text("-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n")
    elif fault == "another key":
        broken.write_bytes(authority.sign("another", "DNS:edge.test").key.read_bytes())
    edge.tls["certificates"] = [good.tls | {"key" if fault == "another key" else "certificate": str(broken)}]
    assert edge.reload() == "failed"
    edge.wait_for_log("broken.pem" if fault != "another key" else "key")
    assert edge.metric("config_last_reload_successful") == 0
    assert current_name(edge) == "good"
    edge.tls["certificates"] = [authority.sign("next", "DNS:edge.test").tls]
    assert edge.reload() == "ok"
    wait_until(lambda: current_name(edge) == "next", "the next certificate")


def test_check_says_which_file_is_wrong(start_edge, origin, tmp_path):
    edge = start_edge([origin], start=False)
    edge.tls["certificates"] = [{"certificate": str(tmp_path / "absent.pem"), "key": str(tmp_path / "absent.key")}]
    edge.write_config()
    done = edge.run("check", check=False)
    assert done.returncode == 1 and "absent.pem" in done.stdout + done.stderr
    done = edge.run("serve", check=False)
    assert done.returncode == 1 and "absent.pem" in done.stderr


def test_metrics_say_until_when_certificates_are_good(start_tls, authority):
    edge = start_tls([authority.sign("short", "DNS:edge.test", days=5)])
    with hello(edge, authority.context()) as connection:
        until = ssl.cert_time_to_seconds(connection.getpeercert()["notAfter"])
    assert edge.metric("tls_certificate_not_after_seconds") == until
    edge.tls["certificates"] = [authority.sign("long", "DNS:edge.test", days=9).tls]
    assert edge.reload() == "ok"
    edge.wait_for_metric(lambda value: until + 3 * 86400 < value < until + 5 * 86400, "tls_certificate_not_after_seconds")


# --- Clients' certificates ---


def status_with(edge, certificate=None):
    """The status of an answer; None where the edge refuses. In TLS 1.3 a client hears of that after its handshake."""
    context = edge.authority.context()
    if certificate:
        context.load_cert_chain(certificate.file, certificate.key)
    try:
        with hello(edge, context) as connection:
            return int(get(connection).split(b" ")[1])
    except (ssl.SSLError, ConnectionResetError, BrokenPipeError):
        return None


@pytest.mark.parametrize("how, statuses", [("off", (200, 200, 200)), ("optional", (200, 200, None)),
                                           ("required", (None, 200, None))])
def test_clients_may_have_to_show_who_they_are(start_tls, authority, other_authority, how, statuses):
    edge = start_tls(tls={"client_certificates": how, "client_ca_file": str(authority.file)} if how != "off" else None)
    known, unknown = authority.sign("client", "DNS:client.test"), other_authority.sign("stranger", "DNS:client.test")
    assert (status_with(edge), status_with(edge, known), status_with(edge, unknown)) == statuses
    wait_for_handshakes(edge, statuses.count(None), "failed")


# --- What is no TLS ---


@pytest.mark.parametrize("said", [
    b"\0" * 100, b"\x16\x03\x01\xff\xff" + b"x" * 100, b"\x16\x03\x01\0\5\1\0\0\1\0" + b"\x15\x03\x01\0\2\2\x28",
    b"\x80\x2e\1\3\1\0\x15\0\0\0\x10" + b"x" * 40, f"GET {PATH} HTTP/1.1\r\nHost: edge.test\r\n\r\n".encode(),
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"], ids=["zeros", "too long a record", "half a hello", "SSL 2", "HTTP/1", "HTTP/2"])
def test_what_is_no_handshake_is_refused(front, origin, said):
    with Client(front.tls_port) as client:
        client.send(said)
        assert b"picture" not in client.rest()
    wait_for_handshakes(front, 1, "failed")
    assert front.get(PATH).body == b"picture" and origin.count() == 1


def test_random_bytes_harm_nobody(front):
    for _ in range(100):
        with Client(front.tls_port) as client:
            client.send(b"\x16\x03\x01\x02\0\1\0\1\xfc\3\3" + os.urandom(506))
            client.rest()
    assert front.get(PATH).body == b"picture"
    wait_for_handshakes(front, 100, "failed")


def test_tls_on_the_plain_port_is_refused(front, authority, origin):
    with socket.create_connection(("127.0.0.1", front.port), timeout=PATIENCE) as plain:
        with pytest.raises((ssl.SSLError, ConnectionResetError)):
            authority.context().wrap_socket(plain, server_hostname="edge.test")
    assert origin.count() == 0


def client_hello(authority):
    """The first bytes of a client."""
    written = ssl.MemoryBIO()
    client = authority.context().wrap_bio(ssl.MemoryBIO(), written, server_hostname="edge.test")
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return written.read()


def test_a_handshake_in_single_bytes(front, authority):
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = authority.context("http/1.1").wrap_bio(incoming, outgoing, server_hostname="edge.test")
    with Client(front.tls_port) as client:
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                for byte in outgoing.read():
                    client.send(bytes([byte]))
                client.more()
                incoming.write(client.buffer)
                client.buffer = b""
        tls.write(f"GET {PATH} HTTP/1.1\r\nHost: e\r\nConnection: close\r\n\r\n".encode())
        for byte in outgoing.read():
            client.send(bytes([byte]))
        incoming.write(client.rest())
        said = b""
        while piece := tls.read():
            said += piece
        assert said.endswith(b"picture")


@pytest.mark.parametrize("cut", [0, 1, 5, 50, -1], ids=["nothing", "a byte", "a header", "a part", "all but a byte"])
def test_a_client_that_stalls_in_the_handshake_is_closed(start_tls, authority, cut):
    edge = start_tls(config={"http": {"timeouts": {"header": "300ms", "idle": "300ms"}}})
    with Client(edge.tls_port) as client:
        client.send(client_hello(authority)[:cut])
        client.rest()
    edge.wait_for_metric(lambda count: count == 1, "tls_handshakes_total", end="failed")


def test_a_client_that_stalls_after_the_servers_part_is_closed(start_tls, authority):
    edge = start_tls(config={"http": {"timeouts": {"header": "300ms", "idle": "300ms"}}})
    with Client(edge.tls_port) as client:
        client.send(client_hello(authority))
        client.rest()
    edge.wait_for_metric(lambda count: count == 1, "tls_handshakes_total", end="failed")


def test_handshakes_take_turns(start_tls, authority):
    edge = start_tls(config={"workers": 1, "http": {"handshakes_per_turn_max": 1}})
    said = []
    edge.pause()
    clients = [threading.Thread(target=lambda: said.append(get(hello(edge, authority.context())))) for _ in range(20)]
    for client in clients:
        client.start()
    # In the kernel's queue, which the edge finds as a whole.
    wait_until(lambda: waiting_in_kernel(edge.tls_port) == 20, "the hellos")
    edge.resume()
    for client in clients:
        client.join()
    assert all(b"picture" in one for one in said) and len(said) == 20
    assert edge.metric("limits_reached_total", limit="handshakes_per_turn") >= 10


def waiting_in_kernel(port):
    """Connections on which bytes have come that the server has not read."""
    lines = open("/proc/net/tcp").read().splitlines()[1:]
    fields = [line.split() for line in lines]
    return sum(one[1].endswith(f":{port:04X}") and one[3] == "01" and not one[4].endswith(":00000000") for one in fields)


def test_a_client_that_leaves_in_the_handshake_harms_nobody(front, authority):
    said = client_hello(authority)
    for cut in range(0, len(said), 37):
        with Client(front.tls_port) as client:
            client.send(said[:cut])
    front.wait_for_metric(lambda open: open <= 1, "connections_open")
    assert front.get(PATH).body == b"picture"


# --- The end of connections ---


def test_the_end_of_an_answer_without_length_is_said(front, origin):
    """Else somebody on the way could cut it off (RFC 9112 section 9.8). `get` fails where it is not said."""
    origin.on("/stream", answer(200, {"Cache-Control": "no-store"}, b"x" * 100_000, chunked=True))
    with hello(front, front.authority.context()) as connection:
        connection.sendall(b"GET /stream HTTP/1.0\r\nHost: e\r\n\r\n")
        said = b""
        while piece := connection.recv(1 << 16):
            said += piece
        assert said.endswith(b"x" * 100_000)


def test_sigterm_says_the_end_too(front):
    with hello(front, front.authority.context()) as connection:
        connection.sendall(f"GET {PATH} HTTP/1.1\r\nHost: edge.test\r\n\r\n".encode())
        said = b""
        while not said.endswith(b"picture"):
            said += connection.recv(1 << 16)
        front.signal(signal.SIGTERM)
        assert connection.recv(1) == b""
    front.check_end(0)
