"""Holds monitoring/ to its word: promtool accepts the files and runs their tests; every recording rule has a test, every
alert one that shows it silent and firing, and a place in the runbook; every label's value is one that the program has."""
import json
import pathlib
import re
import shutil
import subprocess
import sys

try:
    import yaml
except ImportError:
    yaml = None

ROOT = pathlib.Path(__file__).resolve().parents[2]
MONITORING = ROOT / "monitoring"
TESTS = sorted((ROOT / "tests/monitoring").glob("*.yaml"))
SEVERITIES = ("page", "ticket")
# What the runbook says of each alert, in this order.
PARTS = ("What it means", "What users notice", "What to look at", "What to do", "When to wake somebody")
# Labels whose values Prometheus or an operator gives.
OUTSIDE = {"job", "instance", "site", "after", "file", "le"}


def promtool(*arguments):
    """What promtool says against it; nothing where it is content."""
    done = subprocess.run(["promtool", *map(str, arguments)], capture_output=True, text=True, check=False)
    if done.returncode:
        yield f"promtool {' '.join(map(str, arguments[:2]))}: {done.stdout}{done.stderr}"


def rules(file, kind):
    return {rule[kind]: rule for group in yaml.safe_load(file.read_text())["groups"] for rule in group["rules"]}


def expression_tests(files):
    return [test for file in files for group in yaml.safe_load(file.read_text())["tests"] for test in group["promql_expr_test"]]


def problems_of_tests(records, alerts, tests):
    for record in records:
        if not any(record in test["expr"] and test["exp_samples"] for test in tests):
            yield f"recording rule {record} has no test"
    for alert, rule in alerts.items():
        said = [test for test in tests if f'alertname="{alert}"' in test["expr"]]
        if not any(not test["exp_samples"] for test in said):
            yield f"alert {alert} has no test in which it is silent"
        firing = [sample["labels"] for test in said for sample in test["exp_samples"]
                  if 'alertstate="firing"' in sample["labels"]]
        if not firing:
            yield f"alert {alert} has no test in which it fires"
        # A label that is not there would leave a hole in the text.
        for label in set(re.findall(r"\$labels\.(\w+)", str(rule["annotations"]))):
            if not all(re.search(rf'[{{,]{label}="', labels) for labels in firing):
                yield f"alert {alert} names the label {label}, which it has not when it fires"


def problems_of_alerts(alerts, runbook):
    sections = {}
    for section in re.split(r"^## ", runbook, flags=re.M)[1:]:
        title, _, body = section.partition("\n")
        sections[title.strip()] = body
    for alert, rule in alerts.items():
        annotations = rule.get("annotations", {})
        if rule.get("labels", {}).get("severity") not in SEVERITIES:
            yield f"alert {alert} has no severity, which is one of {', '.join(SEVERITIES)}"
        for name in ("summary", "description"):
            if not annotations.get(name, "").strip():
                yield f"alert {alert} has no {name}"
        if annotations.get("runbook") != f"monitoring/runbook.md#{alert.lower()}":
            yield f"alert {alert} does not point to its place in the runbook"
        said = [part for part in re.findall(r"^- \*\*([^*]+)\*\*", sections.get(alert, ""), re.M)]
        if said != list(PARTS):
            yield f"monitoring/runbook.md: {alert} wants the parts {', '.join(PARTS)}, and has {', '.join(said) or 'none'}"
    for title in sections:
        if title.startswith("AvatarEdge") and title not in alerts:
            yield f"monitoring/runbook.md: there is no alert {title}"


def known_values(root):
    """Words that the program gives as values of labels, with what else stands between quotes there."""
    files = [*sorted((root / "proxy/metrics").iterdir()), root / "proxy/verify/outcome.h"]
    return set(re.findall(r'"([a-z0-9_]+)"', "".join(file.read_text() for file in files)))


def problems_of_values(name, expression, values):
    for label, pattern in re.findall(r'(\w+)\s*(?:=~|!~|!=|=)\s*\\?"([^"\\]*)\\?"', expression):
        # prefix_(a|b) is short for prefix_a|prefix_b.
        pattern = re.sub(r"(\w+)\(([^)]*)\)", lambda m: "|".join(m[1] + one for one in m[2].split("|")), pattern)
        for value in pattern.split("|"):
            if label not in OUTSIDE and not value.startswith("$") and value not in values:
                yield f"{name}: no metric has {label}=\"{value}\""


def dashboard_expressions(dashboard):
    return [target["expr"] for row in dashboard["panels"] for panel in [row, *row.get("panels", ())]
            for target in panel.get("targets", ())]


def self_test(values):
    rule = {"labels": {"severity": "page"},
            "annotations": {"summary": "{{ $labels.file }}", "description": "x", "runbook": "y"}}
    fires = {"expr": 'ALERTS{alertname="A"}', "exp_samples": [{"labels": 'ALERTS{alertname="A",alertstate="firing"}'}]}
    silent = {"expr": 'ALERTS{alertname="A"}', "exp_samples": []}
    for said, expected in (
            (problems_of_tests(["r"], {}, [silent]), ["recording rule r has no test"]),
            (problems_of_tests([], {"A": {"annotations": {}}}, [fires]), ["alert A has no test in which it is silent"]),
            (problems_of_tests([], {"A": {"annotations": {}}}, [silent]), ["alert A has no test in which it fires"]),
            (problems_of_tests([], {"A": rule}, [silent, fires]),
             ["alert A names the label file, which it has not when it fires"]),
            (problems_of_values("x", 'a{end="5xx",limit=~"http2_(pings|none)"}', values),
             ['x: no metric has limit="http2_none"'])):
        assert list(said) == expected, (list(said), expected)
    said = list(problems_of_alerts({"A": rule}, "## B\n"))
    assert len(said) == 2 and "does not point" in said[0] and "wants the parts" in said[1], said


def main():
    if not yaml or not shutil.which("promtool"):
        print("lint: promtool or python3-yaml is not here (script/bootstrap --test installs them): the rules are not checked")
        return 0
    records, alerts = rules(MONITORING / "rules.yaml", "record"), rules(MONITORING / "alerts.yaml", "alert")
    dashboard = json.loads((MONITORING / "dashboard.json").read_text())
    values = known_values(ROOT)
    self_test(values)
    found = [*promtool("check", "config", MONITORING / "prometheus.yaml"), *promtool("test", "rules", *TESTS),
             *problems_of_tests(records, alerts, expression_tests(TESTS)),
             *problems_of_alerts(alerts, (MONITORING / "runbook.md").read_text())]
    for name, rule in (records | alerts).items():
        found += problems_of_values(name, rule["expr"], values)
    for expression in dashboard_expressions(dashboard):
        found += problems_of_values("monitoring/dashboard.json", expression, values)
    for line in found:
        print(line, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
