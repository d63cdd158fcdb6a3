"""The pages of docs/ that repeat what the schemas and the code say: they are complete, and say the same."""

import json
import re
import subprocess
import textwrap

import pytest

import contract_words
from documents import ROOT, sections

SHARED = json.loads((ROOT / "schemas" / "common.json").read_text())["$defs"]


def page(name):
    return (ROOT / "docs" / f"{name}.md").read_text()


def rows(text):
    """The rows of a text's tables, as cells without the marks of code."""
    lines = [line for line in text.splitlines() if line.startswith("| `")]
    return [[cell.strip().replace("`", "") for cell in line.strip("|").split("|")] for line in lines]


def members(schema, prefix=""):
    """The keys of a policy by path, with their schemas."""
    for key, value in schema["properties"].items():
        if "properties" in value:
            yield from members(value, f"{prefix}{key}.")
        else:
            reference = value.get("$ref", "").rpartition("/")[2]
            yield prefix + key, (SHARED[reference] | value if reference else value)


def test_policies_have_the_keys_defaults_and_values_of_the_schema():
    keys = {row[0]: row for row in rows(sections(page("policies"))["The keys"]) if len(row) == 4}
    known = dict(members(SHARED["policy"]))
    assert list(keys) == list(known)
    ordinary = (SHARED["seconds"]["minimum"], SHARED["seconds"]["maximum"])
    assert f"from {ordinary[0]} to {ordinary[1]} (" in page("policies")
    for key, schema in known.items():
        _, default, values, _ = keys[key]
        assert default == (schema["default"] if isinstance(schema["default"], str) else json.dumps(schema["default"])), key
        if schema.get("type") == "integer":
            own = (schema["minimum"], schema["maximum"])
            assert (values == f"{own[0]} to {own[1]}") == (own != ordinary), key
        elif schema.get("title") == "Context rule":
            assert values == "a reaction"
        else:
            assert values.split(", ") == schema.get("enum", schema.get("items", {}).get("enum")), key


def test_policies_have_the_reactions():
    reactions = [row[0] for row in rows(page("policies").partition("A reaction is one of")[2])]
    assert reactions == SHARED["contextRule"]["enum"]


@pytest.mark.parametrize("number", range(2))
def test_the_policies_shown_are_policies(number, binary, tmp_path):
    shown = re.findall(r"```json\n(.*?)```", page("policies"), re.DOTALL)
    assert len(shown) == 2
    file = tmp_path / "policies.json"
    file.write_text(json.dumps({"shown": json.loads(shown[number])}))
    done = subprocess.run([binary, "policy", "check", file], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr


def test_errors_are_those_of_the_contract():
    parts = sections(page("errors"))
    assert [row[0] for row in rows(parts["Rejected"])] == contract_words.REJECTED
    failed = {row[0]: row for row in rows(parts["Failed"])}
    assert list(failed) == contract_words.FAILED
    retryable = {code for code, row in failed.items() if row[2] == "yes"}
    assert retryable == {"conflict", "unavailable", "unsupported_version"}  # contract §4
    quarantined = {code for code, row in failed.items() if "quarantine" in row[3].lower()}
    assert quarantined == set(contract_words.FAILED) - retryable - {"command_expired"}  # contract §5


def test_errors_are_those_of_the_client():
    source = (ROOT / "Sources/SojournClient/Values/SojournError.swift").read_text()
    codes = re.findall(r'= Code\(rawValue: "(\w+)"\)', source)
    own = [row[0] for row in rows(sections(page("errors"))["The Swift client's own"])]
    assert codes == contract_words.REJECTED + contract_words.FAILED + own


def test_the_code_shown_is_part_of_the_examples():
    files = [file.read_text() for file in [*ROOT.glob("Tests/*Example/*.swift"), *ROOT.glob("Examples/**/*.swift")]]
    for document in [ROOT / "README.md", *ROOT.glob("docs/*.md"), *ROOT.glob("Sources/*/*.docc/*.md")]:
        for code in re.findall(r"```swift\n(.*?)```", document.read_text(), re.DOTALL):
            inside = textwrap.indent(code, "    ")  # of a function
            assert any(code in file or inside in file for file in files), (document.name, code)
