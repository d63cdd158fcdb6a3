"""The issue's table: what was reached, and what had to be."""

import statistics

# name, unit, what is measured, the target, and whether more is better.
TARGETS = {
    "session.validate": {"rate": 0.95, "cpu": 1.6, "latency": 1.15},
    "session.create": {"rate": 0.85, "cpu": 1.8, "latency": 1.1},
    "session.refresh": {"cpuOfCreate": 1.2},
    "session.revoke": {"cpuOfCreate": 1.2},
}
MEMORY_TARGET = 900
RESIDENT_TARGET = 60e6
IDLE_TARGET = 0.005


def median(rounds, *path):
    values = []
    for each in rounds:
        for key in path:
            each = each[key]
        values.append(each)
    return statistics.median(values)


def median_ratio(rounds, above, below):
    """The median of the ratios within each round."""
    return statistics.median(above(each) / below(each) for each in rounds)


def summary(rounds):
    """Ratios of one command: rate and CPU at many outstanding, latency at one."""
    found = {}
    if "many" in rounds[0] and "limit" in rounds[0]["many"]:
        found["rate"] = median_ratio(rounds, lambda r: r["many"]["worker"]["rate"], lambda r: r["many"]["limit"]["rate"])
        found["cpu"] = median_ratio(
            rounds, lambda r: r["many"]["worker"]["serverCpu"], lambda r: r["many"]["limit"]["serverCpu"])
    if "one" in rounds[0]:
        found["latency"] = median_ratio(rounds, lambda r: r["one"]["worker"]["p50"], lambda r: r["one"]["limit"]["p50"])
    return found


def verdict(value, target, more_is_better=False):
    reached = value >= target if more_is_better else value <= target
    return "reached" if reached else "MISSED"


def text(report):
    lines = []
    outstanding = report["settings"]["outstanding"]
    lines.append(f"{'':18} {'rate/s':>16} {'of the limit':>13} {'CPU µs':>15} {'ratio':>6} {'p50 at 1, ms':>15} {'ratio':>6}")
    for name, command in report["commands"].items():
        rounds, ratios = command["rounds"], command["ratios"]
        pair = lambda part, field, form: " / ".join(  # noqa: E731
            form.format(median(rounds, part, who, field)) for who in ("worker", "limit") if who in rounds[0].get(part, {}))
        share = lambda key: f"{ratios[key]:.2f}" if key in ratios else ""  # noqa: E731
        lines.append(
            f"{name:18} {pair('many', 'rate', '{:.0f}'):>16} {share('rate'):>13} {pair('many', 'serverCpu', '{:.1f}'):>15}"
            f" {share('cpu'):>6} {pair('one', 'p50', '{:.3f}'):>15} {share('latency'):>6}")
    lines.append(f"worker / limit; medians of {report['settings']['rounds']} rounds, {outstanding} outstanding; ratios are medians of the")
    lines.append("rounds' ratios")
    lines.append("")
    lines.append(f"{'CPU µs per command':18} {'worker':>8} {'broker':>8} {'Redis':>8}   {'limit':>8} {'broker':>8} {'Redis':>8}")
    for name, command in report["commands"].items():
        rounds = command["rounds"]
        columns = [
            f"{median(rounds, 'many', who, field):8.1f}" if who in rounds[0]["many"] else ""
            for who in ("worker", "limit") for field in ("serverCpu", "brokerCpu", "redisCpu")]
        lines.append(f"{name:18} {' '.join(columns[:3])}   {' '.join(columns[3:])}".rstrip())
    lines.append("")
    for what, value, target, word in report["targets"]:
        lines.append(f"{what:64} {value:>12}   {target:>12}   {word}")
    return "\n".join(lines)


def targets(report):
    """Each target that was measured: what, the value, the target, and whether it was reached."""
    rows = []
    for name, wanted in TARGETS.items():
        ratios = report["commands"].get(name, {}).get("ratios", {})
        if "rate" in ratios:
            rows.append((f"{name}: of the limit's rate", f"{ratios['rate']:.2f}", f">= {wanted['rate']}",
                         verdict(ratios["rate"], wanted["rate"], more_is_better=True)))
        for key, words in (
            ("cpu", "times the limit's CPU"), ("latency", "one at a time, times the limit's latency"),
            ("cpuOfCreate", "times the worker CPU of session.create"),
        ):
            if key in ratios and key in wanted:
                rows.append((f"{name}: {words}", f"{ratios[key]:.2f}", f"<= {wanted[key]}", verdict(ratios[key], wanted[key])))
    memory = report.get("memory")
    if memory:
        rows.append((f"Redis memory per session at {memory['sessions']}", f"{memory['bytesPerSession']:.0f} bytes",
                     f"<= {MEMORY_TARGET}", verdict(memory["bytesPerSession"], MEMORY_TARGET)))
    worker = report["worker"]
    rows.append(("worker's largest resident memory", f"{worker['residentBytes'] / 1e6:.1f} MB", f"< {RESIDENT_TARGET / 1e6:.0f} MB",
                 verdict(worker["residentBytes"], RESIDENT_TARGET)))
    rows.append(("worker's CPU when idle, of a core", f"{worker['idleCpu'] * 100:.2f} %", f"< {IDLE_TARGET * 100} %",
                 verdict(worker["idleCpu"], IDLE_TARGET)))
    for row in report.get("growth", []):
        rows.append((row["what"], f"{row['ratio']:.2f}", f"<= {row['target']}", verdict(row["ratio"], row["target"])))
    return rows
