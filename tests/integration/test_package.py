"""The Debian package: what it says, what it brings, and that what it brings works. script/package --try also installs it."""
import fcntl
import re
import shutil
import subprocess

import pytest

from edge import PRESET, ROOT

pytestmark = [
    pytest.mark.skipif(PRESET != "release", reason="only the release is packed"),
    pytest.mark.skipif(not (shutil.which("cpack") and shutil.which("dpkg-shlibdeps")), reason="no cpack or no dpkg-dev here"),
]


def output_of(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """The file, packed anew of what is built."""
    folder, config = tmp_path_factory.mktemp("package"), ROOT / "build/release/CPackConfig.cmake"
    with config.open() as one_at_a_time:  # Of the processes that share the tests, because all pack in one place.
        fcntl.flock(one_at_a_time, fcntl.LOCK_EX)
        output_of("cpack", "--config", config, "-B", folder)
    [file] = folder.glob("*.deb")
    return file


@pytest.fixture(scope="module")
def unpacked(package, tmp_path_factory):
    folder = tmp_path_factory.mktemp("unpacked")
    output_of("dpkg-deb", "--raw-extract", package, folder)
    return folder


def test_the_package_says_what_it_is_and_needs(package):
    field = lambda name: output_of("dpkg-deb", "--field", package, name).strip()
    assert field("Package") == "avatar-edge" and re.fullmatch(r"\d+\.\d+\.\d+-1~deb\d+", field("Version"))
    needs = {need.split()[0] for need in field("Depends").split(", ")}
    assert {"libc6", "ca-certificates", "passwd"} <= needs
    for library in ("libevent-core", "libcurl", "libhiredis", "libnghttp2", "libssl", "libyaml-cpp"):
        assert any(need.startswith(library) for need in needs), (library, needs)


def test_the_package_brings_these_files_and_no_others(package):
    listed = [line.split() for line in output_of("dpkg-deb", "--contents", package).splitlines()]
    files = {words[5].lstrip("."): words[0] for words in listed if not words[5].endswith("/")}
    assert set(files) == {
        "/etc/avatar-edge/avatar-edge.yaml", "/etc/logrotate.d/avatar-edge", "/usr/bin/avatar-edge",
        "/usr/lib/systemd/system/avatar-edge.service",
        "/usr/lib/systemd/system/avatar-edge.socket", "/usr/share/avatar-edge/avatar-edge.schema.json",
        "/usr/share/bash-completion/completions/avatar-edge", "/usr/share/doc/avatar-edge/CHANGELOG.md",
        "/usr/share/doc/avatar-edge/README.md", "/usr/share/doc/avatar-edge/operation.md",
        "/usr/share/man/man8/avatar-edge.8.gz"} | {
        f"/usr/share/doc/avatar-edge/examples/{file.name}" for file in (ROOT / "config").glob("*.yaml")
        if file.stem != "avatar-edge"}
    assert {mode for path, mode in files.items() if path != "/usr/bin/avatar-edge"} == {"-rw-r--r--"}
    assert files["/usr/bin/avatar-edge"] == "-rwxr-xr-x"
    assert all(words[1] == "root/root" for words in listed)


def test_the_program_and_the_configuration_of_the_package_are_good(unpacked):
    program, config = unpacked / "usr/bin/avatar-edge", unpacked / "etc/avatar-edge/avatar-edge.yaml"
    assert output_of(program, "check", "--config", config).endswith(": ok\n")
    # All but the first line, which names the schema where it is installed.
    first, rest = config.read_text().split("\n", 1)
    assert rest == (ROOT / "config/avatar-edge.yaml").read_text().split("\n", 1)[1]
    assert (unpacked / first.split("$schema=/")[1]).exists()


def test_the_configuration_is_kept_over_upgrades(unpacked):
    assert (unpacked / "DEBIAN/conffiles").read_text().split() == [
        "/etc/avatar-edge/avatar-edge.yaml", "/etc/logrotate.d/avatar-edge"]


def test_the_scripts_of_the_package_are_well_formed_and_start_nothing(unpacked):
    for name in ("postinst", "prerm", "postrm"):
        script = unpacked / "DEBIAN" / name
        assert script.stat().st_mode & 0o777 == 0o755
        output_of("sh", "-n", script)
        assert not re.search(r"systemctl.*\b(start|enable)\b", script.read_text()), name
