"""What schemas/ promises of itself: sound schemas, true examples, a valid AsyncAPI document, the contract's words."""

import datetime
import json
import pathlib
import re
import subprocess
import sys

import jsonschema
import pytest
import yaml

from schemas_support import (
    BASE,
    KINDS,
    SCHEMAS,
    Mismatch,
    faults,
    load,
    names,
    registry,
    schema_files,
    validate_command,
    validate_event,
    validate_result,
)

DATA = pathlib.Path(__file__).parent / "data"
EXAMPLES = SCHEMAS / "examples"
INVALID = EXAMPLES / "invalid" / "commands"

REJECTED = """
    limit_reached subject_disabled session_not_found session_ended session_locked session_pending token_invalid
    token_expired refresh_token_reused ticket_invalid factor_rejected factor_locked factor_not_found
    reauthentication_required context_rejected parent_not_active hierarchy_too_deep policy_not_found not_permitted
    message_id_reused
""".split()
FAILED = """
    malformed_message invalid_field unknown_command unsupported_media_type message_too_large message_id_required
    command_expired conflict unavailable internal
""".split()
VALIDITY_REASONS = """
    malformed unknown token_expired revoked expired_idle expired_absolute expired_pending pending locked
    context_mismatch level_too_low authentication_too_old
""".split()
RESERVED_REASONS = """
    expired_idle expired_absolute expired_pending evicted transferred token_reused subject_disabled context parent_ended
""".split()
COMMANDS = """
    session.create session.validate session.refresh session.elevate session.reauthenticate session.update
    session.transfer.begin session.transfer.complete session.revoke session.lock session.unlock subject.disable
    subject.enable session.get session.list session.activity factor.enroll factor.confirm factor.remove factor.list
    policy.put policy.get policy.remove policy.list
""".split()
READING = "session.validate session.get session.list session.activity factor.list policy.get policy.list".split()
QUEUES = {
    "validate": "session.validate session.get session.list session.activity".split(),
    "manage": "session.create session.refresh session.elevate session.reauthenticate session.update "
              "session.transfer.begin session.transfer.complete".split(),
    "revoke": "session.revoke session.lock session.unlock subject.disable subject.enable".split(),
    "admin": "policy.put policy.get policy.remove policy.list factor.enroll factor.confirm factor.remove factor.list".split(),
}
EVENTS = """
    session.created session.refreshed session.elevated session.reauthenticated session.updated session.transferred
    session.locked session.unlocked session.revoked session.expired session.evicted session.limit.reached
    session.context.changed session.suspicious session.token.reused subject.disabled subject.enabled factor.enrolled
    factor.removed factor.rejected
""".split()
# What the copy of each result leaves out.
SECRETS = {
    "session.create": ["tokens"],
    "session.refresh": ["tokens"],
    "session.elevate": ["tokens"],
    "session.reauthenticate": ["tokens"],
    "session.transfer.begin": ["ticket"],
    "session.transfer.complete": ["tokens"],
    "factor.enroll": ["secret", "uri", "recoveryCodes"],
}

# Invalid examples that JSON Schema cannot tell from valid ones, each with the reason.
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
    """A fresh copy of an example, to be broken."""
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


# --- the schemas themselves


@pytest.mark.parametrize("path", schema_files())
def test_each_schema_is_valid_2020_12(path):
    schema = load(path)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("path", schema_files())
def test_each_schema_uses_only_keywords_there_are(path):
    # A misspelt keyword is silently ignored by every validator.
    known = set("""
        $schema $id $ref $defs $anchor title description default examples type enum const properties required
        additionalProperties unevaluatedProperties propertyNames minProperties maxProperties dependentRequired
        items uniqueItems minItems maxItems minLength maxLength minimum maximum pattern format
        allOf anyOf oneOf not if then else
    """.split())
    for where, schema in walk(load(path)):
        if isinstance(schema, dict):
            assert set(schema) <= known, where


@pytest.mark.parametrize("path", schema_files())
def test_each_id_is_the_place_of_its_file(path):
    assert load(path)["$id"] == BASE + path
    assert load(path)["title"] and load(path)["description"]


@pytest.mark.parametrize("path", schema_files())
def test_each_reference_resolves_by_id_and_on_disk(path):
    resolver = registry().resolver(base_uri=BASE + path)
    references = [schema["$ref"] for _, schema in walk(load(path)) if isinstance(schema, dict) and "$ref" in schema]
    assert references or not path.startswith(KINDS)
    for reference in references:
        resolver.lookup(reference)
        file, _, pointer = reference.partition("#")
        target = (SCHEMAS / path).parent / file if file else SCHEMAS / path
        node = read(target)
        for part in pointer.split("/")[1:]:
            node = node[part.replace("~1", "/").replace("~0", "~")]


