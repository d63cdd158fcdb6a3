"""Each command of the contract from outside: its input, its result, its events."""

import json
import re
import uuid
from datetime import datetime, timezone

import pytest
from cloudevents.core.formats.json import JSONFormat

from client import ABSENT, DIRECT

pytestmark = pytest.mark.core

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
DEVICE = {"id": "device-1", "name": "Firefox on Debian", "platform": "linux", "fingerprint": "f1"}
CONTEXT = {"ip": "192.0.2.10", "userAgent": "Mozilla/5.0", "country": "DE", "city": "Jena", "asn": 64496}


def moment(text):
    assert TIME.fullmatch(text), f"{text} is no RFC 3339 UTC with milliseconds"
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


# --- create ------------------------------------------------------------------------------------------------------


def test_a_created_session_has_every_field_and_its_tokens(client, subject):
    before = datetime.now(timezone.utc)
    data = client.create(subject)
    session, tokens = data["session"], data["tokens"]
    assert session["id"].startswith("ses_")
    assert (session["tenant"], session["subject"], session["policy"]) == ("default", subject, "default")
    assert (session["status"], session["level"], session["generation"]) == ("active", 1, 1)
    assert session["attributes"] == {}
    assert data["evicted"] == []
    created = moment(session["createdAt"])
    assert abs((created - before).total_seconds()) < 60
    assert (moment(session["idleExpiresAt"]) - created).total_seconds() == pytest.approx(1800, abs=60)
    assert (moment(session["expiresAt"]) - created).total_seconds() == 43200
    assert tokens["session"].startswith("sjs_") and tokens["refresh"].startswith("sjr_")
    assert tokens["access"].count(".") == 2
    assert moment(tokens["refreshExpiresAt"]) <= moment(session["expiresAt"])
    assert not {"endedAt", "endReason", "device", "context", "actor"} & set(session), "what does not apply is absent"


def test_device_context_authentication_actor_and_attributes_are_stored(client, subject):
    attributes = {"theme": "dark", "depth": {"list": [1, 2.5, True, None, "é"]}}
    data = client.create(
        subject, device=DEVICE, context=CONTEXT, attributes=attributes, actor="support-7",
        authentication={"methods": ["pwd", "otp"]},
    )
    session = data["session"]
    assert session["device"] == DEVICE
    assert {key: session["context"][key] for key in CONTEXT} == CONTEXT
    assert session["attributes"] == attributes
    assert session["actor"] == "support-7"
    assert (session["level"], session["methods"]) == (2, ["pwd", "otp"])
    moment(session["authenticatedAt"])
    assert client.validate(data["tokens"]["session"])["session"]["attributes"] == attributes
    event = client.await_event(subject, "session.created").body["data"]
    assert event["device"]["name"] == DEVICE["name"] and event["context"]["country"] == "DE"
    assert event["actor"] == "support-7"


def test_a_shorter_lifetime_is_accepted_and_a_longer_one_is_refused(client, subject):
    session = client.create(subject, idleSeconds=60, absoluteSeconds=600)["session"]
    assert (moment(session["expiresAt"]) - moment(session["createdAt"])).total_seconds() == 600
    for fields, path in (({"absoluteSeconds": 43201}, "/absoluteSeconds"), ({"idleSeconds": 1801}, "/idleSeconds")):
        reply = client.call("session.create", {"subject": subject} | fields)
        assert (reply.status, reply.code, reply.path) == ("failed", "invalid_field", path)
    reply = client.call("session.create", {"subject": subject, "idleSeconds": 600, "absoluteSeconds": 60})
    assert reply.code == "invalid_field"


def test_an_unknown_policy_is_rejected(client, subject):
    reply = client.call("session.create", {"subject": subject, "policy": "nowhere"})
    assert (reply.status, reply.code, reply.body["error"]["retryable"]) == ("rejected", "policy_not_found", False)


# --- properties --------------------------------------------------------------------------------------------------


