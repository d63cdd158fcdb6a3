"""deploy/prometheus and deploy/grafana: valid, true to the metrics that a worker has, and with a runbook entry each."""

import json
import re

import promql_parser
import pytest
import yaml

from conftest import DEPLOY, ROOT, run

PROMETHEUS = DEPLOY / "prometheus"
RULES = [rule for group in yaml.safe_load((PROMETHEUS / "alerts.yml").read_text())["groups"] for rule in group["rules"]]
ALERTS = {rule["alert"]: rule for rule in RULES}
DASHBOARD = json.loads((DEPLOY / "grafana" / "sojourn.json").read_text())
# Of other exporters; test_redis.py and Prometheus itself have them.
OTHERS = {"up", "ALERTS", "redis_up", "redis_memory_used_bytes", "redis_memory_max_bytes"}


def documented():
    """Metric to its labels, from docs/metrics.md. A histogram's series have suffixes of their own."""
    text = (ROOT / "docs" / "metrics.md").read_text()
    found = {}
    for name, kind, labels in re.findall(r"^\| `(\w+)` \| (\w+) \| ([^|]*) \|", text, re.MULTILINE):
        labels = set(re.findall(r"`(\w+)`", labels))
        suffixes = ("_bucket", "_sum", "_count") if kind == "histogram" else ("",)
        for suffix in suffixes:
            found[name + suffix] = labels | ({"le"} if suffix == "_bucket" else set())
    return found


def selectors(node):
    """Every selector of a parsed expression: its metric and the labels that it matches."""
    if isinstance(node, promql_parser.VectorSelector):
        matchers = node.matchers.matchers
        name = node.name or next(each.value for each in matchers if each.name == "__name__")
        yield name, {each.name for each in matchers if each.name != "__name__"}
    for child in ("expr", "lhs", "rhs", "vector_selector", "param"):
        inner = getattr(node, child, None)
        if inner is not None and not isinstance(inner, str):
            yield from selectors(inner)
    for inner in getattr(node, "args", None) or []:
        yield from selectors(inner)


def panel_expressions():
    for panel in DASHBOARD["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], target["expr"].replace("$__rate_interval", "1m").replace("$job", "sojourn")


EXPRESSIONS = [(name, rule["expr"]) for name, rule in ALERTS.items()] + list(panel_expressions())


def test_prometheus_accepts_the_configuration_and_its_rules():
    run("promtool", "check", "rules", "--lint-fatal", PROMETHEUS / "alerts.yml")
    run("promtool", "check", "config", "--lint-fatal", PROMETHEUS / "prometheus.yml")


def test_alertmanager_accepts_the_example():
    run("amtool", "check-config", PROMETHEUS / "alertmanager.yml")


def test_each_alert_fires_for_its_cause_alone_and_clears():
    run("promtool", "test", "rules", PROMETHEUS / "alerts_test.yml")
    tests = yaml.safe_load((PROMETHEUS / "alerts_test.yml").read_text())["tests"]
    assert {test["name"].split()[0] for test in tests} == set(ALERTS)


def test_each_alert_has_an_entry_in_the_runbook():
    runbook = (ROOT / "docs" / "runbook.md").read_text()
    assert sorted(re.findall(r"^### (\w+)$", runbook, re.MULTILINE)) == sorted(ALERTS)
    for name, rule in ALERTS.items():
        assert rule["annotations"]["runbook"] == f"docs/runbook.md#{name.lower()}"
        assert rule["labels"]["severity"] in {"critical", "warning", "info"}


def test_alertmanager_silences_alerts_that_exist():
    text = (PROMETHEUS / "alertmanager.yml").read_text()
    patterns = re.findall(r'alertname=~?"([^"]+)"', text)
    for pattern in patterns:
        prefix, _, inner = pattern.partition("(")
        words, _, suffix = inner.partition(")")
        names = [prefix + word + suffix for word in words.split("|")]
        assert set(names) <= set(ALERTS), names


@pytest.mark.parametrize(("where", "expression"), EXPRESSIONS)
def test_an_expression_asks_for_metrics_that_exist(where, expression):
    found = list(selectors(promql_parser.parse(expression)))
    assert found, expression
    metrics = documented()
    for name, labels in found:
        if name in OTHERS:
            continue
        assert name in metrics, f"{where}: a worker has no metric {name}"
        unknown = labels - metrics[name] - {"job", "instance"}
        assert not unknown, f"{where}: {name} has no label {unknown}"


def test_the_dashboard_has_no_two_panels_in_one_place():
    taken = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        columns = range(place["x"], place["x"] + place["w"])
        cells = {(x, y) for x in columns for y in range(place["y"], place["y"] + place["h"])}
        assert place["x"] + place["w"] <= 24 and not cells & taken, panel["title"]
        taken |= cells
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(ids)) == len(ids)
