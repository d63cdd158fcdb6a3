"""Adds up the JUnit reports of the test suites, and prints "N passed, N failed" as its last line.

Fails if a test failed or was skipped, if a suite ran no test or left no report, or if its runner failed although none
of its tests did (for example, because it crashed), which counts as one failed test.
"""

import argparse
import pathlib
import sys
import xml.etree.ElementTree as ElementTree

OUTCOMES = {"failure": "failed", "error": "failed", "skipped": "skipped"}


def count(report):
    totals = {"passed": 0, "failed": 0, "skipped": 0}
    if not report.exists():
        return totals
    try:
        cases = ElementTree.parse(report).iter("testcase")
    except ElementTree.ParseError:  # the runner crashed while writing it
        return totals
    for case in cases:
        outcomes = {OUTCOMES[child.tag] for child in case if child.tag in OUTCOMES}
        outcome = "failed" if "failed" in outcomes else "skipped" if outcomes else "passed"
        totals[outcome] += 1
    return totals


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--failed", default="", help="names of the suites whose runner failed")
    parser.add_argument("reports", nargs="+", type=pathlib.Path, help="one NAME.xml per suite")
    arguments = parser.parse_args()

    total = {"passed": 0, "failed": 0, "skipped": 0}
    good = True
    for report in arguments.reports:
        suite = report.stem
        totals = count(report)
        trouble = ""
        if suite in arguments.failed.split() and not totals["failed"]:
            totals["failed"] += 1
            trouble = " (its runner failed; see above)"
        elif not totals["passed"] + totals["failed"]:
            totals["failed"] += 1
            trouble = " (it ran no test)"
        elif totals["skipped"]:
            trouble = " (none may be skipped)"
        good = good and not totals["failed"] and not totals["skipped"]
        print(f"    {suite}: {totals['passed']} passed, {totals['failed']} failed, {totals['skipped']} skipped{trouble}")
        total = {key: total[key] + totals[key] for key in total}
    skipped = f", {total['skipped']} skipped" if total["skipped"] else ""
    print(f"{total['passed']} passed, {total['failed']} failed{skipped}")
    sys.exit(0 if good else 1)


main()