def test_a_reply_has_the_properties_of_the_contract(client, subject):
    message_id = str(uuid.uuid4())
    reply = client.call("session.create", {"subject": subject}, message_id=message_id, correlation_id="my-request")
    properties = reply.properties
    assert properties.type == "session.create.result"
    assert properties.correlation_id == "my-request"
    assert properties.content_type == "application/json"
    assert properties.message_id and properties.message_id != message_id
    assert properties.delivery_mode != 2, "a reply is transient"
    assert reply.body["commandId"] == message_id
    assert (reply.body["command"], reply.status) == ("session.create", "succeeded")
    moment(reply.body["completedAt"])


def test_without_a_correlation_id_the_message_id_is_used(client, subject):
    reply = client.call("session.create", {"subject": subject}, message_id=f"id-{subject}", correlation_id=ABSENT)
    assert reply.properties.correlation_id == f"id-{subject}"


def test_without_a_message_id_a_validate_is_identified_by_its_correlation_id(client, subject):
    token = client.create(subject)["tokens"]["session"]
    reply = client.call("session.validate", {"token": token}, message_id=ABSENT, correlation_id=f"c-{subject}")
    assert reply.data["valid"] is True
    assert reply.body["commandId"] == f"c-{subject}"


def test_direct_reply_to_works(client, subject):
    reply = client.call("session.create", {"subject": subject}, reply_to=DIRECT)
    assert reply.data["session"]["subject"] == subject
    assert client.call("session.validate", {"token": reply.data["tokens"]["session"]}, reply_to=DIRECT).data["valid"]


def test_a_copy_without_tokens_goes_to_the_results_exchange(client, subject):
    reply = client.call("session.create", {"subject": subject}, message_id=f"id-{subject}")
    copy = client.await_copy(f"id-{subject}")
    assert copy.routing_key == "session.create.succeeded"
    assert copy.properties.type == "session.create.result"
    assert copy.properties.delivery_mode == 2
    assert "tokens" not in copy.data and copy.data["session"] == reply.data["session"]
    client.call("session.refresh", {"refreshToken": reply.data["tokens"]["refresh"]}, message_id=f"r-{subject}")
    assert "tokens" not in client.await_copy(f"r-{subject}").data
    rejected = client.call("session.create", {"subject": subject, "policy": "nowhere"}, message_id=f"n-{subject}")
    assert rejected.status == "rejected"
    assert client.await_copy(f"n-{subject}").routing_key == "session.create.rejected"


def test_a_result_is_copied_even_without_a_reply_to(client, subject):
    client.publish("session.create", {"subject": subject}, message_id=f"id-{subject}", reply_to=ABSENT)
    assert client.await_copy(f"id-{subject}").data["session"]["subject"] == subject


def test_the_trace_context_is_forwarded_to_results_and_events(client, subject):
    headers = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01", "tracestate": "vendor=value"}
    reply = client.call("session.create", {"subject": subject}, message_id=f"id-{subject}", headers=headers)
    assert reply.headers["traceparent"].split("-")[1] == TRACE
    assert client.await_copy(f"id-{subject}").headers["traceparent"].split("-")[1] == TRACE
    event = client.await_event(subject, "session.created")
    assert event.body["traceparent"].split("-")[1] == TRACE


def test_a_command_before_its_deadline_is_executed(client, subject):
    in_a_minute = int(datetime.now(timezone.utc).timestamp() * 1000) + 60_000
    reply = client.call("session.create", {"subject": subject}, headers={"deadline": in_a_minute})
    assert reply.status == "succeeded"


# --- events ------------------------------------------------------------------------------------------------------


def test_events_are_cloud_events_in_sequence(client, subject, namespace):
    data = client.create(subject)
    session = data["session"]["id"]
    client.call("session.refresh", {"refreshToken": data["tokens"]["refresh"]})
    client.call("session.revoke", {"sessionId": session, "reason": "logout"})
    events = client.await_events(subject, "session.created", "session.refreshed", "session.revoked")
    assert client.kinds(subject) == ["session.created", "session.refreshed", "session.revoked"]
    assert [each.body["sequence"] for each in events] == ["1", "2", "3"]
    assert len({each.body["partitionkey"] for each in events}) == 1
    assert len({each.body["id"] for each in events}) == 3
    for event in events:
        body, properties = event.body, event.properties
        assert event.routing_key == body["type"] == properties.type
        assert properties.message_id == body["id"]
        assert properties.content_type.startswith("application/cloudevents+json")
        assert properties.delivery_mode == 2
        assert (body["specversion"], body["source"]) == ("1.0", f"/{namespace}/default")
        assert (body["subject"], body["data"]["sessionId"]) == (session, session)
        assert body["sequencetype"] == "Integer"
        read = JSONFormat().read(None, event.raw)  # parsed by the CloudEvents SDK
        assert (read.get_id(), read.get_type()) == (body["id"], body["type"])
    assert events[-1].body["data"]["reason"] == "logout"


