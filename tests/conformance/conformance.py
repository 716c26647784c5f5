#!/usr/bin/python3
"""Runs the HTTP cache conformance tests against the real program and judges the outcome.

See README.md here. Called by script/conformance, which says how.
"""
import base64
import hashlib
import io
import json
import os
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "tests" / "integration"))
from edge import PROGRAM, free_port, wait_until  # noqa: E402
from client import fetch  # noqa: E402

PACKAGES = ROOT / "build" / "conformance" / "node_modules"
REGISTRY = os.environ.get("npm_config_registry", "https://registry.npmjs.org").rstrip("/")


def main():
    install()
    with tempfile.TemporaryDirectory() as folder:
        tests = run(pathlib.Path(folder))
    return judge(tests, read_expected())


def install():
    """The packages, each exactly the one whose hash is in packages.json."""
    for package in json.loads((HERE / "packages.json").read_text()):
        name, version = package["name"], package["version"]
        target = PACKAGES / name
        stamp = target / ".integrity"
        if stamp.exists() and stamp.read_text() == package["integrity"]:
            continue
        url = f"{REGISTRY}/{name}/-/{name}-{version}.tgz"
        try:
            with urllib.request.urlopen(url, timeout=60) as response:
                data = response.read()
        except OSError as error:
            sys.exit(f"conformance: {url} cannot be had: {error}")
        if package["integrity"] != "sha512-" + base64.b64encode(hashlib.sha512(data).digest()).decode():
            sys.exit(f"conformance: {url} is not the file whose hash is in packages.json")
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            for member in archive.getmembers():
                path = pathlib.PurePosixPath(*pathlib.PurePosixPath(member.name).parts[1:])
                if not member.isfile() or ".." in path.parts:
                    continue
                file = target / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(archive.extractfile(member).read())
        stamp.write_text(package["integrity"])


def run(folder):
    """Every test, with its result."""
    origin_port, port, admin_port = free_port(), free_port(), free_port()
    config = (HERE / "edge.yaml").read_text() + f"""
listen: [{{address: "127.0.0.1:{port}"}}]
admin: {{address: "127.0.0.1:{admin_port}"}}
origin: {{urls: ["http://127.0.0.1:{origin_port}"]}}
"""
    (folder / "edge.yaml").write_text(config)
    environment = os.environ | {"npm_config_port": str(origin_port), "npm_config_protocol": "http",
                                "npm_config_pidfile": str(folder / "server.pid")}
    processes = []
    with open(folder / "log", "wb") as log:
        try:
            processes.append(subprocess.Popen(["node", "server/server.mjs"], cwd=PACKAGES / "http-cache-tests",
                                              env=environment, stdout=log, stderr=log))
            processes.append(subprocess.Popen([PROGRAM, "serve", "--config", folder / "edge.yaml"], stdout=log, stderr=log))
            wait_until(lambda: answers(origin_port, "/state/none"), "the package's server")
            wait_until(lambda: answers(admin_port, "/readyz"), "the edge")
            done = subprocess.run(["node", "--no-warnings", HERE / "run.mjs", PACKAGES, f"http://127.0.0.1:{port}"],
                                  stdout=subprocess.PIPE, timeout=300, check=True)
        finally:
            for process in processes:
                process.terminate()
            for process in processes:
                process.wait(30)
    return json.loads(done.stdout)


def answers(port, path):
    try:
        return fetch(port, "GET", path).status > 0
    except OSError:
        return False


def read_expected():
    """{id: reason} of the tests that need not pass, from the tables of README.md: `| id | RFC section | reason |`."""
    expected = {}
    for line in (HERE / "README.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| `") and len(cells) == 3:
            for one in cells[0].split(", "):
                expected[one.strip("`")] = f"{cells[2]} ({cells[1]})"
    return expected


def judge(tests, expected):
    by_id = {test["id"]: test for test in tests}

    def passes(test):
        return test["result"] == "pass" and all(passes(by_id[one]) for one in test["depends_on"])

    print(f"{'':10}{'required':>12}{'optimal':>12}{'check: yes':>12}")
    for group in ("package", "own"):
        row = [[test for test in tests if test["group"] == group and test["kind"] == kind]
               for kind in ("required", "optimal", "check")]
        print(f"{group:10}" + "".join(f"{sum(map(passes, of)):>7} / {len(of)}".rjust(12) for of in row))
    faults = 0
    for test in tests:
        if test["kind"] == "check":
            continue
        if passes(test) and test["id"] in expected:
            faults += 1
            print(f"FAULT  {test['id']} passes; take it out of tests/conformance/README.md")
        elif not passes(test) and test["id"] in expected:
            print(f"  {test['kind']:9} {test['id']}: {expected[test['id']]}")
        elif not passes(test):
            faults += 1
            print(f"FAULT  {test['kind']} {test['id']}: {test['name']}: {test['result']}")
    for unknown in set(expected) - set(by_id):
        faults += 1
        print(f"FAULT  {unknown} is in tests/conformance/README.md but is no test")
    print("conformance: as expected" if faults == 0 else f"conformance: {faults} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
