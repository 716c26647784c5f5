"""The man page and the completion of the shell know all that the program's help knows."""
import re
import shutil
import subprocess

import pytest

from edge import PROGRAM, ROOT

MANUAL = ROOT / "docs/avatar-edge.8"
COMPLETION = ROOT / "config/completion/avatar-edge"


def help_of(*command):
    return subprocess.run([PROGRAM, *command, "--help"], capture_output=True, text=True, check=True, timeout=60).stdout


def commands():
    """Those of --help."""
    listed = help_of().split("Subcommands:")[1]
    found = re.findall(r"^  (\w+)", listed, re.M)
    assert "serve" in found
    return found


def options(*command):
    """The options of a command, as its help names them at the beginnings of lines."""
    return {option for option in re.findall(r"^\s+(?:-\w,)?(--[\w-]+)", help_of(*command), re.M)}


def section(name):
    text = MANUAL.read_text().replace("\\-", "-")
    found = re.search(rf"^\.SS {name}\n(.*?)(?=^\.S[SH] )", text, re.M | re.S)
    assert found, f"no section on {name}"
    return found[1]


def completed(*words):
    """What bash offers for the last of the words."""
    script = 'source "$0"; COMP_WORDS=(avatar-edge "$@"); COMP_CWORD=$#; _avatar_edge; printf "%s\\n" "${COMPREPLY[@]}"'
    done = subprocess.run(["bash", "--norc", "-c", script, COMPLETION, *words], capture_output=True, text=True, check=True,
                          timeout=60)
    return set(done.stdout.split())


def test_the_manual_has_every_command_and_option():
    for command in commands():
        text = section(command)
        for option in options(command) - {"--help", "--config"}:
            assert re.search(rf"^\.BI? {option}\b", text, re.M), (command, option)
    text = MANUAL.read_text().replace("\\-", "-")
    for option in options():
        assert option in text, option


def test_the_manual_has_no_other_ones():
    text = MANUAL.read_text().replace("\\-", "-")
    assert re.findall(r"^\.SS (\w+)", text, re.M) == commands()
    for command in commands():
        for option in re.findall(r"^\.BI? (--[\w-]+)", section(command), re.M):
            assert option in options(command), (command, option)


def test_the_completion_offers_exactly_the_commands_and_options_that_there_are():
    assert completed("") == set(commands()) | options()
    for command in commands():
        assert completed(command, "") == options(command), command


def test_the_completion_offers_what_begins_so():
    assert completed("ex") == {"explain"}
    assert completed("update", "--config", "x", "--a") == {"--avatar"}
    assert completed("update", "--version", "") == set()
    assert completed("dance", "") == set()


def test_the_completion_offers_files_for_a_configuration(tmp_path):
    (tmp_path / "edge.yaml").touch()
    assert completed("serve", "--config", f"{tmp_path}/ed") == {f"{tmp_path}/edge.yaml"}


@pytest.mark.skipif(not shutil.which("man"), reason="man is not installed")
def test_the_manual_is_good_roff():
    done = subprocess.run(["man", "--warnings", "-l", MANUAL], capture_output=True, text=True, timeout=60,
                          env={"MANWIDTH": "100", "LANG": "C.UTF-8", "PATH": "/usr/bin:/bin", "PAGER": "cat"})
    assert done.returncode == 0 and not done.stderr, done.stderr
    assert "avatar-edge - an edge cache for avatars" in done.stdout