@pytest.mark.parametrize("path", schema_files())
def test_each_property_says_what_it_means(path):
    resolver = registry().resolver(base_uri=BASE + path)
    for where, owner, schema in described_places(load(path)):
        if schema is False:
            continue
        if where[-2] == "$defs":
            assert schema.get("title") and schema.get("description"), where
        elif "description" not in schema and "$ref" in schema:
            assert resolver.lookup(schema["$ref"]).contents["description"], where
        else:
            # Only what refines a property that is described where the owner refers to may be without.
            assert len(schema.get("description", "")) > 5 or "$ref" in owner, where


def described_places(schema, path=()):
    """Each definition and property, outside conditions and what only narrows: where it is, in what, and itself."""
    for keyword in ("properties", "$defs"):
        for name, inner in schema.get(keyword, {}).items():
            where = (*path, keyword, name)
            yield where, schema, inner
            if isinstance(inner, dict) and inner.get("$ref") != "#":
                yield from described_places(inner, where)
                if isinstance(inner.get("items"), dict):
                    yield from described_places(inner["items"], (*where, "items"))


# --- the examples


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


@pytest.mark.parametrize("path", [*example_files("events"), *(EXAMPLES / "results").glob("*/*-copy.json")], ids=label)
def test_no_secret_is_in_what_everyone_may_read(path):
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"sj[srt]_|eyJ|otpauth:|[a-z0-9]{5}-[a-z0-9]{5}\"", text)
    assert not set(SECRETS.get(path.parent.name, [])) & set(json.loads(text)["data"])


@pytest.mark.parametrize("path", example_files("results"), ids=label)
def test_the_sessions_in_examples_agree_with_themselves(path):
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
    """The body over and over, each time with an unknown key in another of its objects but those `free` says."""

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
def test_an_unknown_key_anywhere_in_what_is_published_is_ignored(path):
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
def test_each_invalid_example_expects_a_code_and_the_pointer_to_its_one_fault(path):
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
        del body["subject"]  # the third target is one too many as well, but the second is the one to tell
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


def test_what_is_no_address_is_told_even_without_a_format_checker():
    assert not re.search(load("common.json")["$defs"]["ip"]["pattern"], "localhost")


def test_the_exceptions_are_examples():
    assert set(BEYOND_JSON_SCHEMA) <= {label(path) for path in invalid_files()}


# --- the contract's words


def test_the_commands_and_events_are_the_contract_s():
    assert set(names("commands")) == set(COMMANDS) == {name for queue in QUEUES.values() for name in queue}
    assert set(names("events")) == set(EVENTS)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_says_its_queue_and_whether_it_needs_a_message_id(command):
    schema = load(f"commands/{command}.json")
    (queue,) = [queue for queue, commands in QUEUES.items() if command in commands]
    assert schema["description"].endswith(f" Queue N.commands.{queue}.")
    assert ("message_id is required." in schema["description"]) == (command not in READING)


def test_the_error_codes_are_the_contract_s():
    definitions = load("common.json")["$defs"]
    assert definitions["rejectionCode"]["enum"] == REJECTED
    assert definitions["failureCode"]["enum"] == FAILED


def test_the_reasons_are_the_contract_s():
    definitions = load("common.json")["$defs"]
    assert definitions["validityReason"]["enum"] == VALIDITY_REASONS
    assert definitions["reasonInCommand"]["not"]["enum"] == RESERVED_REASONS


@pytest.mark.parametrize(
    ("command", "keys"),
    [
        ("session.create", "subject policy device context authentication factor parentId actor attributes idleSeconds "
                           "absoluteSeconds"),
        ("session.validate", "token context require touch"),
        ("session.refresh", "refreshToken context"),
        ("session.elevate", "token factor authentication context"),
        ("session.reauthenticate", "token refreshToken authentication context"),
        ("session.update", "token sessionId attributes device context"),
        ("session.transfer.begin", "token keepOriginal context"),
        ("session.transfer.complete", "ticket device context"),
        ("session.revoke", "token sessionId subject all begunBefore deviceId policy network except cascade reason"),
        ("session.lock", "sessionId subject reason"),
        ("session.unlock", "sessionId subject reason"),
        ("subject.disable", "subject reason"),
        ("subject.enable", "subject reason"),
        ("session.get", "token sessionId"),
        ("session.list", "subject includeEnded limit cursor"),
        ("session.activity", "sessionId limit"),
        ("factor.enroll", "subject type label issuer"),
        ("factor.confirm", "subject factorId code"),
        ("factor.remove", "subject factorId"),
        ("factor.list", "subject"),
        ("policy.put", "name policy"),
        ("policy.get", "name"),
        ("policy.remove", "name"),
        ("policy.list", ""),
    ],
)
def test_the_keys_of_each_command_are_the_contract_s(command, keys):
    assert list(load(f"commands/{command}.json")["properties"]) == ["tenant", *keys.split()]


