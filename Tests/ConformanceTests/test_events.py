"""Events as read by third-party software: the CloudEvents SDK, on a mixed run."""

import uuid
from datetime import datetime

import pytest
from cloudevents.core.bindings.amqp import AMQPMessage, from_amqp
from cloudevents.core.formats.json import JSONFormat
from cloudevents.v1.conversion import to_dict
from cloudevents.v1.http import from_json

from schemas_support import names
from settling import expect_no_gaps
from tour import POLICIES, Words, tour

pytestmark = pytest.mark.core

REQUIRED = ("id", "source", "type", "specversion")
CAEP = "https://schemas.openid.net/secevent/caep/event-type/"
BEGINNINGS = {"session.created", "session.transferred"}
ENDS = {"session.revoked", "session.expired", "session.evicted"}


@pytest.fixture(scope="module")
def worker(start_worker, policy_file):
    return start_worker(policy_file=policy_file(POLICIES)).await_ready()


@pytest.fixture(scope="module")
def run(client):
    """Two partly overlapping tours, of the same subject in two tenants, and all events they published."""
    subject = f"traveller-{uuid.uuid4().hex[:6]}"
    for tenant in ("default", "acme"):
        tour(client, Words(subject, tenant=tenant))
    expect_no_gaps(client)
    return [event for tenant in ("default", "acme") for event in client.events_of(subject, tenant)]


def test_a_mixed_run_has_events_of_every_type(run):
    assert {each.body["type"] for each in run} == set(names("events"))


def test_the_sdk_parses_every_event_as_structured_amqp(run):
    for event in run:
        message = AMQPMessage({"content-type": event.properties.content_type}, dict(event.headers), event.raw)
        read = from_amqp(message, JSONFormat())
        assert read.get_data() == event.body["data"]
        assert (read.get_id(), read.get_type()) == (event.body["id"], event.body["type"])
        assert (read.get_source(), read.get_subject()) == (event.body["source"], event.body["subject"])
        assert read.get_time() == datetime.fromisoformat(event.body["time"].replace("Z", "+00:00"))
        for extension in ("partitionkey", "sequence", "sequencetype"):
            assert read.get_extension(extension) == event.body[extension]


def test_the_sdk_parses_and_serialises_every_event_without_loss(run):
    for event in run:
        read = to_dict(from_json(event.raw))
        assert {key: value for key, value in read.items() if value is not None} == event.body


def test_every_event_has_the_attributes_that_cloudevents_requires(run):
    for event in run:
        assert all(event.body[key] for key in REQUIRED)
        attributes = set(event.body) - {"data"}
        assert all(each.isalnum() and each.islower() and len(each) <= 20 for each in attributes), attributes
        assert all(isinstance(event.body[key], str) for key in attributes), "an extension is a string here"


def test_sequences_have_no_gaps_and_no_duplicates(run):
    sequences = {}
    for event in run:
        sequences.setdefault(event.body["partitionkey"], []).append(int(event.body["sequence"]))
    assert len(sequences) == 2, "a partition key for each tenant and subject"
    for numbers in sequences.values():
        assert numbers == list(range(1, len(numbers) + 1))


def test_time_does_not_decrease_within_a_sequence(run):
    for source in {each.body["source"] for each in run}:
        times = [each.body["time"] for each in run if each.body["source"] == source]
        assert times == sorted(times)


def test_every_event_is_persistent(run):
    for event in run:
        assert event.properties.delivery_mode == 2
        assert event.properties.message_id == event.body["id"]
        assert event.routing_key == event.properties.type == event.body["type"]


def test_no_event_id_is_used_twice(run):
    assert len({each.body["id"] for each in run}) == len(run)


def test_every_session_begins_and_ends_once(run):
    begins, ends = [
        [each.body["data"]["sessionId"] for each in run if each.body["type"] in kinds] for kinds in (BEGINNINGS, ENDS)
    ]
    assert sorted(begins) == sorted(set(begins)) == sorted(ends)


def test_the_subject_of_an_event_is_its_session_or_subject(run):
    for event in run:
        data = event.body["data"]
        assert event.body["subject"] == data.get("sessionId", data["subject"])


def test_a_caep_event_has_its_uri_and_the_time_in_seconds(run):
    for event in run:
        if "caep" in event.body["data"]:
            ((uri, claims),) = event.body["data"]["caep"].items()
            assert uri.startswith(CAEP)
            at = int(datetime.fromisoformat(event.body["time"].replace("Z", "+00:00")).timestamp())
            # A passed deadline is noticed a moment later.
            early = 10 if event.body["type"] == "session.expired" else 0
            assert at - early <= claims["event_timestamp"] <= at
