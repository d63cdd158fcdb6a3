"""The examples of schemas/, and ways to traverse a schema, for the tests of both."""

import json
import pathlib

from schemas_support import SCHEMAS

DATA = pathlib.Path(__file__).parent / "data"
EXAMPLES = SCHEMAS / "examples"
INVALID = EXAMPLES / "invalid" / "commands"

# Invalid examples that JSON Schema accepts, each with the reason.
BEYOND_JSON_SCHEMA = {
    "session.create/attributes-too-large.json": "JSON Schema does not measure how long a value is when written out",
    "session.create/idle-seconds-written-with-a-fraction.json": "to JSON Schema 600.0 is the integer 600",
    "session.activity/limit-written-with-a-fraction.json": "to JSON Schema 50.0 is the integer 50",
    "session.revoke/network-with-bits-behind-its-prefix.json": "JSON Schema does not take an address apart",
    "session.revoke/network-with-too-long-a-prefix.json": "JSON Schema does not compare two values",
    "policy.put/policy-idle-seconds-written-with-a-fraction.json": "to JSON Schema 600.0 is the integer 600",
    "policy.put/policy-idle-seconds-beyond-absolute-seconds.json": "JSON Schema does not compare two values",
    "policy.put/policy-idle-seconds-missing-and-its-default-beyond.json": "JSON Schema does not compare two values",
}


def example_files(kind):
    return sorted((EXAMPLES / kind).glob("*/*.json"))


def invalid_files():
    return sorted(INVALID.glob("*/*.json"))


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def label(path):
    return f"{path.parent.name}/{path.name}" if isinstance(path, pathlib.Path) else str(path)


def example(path):
    """A fresh copy of an example, to be modified."""
    return read(EXAMPLES / path)


def walk(node, path=()):
    """Every schema in a schema, with the keywords that lead to it."""
    yield path, node
    if not isinstance(node, dict):
        return
    for keyword in ("properties", "$defs", "patternProperties"):
        for name, inner in node.get(keyword, {}).items():
            yield from walk(inner, (*path, keyword, name))
    for keyword in ("allOf", "anyOf", "oneOf"):
        for index, inner in enumerate(node.get(keyword, [])):
            yield from walk(inner, (*path, keyword, index))
    for keyword in (
        "items", "not", "if", "then", "else", "additionalProperties", "unevaluatedProperties", "propertyNames"
    ):
        if keyword in node:
            yield from walk(node[keyword], (*path, keyword))