def test_the_keys_of_a_session_are_the_contract_s():
    session = load("common.json")["$defs"]["session"]
    optional = "authenticatedAt device context parentId actor endedAt endReason".split()
    keys = """
        id tenant subject status policy level methods authenticatedAt device context createdAt lastActiveAt
        idleExpiresAt expiresAt parentId actor attributes generation endedAt endReason
    """.split()
    assert list(session["properties"]) == keys
    assert session["required"] == [key for key in keys if key not in optional]


def test_the_defaults_of_a_policy_are_the_contract_s():
    common = load("common.json")["$defs"]

    def defaults(schema):
        return {
            key: defaults(inner)
            if "properties" in inner
            else inner.get("default", common.get(inner.get("$ref", "").rsplit("/", 1)[-1], {}).get("default"))
            for key, inner in schema["properties"].items()
        }

    assert defaults(common["policy"]) == {
        "idleSeconds": 1800,
        "absoluteSeconds": 43200,
        "touchIntervalSeconds": 60,
        "accessTokenSeconds": 300,
        "refreshSeconds": 43200,
        "refreshGraceSeconds": 30,
        "maxSessions": 5,
        "onLimit": "evictLeastRecentlyActive",
        "mfa": {
            "required": "never",
            "pendingSeconds": 300,
            "maxAttempts": 5,
            "lockSeconds": 900,
            "validSeconds": 43200,
        },
        "context": {
            **dict.fromkeys(["ip", "network", "country", "asn", "userAgent", "fingerprint", "travel"], "off"),
            "maxTravelKmh": 900,
            "require": [],
        },
        "reauthenticationWindowSeconds": 3600,
        "transferSeconds": 60,
        "maxDepth": 4,
        "maxChildren": 32,
        "endedSeconds": 86400,
    }


@pytest.mark.parametrize(
    ("policy", "good"),
    [
        ({}, True),
        ({"maxSessions": 0, "refreshGraceSeconds": 0, "maxDepth": 0, "maxChildren": 0}, True),
        ({"reauthenticationWindowSeconds": 0, "mfa": {"required": "onRisk"}, "context": {"ip": "revoke"}}, True),
        ({"maxSessions": 1000, "maxChildren": 1000, "maxDepth": 32, "endedSeconds": 3155760000}, True),
        ({"maxSessions": 1001}, False),
        ({"maxDepth": 33}, False),
        ({"endedSeconds": 3155760001}, False),
        ({"idleSeconds": 0}, False),
        ({"refreshGraceSeconds": 301}, False),
        ({"onLimit": "evictNewest"}, False),
        ({"mfa": {"maxAttempts": 0}}, False),
        ({"mfa": {"require": "always"}}, False),
        ({"context": {"city": "lock"}}, False),
        ({"context": {"require": ["country", "latitude"]}}, True),
        ({"context": {"require": ["country", "country"]}}, False),
        ({"context": {"require": ["planet"]}}, False),
        ({"context": {"ip": "block"}}, False),
        ({"idle": 600}, False),
    ],
)
def test_a_policy_keeps_its_limits(policy, good):
    assert bool(faults("common.json#/$defs/policyInCommand", policy)) != good


def test_a_policy_in_force_has_every_key():
    common = load("common.json")["$defs"]
    assert common["policyInForce"]["required"] == list(common["policy"]["properties"])
    for group in ("mfa", "context"):
        keys = list(common["policy"]["properties"][group]["properties"])
        assert common["policyInForce"]["properties"][group]["required"] == keys
    whole = example("results/policy.get/succeeded.json")["data"]["policy"]
    assert not faults("common.json#/$defs/policyInForce", whole)
    for group in (whole, whole["mfa"], whole["context"]):
        for key in list(group):
            kept = group.pop(key)
            assert faults("common.json#/$defs/policyInForce", whole), key
            group[key] = kept


# --- results and events that must not pass


