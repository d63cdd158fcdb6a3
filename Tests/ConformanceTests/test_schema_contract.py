"""The schemas match the contract: commands, codes, reasons, keys, defaults, limits."""

import pytest

from contract_words import COMMANDS, EVENTS, FAILED, QUEUES, READING, REJECTED, RESERVED_REASONS, VALIDITY_REASONS
from schema_examples import example
from schemas_support import faults, load, names


def test_commands_and_events_agree_with_the_contract():
    assert set(names("commands")) == set(COMMANDS) == {name for queue in QUEUES.values() for name in queue}
    assert set(names("events")) == set(EVENTS)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_states_its_queue_and_whether_it_needs_a_message_id(command):
    schema = load(f"commands/{command}.json")
    (queue,) = [queue for queue, commands in QUEUES.items() if command in commands]
    assert schema["description"].endswith(f" Queue N.commands.{queue}.")
    assert ("message_id is required." in schema["description"]) == (command not in READING)


def test_the_error_codes_agree_with_the_contract():
    definitions = load("common.json")["$defs"]
    assert definitions["rejectionCode"]["enum"] == REJECTED
    assert definitions["failureCode"]["enum"] == FAILED


def test_the_reasons_agree_with_the_contract():
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
def test_the_keys_of_each_command_agree_with_the_contract(command, keys):
    assert list(load(f"commands/{command}.json")["properties"]) == ["tenant", *keys.split()]


def test_the_keys_of_a_session_agree_with_the_contract():
    session = load("common.json")["$defs"]["session"]
    optional = "authenticatedAt device context parentId actor endedAt endReason".split()
    keys = """
        id tenant subject status policy level methods authenticatedAt device context createdAt lastActiveAt
        idleExpiresAt expiresAt parentId actor attributes generation endedAt endReason
    """.split()
    assert list(session["properties"]) == keys
    assert session["required"] == [key for key in keys if key not in optional]


def test_the_defaults_of_a_policy_agree_with_the_contract():
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
def test_a_policys_limits_are_enforced(policy, good):
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
