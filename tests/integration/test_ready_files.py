"""The configurations that are ready to be copied, and the schema that editors hold configurations to."""
import json
import re
import shutil
import subprocess

import jsonschema
import pytest
import yaml

from edge import PROGRAM, ROOT

READY = sorted((ROOT / "config").glob("*.yaml"))
ids = [file.stem for file in READY]


def run(*arguments):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=60)


def make_named_files(folder, text, authority):
    """What the text names of certificates and secrets, as files that will do."""
    server = authority.sign("ready", "DNS:avatars.test")
    for name in set(re.findall(r"^[^#\n]*\b(?:certificate|key|\w+_file): ([\w.-]+\.\w+)", text, re.M)):
        file = folder / name
        if name.endswith((".token", ".secret")):
            file.write_text("0123456789abcdef" * 4)
            file.chmod(0o600)
        else:
            shutil.copy(server.key if "key" in name else authority.file if "ca" in name.split(".")[0].split("-")
                        else server.file, file)


@pytest.mark.parametrize("file", READY, ids=ids)
def test_a_ready_file_is_a_configuration(file, tmp_path, authority):
    copy = tmp_path / file.name
    shutil.copy(file, copy)
    make_named_files(tmp_path, file.read_text(), authority)
    done = run("check", "--config", copy)
    assert done.returncode == 0, done.stderr


def test_the_secure_file_names_what_it_needs(tmp_path):
    """Files that are not there are told by the keys that name them."""
    copy = tmp_path / "high-security.yaml"
    shutil.copy(ROOT / "config/high-security.yaml", copy)
    done = run("check", "--config", copy)
    assert done.returncode == 1
    for name in ("certificate.pem", "key.pem", "clients-ca.pem", "signing.secret", "origin-ca.pem"):
        assert name in done.stderr, (name, done.stderr)


# --- The schema ---


class Yaml12(yaml.SafeLoader):
    """YAML as editors read it: that of version 1.2, where off and yes are texts and times of day are too."""

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag not in ("tag:yaml.org,2002:bool",
                                                                            "tag:yaml.org,2002:timestamp",
                                                                            "tag:yaml.org,2002:int")]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()}


Yaml12.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("true|false"), "tf")
Yaml12.add_implicit_resolver("tag:yaml.org,2002:int", re.compile("[-+]?[0-9]+$"), "-+0123456789")


@pytest.fixture(scope="module")
def complaints():
    """complaints(text): what an editor says of a configuration, as texts."""
    schema = json.loads(run("schema").stdout)
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema)
    return lambda text: [f"{'.'.join(map(str, error.path))}: {error.message}"
                         for error in validator.iter_errors(yaml.load(text, Yaml12))]


@pytest.mark.parametrize("file", READY, ids=ids)
def test_a_ready_file_is_of_the_form_that_the_schema_says(file, complaints):
    assert complaints(file.read_text()) == []


def test_the_examples_within_the_comments_are_of_that_form_too(complaints):
    text = (ROOT / "config/avatar-edge.yaml").read_text()
    tls = re.search(r"^    # With it, on a port of its own:\n((?:    # .*\n)+)", text, re.M)[1]
    tls = re.sub(r"^    # ", "    ", tls, flags=re.M)
    assert complaints(f"listen:\n  - address: 0.0.0.0:8443\n{tls}") == []
    for section in ("signed_urls:\n  keys", "limits:\n  rates"):
        key = section.split()[-1]
        example = re.search(rf"^  # {key}:\n(?:  #   .*\n)+", text, re.M)[0]
        assert complaints(section.split()[0] + "\n" + re.sub("^  # ", "  ", example, flags=re.M)) == []


@pytest.mark.parametrize("text", [
    "cache: {memroy: 1MiB}", "cache: {memory: 512}", "cache: {memory: 512MB}", "cache: []", "workers: many", "workers: 257",
    "listen: []", "listen: [{adress: '0.0.0.0:1'}]", "drain: 5", "drain: 5 s", "log: {level: loud}", "origin: {urls: x}",
    "http2: {enabled: 'true'}", "listen: [{tls: {min_version: 1.1}}]", "limits: {rates: [{by: moon}]}",
    "redis: {prefix: null}", "site: [a]", "[]"])
def test_the_schema_refuses_what_check_refuses(text, complaints, tmp_path):
    assert complaints(text), text
    file = tmp_path / "edge.yaml"
    file.write_text(text)
    assert run("check", "--config", file).returncode == 1


@pytest.mark.parametrize("text", [
    "", "cache:", "cache: {default_ttl: 0, memory: 16MiB}", "http: {body_bytes_max: 0}", "redis: {url: null, prefix: 7}",
    "listen: [{address: '127.0.0.1:0', tls: null}]", "drain: 0s", "log: {access: off}", "admin: {token_file: null}"])
def test_the_schema_takes_what_check_takes(text, complaints, tmp_path):
    assert complaints(text) == []
    file = tmp_path / "edge.yaml"
    file.write_text(text)
    done = run("check", "--config", file)
    assert done.returncode == 0, done.stderr


def test_the_schema_beside_the_files_is_that_of_the_program():
    """Made anew by: avatar-edge schema > config/avatar-edge.schema.json"""
    assert (ROOT / "config/avatar-edge.schema.json").read_text() == run("schema").stdout


def test_every_ready_file_names_the_schema():
    for file in READY:
        assert file.read_text().startswith("# yaml-language-server: $schema=avatar-edge.schema.json\n"), file
