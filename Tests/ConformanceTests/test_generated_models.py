"""Models that datamodel-code-generator makes of schemas/ read and write every example, and a worker understands them."""

import importlib
import ipaddress
import json
import re
import sys

import pytest
from pydantic import ValidationError

from generators import generate_models
from schema_examples import BEYOND_JSON_SCHEMA, example_files, invalid_files, label, read
from schemas_support import KINDS, load

# What JSON Schema says and the generated models do not, with the examples in which it is.
UNCHECKED = {
    "null in place of a reference": r"-is-null\.json$",
    "not, with an enum": r"/reason-reserved-",
    "oneOf as one and not both": r"/(token|refresh-token|session-id|factor|all)-(and|with)-|/all-three|/all-is",
    "dependentRequired": r"-without-all\.json$|/except-with-|/context-(latitude|longitude)-missing",
    "uniqueItems": r"-method-(twice|repeated)\.json$",
    "a format, where times are texts": r"-no-such-day\.json$",
    "a format beside a pattern": r"-ip-with-a-zone\.json$",
    "the type of a number in an enum": r"-level-is-a-string\.json$",
}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Returns the model of a command, a result or an event."""
    folder = tmp_path_factory.mktemp("models")
    generate_models(folder)
    sys.path.append(str(folder))

    def model(kind, name):
        module = importlib.import_module(f"sojourn_models.{kind}.{name.replace('.', '_')}")
        title = load(f"{kind}/{name}.json")["title"]
        return getattr(module, "".join(word[0].upper() + word[1:] for word in re.split("[ .]", title)))

    return model


def written(message):
    return json.loads(message.model_dump_json(by_alias=True, exclude_unset=True))


def normal(body):
    """With addresses in one spelling: the models parse them."""
    text = body.get("context", {}).get("ip")
    return body | {"context": body["context"] | {"ip": str(ipaddress.ip_address(text))}} if text else body


@pytest.mark.parametrize("kind", KINDS)
def test_every_example_is_read_and_written_again(models, kind):
    for path in example_files(kind):
        body = read(path)
        assert normal(written(models(kind, path.parent.name).model_validate(body))) == normal(body), label(path)


def test_invalid_examples_are_refused_as_far_as_the_generator_goes(models):
    accepted = set()
    for path in invalid_files():
        try:
            models("commands", path.parent.name).model_validate(read(path)["body"])
        except ValidationError:
            continue
        accepted.add(label(path))
    beyond = accepted & set(BEYOND_JSON_SCHEMA)
    left = accepted - beyond
    for reason, pattern in UNCHECKED.items():
        found = {each for each in left if re.search(pattern, each)}
        assert found, f"the generator has learned it, so it is to be deleted here: {reason}"
        left -= found
    assert not left
    assert len(accepted) < len(invalid_files()) / 5


def test_the_models_log_in_validate_revoke_and_read_the_events(models, client, subject):
    def call(command, **fields):
        reply = client.call(command, written(models("commands", command)(**fields)))
        result = models("results", command).model_validate(reply.body).root
        assert result.status == "succeeded" and result.command == command
        return result.data

    created = call("session.create", subject=subject, attributes={"theme": {"dark": True}})
    assert call("session.validate", token=created.tokens.session.root).valid
    revoked = call("session.revoke", subject=subject, reason="generated")
    assert [each.root for each in revoked.revoked.root] == [created.session.id.root]
    ended = call("session.validate", token=created.tokens.session.root)
    assert (ended.valid, ended.reason.value) == (False, "revoked")
    for event in client.await_events(subject, "session.created", "session.revoked"):
        read = models("events", event.body["type"]).model_validate(event.body)
        assert read.data.sessionId == created.session.id
        assert written(read) == event.body