def broken(path, change):
    body = example(path)
    change(body)
    return body


PENDING = {"reason": "mfa_required", "methods": ["totp"], "expiresAt": "2026-11-20T22:05:00.000Z"}


@pytest.mark.parametrize(
    ("path", "change", "good"),
    [
        ("session.create/succeeded.json", lambda body: body["data"].update(added=1), True),
        ("session.create/succeeded.json", lambda body: body["data"]["session"]["device"].update(added=1), True),
        ("session.create/succeeded.json", lambda body: body.pop("completedAt"), False),
        ("session.create/succeeded.json", lambda body: body.update(command="session.refresh"), False),
        ("session.create/succeeded.json", lambda body: body.update(status="rejected"), False),
        ("session.create/succeeded.json", lambda body: body.update(commandId=None), False),
        ("session.create/succeeded.json", lambda body: body["data"].pop("evicted"), False),
        ("session.create/succeeded.json", lambda body: body["data"].pop("tokens"), False),
        ("session.create/succeeded.json", lambda body: body["data"]["tokens"].pop("refresh"), False),
        ("session.create/succeeded.json", lambda body: body["data"]["tokens"].pop("refreshExpiresAt"), False),
        ("session.create/succeeded.json", lambda body: body["data"]["tokens"].update(session="sjs_short"), False),
        ("session.create/succeeded.json", lambda body: body["data"]["session"].update(parentId=None), False),
        ("session.create/succeeded.json", lambda body: body["data"]["session"].pop("attributes"), False),
        ("session.create/succeeded.json", lambda body: body["data"]["session"].update(endReason="logout"), False),
        ("session.create/succeeded.json", lambda body: body["data"]["session"].update(status="pending"), False),
        ("session.create/rejected-limit-reached.json", lambda body: body.update(status="failed"), False),
        ("session.create/rejected-limit-reached.json", lambda body: body.update(data={}), False),
        ("session.create/rejected-limit-reached.json",
         lambda body: body.update(data=example("results/session.create/succeeded.json")["data"]), False),
        ("session.create/failed-unavailable.json",
         lambda body: body.update(data=example("results/session.create/succeeded.json")["data"]), False),
        ("session.create/succeeded.json",
         lambda body: body.update(error=example("results/session.create/failed-unavailable.json")["error"]), False),
        ("session.create/rejected-limit-reached.json", lambda body: body["error"].update(retryable=True), False),
        ("session.create/failed-unavailable.json", lambda body: body["error"].update(retryable=False), False),
        ("session.create/failed-invalid-field.json", lambda body: body["error"].pop("path"), False),
        ("session.create/failed-invalid-field.json", lambda body: body["error"].update(path="device"), False),
        ("session.validate/succeeded-valid.json", lambda body: body["data"].pop("session"), False),
        ("session.validate/succeeded-valid.json", lambda body: body["data"].update(reason="locked"), False),
        ("session.validate/succeeded-valid.json", lambda body: body["data"].update(valid=False), False),
        ("session.validate/succeeded-revoked.json", lambda body: body["data"].pop("session"), True),
        ("session.validate/succeeded-revoked.json", lambda body: body["data"].pop("remedy"), True),
        ("session.validate/succeeded-revoked.json", lambda body: body["data"].pop("reason"), False),
        ("session.validate/succeeded-revoked.json", lambda body: body["data"].update(reason="gone"), False),
        ("session.validate/succeeded-revoked.json", lambda body: body["data"]["session"].pop("endedAt"), False),
        ("session.validate/succeeded-revoked.json",
         lambda body: body["data"]["session"].update(endReason="expired_idle"), False),
        ("session.validate/succeeded-revoked.json",
         lambda body: body["data"]["session"].update(status="expired"), False),
        ("session.refresh/succeeded.json",
         lambda body: body["data"]["tokens"].update(session="sjs_" + "a" * 92), False),
        ("session.refresh/succeeded.json", lambda body: body["data"]["tokens"].update(access="a.b"), False),
        ("session.refresh/succeeded.json", lambda body: body["data"]["tokens"].pop("accessExpiresAt"), False),
        ("session.refresh/succeeded.json", lambda body: body["data"].pop("tokens"), False),
        ("session.revoke/succeeded.json", lambda body: body["data"].update(count=0), False),
        ("session.revoke/succeeded-nothing-to-do.json", lambda body: body["data"].update(count=1), False),
        ("session.revoke/succeeded.json", lambda body: body["data"].pop("revoked"), False),
        ("session.create/succeeded-pending.json",
         lambda body: body["data"]["challenge"].update(methods=[]), True),
        ("session.create/succeeded-pending.json",
         lambda body: body["data"]["challenge"].update(reason="mfa"), False),
        ("session.create/succeeded-pending.json",
         lambda body: body["data"]["tokens"].update(access="a.b.c", accessExpiresAt="2026-11-20T22:05:00.000Z"), False),
        ("session.elevate/succeeded.json", lambda body: body["data"]["tokens"].pop("session"), False),
        ("session.elevate/succeeded.json", lambda body: body["data"]["session"].update(status="pending"), False),
        ("session.reauthenticate/succeeded.json", lambda body: body["data"]["session"].update(status="locked"), False),
        ("session.update/succeeded.json", lambda body: body["data"].pop("session"), False),
        ("session.transfer.begin/succeeded.json", lambda body: body["data"].update(ticket="sjs_" + "a" * 92), False),
        ("session.transfer.begin/succeeded.json", lambda body: body["data"].pop("expiresAt"), False),
        ("session.transfer.complete/succeeded.json",
         lambda body: body["data"]["tokens"].pop("refreshExpiresAt"), False),
        ("session.lock/succeeded.json", lambda body: body["data"]["sessions"].append("alice"), False),
        ("session.unlock/succeeded.json", lambda body: body["data"].pop("sessions"), False),
        ("subject.disable/succeeded.json", lambda body: body["data"].pop("revoked"), False),
        ("subject.enable/succeeded.json",
         lambda body: body["data"]["revoked"].append("ses_" + "a" * 32), False),
        ("session.get/succeeded-ended.json", lambda body: body["data"]["session"].pop("endedAt"), False),
        ("session.list/succeeded.json", lambda body: body["data"]["sessions"][0].pop("generation"), False),
        ("session.activity/succeeded.json", lambda body: body["data"]["entries"][0].pop("detail"), False),
        ("session.activity/succeeded.json", lambda body: body["data"]["entries"][0].update(action="logout!"), False),
        ("factor.enroll/succeeded.json", lambda body: body["data"]["recoveryCodes"].pop(), False),
        ("factor.enroll/succeeded.json", lambda body: body["data"].pop("uri"), False),
        ("factor.enroll/succeeded.json", lambda body: body["data"].update(secret="A" * 31), False),
        ("factor.confirm/succeeded.json", lambda body: body["data"]["factor"].update(confirmed=False), False),
        ("factor.remove/succeeded.json", lambda body: body["data"]["factor"].pop("label"), False),
        ("factor.list/succeeded.json", lambda body: body["data"]["factors"][0].update(id="f1"), False),
        ("policy.put/succeeded.json", lambda body: body["data"]["policy"].pop("mfa"), False),
        ("policy.get/succeeded.json", lambda body: body["data"]["policy"]["context"].pop("travel"), False),
        ("policy.get/succeeded.json", lambda body: body["data"]["policy"]["context"].update(added="lock"), True),
        ("policy.list/succeeded.json", lambda body: body["data"]["policies"][0].pop("name"), False),
        ("policy.list/succeeded.json", lambda body: body["data"]["policies"].clear(), False),
        ("unknown/failed.json", lambda body: body.update(command="session.creat"), False),
        ("unknown/failed.json", lambda body: body["error"].update(code="internal"), False),
        ("unknown/failed.json", lambda body: body.update(status="rejected"), False),
    ],
)
def test_a_result_is_told_from_what_is_none(path, change, good):
    body = broken(f"results/{path}", change)
    if good:
        validate_result(path.split("/")[0], body, "reply")
    else:
        with pytest.raises(Mismatch):
            validate_result(path.split("/")[0], body, "reply")


