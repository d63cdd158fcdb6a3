"""The examples of schemas/: valid, self-consistent, and without secrets in public messages."""

import datetime
import json
import re

import jsonschema
import pytest

from contract_words import SECRETS
from schema_examples import BEYOND_JSON_SCHEMA, DATA, EXAMPLES, example_files, invalid_files, label, read
from schemas_support import KINDS, faults, load, names, validate_command, validate_event, validate_result


@pytest.mark.parametrize("kind", KINDS)
def test_each_schema_has_an_example_and_each_example_a_schema(kind):
    assert {path.parent.name for path in example_files(kind)} == set(names(kind))
    assert {path.name for path in (EXAMPLES / kind).iterdir()} == set(names(kind))


def test_each_command_has_a_result_and_invalid_examples():
    assert set(names("results")) == {*names("commands"), "unknown"}
    assert {path.parent.name for path in invalid_files()} == set(names("commands"))


@pytest.mark.parametrize("path", example_files("commands"), ids=label)
def test_each_command_example_is_valid(path):
    validate_command(path.parent.name, read(path))


@pytest.mark.parametrize("path", example_files("results"), ids=label)
def test_each_result_example_is_valid(path):
    body = read(path)
    form = "copy" if path.stem.endswith("-copy") else "reply"
    validate_result(path.parent.name, body, form)
    validate_result(path.parent.name, body)
    assert path.stem.startswith(body["status"])
    if "error" in body and path.parent.name != "unknown":
        code = body["error"]["code"].replace("_", "-")
        assert path.stem == f"{body['status']}-{code}"


@pytest.mark.parametrize("path", example_files("events"), ids=label)
def test_each_event_example_is_valid_and_a_cloud_event(path):
    body = read(path)
    assert body["type"] == path.parent.name
    validate_event(body)
    jsonschema.Draft7Validator(
        read(DATA / "cloudevents-1.0.schema.json"), format_checker=jsonschema.Draft7Validator.FORMAT_CHECKER
    ).validate(body)
    data = body["data"]
    assert body["source"] == f"/sojourn/{data['tenant']}"
    assert body["subject"] == data.get("sessionId", data["subject"])
    for claims in data.get("caep", {}).values():
        assert f"{body['time'][:-5]}Z" == _rfc3339(claims["event_timestamp"])


def _rfc3339(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.parametrize("path", sorted((EXAMPLES / "audit").glob("*.json")), ids=lambda path: path.stem)
def test_each_audit_example_is_valid(path):
    body = read(path)
    assert not faults("audit.json", body)
    assert path.stem.split("-") == [body["type"], *([body[key] for key in ("status", "action") if key in body])]


@pytest.mark.parametrize("path", [*example_files("events"), *(EXAMPLES / "results").glob("*/*-copy.json")], ids=label)
def test_no_public_example_contains_a_secret(path):
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"sj[srt]_|eyJ|otpauth:|[a-z0-9]{5}-[a-z0-9]{5}\"", text)
    assert not set(SECRETS.get(path.parent.name, [])) & set(json.loads(text)["data"])


@pytest.mark.parametrize("path", example_files("results"), ids=label)
def test_the_sessions_in_examples_are_consistent(path):
    data = read(path).get("data", {})
    if "count" in data:
        assert data["count"] == len(data["revoked"])
    for session in [*data.get("sessions", []), data.get("session")]:
        if not isinstance(session, dict):
            continue
        assert session["createdAt"] <= session["lastActiveAt"] <= session["idleExpiresAt"] <= session["expiresAt"]
        handle = session["id"].removeprefix("ses_")
        for kind in ("session", "refresh"):
            assert data.get("tokens", {}).get(kind, handle)[4:].startswith(handle) or kind not in data.get("tokens", {})


@pytest.mark.parametrize("path", sorted((EXAMPLES / "results" / "session.list").glob("succeeded*.json")), ids=label)
def test_a_list_has_each_child_after_its_parent_and_siblings_oldest_first(path):
    listed = read(path)["data"]["sessions"]
    ids = [session["id"] for session in listed]
    assert len(set(ids)) == len(ids)
    for index, session in enumerate(listed):
        assert session.get("parentId", "") in ["", *ids[:index]]
        siblings = [other for other in listed if other.get("parentId") == session.get("parentId")]
        assert siblings == sorted(siblings, key=lambda other: other["createdAt"])


def test_activity_is_newest_first_and_policies_are_sorted():
    for path in (EXAMPLES / "results" / "session.activity").glob("succeeded*.json"):
        times = [entry["at"] for entry in read(path)["data"]["entries"]]
        assert times == sorted(times, reverse=True)
    for path in (EXAMPLES / "results" / "policy.list").glob("succeeded*.json"):
        policies = [policy["name"] for policy in read(path)["data"]["policies"]]
        assert policies == sorted(policies) and "default" in policies