def test_every_subject_has_its_own_sequence_and_partition_key(client, subject):
    for name in (subject, f"{subject}-other"):
        client.create(name)
    first = client.await_event(subject, "session.created").body
    second = client.await_event(f"{subject}-other", "session.created").body
    assert (first["sequence"], second["sequence"]) == ("1", "1")
    assert first["partitionkey"] != second["partitionkey"]


# --- validate ----------------------------------------------------------------------------------------------------


def test_a_valid_token_returns_its_session(client, subject):
    data = client.create(subject)
    answer = client.validate(data["tokens"]["session"])
    assert answer["valid"] is True and "reason" not in answer
    assert answer["session"]["id"] == data["session"]["id"]


@pytest.mark.parametrize("token", ["", "x", "sjs_", "sjs_" + "A" * 60, "not a token at all", "é" * 40])
def test_a_text_that_is_not_a_token_is_malformed(client, token):
    data = client.attempt("session.validate", {"token": token}).data
    assert (data["valid"], data["reason"]) == (False, "malformed")
    assert "session" not in data


def test_an_unmet_requirement_returns_the_remedy(client, subject):
    token = client.create(subject, authentication={"methods": ["pwd"]})["tokens"]["session"]
    answer = client.validate(token, require={"level": 2})
    assert (answer["valid"], answer["reason"], answer["remedy"]) == (False, "level_too_low", "elevate")
    assert client.validate(token, require={"level": 1, "maxAuthenticationAgeSeconds": 600})["valid"] is True
    long_ago = client.create(subject, authentication={"methods": ["pwd"], "at": "2020-01-01T00:00:00.000Z"})
    answer = client.validate(long_ago["tokens"]["session"], require={"maxAuthenticationAgeSeconds": 600})
    assert (answer["reason"], answer["remedy"]) == ("authentication_too_old", "reauthenticate")


# --- update ------------------------------------------------------------------------------------------------------


def update(client, created, **fields):
    return client.do("session.update", sessionId=created["session"]["id"], **fields)["session"]


@pytest.mark.parametrize("by", ["token", "sessionId"])
def test_attributes_are_patched_according_to_rfc_7396(client, subject, by):
    created = client.create(subject, attributes={"keep": 1, "drop": 2, "deep": {"keep": 1, "drop": 2}, "list": [1, 2]})
    target = {by: created["tokens"]["session"] if by == "token" else created["session"]["id"]}
    deep = {"drop": None, "new": {"a": None, "b": 1}}
    patch = {"drop": None, "deep": deep, "list": [3], "unknown": None, "new": "é"}
    session = client.do("session.update", attributes=patch, **target)["session"]
    expected = {"keep": 1, "deep": {"keep": 1, "new": {"b": 1}}, "list": [3], "new": "é"}
    assert session["attributes"] == expected
    assert client.validate(created["tokens"]["session"])["session"]["attributes"] == expected
    assert session["generation"] == 1, "no token is replaced"
    client.await_event(subject, "session.updated")


def test_device_and_context_are_replaced_completely(client, subject):
    created = client.create(subject, device=DEVICE, context=CONTEXT, attributes={"a": 1})
    session = update(client, created, device={"name": "Other"}, context={"country": "FR"})
    assert (session["device"], session["context"]) == ({"name": "Other"}, {"country": "FR"})
    assert session["attributes"] == {"a": 1}
    data = client.await_event(subject, "session.updated").body["data"]
    assert (data["device"], data["context"]) == ({"name": "Other"}, {"country": "FR"})