def test_a_pending_session_has_a_challenge_and_its_session_token_alone():
    body = example("results/session.create/succeeded.json")
    body["data"]["session"]["status"] = "pending"
    body["data"]["tokens"] = {"session": body["data"]["tokens"]["session"]}
    with pytest.raises(Mismatch):
        validate_result("session.create", body, "reply")
    body["data"]["challenge"] = PENDING
    validate_result("session.create", body, "reply")


def test_what_a_copy_leaves_out_is_the_contract_s():
    assert {command for command in COMMANDS if "copy" in load(f"results/{command}.json")["$defs"]} == set(SECRETS)


@pytest.mark.parametrize("command", SECRETS)
def test_a_copy_has_no_secrets_and_a_reply_has_them(command):
    reply = example(f"results/{command}/succeeded.json")
    copy = example(f"results/{command}/succeeded-copy.json")
    validate_result(command, reply)
    validate_result(command, copy)
    with pytest.raises(Mismatch):
        validate_result(command, reply, "copy")
    with pytest.raises(Mismatch):
        validate_result(command, copy, "reply")
    for secret in SECRETS[command]:
        half = {**copy, "data": {**copy["data"], secret: reply["data"][secret]}}
        with pytest.raises(Mismatch):
            validate_result(command, half, "copy")


