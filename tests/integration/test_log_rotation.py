"""Logs that are files are rotated: renamed, and opened anew by SIGUSR1."""
import json
import signal

import pytest

from edge import wait_until
from origin import answer

FRESH = {"Cache-Control": "max-age=600"}


@pytest.fixture
def rotating(start_edge, origin):
    """An edge of which both logs are files."""
    origin.on("/avatars/1/46", answer(200, FRESH, b"picture"))
    edge = start_edge([origin], {"log": {"file": "edge.log"}}, start=False)
    edge.config["log"]["file"] = str(edge.folder / "edge.log")
    edge.start()
    return edge


def lines_of(file):
    return file.read_text().splitlines() if file.exists() else []


def rotate(edge, number):
    """Renames both, sends the signal, and waits until both have been opened anew."""
    for name in ("edge.log", "access.log"):
        (edge.folder / name).rename(edge.folder / f"{name}.{number}")
    edge.signal(signal.SIGUSR1)

    def reopened():
        plain = lines_of(edge.folder / "edge.log")
        return all(any("log.reopened" in line and f"{name}'" in line for line in plain) for name in ("edge.log", "access.log"))

    wait_until(reopened, "both files are opened anew")


def test_after_the_line_nothing_goes_to_the_old_file(rotating):
    rotating.get("/avatars/1/46")
    rotate(rotating, 1)
    old = {name: (rotating.folder / f"{name}.1").read_text() for name in ("edge.log", "access.log")}
    rotating.get("/avatars/1/46")
    rotating.purge(all=True)
    wait_until(lambda: any("admin.purge" in line for line in lines_of(rotating.folder / "edge.log")), "a line in the new one")
    wait_until(lambda: any(line["target"] == "/avatars/1/46" for line in rotating.access_log()), "and in the access log")
    for name, text in old.items():
        assert (rotating.folder / f"{name}.1").read_text() == text


def test_no_line_is_lost_or_torn(rotating):
    requests, rotations = 0, 5
    for number in range(rotations):
        for _ in range(20):
            assert rotating.get("/avatars/1/46").status == 200
            requests += 1
        rotate(rotating, number)
    rotating.stop()
    lines = [line for file in rotating.folder.glob("access.log*") for line in lines_of(file)]
    assert sum(json.loads(line)["target"] == "/avatars/1/46" for line in lines) == requests
    plain = [line for file in rotating.folder.glob("edge.log*") for line in lines_of(file)]
    assert sum("log.reopened" in line for line in plain) == 2 * rotations


def test_a_file_that_cannot_be_opened_anew_goes_on_under_its_old_name(rotating):
    folder = rotating.folder / "access.log"
    folder.rename(rotating.folder / "access.log.1")
    folder.mkdir()
    rotating.signal(signal.SIGUSR1)
    wait_until(lambda: any("log.write_failed" in line and "access.log" in line
                           for line in lines_of(rotating.folder / "edge.log")), "the trouble is told")
    before = len(lines_of(rotating.folder / "access.log.1"))
    rotating.get("/avatars/1/46")
    wait_until(lambda: len(lines_of(rotating.folder / "access.log.1")) > before, "a line in the old one")


def test_logs_that_are_no_files_are_left_alone(start_edge, origin):
    edge = start_edge([origin], {"log": {"access_file": "-"}})
    edge.signal(signal.SIGUSR1)
    edge.wait_for_log("log.reopen no log is a file")
    assert edge.get("/avatars/1/46").status == 404
