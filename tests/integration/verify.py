"""Runs `avatar-edge verify`, and reads what it exports."""
import signal
import subprocess

from client import fetch
from edge import COMPLAINTS, PATIENCE, PROGRAM, Metrics, free_port, wait_until

AFTER = "200ms,400ms"


class Verify:
    """A run of the command."""

    def __init__(self, folder, edge, sites, *more, after=AFTER):
        folder.mkdir()
        self.stdout, self.stderr = folder / "stdout", folder / "stderr"
        self.port = free_port()
        with open(self.stdout, "wb") as out, open(self.stderr, "wb") as err:
            self.process = subprocess.Popen(
                [PROGRAM, "verify", "--config", edge.file, "--edges", sites, "--variant", "96", "--after", after,
                 "--metrics", f"127.0.0.1:{self.port}", *more], stdin=subprocess.DEVNULL, stdout=out, stderr=err)

    def hears(self):
        assert self.process.poll() is None, self.log()
        try:
            return self.metrics()("verify_feed_connected") == 1
        except ConnectionRefusedError:
            return False

    def metrics(self):
        response = fetch(self.port, "GET", "/metrics")
        assert response.status == 200
        return Metrics(response.body.decode())

    def checks(self, **labels):
        return self.metrics()("verify_checks_total", **labels)

    def wait_for(self, count, outcome, **labels):
        """So many checks have come to that, but for those that a slow machine has made too late."""
        wait_until(lambda: sum(self.checks(outcome=one, **labels) for one in (outcome, "late")) >= count,
                   f"{count} checks {outcome} {labels}")

    def log(self):
        return self.stderr.read_text(errors="replace")

    def end(self, status):
        """Ends it, and judges how it ends; all that it printed."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            ended = self.process.wait(PATIENCE)
        finally:
            self.process.kill()
        assert not COMPLAINTS.search(self.log()), self.log()
        assert ended == status, self.log()
        return self.stdout.read_text()


def sites_of(**sites):
    return ",".join(f"{name}={site if isinstance(site, str) else f'http://127.0.0.1:{site.port}'}"
                    for name, site in sites.items())