@pytest.mark.parametrize(
    ("path", "change", "good"),
    [
        ("session.revoked/by-command.json", lambda body: body.update(added="x"), True),
        ("session.revoked/by-command.json", lambda body: body["data"].update(added=1), True),
        ("session.revoked/by-command.json", lambda body: body.pop("traceparent"), True),
        ("session.revoked/by-command.json", lambda body: body.update(sequence=5), False),
        ("session.revoked/by-command.json", lambda body: body.update(sequence="05"), False),
        ("session.revoked/by-command.json", lambda body: body.update(sequencetype="integer"), False),
        ("session.revoked/by-command.json", lambda body: body.update(source="sojourn/acme"), False),
        ("session.revoked/by-command.json", lambda body: body.update(subject="alice"), False),
        ("session.revoked/by-command.json", lambda body: body.update(type="session.expired"), False),
        ("session.revoked/by-command.json", lambda body: body.update(type="session.gone"), False),
        ("session.revoked/by-command.json", lambda body: body.update(time="2026-11-20T22:00:00Z"), False),
        ("session.revoked/by-command.json", lambda body: body.pop("partitionkey"), False),
        ("session.revoked/by-command.json", lambda body: body["data"].pop("tenant"), False),
        ("session.revoked/by-command.json", lambda body: body["data"].pop("caep"), False),
        ("session.revoked/by-command.json", lambda body: body["data"].update(actor=None), False),
        ("session.revoked/by-command.json", lambda body: body["data"].update(reason="evicted"), False),
        ("session.revoked/by-command.json",
         lambda body: next(iter(body["data"]["caep"].values())).update(initiating_entity="robot"), False),
        ("session.revoked/by-command.json",
         lambda body: next(iter(body["data"]["caep"].values())).update(event_timestamp="1795213200"), False),
        ("session.revoked/by-command.json",
         lambda body: next(iter(body["data"]["caep"].values())).update(reason_admin={}), False),
        ("session.created/created.json", lambda body: body["data"].pop("sessionId"), False),
        ("session.created/created.json",
         lambda body: body["data"].update(caep=example("events/session.expired/idle.json")["data"]["caep"]), False),
        ("session.expired/idle.json", lambda body: body["data"].update(reason="logout"), False),
        ("session.evicted/evicted.json", lambda body: body["data"].update(reason="revoked"), False),
        ("session.limit.reached/limit-reached.json", lambda body: body["data"].pop("subject"), False),
        ("session.created/created.json", lambda body: body["data"].pop("level"), False),
        ("session.created/created.json", lambda body: body["data"].pop("accessTokensExpireAt"), True),
        ("session.elevated/elevated.json", lambda body: body["data"].pop("methods"), False),
        ("session.elevated/elevated.json",
         lambda body: next(iter(body["data"]["caep"].values())).pop("namespace"), False),
        ("session.elevated/elevated.json",
         lambda body: next(iter(body["data"]["caep"].values())).update(current_level=2), False),
        ("session.elevated/elevated.json",
         lambda body: next(iter(body["data"]["caep"].values())).update(change_direction="decrease"), False),
        ("session.reauthenticated/reauthenticated.json", lambda body: body["data"].pop("caep"), False),
        ("session.updated/updated.json", lambda body: body["data"].pop("sessionId"), False),
        ("session.transferred/transferred.json", lambda body: body["data"].pop("previousSessionId"), False),
        ("session.locked/by-command.json", lambda body: body["data"].pop("reason"), False),
        ("session.unlocked/by-command.json", lambda body: body.update(subject="alice"), False),
        ("session.context.changed/changed.json", lambda body: body["data"].update(changed=[]), False),
        ("session.context.changed/changed.json", lambda body: body["data"].update(changed=["ip", "ip"]), False),
        ("session.context.changed/changed.json", lambda body: body["data"].update(changed=["city"]), False),
        ("session.context.changed/changed.json", lambda body: body["data"].pop("previousContext"), True),
        ("session.suspicious/elevate.json", lambda body: body["data"].update(reaction="notify"), False),
        ("session.suspicious/elevate.json", lambda body: body["data"].pop("reaction"), False),
        ("session.suspicious/elevate.json",
         lambda body: next(iter(body["data"]["caep"].values())).update(principal="USER"), False),
        ("subject.disabled/by-command.json", lambda body: body["data"].pop("reason"), False),
        ("subject.enabled/by-command.json", lambda body: body["data"].update(sessionId="ses_" + "a" * 32), False),
        ("factor.enrolled/enrolled.json", lambda body: body["data"]["factor"].pop("id"), False),
        ("factor.removed/removed.json", lambda body: body["data"].pop("caep"), False),
        ("factor.rejected/in-elevation.json", lambda body: body["data"].update(reason="wrong"), False),
        ("factor.rejected/in-elevation.json", lambda body: body["data"]["factor"].pop("id"), True),
        ("factor.rejected/in-elevation.json", lambda body: body.update(subject="alice"), False),
        ("factor.rejected/recovery-code.json",
         lambda body: body["data"]["factor"].update(id="fac_" + "a" * 24), False),
    ],
)
def test_an_event_is_told_from_what_is_none(path, change, good):
    body = broken(f"events/{path}", change)
    if good:
        validate_event(body)
    else:
        with pytest.raises(Mismatch):
            validate_event(body)


