"""The real nginx as an origin."""
import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import urllib.error
import urllib.request

from edge import free_port, wait_until

CONFIG = """
daemon off; {user} worker_processes 1; pid {folder}/pid; error_log {folder}/error.log notice;
events {{ worker_connections 2048; }}
http {{
  log_format target '$request_method $request_uri $status'; access_log {folder}/access.log target;
  log_format protocol '$server_protocol $connection $request_method $request_uri $status';
  access_log {folder}/protocol.log protocol;
  types {{ image/png png; image/gif gif; }} default_type application/octet-stream;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi; client_max_body_size 64m;
  keepalive_requests 1000000;
  server {{ listen 127.0.0.1:{port} {tls} backlog=4096; {certificate} root {folder}/files; {locations} }}
}}
"""


class Nginx:
    """Serves the folder `files`; `locations` are further lines of its server block.

    With a certificate over TLS, in HTTP/2 to who wants that."""

    def __init__(self, folder, locations="location / { expires 1h; }", certificate=None):
        self.folder = pathlib.Path(folder)
        self.files = self.folder / "files"
        self.files.mkdir(parents=True, exist_ok=True)
        self.marks = []
        self.port = free_port()
        self.url = f"{'https' if certificate else 'http'}://127.0.0.1:{self.port}"
        user = "user root;" if os.geteuid() == 0 else ""
        # Where it stops, it waits for clients of HTTP/2 to close.
        tls = (f"ssl_certificate {certificate.file}; ssl_certificate_key {certificate.key}; lingering_timeout 100ms;"
               if certificate else "")
        (self.folder / "nginx.conf").write_text(CONFIG.format(
            user=user, folder=self.folder, port=self.port, locations=locations, certificate=tls,
            tls="ssl http2" if certificate else ""))
        self.start()

    def start(self):
        program = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin:/sbin")
        self.process = subprocess.Popen([program, "-p", self.folder, "-c", self.folder / "nginx.conf", "-e",
                                         self.folder / "error.log"], stdin=subprocess.DEVNULL)
        wait_until(self.is_up, "nginx")

    def is_up(self):
        assert self.process.poll() is None, (self.folder / "error.log").read_text()
        try:
            socket.create_connection(("127.0.0.1", self.port)).close()
            return True
        except ConnectionRefusedError:
            return False

    def write(self, path, content):
        file = self.files / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        # Renamed into place, as an upload would be, so that no answer has half of it.
        new = file.with_name(file.name + ".new")
        new.write_bytes(content)
        new.rename(file)
        return file

    def requests(self):
        """Lines "METHOD TARGET STATUS" of what it has answered, without TLS."""
        # It logs a request after it has answered it, but before it answers the next one.
        mark = f"/mark-{len(self.marks)}"
        with contextlib.suppress(urllib.error.HTTPError):
            urllib.request.urlopen(self.url + mark, timeout=10)
        self.marks.append(f"GET {mark} 404")
        log = self.folder / "access.log"
        wait_until(lambda: self.marks[-1] in log.read_text().splitlines(), "nginx to log what it has answered")
        return [line for line in log.read_text().splitlines() if line not in self.marks]

    def protocols(self):
        """(protocol, connection, method, target, status) of what it has answered."""
        return [tuple(line.split()) for line in (self.folder / "protocol.log").read_text().splitlines()]

    def reload(self):
        """New workers; the old ones finish what they have begun, and close their connections."""
        self.process.send_signal(signal.SIGHUP)

    def stop(self):
        self.process.send_signal(signal.SIGQUIT)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