def test_an_empty_update_changes_nothing(client, subject):
    created = client.create(subject, attributes={"a": 1}, device=DEVICE)
    for fields in ({}, {"attributes": {}}, {"attributes": {"a": 1, "b": None}}, {"device": DEVICE}):
        assert update(client, created, **fields) == created["session"]
    assert client.final_kinds(subject) == ["session.created"]


def test_attributes_that_would_become_too_large_are_refused_and_unchanged(client, subject):
    created = client.create(subject, attributes={"a": "x" * 10_000})
    body = {"sessionId": created["session"]["id"], "attributes": {"b": "x" * 10_000}}
    reply = client.call("session.update", body)
    assert (reply.status, reply.code, reply.path) == ("failed", "invalid_field", "/attributes")
    assert client.do("session.get", sessionId=created["session"]["id"])["session"] == created["session"]
    session = update(client, created, attributes={"a": None, "b": "x" * 10_000})
    assert list(session["attributes"]) == ["b"]


def test_attributes_may_take_exactly_16_kib(client, subject):
    created = client.create(subject)
    full = {"a": "é" * 8188}
    assert len(json.dumps(full, ensure_ascii=False, separators=(",", ":")).encode()) == 16 * 1024
    assert update(client, created, attributes=full)["attributes"] == full
    body = {"sessionId": created["session"]["id"], "attributes": {"a": full["a"] + "x"}}
    assert client.call("session.update", body).path == "/attributes"


def test_only_a_living_session_can_be_updated(client, subject):
    created = client.create(subject)
    client.do("session.lock", subject=subject)
    assert update(client, created, attributes={"a": 1})["status"] == "locked"
    client.do("session.revoke", subject=subject)
    assert client.refused("session.update", sessionId=created["session"]["id"], attributes={"a": 2}) == "session_ended"
    assert client.refused("session.update", token=created["tokens"]["session"], attributes={"a": 2}) == "session_ended"
    assert client.refused("session.update", sessionId="ses_nowhere") == "session_not_found"
    assert client.refused("session.update", token="nonsense") == "token_invalid"


# --- all tokens --------------------------------------------------------------------------------------------------


def test_a_refresh_returns_an_access_token_and_a_refresh_token(client, subject):
    created = client.create(subject)
    data = client.do("session.refresh", refreshToken=created["tokens"]["refresh"])
    assert set(data["tokens"]) == {"refresh", "refreshExpiresAt", "access", "accessExpiresAt"}
    assert data["tokens"]["access"] != created["tokens"]["access"]
    for tokens, session in ((created["tokens"], created["session"]), (data["tokens"], data["session"])):
        life = moment(tokens["accessExpiresAt"]) - moment(session["lastActiveAt"])
        assert life.total_seconds() == pytest.approx(300, abs=1)


def test_no_two_tokens_are_equal(client, subject):
    created = [client.create(subject) for _ in range(3)]
    tokens = [each["tokens"][kind] for each in created for kind in ("session", "refresh", "access")]
    assert len(set(tokens)) == 9


# --- tenants -----------------------------------------------------------------------------------------------------


def test_tenants_are_separate(client, subject, namespace):
    ours = client.create(subject, tenant="ours")
    theirs = client.create(subject, tenant="theirs")
    token = ours["tokens"]["session"]
    assert ours["session"]["tenant"] == "ours"
    assert client.validate(token, tenant="ours")["valid"] is True
    assert client.validate(token, tenant="theirs")["valid"] is False
    assert client.call("session.revoke", {"subject": subject, "tenant": "theirs"}).data["revoked"] == [
        theirs["session"]["id"]
    ]
    assert client.call("session.revoke", {"sessionId": ours["session"]["id"], "tenant": "theirs"}).data["count"] == 0
    assert client.validate(token, tenant="ours")["valid"] is True
    events = [client.await_event(subject, "session.created", tenant=each).body for each in ("ours", "theirs")]
    assert [each["source"] for each in events] == [f"/{namespace}/ours", f"/{namespace}/theirs"]
    assert [each["sequence"] for each in events] == ["1", "1"]
    assert events[0]["partitionkey"] != events[1]["partitionkey"]
