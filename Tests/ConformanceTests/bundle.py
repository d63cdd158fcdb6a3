"""schemas/asyncapi-client.yaml as asyncapi-python can read it: one document without references to files or chains of
references, and a channel for the replies of each command, because it takes all messages of a channel for replies."""

import copy

import yaml

from schemas_support import SCHEMAS, load


def bundle(namespace, commands, events):
    """The document for an installation with this namespace; only these commands and events, as all take a minute."""
    client, server = _yaml("asyncapi-client.yaml"), _yaml("asyncapi.yaml")
    schemas = {}  # by their names in the bundle
    operations = {name: copy.deepcopy(client["operations"][name]) for name in [*commands, "receiveEvent"]}
    channels = {}
    for name, operation in operations.items():
        channel = operation["channel"]["$ref"].rpartition("/")[2]
        messages = events if channel == "events" else server["channels"][channel]["messages"]
        channels[channel] = _channel(server, channel, messages, namespace, schemas)
        operation.pop("messages", None)
        if "reply" in operation:
            (message,) = [each["$ref"].rpartition("/")[2] for each in operation["reply"]["messages"]]
            channels[f"reply.{name}"] = {"address": None, "messages": {message: _message(server, message, schemas)}}
            operation["reply"] = {"channel": {"$ref": f"#/channels/reply.{name}"}}
    parts = {"channels": channels, "operations": operations, "components": {"schemas": schemas}}
    return {"asyncapi": client["asyncapi"], "info": client["info"]} | parts


def _yaml(name):
    return yaml.safe_load((SCHEMAS / name).read_text(encoding="utf-8"))


def _channel(server, name, messages, namespace, schemas):
    channel = server["channels"][name]
    bindings = channel["bindings"]
    bindings = copy.deepcopy(_at(server, bindings["$ref"]) if "$ref" in bindings else bindings)
    exchange = bindings["amqp"]["exchange"]
    exchange["name"] = exchange["name"].replace("sojourn", namespace, 1)
    return {
        "address": channel["address"], "parameters": channel.get("parameters", {}), "bindings": bindings,
        "messages": {key: _message(server, key, schemas) for key in messages},
    }  # fmt: skip


def _message(server, name, schemas):
    # Without #/$defs/reply: the tool forgets the types of what that refines.
    path = server["components"]["messages"][name]["payload"]["schema"]["$ref"].removeprefix("./").partition("#")[0]
    payload = _schema(path, schemas)
    # The type is that of the envelope it refers to, where the tool does not look.
    return {"name": name, "contentType": "application/json", "payload": payload | {"type": "object"}}


def _at(document, pointer):
    for part in pointer.lstrip("#/").split("/"):
        document = document[part.replace("~1", "/").replace("~0", "~")]
    return document


def _schema(reference, schemas):
    """A schema without references to files; what it refers to is added to `schemas`."""
    path, _, pointer = reference.partition("#")
    return _rewritten(_at(load(path), pointer) if pointer else load(path), path, schemas)


def _rewritten(node, path, schemas):
    if isinstance(node, list):
        return [_rewritten(each, path, schemas) for each in node]
    if not isinstance(node, dict):
        return node
    left_out = ("$id", "$schema", "$defs", "$anchor", "$ref")
    rewritten = {key: _rewritten(each, path, schemas) for key, each in node.items() if key not in left_out}
    if isinstance(node.get("$ref"), str):
        file, _, pointer = node["$ref"].partition("#")
        target = f"{file.removeprefix('../') or path}#{pointer}"
        name = target.replace(".json#", "").replace("/$defs/", "_").replace("/", "_").replace(".", "_")
        if name not in schemas:
            schemas[name] = None  # a definition may refer to itself
            schemas[name] = _schema(target, schemas)
        rewritten["$ref"] = f"#/components/schemas/{name}"
    return rewritten
