"""What compose.yaml says of the files beside it. script/image builds and runs the image itself."""
import json
import subprocess

import pytest
import yaml

from edge import PROGRAM, ROOT

COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
CONFIG = ROOT / "config/compose/avatar-edge.yaml"


@pytest.mark.parametrize("service", COMPOSE)
def test_what_is_mounted_is_there(service):
    for volume in COMPOSE[service].get("volumes", []):
        assert (ROOT / volume.split(":")[0]).is_file(), volume


def test_the_edge_of_it_has_a_configuration_without_fault():
    done = subprocess.run([PROGRAM, "check", "--config", CONFIG], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_the_edge_asks_the_origin_and_the_redis_that_are_there():
    config = yaml.safe_load(CONFIG.read_text())
    command = COMPOSE["origin"]["command"]
    assert config["origin"]["urls"] == [f"http://127.0.0.1:{int(command[command.index('--port') + 1]) + 1}"]
    assert COMPOSE["origin"]["network_mode"] == "service:edge"
    assert config["redis"]["url"].removeprefix("redis://").split(":")[0] in COMPOSE


def test_prometheus_finds_the_admin_port_and_its_rules():
    scraped = yaml.safe_load((ROOT / "monitoring/prometheus.yaml").read_text())
    schema = json.loads((ROOT / "config/avatar-edge.schema.json").read_text())
    admin = schema["properties"]["admin"]["properties"]["address"]["default"]
    assert "admin" not in yaml.safe_load(CONFIG.read_text())
    assert scraped["scrape_configs"][0]["static_configs"][0]["targets"] == [admin]
    mounted = {volume.split(":")[1] for volume in COMPOSE["prometheus"]["volumes"]}
    assert {f"/etc/prometheus/{file}" for file in scraped["rule_files"]} <= mounted


def test_the_edge_may_drain_before_it_is_killed():
    config = yaml.safe_load(CONFIG.read_text())
    seconds = lambda text: int(text.removesuffix("s"))
    assert seconds(config["drain"]) < seconds(COMPOSE["edge"]["stop_grace_period"])
