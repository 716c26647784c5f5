"""The real nginx as an origin."""
import os
import pathlib
import shutil
import signal
import socket
import subprocess

from edge import free_port, wait_until

CONFIG = """
daemon off; {user} worker_processes 1; pid {folder}/pid; error_log {folder}/error.log notice;
events {{ worker_connections 2048; }}
http {{
  log_format target '$request_method $request_uri $status'; access_log {folder}/access.log target;
  types {{ image/png png; image/gif gif; }} default_type application/octet-stream;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi; client_max_body_size 64m;
  keepalive_requests 1000000;
  server {{ listen 127.0.0.1:{port} backlog=4096; root {folder}/files; {locations} }}
}}
"""


class Nginx:
    """Serves the folder `files`; `locations` are further lines of its server block."""

    def __init__(self, folder, locations="location / { expires 1h; }"):
        self.folder = pathlib.Path(folder)
        self.files = self.folder / "files"
        self.files.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        user = "user root;" if os.geteuid() == 0 else ""
        file = self.folder / "nginx.conf"
        file.write_text(CONFIG.format(user=user, folder=self.folder, port=self.port, locations=locations))
        program = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin:/sbin")
        self.process = subprocess.Popen([program, "-p", self.folder, "-c", file, "-e", self.folder / "error.log"],
                                        stdin=subprocess.DEVNULL)
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
        """Lines "METHOD TARGET STATUS" of what it has answered."""
        return (self.folder / "access.log").read_text().splitlines()

    def stop(self):
        self.process.send_signal(signal.SIGQUIT)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