@pytest.mark.parametrize("path", example_files("events"), ids=label)
def test_the_claims_in_examples_agree_with_what_they_are_beside(path):
    data = read(path)["data"]
    for uri, claims in data.get("caep", {}).items():
        kind = uri.rsplit("/", 1)[1]
        if kind == "session-established":
            assert (claims["acr"], claims["amr"]) == (str(data["level"]), data["methods"])
        if kind == "assurance-level-change":
            assert claims["current_level"] == str(data["level"])
            assert ("change_direction" in claims) == (claims["current_level"] != claims["previous_level"])
        if kind == "risk-level-change":
            assert claims["risk_reason"] == ", ".join(data["changed"])
            assert claims["current_level"] == ("MEDIUM" if data["reaction"] == "elevate" else "HIGH")
        if kind == "credential-change":
            assert claims["change_type"] == {"factor.enrolled": "create", "factor.removed": "delete"}[path.parent.name]


def test_a_command_or_event_without_a_schema_is_not_let_through():
    with pytest.raises(KeyError):
        validate_command("session.creat", {})
    with pytest.raises(KeyError):
        validate_result("session.creat", {})
    with pytest.raises(Mismatch):
        validate_event({"type": "session.gone"})
    with pytest.raises(Mismatch):
        validate_event([])


# --- AsyncAPI


