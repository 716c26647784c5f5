#!/usr/bin/env python3
"""Holds the sources to the tables of proxy/README.md: who may include whom, and who may include which library.

Run without arguments it checks this project, after it has checked itself on planted violations.
"""
import fnmatch
import pathlib
import re
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]

# C headers of the operating system; everything else with a .h is a library and needs a line in the table.
SYSTEM_HEADERS = """arpa/inet.h dirent.h dlfcn.h errno.h fcntl.h grp.h ifaddrs.h inttypes.h limits.h linux/* locale.h
net/if.h netdb.h netinet/* poll.h pthread.h pwd.h sched.h signal.h spawn.h stdint.h stdlib.h string.h strings.h sys/* syslog.h
termios.h time.h unistd.h malloc.h stdio.h sanitizer/*""".split()


class Map:
    """The two tables of proxy/README.md."""

    def __init__(self, text):
        self.floors = {}  # Folder to floor.
        self.may_use = {}  # Folder to the folders that it may include.
        self.libraries = []  # (header or prefix, patterns of the files that may include it)
        for row in table(text, "floor"):
            folder = row[1].strip("`")
            self.floors[folder] = int(row[0])
            self.may_use[folder] = row[2]
        for folder, words in self.may_use.items():
            floor = self.floors[folder]
            if words == "all below":
                self.may_use[folder] = {other for other, level in self.floors.items() if level < floor}
            else:
                self.may_use[folder] = set(words.split()) - {"std"}
        for row in table(text, "header"):
            self.libraries.append((row[0].strip("`"), re.findall(r"`([^`]+)`", row[2])))

    def library_of(self, header):
        for name, patterns in self.libraries:
            if header == name or (name.endswith("/") and header.startswith(name)):
                return name, patterns
        return None


def table(text, first_column):
    """The rows of the table whose first column has that name."""
    rows, inside = [], False
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith(f"| {first_column} |"):
            inside = True
        elif inside and not line.startswith("|"):
            return rows
        elif inside and not set(line) <= set("|- "):
            rows.append(cells)
    return rows


def violations(root):
    """A sentence for each place where the project under `root` is not what its map says."""
    proxy = root / "proxy"
    house = Map((proxy / "README.md").read_text())
    if not house.floors or not house.libraries:
        return ["proxy/README.md: a table is missing"]
    found = []
    found += map_violations(house)
    found += folder_violations(house, proxy)
    for source in sorted(proxy.rglob("*")):
        if source.suffix in (".h", ".cc"):
            found += include_violations(house, proxy, source)
    return found


def map_violations(house):
    """Only lower floors may be used, which also makes circles impossible."""
    for folder, used in house.may_use.items():
        for other in sorted(used):
            if other not in house.floors:
                yield f"proxy/README.md: {folder} may use {other}, which has no line"
            elif house.floors[other] >= house.floors[folder]:
                yield f"proxy/README.md: {folder} (floor {house.floors[folder]}) may use {other} (floor {house.floors[other]})"


def folder_violations(house, proxy):
    """Each folder has a line, each line a folder, and CMake links what the line allows."""
    present = {path.name for path in proxy.iterdir() if path.is_dir() and any(path.iterdir())}
    for folder in sorted(present ^ house.floors.keys()):
        where = "has no line in proxy/README.md" if folder in present else "has a line in proxy/README.md and no folder"
        yield f"proxy/{folder}: {where}"
    for folder in sorted(present & house.floors.keys()):
        cmake = proxy / folder / "CMakeLists.txt"
        call = re.search(r"edge_library\((\w+)([^)]*)\)", cmake.read_text() if cmake.exists() else "")
        if not call or call[1] != folder:
            yield f"proxy/{folder}/CMakeLists.txt: no edge_library({folder} ...)"
            continue
        uses = re.search(r"\bUSES\b((?:\s+(?!LIBRARIES\b)[a-z0-9_]+)*)", call[2])
        linked = set(uses[1].split()) if uses else set()
        allowed = house.may_use[folder]
        for other in sorted(linked - allowed):
            yield f"proxy/{folder}/CMakeLists.txt: USES {other}, which proxy/README.md does not allow"
        for other in sorted(allowed - linked):
            yield f"proxy/{folder}/CMakeLists.txt: proxy/README.md allows {other}, which USES does not name"


