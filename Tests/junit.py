"""Reports of what is not a test runner's, for deploy/local/totals.py."""

import xml.etree.ElementTree as ElementTree


def write(path, suite, outcomes):
    """Writes a JUnit report. `outcomes`: by the name of each test, why it failed, or None."""
    cases = ElementTree.Element("testsuite", name=suite)
    for name, failure in outcomes.items():
        case = ElementTree.SubElement(cases, "testcase", classname=suite, name=name)
        if failure is not None:
            ElementTree.SubElement(case, "failure", message=failure)
    ElementTree.ElementTree(cases).write(path, encoding="utf-8")
