"""A real Prometheus in the test's folder, with the files of monitoring/ but for what a test cannot wait for."""
import json
import subprocess
import urllib.error
import urllib.parse
import urllib.request

import yaml

from edge import PATIENCE, ROOT, free_port, wait_until

MONITORING = ROOT / "monitoring"


class Prometheus:
    """Scrapes these targets, by job. A job that has none is left out, as prometheus.yaml says of verify. It takes five
    seconds from a start to the first scrape, which cannot be changed.

    What differs from monitoring/: the targets; it scrapes and evaluates twice a second; and what alerts have in `for` is
    a second. Thresholds, expressions and ranges are those of the files."""

    def __init__(self, folder, targets):
        self.folder = folder
        self.port = free_port()
        self.write_config(targets)
        with open(folder / "prometheus.log", "wb") as log:
            self.process = subprocess.Popen(
                ["prometheus", f"--config.file={folder / 'prometheus.yaml'}", f"--storage.tsdb.path={folder / 'data'}",
                 f"--web.listen-address=127.0.0.1:{self.port}", "--log.level=warn"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def write_config(self, targets):
        config = yaml.safe_load((MONITORING / "prometheus.yaml").read_text())
        config["global"] = {"scrape_interval": "500ms", "evaluation_interval": "500ms"}
        config["scrape_configs"] = [job for job in config["scrape_configs"] if targets.get(job["job_name"])]
        assert targets.keys() == {job["job_name"] for job in config["scrape_configs"]}
        for job in config["scrape_configs"]:
            job["static_configs"] = [{"targets": targets[job["job_name"]]}]
        (self.folder / "prometheus.yaml").write_text(yaml.safe_dump(config))
        for name in config["rule_files"]:
            rules = yaml.safe_load((MONITORING / name).read_text())
            for rule in (rule for group in rules["groups"] for rule in group["rules"] if "for" in rule):
                rule["for"] = "1s"
            (self.folder / name).write_text(yaml.safe_dump(rules))

    def is_ready(self):
        assert self.process.poll() is None, self.log()
        try:
            self.ask("/-/ready")
            return True
        except (urllib.error.URLError, ConnectionError):
            return False

    def has_scraped(self, times=2):
        """Whether each target has been scraped so often that a rate can be told."""
        up = self.query(f"sum_over_time(up[10m]) >= {times}")
        return len(up) == len(self.get("targets")["activeTargets"]) > 0

    def log(self):
        return (self.folder / "prometheus.log").read_text(errors="replace")[-4000:]

    # --- Asking ---

    def ask(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=PATIENCE) as response:
            return response.read()

    def get(self, what, **parameters):
        """Of its API; a query that it does not understand fails the test."""
        try:
            answer = json.loads(self.ask(f"/api/v1/{what}?{urllib.parse.urlencode(parameters)}"))
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{what} {parameters}: {error.read().decode()}") from None
        assert answer["status"] == "success", answer
        return answer["data"]

    def query(self, expression):
        """Samples, each with "metric" and "value"."""
        return self.get("query", query=expression)["result"]

    def rules(self):
        return [rule for group in self.get("rules")["groups"] for rule in group["rules"]]

    def firing(self):
        """Alerts by name, each with the texts of one of its instances."""
        return {alert["labels"]["alertname"]: alert["annotations"] for alert in self.get("alerts")["alerts"]
                if alert["state"] == "firing"}

    def wait_until_evaluated(self):
        """Every rule has been evaluated, with nothing against it, since this was called."""
        before = self.evaluations()

        def all_are():
            now = self.evaluations()
            return now.keys() == before.keys() and all(now[rule] > before[rule] for rule in now)

        wait_until(all_are, "the evaluation of all rules")
        broken = [rule for rule in self.rules() if rule["health"] != "ok"]
        assert not broken, broken

    def evaluations(self):
        return {(rule["type"], rule["name"]): rule["lastEvaluation"] for rule in self.rules()}

    def wait_for(self, *alerts):
        """They fire, with texts that have no holes."""
        wait_until(lambda: set(alerts) <= self.firing().keys(), f"{alerts} to fire")
        for name, texts in self.firing().items():
            for text in texts.values():
                assert text.strip() and "<no value>" not in text and "error expanding" not in text, (name, text)

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        finally:
            self.process.kill()
