"""Tests of the client's secret detection: would it notice a secret in a public message?"""

import json

import pika
import pytest

from client import Message, without_secrets


def message(**data):
    return Message("session.created", pika.BasicProperties(), json.dumps({"data": data}).encode())


@pytest.mark.parametrize(
    "secret",
    [
        "sjs_" + "a" * 92,
        "sjr_" + "-" * 92,
        "sjt_" + "_" * 92,
        "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl",
        "otpauth://totp/Sojourn:Phone",
        "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
        "7kq2m-x9c4r",
    ],
)
def test_a_secret_is_detected_anywhere(secret):
    for where in ({"note": secret}, {"list": [{"deep": f"it is {secret}."}]}, {secret: 1}):
        with pytest.raises(AssertionError, match="secret"):
            without_secrets(message(**where))


@pytest.mark.parametrize("key", ["tokens", "token", "refreshToken", "ticket", "secret", "uri", "recoveryCodes", "code"])
def test_a_key_for_a_secret_is_detected(key):
    with pytest.raises(AssertionError, match=key):
        without_secrets(message(**{key: "x"}))


def test_a_key_is_detected_at_any_depth_but_not_in_attributes():
    with pytest.raises(AssertionError, match="ticket"):
        without_secrets(message(sessions=[{"ticket": 1}]))
    without_secrets(message(session={"attributes": {"ticket": "SUP-1204", "deep": {"code": 7}}}))


def test_other_values_are_not_reported_as_secrets():
    without_secrets(
        message(
            sessionId="ses_k7Qm2vXc9Lr4TzWb8NfYp3HdS5jGaE6u", factor={"id": "fac_Q7mX2vLc9RtB4wZs8NkY3HpD"},
            commandId="47123fcd-a3b3-4f5c-a352-8eb858fc99a9", subject="test_a_thing-ab12cd", city="São Paulo",
            traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        )  # fmt: skip
    )