@pytest.fixture(scope="module")
def asyncapi():
    return yaml.safe_load((SCHEMAS / "asyncapi.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def asyncapi_schema():
    return jsonschema.Draft7Validator(read(DATA / "asyncapi-3.0.0.schema.json"))


def references(node, path=()):
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield path, node["$ref"]
        for key, inner in node.items():
            yield from references(inner, (*path, key))
    elif isinstance(node, list):
        for index, inner in enumerate(node):
            yield from references(inner, (*path, index))


def test_asyncapi_is_valid(asyncapi, asyncapi_schema):
    asyncapi_schema.validate(asyncapi)


@pytest.mark.parametrize(
    "change",
    [
        lambda document: document.pop("info"),
        lambda document: document.update(channel={}),
        lambda document: document["channels"]["events"].update(adress="x"),
        lambda document: document["channels"]["events"]["bindings"]["amqp"]["exchange"].update(type="stream"),
        lambda document: document["operations"]["session.create"].update(action="consume"),
        lambda document: document["components"]["messages"]["session.create"].update(playload={}),
        lambda document: document["components"]["replyAddresses"]["replyTo"].update(location="reply_to"),
    ],
)
def test_an_asyncapi_document_that_is_wrong_is_noticed(asyncapi, asyncapi_schema, change):
    document = json.loads(json.dumps(asyncapi))
    change(document)
    assert not asyncapi_schema.is_valid(document)


def test_every_reference_in_asyncapi_resolves(asyncapi):
    for where, reference in references(asyncapi):
        if reference.startswith("#/"):
            node = asyncapi
            for part in reference[2:].split("/"):
                node = node[part.replace("~1", "/").replace("~0", "~")]
        else:
            assert reference.startswith("./"), where
            registry().resolver(base_uri=BASE + "asyncapi.yaml").lookup(reference)


def test_asyncapi_refers_to_every_schema_and_only_to_those(asyncapi):
    told = {reference.partition("#")[0][2:] for _, reference in references(asyncapi) if reference.startswith("./")}
    assert told == set(schema_files()) - {"common.json"}


def test_asyncapi_has_a_channel_and_an_operation_for_each_command_and_a_message_for_each_event(asyncapi):
    channels, operations, messages = asyncapi["channels"], asyncapi["operations"], asyncapi["components"]["messages"]
    for command in [*names("commands"), "unknown"]:
        assert operations[command]["action"] == "receive"
        assert operations[command]["channel"]["$ref"] == f"#/channels/{command}"
        assert command == "unknown" or channels[command]["address"] == command
        (reply,) = [reference["$ref"].rsplit("/", 1)[1] for reference in operations[command]["reply"]["messages"]]
        assert reply in channels["reply"]["messages"]
        assert _payload(messages[reply]).startswith(f"results/{command}.json")
        copies = [name for name in channels["results"]["messages"] if name.startswith(f"{command}.")]
        assert len(copies) == 1 and _payload(messages[copies[0]]).startswith(f"results/{command}.json")
    assert set(channels["events"]["messages"]) == set(names("events"))
    for event in names("events"):
        assert _payload(messages[event]) == f"events/{event}.json"


def test_every_component_message_is_used_and_has_its_own_name(asyncapi):
    used = {name for channel in asyncapi["channels"].values() for name in channel["messages"]}
    assert used == set(asyncapi["components"]["messages"])
    for channel in asyncapi["channels"].values():
        for name, message in channel["messages"].items():
            assert message["$ref"] == f"#/components/messages/{name}"


def test_every_command_that_changes_state_requires_a_message_id(asyncapi):
    for command in names("commands"):
        traits = [trait["$ref"] for trait in asyncapi["components"]["messages"][command]["traits"]]
        assert ("#/components/messageTraits/changesState" in traits) == (command not in READING)
        headers = [asyncapi["components"]["messageTraits"][trait.rpartition("/")[2]]["headers"] for trait in traits]
        for each in headers:  # whichever a tool takes
            assert ("message_id" in each.get("required", [])) == (command not in READING)
            assert {"message_id", "reply_to", "deadline"} <= set(each["properties"])


def test_each_command_has_the_contract_s_queue_in_asyncapi(asyncapi):
    for queue, commands in QUEUES.items():
        for command in commands:
            assert asyncapi["channels"][command]["x-queue"]["name"] == f"sojourn.commands.{queue}"


def test_every_example_in_asyncapi_is_one_of_the_examples_and_valid(asyncapi):
    for name, message in asyncapi["components"]["messages"].items():
        if name in ("unknown", "quarantined"):
            continue
        reference = _payload(message)
        for shown in message["examples"]:
            assert not faults(reference, shown["payload"]), name
            folder = reference.partition("#")[0].removesuffix(".json")
            assert read(EXAMPLES / folder / f"{shown['name']}.json") == shown["payload"]


def test_exchanges_and_queues_are_the_contract_s(asyncapi):
    exchanges, queues = set(), set()
    for channel in asyncapi["channels"].values():
        binding = channel["bindings"]
        if "$ref" in binding:
            binding = asyncapi["components"]["channelBindings"][binding["$ref"].rsplit("/", 1)[1]]
        exchange = binding["amqp"].get("exchange", {})
        exchanges.add((exchange.get("name"), exchange.get("type")))
        if "x-queue" in channel:
            queues.add((channel["x-queue"]["name"], channel["x-queue"]["type"]))
    assert exchanges - {(None, None), ("", "default")} == {
        ("sojourn.commands", "topic"),
        ("sojourn.unknown", "fanout"),
        ("sojourn.results", "topic"),
        ("sojourn.events", "topic"),
        ("sojourn.dead", "topic"),
    }
    assert queues == {
        ("sojourn.commands.validate", "classic"),
        ("sojourn.commands.manage", "quorum"),
        ("sojourn.commands.revoke", "quorum"),
        ("sojourn.commands.admin", "quorum"),
        ("sojourn.commands.unknown", "classic"),
        ("sojourn.quarantine", "quorum"),
    }


def _payload(message):
    payload = message["payload"]
    assert payload["schemaFormat"] == "application/schema+json;version=2020-12"
    return payload["schema"]["$ref"].removeprefix("./")


# --- the README


def test_the_lines_the_readme_shows_work():
    text = (SCHEMAS / "README.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    done = subprocess.run([sys.executable, "-c", code], cwd=SCHEMAS, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "colour" in done.stdout
