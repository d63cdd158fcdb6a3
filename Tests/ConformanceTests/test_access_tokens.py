"""Access tokens, verified as a resource server would: claims, validation, and expiry for a deny-list."""

import json
from datetime import datetime, timezone

import jwt
import pytest

ISSUER = "https://sessions.example"
AUDIENCE = "api.example"
POLICIES = {
    "short": {"accessTokenSeconds": 1},
    "graceless": {"refreshGraceSeconds": 0},
    "always": {"mfa": {"required": "always"}},
}


@pytest.fixture(scope="module")
def worker(start_worker, policy_file):
    return start_worker(policy_file=policy_file(POLICIES), issuer=ISSUER, audience=AUDIENCE).await_ready()


@pytest.fixture(scope="module")
def keys(worker):
    """What a resource server has: the published keys."""
    return jwt.PyJWKSet.from_dict(worker.json("/.well-known/jwks.json")[0])


@pytest.fixture
def read(keys):
    """Verifies an access token like a resource server, and returns its claims."""

    return lambda token: verify(token, keys)


def verify(token, keys):
    key = keys[jwt.get_unverified_header(token)["kid"]]
    return jwt.decode(token, key, algorithms=["ES256", "EdDSA"], audience=AUDIENCE, issuer=ISSUER)


def seconds(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def validity(client, token, **fields):
    answer = client.validate(token, **fields)
    return answer.get("reason", "valid")


# --- keys --------------------------------------------------------------------------------------------------------


def test_the_keys_are_published_as_a_set_of_public_signing_keys(worker):
    published, media_type = worker.json("/.well-known/jwks.json")
    assert media_type.startswith(("application/json", "application/jwk-set+json"))
    assert published["keys"]
    for key in published["keys"]:
        assert (key["use"], key["alg"]) in [("sig", "ES256"), ("sig", "EdDSA")]
        assert key["kid"]
        assert not {"d", "k", "p", "q"} & set(key), "a private key is published"
    assert len({key["kid"] for key in published["keys"]}) == len(published["keys"])


def test_the_header_has_the_type_and_the_key_of_the_token(client, keys, subject):
    header = jwt.get_unverified_header(client.create(subject)["tokens"]["access"])
    assert header["typ"] == "at+jwt"
    assert header["alg"] in ("ES256", "EdDSA")
    assert header["alg"] == keys[header["kid"]].algorithm_name
    assert set(header) == {"typ", "alg", "kid"}


# --- claims ------------------------------------------------------------------------------------------------------


def test_an_access_token_has_all_the_claims_of_the_contract(client, read, subject):
    data = client.create(subject, tenant="acme", actor="support-7", authentication={"methods": ["pwd", "otp"]})
    session, claims = data["session"], read(data["tokens"]["access"])
    at = seconds(session["createdAt"])
    assert claims["iss"] == ISSUER and claims["aud"] in (AUDIENCE, [AUDIENCE])
    assert (claims["sub"], claims["sid"], claims["tenant"]) == (subject, session["id"], "acme")
    assert (claims["acr"], claims["amr"]) == ("2", ["pwd", "otp"])
    assert claims["client_id"] == "anonymous"
    assert claims["act"] == {"sub": "support-7"}
    assert claims["iat"] == int(at) and claims["auth_time"] == int(seconds(session["authenticatedAt"]))
    assert claims["exp"] in (int(at) + 300, int(at) + 301)
    assert claims["jti"]
    assert not set("iss aud sub client_id exp iat jti sid tenant acr amr auth_time act".split()) - set(claims)
    assert [type(claims[each]) for each in ("exp", "iat", "auth_time")] == [int, int, int]


def test_claims_that_do_not_apply_are_absent(client, read, subject):
    claims = read(client.create(subject)["tokens"]["access"])
    assert not {"act", "auth_time"} & set(claims)
    assert claims["acr"] == "1" and claims.get("amr", []) == []
    assert claims["tenant"] == "default"


def test_the_caller_is_the_client(client, read, subject):
    reply = client.call("session.create", {"subject": subject}, user_id=client.user)
    assert read(reply.data["tokens"]["access"])["client_id"] == client.user


def test_an_access_token_contains_no_attributes_device_or_context(client, read, subject):
    private = {"attributes": {"mail": "a@b.example"}, "device": {"name": "My phone"}, "context": {"ip": "192.0.2.7"}}
    text = json.dumps(read(client.create(subject, **private)["tokens"]["access"]))
    assert not [each for each in ("a@b.example", "My phone", "192.0.2.7") if each in text]


def test_the_expiry_in_the_result_is_that_of_the_token(client, read, subject):
    tokens = client.create(subject)["tokens"]
    assert seconds(tokens["accessExpiresAt"]) == read(tokens["access"])["exp"]


@pytest.mark.parametrize("fields", [{"absoluteSeconds": 60, "idleSeconds": 60}, {"idleSeconds": 90}])
def test_no_access_token_outlives_its_session(client, read, subject, fields):
    data = client.create(subject, **fields)
    session = data["session"]
    assert read(data["tokens"]["access"])["exp"] <= seconds(min(session["expiresAt"], session["idleExpiresAt"]))
    refreshed = client.do("session.refresh", refreshToken=data["tokens"]["refresh"])
    session = refreshed["session"]
    assert read(refreshed["tokens"]["access"])["exp"] <= seconds(min(session["expiresAt"], session["idleExpiresAt"]))


def test_every_access_token_has_a_different_id(client, read, subject):
    first = client.create(subject)
    second = client.do("session.refresh", refreshToken=first["tokens"]["refresh"])
    third = client.create(subject)
    assert len({read(each["tokens"]["access"])["jti"] for each in (first, second, third)}) == 3


def test_a_refresh_updates_the_claims(client, read, subject):
    tokens = client.create(subject, authentication={"methods": ["pwd"]})["tokens"]
    tokens = client.do("session.elevate", token=tokens["session"], authentication={"methods": ["otp"]})["tokens"]
    assert read(tokens["access"])["acr"] == "2"
    tokens = client.do("session.refresh", refreshToken=tokens["refresh"])["tokens"]
    claims = read(tokens["access"])
    assert (claims["acr"], claims["amr"]) == ("2", ["pwd", "otp"])


@pytest.mark.parametrize("by", ["reauthenticate", "transfer"])
def test_every_command_that_issues_tokens_issues_an_access_token(client, read, subject, by):
    data = client.create(subject, actor="support-7")
    if by == "reauthenticate":
        new = client.do("session.reauthenticate", token=data["tokens"]["session"], authentication={"methods": ["pwd"]})
    else:
        ticket = client.do("session.transfer.begin", token=data["tokens"]["session"])["ticket"]
        new = client.do("session.transfer.complete", ticket=ticket)
    claims = read(new["tokens"]["access"])
    assert (claims["sid"], claims["act"]) == (new["session"]["id"], {"sub": "support-7"})


def test_a_pending_session_has_no_access_token(client, subject):
    assert set(client.create(subject, policy="always")["tokens"]) == {"session"}


# --- validate ----------------------------------------------------------------------------------------------------


def test_validate_accepts_an_access_token(client, subject):
    data = client.create(subject, authentication={"methods": ["pwd", "otp"]})
    answer = client.validate(data["tokens"]["access"], require={"level": 2})
    assert answer["valid"] is True and answer["session"]["id"] == data["session"]["id"]


def test_an_expired_access_token_is_distinguished_from_an_expired_session(client, read, subject):
    tokens = client.create(subject, policy="short")["tokens"]

    def expired():
        answer = client.validate(tokens["access"])
        return None if answer["valid"] else answer

    assert client.wait(expired, "the access token to expire")["reason"] == "token_expired"
    with pytest.raises(jwt.ExpiredSignatureError):
        read(tokens["access"])
    assert client.validate(tokens["session"])["valid"] is True
    client.do("session.revoke", subject=subject)
    assert validity(client, tokens["access"]) == "revoked", "that the session has ended weighs more"


def test_an_access_token_from_before_a_refresh_stays_valid(client, subject):
    tokens = client.create(subject)["tokens"]
    client.do("session.refresh", refreshToken=tokens["refresh"])
    assert validity(client, tokens["access"]) == "valid"


@pytest.mark.parametrize("command", ["session.elevate", "session.reauthenticate"])
def test_an_access_token_is_unknown_once_all_tokens_are_replaced(client, subject, command):
    data = client.create(subject)
    newest = client.do("session.refresh", refreshToken=data["tokens"]["refresh"])["tokens"]["access"]
    new = client.do(command, token=data["tokens"]["session"], authentication={"methods": ["otp"]})["tokens"]
    assert validity(client, data["tokens"]["access"]) == "unknown"
    assert validity(client, newest) == "unknown"
    assert validity(client, new["access"]) == "valid"


@pytest.mark.parametrize(
    ("command", "reason"),
    [("session.revoke", "revoked"), ("session.lock", "locked"), ("subject.disable", "revoked")],
)
def test_an_access_token_follows_its_session(client, subject, command, reason):
    token = client.create(subject)["tokens"]["access"]
    client.do(command, subject=subject)
    assert validity(client, token) == reason


def test_an_access_token_of_another_tenant_is_unknown(client, subject):
    token = client.create(subject, tenant="ours")["tokens"]["access"]
    assert validity(client, token, tenant="theirs") == "unknown"
    assert validity(client, token) == "unknown"
    assert validity(client, token, tenant="ours") == "valid"


def test_an_access_token_is_only_accepted_by_validate(client, subject):
    data = client.create(subject)
    token = data["tokens"]["access"]
    proof = {"authentication": {"methods": ["otp"]}}
    assert client.refused("session.refresh", refreshToken=token) == "token_invalid"
    assert client.refused("session.elevate", token=token, **proof) == "token_invalid"
    assert client.refused("session.reauthenticate", token=token, **proof) == "token_invalid"
    assert client.refused("session.transfer.begin", token=token) == "token_invalid"
    assert client.refused("session.update", token=token) == "token_invalid"
    assert client.refused("session.get", token=token) == "token_invalid"
    assert client.refused("session.revoke", token=token) == "token_invalid"
    assert client.refused("session.transfer.complete", ticket=token) == "ticket_invalid"


# --- for a deny-list ---------------------------------------------------------------------------------------------


def test_a_revocation_states_when_the_last_access_token_expires(client, subject):
    tokens = client.create(subject)["tokens"]
    last = client.do("session.refresh", refreshToken=tokens["refresh"])["tokens"]["accessExpiresAt"]
    client.do("session.revoke", subject=subject)
    event = client.await_event(subject, "session.revoked").body["data"]
    assert event["accessTokensExpireAt"] == max(last, tokens["accessExpiresAt"])


def test_a_second_refresh_within_the_grace_counts_as_well(client, subject):
    first = client.create(subject)["tokens"]
    tokens = [client.do("session.refresh", refreshToken=first["refresh"])["tokens"] for _ in range(3)]
    client.do("session.revoke", subject=subject)
    event = client.await_event(subject, "session.revoked").body["data"]
    assert event["accessTokensExpireAt"] == max(each["accessExpiresAt"] for each in tokens)


def test_replaced_access_tokens_count_because_offline_verifiers_accept_them(client, subject):
    before = client.create(subject)["tokens"]
    after = client.do("session.elevate", token=before["session"], authentication={"methods": ["otp"]})["tokens"]
    client.do("session.revoke", subject=subject)
    event = client.await_event(subject, "session.revoked").body["data"]
    assert event["accessTokensExpireAt"] == max(before["accessExpiresAt"], after["accessExpiresAt"])


def test_no_expiry_is_given_if_no_access_token_can_still_be_valid(client, subject):
    tokens = client.create(subject, policy="short")["tokens"]
    client.wait(lambda: validity(client, tokens["access"]) == "token_expired", "the access token to expire")
    client.do("session.revoke", subject=subject)
    assert "accessTokensExpireAt" not in client.await_event(subject, "session.revoked").body["data"]


def test_no_expiry_is_given_for_a_session_that_never_had_an_access_token(client, subject):
    client.create(subject, policy="always")
    client.do("session.revoke", subject=subject)
    for event in client.final_events(subject):
        assert "accessTokensExpireAt" not in event.body["data"]


def test_reuse_of_a_refresh_token_states_when_the_last_access_token_expires(client, subject):
    first = client.create(subject, policy="graceless")["tokens"]["refresh"]
    tokens = client.do("session.refresh", refreshToken=first)["tokens"]
    assert client.refused("session.refresh", refreshToken=first) == "refresh_token_reused"
    event = client.await_event(subject, "session.revoked").body["data"]
    assert event["accessTokensExpireAt"] >= tokens["accessExpiresAt"]


def test_a_new_token_is_valid_now(client, read, subject):
    claims = read(client.create(subject)["tokens"]["access"])
    assert claims["iat"] - 5 <= datetime.now(timezone.utc).timestamp() < claims["exp"]
