"""Holds the documents to the tree: every path, script, config key and metric that they name exists.

Looks at what stands in `code` and in indented or fenced blocks; prose is free.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCUMENTS = ["README.md", "CHANGELOG.md", "docs/operation.md", "proxy/README.md", "monitoring/README.md",
             "monitoring/runbook.md", "monitoring/rules.yaml", "monitoring/alerts.yaml", "monitoring/prometheus.yaml",
             "monitoring/dashboard.json", "tests/model/README.md"]
TOP = "config|docs|monitoring|proxy|script|tests|cmake"
FLOORS = "base|http|event|metrics|cache|net|origin|frontend|serving|admin|demo|verify|app"
SUFFIXES = ("", "_bucket", "_sum", "_count")  # Of a histogram.


def known_keys(root):
    """Every path of the config table, and the maps above them."""
    table = (root / "proxy/app/config_table.cc").read_text()
    keys = {key.replace("[]", "") for key in re.findall(r'ConfigKey\{"([^"]+)"', table)}
    return keys | {key.rsplit(".", n)[0] for key in keys for n in range(1, key.count(".") + 1)}


def known_events(root):
    """The names of log lines, which look like keys."""
    text = "".join(file.read_text() for file in sorted((root / "proxy").rglob("*.cc")))
    return set(re.findall(r'(?:log(?:_info|_warning|_error)?|switch_over)\((?:[\w:]+, )?"([a-z0-9_.]+)"', text))


def known_metrics(root):
    text = "".join(file.read_text() for file in sorted((root / "proxy/metrics").glob("*.cc")))
    return set(re.findall(r'"((?:avatar_edge|process)_[a-z_]+)"', text))


def known_records(root):
    """The names that recording rules give."""
    return set(re.findall(r"- record: (\S+)", (root / "monitoring/rules.yaml").read_text()))


def code_of(text, is_data):
    if is_data:
        return text
    fenced = re.findall(r"^```[a-z]*\n(.*?)^```", text, re.S | re.M)
    text = re.sub(r"^```.*?^```", "", text, flags=re.S | re.M)
    indented = re.findall(r"^    .*$", text, re.M)
    return "\n".join(re.findall(r"`([^`\n]+)`", text) + re.findall(r"\]\(([^)]+)\)", text) + indented + fenced)


def problems(root, name, text, keys, events, metrics, records):
    code = code_of(text, name.endswith((".yaml", ".json")))
    for path in set(re.findall(rf"(?<![\w/.-])((?:{TOP})/[\w./-]*[\w/])", code)):
        if not (root / path).exists():
            yield f"{name}: there is no {path}"
    # proxy/README.md names files from proxy/ on.
    for path in set(re.findall(rf"(?<![\w/.-])((?:{FLOORS})/\w+\.(?:h|cc))", code)) if name == "proxy/README.md" else ():
        if not (root / "proxy" / path).exists():
            yield f"{name}: there is no proxy/{path}"
    tops = {key.split(".")[0] for key in keys if "." in key}
    for key in set(re.findall(rf"(?<![\w/.\-])((?:{'|'.join(sorted(tops))})(?:\.[a-z_]+)+)(?![\w/(])", code)):
        if key not in keys | events and not key.endswith((".cc", ".h", ".yaml", ".md")):
            yield f"{name}: there is no config key and no log line {key}"
    for record in set(re.findall(r"\b(?:instance|site|site_after):[a-z0-9_]+(?::[a-z0-9_]+)?", code)):
        if record not in records:
            yield f"{name}: there is no recording rule {record}"
    # What follows a colon is part of a recording rule's name.
    for metric in set(re.findall(r"(?<![\w:])(?:avatar_edge|process)_[a-z_]+\w", code)):
        if not any(metric.endswith(suffix) and metric.removesuffix(suffix) in metrics for suffix in SUFFIXES):
            yield f"{name}: there is no metric {metric}"
    # The README's table leaves out the prefix.
    for metric in set(re.findall(r"(?<![\w])([a-z]+(?:_[a-z]+)*_total)\b", code)):
        if not metric.startswith(("avatar_edge_", "process_")) and f"avatar_edge_{metric}" not in metrics:
            yield f"{name}: there is no metric avatar_edge_{metric}"


def self_test(*known):
    planted = {"`script/nothing`": "script/nothing", "`cache.memroy`": "cache.memroy", "    x avatar_edge_no_total": "_no_",
               "`fils_total`": "fils_total", "`app/none.cc`": "app/none.cc", "[x](docs/none.png)": "docs/none.png",
               "`instance:avatar_edge_none:ratio`": "instance:avatar_edge_none:ratio"}
    for text, expected in planted.items():
        said = list(problems(ROOT, "proxy/README.md", text, *known))
        assert len(said) == 1 and expected in said[0], (text, said)
    for text in ("`cache.memory` `admin` `script/demo` `avatar_edge_requests_total` `cache/s3_fifo.h`",
                 "`instance:avatar_edge_hit:ratio_rate5m` `config.problem`", "script/nothing in prose"):
        assert not list(problems(ROOT, "proxy/README.md", text, *known)), text


def main():
    known = known_keys(ROOT), known_events(ROOT), known_metrics(ROOT), known_records(ROOT)
    self_test(*known)
    found = [line for name in DOCUMENTS for line in problems(ROOT, name, (ROOT / name).read_text(), *known)]
    for line in sorted(found):
        print(line, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