def with_an_unknown_key(body, free):
    """Yields copies of the body, each with an unknown key in a different object, except those in `free`."""

    def objects(node, pointer=""):
        if isinstance(node, dict) and pointer not in free:
            yield pointer, node
            for key, inner in node.items():
                yield from objects(inner, f"{pointer}/{key}")

    for pointer, node in objects(body):
        node["added"] = "x"
        yield pointer
        del node["added"]


@pytest.mark.parametrize("path", example_files("commands"), ids=label)
def test_an_unknown_key_anywhere_in_a_command_is_an_error(path):
    body = read(path)
    for pointer in with_an_unknown_key(body, free={"/attributes"}):
        assert faults(f"commands/{path.parent.name}.json", body), pointer


@pytest.mark.parametrize("path", [*example_files("results"), *example_files("events")], ids=label)
def test_an_unknown_key_anywhere_in_a_published_message_is_ignored(path):
    body = read(path)
    kind = path.parent.parent.name
    for pointer in with_an_unknown_key(body, free={"/data/caep"}):
        assert not faults(f"{kind}/{path.parent.name}.json", body), pointer


@pytest.mark.parametrize("path", invalid_files(), ids=label)
def test_each_invalid_example_is_invalid(path):
    case = read(path)
    assert set(case) == {"expect", "body"}
    found = faults(f"commands/{path.parent.name}.json", case["body"])
    if label(path) in BEYOND_JSON_SCHEMA:
        assert not found, "this one JSON Schema can tell after all"
    else:
        assert found


@pytest.mark.parametrize("path", invalid_files(), ids=label)
def test_each_invalid_example_names_a_code_and_the_pointer_to_its_error(path):
    case = read(path)
    expect, body = case["expect"], case["body"]
    if expect["code"] == "malformed_message":
        assert set(expect) == {"code"} and not isinstance(body, dict)
        return
    assert expect["code"] == "invalid_field" and set(expect) == {"code", "path"}
    assert not faults("common.json#/$defs/error", {**expect, "message": "wrong", "retryable": False})
    keys = [key.replace("~1", "/").replace("~0", "~") for key in expect["path"].split("/")[1:]]
    holder = body
    for key in keys[:-1]:
        holder = holder[key]
    if isinstance(holder, list):
        holder[int(keys[-1])] = "fpt"
        assert not faults(f"commands/{path.parent.name}.json", body)
        return
    schema = f"commands/{path.parent.name}.json"
    if keys[-1] == "[withheld]":
        # What is not repeated is the one key without which the body is right.
        wrong = [key for key in list(holder) if not _faults_without(schema, body, holder, key)]
        assert len(wrong) == 1
        return
    if path.stem.endswith("misspelt"):
        holder[keys[-1]] = holder.popitem()[1]
        assert not faults(schema, body)
        return
    if keys[-1] not in holder:
        assert "missing" in path.stem or "nothing" in path.stem
        assert expect["path"] in NEEDED
    if path.stem == "all-three":
        del body["subject"]  # the third target is too many as well, but the error names the second
    # Without what is wrong the body is right, or else with something right in its place.
    holder.pop(keys[-1], None)
    if faults(schema, body):
        holder[keys[-1]] = NEEDED[expect["path"]]
        assert not faults(schema, body)


def _faults_without(schema, body, holder, key):
    value = holder.pop(key)
    found = faults(schema, body)
    holder[key] = value
    return found


# Keys that a body, or what is around them, cannot be without, and something right for each.
NEEDED = {
    "/subject": "alice",
    "/token": "sjs_",
    "/sessionId": "ses_",
    "/refreshToken": "sjr_",
    "/context/latitude": 52.52,
    "/context/longitude": 13.405,
    "/authentication/methods": ["pwd"],
    "/factor": {"type": "totp", "code": "492039"},
    "/factor/type": "totp",
    "/factor/code": "492039",
    "/authentication": {"methods": ["pwd"]},
    "/ticket": "sjt_",
    "/type": "totp",
    "/factorId": "fac_",
    "/code": "492039",
    "/name": "default",
    "/policy": {},
    "/policy/idleSeconds": 600,
}


def test_an_invalid_address_is_detected_even_without_a_format_checker():
    assert not re.search(load("common.json")["$defs"]["ip"]["pattern"], "localhost")


def test_the_exceptions_are_examples():
    assert set(BEYOND_JSON_SCHEMA) <= {label(path) for path in invalid_files()}