def include_violations(house, proxy, source):
    path = source.relative_to(proxy).as_posix()
    folder = path.split("/")[0]
    if "/" not in path or folder not in house.floors:
        return
    text = source.read_text()
    for number, line in enumerate(text.splitlines(), 1):
        match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
        if not match:
            continue
        where, header = f"proxy/{path}:{number}", match[2]
        if match[1] == '"':
            other = header.split("/")[0]
            if not (proxy / header).exists():
                yield f'{where}: "{header}" is not a path relative to proxy/'
            elif other != folder and other not in house.may_use[folder]:
                yield f"{where}: {folder} may not include {other}"
        else:
            yield from system_violations(house, where, path, header)


def system_violations(house, where, path, header):
    library = house.library_of(header)
    if library:
        name, patterns = library
        if not any(fnmatch.fnmatch(path, pattern + "*" if pattern.endswith("/") else pattern) for pattern in patterns):
            yield f"{where}: <{header}> is for {' '.join(patterns)} alone"
    elif ("/" in header or header.endswith(".h")) and not any(fnmatch.fnmatch(header, known) for known in SYSTEM_HEADERS):
        yield f"{where}: <{header}> is of a library without a line in proxy/README.md"


# --- The test of the test ---

README = """
| floor | folder | may use | holds |
| --- | --- | --- | --- |
| 0 | `base` | std | ground |
| 1 | `http` | base | rules |
| 2 | `app` | all below | main |

| header | library | included by |
| --- | --- | --- |
| `curl/` | libcurl | `app/curl_*` |
"""

# What is planted, and a part of what must be said about it; None where nothing may be said.
PLANTED = [
    ({}, None),
    ({"app/a.cc": '#include "http/h.h"\n#include <vector>\n#include <sys/socket.h>\n'}, None),
    ({"app/curl_easy.cc": "#include <curl/curl.h>\n"}, None),
    ({"base/b.cc": '#include "http/h.h"\n'}, "proxy/base/b.cc:1: base may not include http"),
    ({"app/a.cc": "#include <curl/curl.h>\n"}, "proxy/app/a.cc:1: <curl/curl.h> is for app/curl_* alone"),
    ({"app/a.cc": "#include <zstd.h>\n"}, "<zstd.h> is of a library without a line"),
    ({"app/a.cc": '#include "b.h"\n'}, "not a path relative to proxy/"),
    ({"http/CMakeLists.txt": "edge_library(http)\n"}, "allows base, which USES does not name"),
    ({"base/CMakeLists.txt": "edge_library(base USES http LIBRARIES x)\n"}, "USES http, which proxy/README.md does not"),
    ({"attic/x.h": ""}, "proxy/attic: has no line"),
    ({"README.md": README.replace("| std |", "| http |")}, "base (floor 0) may use http (floor 1)"),
    ({"README.md": README.replace("| 2 | `app`", "| 2 | `apps`")}, "proxy/apps: has a line"),
]


def self_test():
    for planted, expected in PLANTED:
        with tempfile.TemporaryDirectory() as folder:
            proxy = pathlib.Path(folder) / "proxy"
            files = {
                "README.md": README,
                "base/CMakeLists.txt": "edge_library(base LIBRARIES x)\n",
                "http/CMakeLists.txt": "edge_library(http USES base)\n",
                "app/CMakeLists.txt": "edge_library(app USES base http\n  LIBRARIES y)\n",
                "http/h.h": "#pragma once\n",
            }
            for name, text in (files | planted).items():
                (proxy / name).parent.mkdir(parents=True, exist_ok=True)
                (proxy / name).write_text(text)
            said = violations(proxy.parent)
            if expected is None:
                assert said == [], (planted, said)
            else:
                assert len([line for line in said if expected in line]) >= 1, (planted, expected, said)


def main():
    self_test()
    found = violations(ROOT)
    for line in found:
        print(line, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
