"""The AsyncAPI document: valid, complete, and consistent with schemas/ and the contract."""

import json

import jsonschema
import pytest
import yaml

from contract_words import QUEUES, READING
from schema_examples import DATA, EXAMPLES, example_files, read
from schemas_support import BASE, SCHEMAS, faults, names, registry, schema_files


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


@pytest.fixture(scope="module")
def client():
    return yaml.safe_load((SCHEMAS / "asyncapi-client.yaml").read_text(encoding="utf-8"))


def test_the_document_for_clients_is_valid(client, asyncapi_schema):
    asyncapi_schema.validate(client)


def test_clients_have_the_same_channels_and_the_reverse_of_each_operation(client, asyncapi):
    internal = {"unknown", "dead", "quarantine"}
    channels = {name: {"$ref": f"./asyncapi.yaml#/channels/{name}"} for name in asyncapi["channels"] if name not in internal}
    assert client["channels"] == channels
    theirs = asyncapi["operations"]
    operations = {"receiveResult": theirs["publishResult"], "receiveEvent": theirs["publishEvent"]}
    operations |= {name: each for name, each in theirs.items() if name in channels and "reply" in each}
    assert client["operations"].keys() == operations.keys()
    for name, operation in client["operations"].items():
        theirs = operations[name]
        assert {operation["action"], theirs["action"]} == {"send", "receive"}
        assert operation["channel"] == theirs["channel"] and operation.get("messages") == theirs.get("messages")
        assert operation.get("reply", {}).get("messages") == theirs.get("reply", {}).get("messages")
        assert operation["summary"] == (theirs["summary"] if "reply" in theirs else operation["summary"])


def test_every_reference_of_the_document_for_clients_resolves(client, asyncapi):
    for where, reference in references(client):
        document = asyncapi if reference.startswith("./asyncapi.yaml#") else client
        for part in reference.partition("#/")[2].split("/"):
            if "$ref" in document:  # of a channel, which is in the other document
                document = asyncapi["channels"][document["$ref"].rpartition("/")[2]]
            assert part in document, (where, reference)
            document = document[part]


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
def test_an_invalid_asyncapi_document_is_detected(asyncapi, asyncapi_schema, change):
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
    assert told == set(schema_files()) - {"audit.json", "common.json"}


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
    for name, message in asyncapi["components"]["messages"].items():
        assert message["name"] == name  # generators name classes by it


def test_where_a_parameter_is_in_the_payload_its_location_says_so(asyncapi):
    for channel, kind in (("results", "results"), ("events", "events")):
        for name, parameter in asyncapi["channels"][channel]["parameters"].items():
            assert parameter["location"] == f"$message.payload#/{name}"
            for path in example_files(kind):
                assert isinstance(read(path)[name], str)


def test_every_command_that_changes_state_requires_a_message_id(asyncapi):
    for command in names("commands"):
        traits = [trait["$ref"] for trait in asyncapi["components"]["messages"][command]["traits"]]
        assert ("#/components/messageTraits/changesState" in traits) == (command not in READING)
        headers = [asyncapi["components"]["messageTraits"][trait.rpartition("/")[2]]["headers"] for trait in traits]
        for each in headers:  # whichever one a tool uses
            assert ("message_id" in each.get("required", [])) == (command not in READING)
            assert {"message_id", "reply_to", "deadline"} <= set(each["properties"])


def test_each_command_has_its_queue_in_asyncapi(asyncapi):
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


def test_exchanges_and_queues_agree_with_the_contract(asyncapi):
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
