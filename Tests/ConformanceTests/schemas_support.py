"""Validates messages against schemas/.

    validate_command("session.create", body)
    validate_result("session.create", body, form="reply")
    validate_event(body)

Each raises `Mismatch` with every error found, and otherwise returns nothing. Validators are built once per process.
"""

import functools
import json
import pathlib
import re

import jsonschema
import jsonschema_rs
import referencing
from referencing.jsonschema import DRAFT202012

SCHEMAS = pathlib.Path(__file__).resolve().parents[2] / "schemas"
BASE = "https://sojourn.dev/schemas/1/"
KINDS = ("commands", "results", "events")


class Mismatch(AssertionError):
    """A message does not match its schema."""


def schema_files():
    """Every schema file, as paths relative to schemas/ ("common.json", "commands/session.create.json")."""
    kinds = (path for kind in KINDS for path in (SCHEMAS / kind).glob("*.json"))
    return sorted(path.relative_to(SCHEMAS).as_posix() for path in [SCHEMAS / "audit.json", SCHEMAS / "common.json", *kinds])


@functools.cache
def names(kind):
    """The commands, results or events that have schemas."""
    return tuple(sorted(path.stem for path in (SCHEMAS / kind).glob("*.json")))


@functools.cache
def load(path):
    """The JSON in a file of schemas/."""
    return json.loads((SCHEMAS / path).read_text(encoding="utf-8"))


@functools.cache
def registry():
    """All schemas under their $id."""
    # Without $schema, because a validator would use it to replace our class, and with it our pattern, at every
    # reference.
    contents = [{key: value for key, value in load(path).items() if key != "$schema"} for path in schema_files()]
    return referencing.Registry().with_resources(
        (content["$id"], DRAFT202012.create_resource(content)) for content in contents
    )


def _ecma_pattern(validator, pattern, instance, schema):
    # In JSON Schema (ECMA-262) `$` matches only the end of the text; in Python also before a final newline.
    if validator.is_type(instance, "string"):
        anchored = re.sub(r"(?<!\\)\$$", r"\\Z", pattern)
        if not re.search(anchored, instance):
            yield jsonschema.ValidationError(f"{instance!r} does not match {pattern!r}")


_Validator = jsonschema.validators.extend(jsonschema.Draft202012Validator, {"pattern": _ecma_pattern})


@functools.cache
def validator(reference):
    """The validator of a schema: a path in schemas/, with or without a fragment."""
    return _Validator(
        {"$ref": BASE + reference},
        registry=registry(),
        format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER,
    )


@functools.cache
def quick_validator(reference):
    """A second implementation, which only says whether a message is valid, but a hundred times as fast: it checks every
    message."""
    registry = jsonschema_rs.Registry(
        [(load(path)["$id"], load(path)) for path in schema_files()], draft=jsonschema_rs.Draft202012
    )
    return jsonschema_rs.Draft202012Validator({"$ref": BASE + reference}, registry=registry, validate_formats=True)


def faults(reference, body):
    """The errors in `body`, one sentence each; empty if it is valid."""
    if quick_validator(reference).is_valid(body):
        return []
    found = [
        f"{error.json_path}: {error.message[:300]}"
        for found in validator(reference).iter_errors(body)
        for error in _innermost(found)
    ]
    return found or ["what is wrong only jsonschema_rs knows, not jsonschema"]


def _innermost(error):
    # The envelope of a result is a oneOf of its statuses: report the errors of the branch for its status.
    if error.validator != "oneOf" or not error.context:
        return [error]
    branches = {}
    for inner in error.context:
        branches.setdefault(inner.schema_path[0], []).append(inner)
    nearest = [
        errors for errors in branches.values() if not any(inner.json_path.endswith(".status") for inner in errors)
    ]
    return nearest[0] if nearest else [error]


def _check(reference, body):
    found = faults(reference, body)
    if found:
        shown = json.dumps(body, indent=2, ensure_ascii=False)
        raise Mismatch(f"not as {reference} says:\n  " + "\n  ".join(found) + f"\n{shown}")


def validate_command(name, body):
    """Checks that `body` (parsed JSON) is a body of the command `name`; `KeyError` if there is no such command."""
    _check(_path("commands", name), body)


def validate_result(command, body, form=None):
    """Checks that `body` (parsed JSON) is a result of `command`, or of "unknown".

    `form` is "reply" (sent to reply_to, with tokens), "copy" (on the results exchange, without) or `None` for either.
    """
    if form not in (None, "reply", "copy"):
        raise ValueError(f"a result is a reply or a copy, not {form!r}")
    path = _path("results", command)
    # Results without secrets have one form: the copy equals the reply.
    _check(f"{path}#/$defs/{form}" if form in load(path).get("$defs", {}) else path, body)


def validate_event(body):
    """Checks that `body` (parsed JSON) is an event of the type it states."""
    if not isinstance(body, dict) or not isinstance(body.get("type"), str):
        raise Mismatch(f"an event is an object with a type, not {body!r:.300}")
    if body["type"] not in names("events"):
        raise Mismatch(f"there is no schema of an event {body['type']!r}")
    _check(_path("events", body["type"]), body)


def _path(kind, name):
    if name not in names(kind):
        raise KeyError(f"there is no schema {kind}/{name}.json")
    return f"{kind}/{name}.json"
