"""What a second factor is for: pending sessions, unknown places, elevation and how it decays."""

import pytest

from authenticator import enroll, enrolled

POLICIES = {
    "strict": {"mfa": {"maxAttempts": 3, "lockSeconds": 2}},
    "always": {"mfa": {"required": "always"}},
    "lax": {"mfa": {"maxAttempts": 1000}},
    "full": {"maxSessions": 1, "onLimit": "reject"},
    "hurried": {"mfa": {"required": "always", "pendingSeconds": 2}},
    "risk": {"mfa": {"required": "onRisk"}, "maxSessions": 0},
    "fading": {"mfa": {"validSeconds": 2}},
}
PASSWORD = {"methods": ["pwd"]}


@pytest.fixture(scope="module")
def worker(start_worker, policy_file):
    return start_worker(policy_file=policy_file(POLICIES)).await_ready()


def create(client, subject, **fields):
    return client.create(subject, **({"authentication": PASSWORD} | fields))


def refuse_to_create(client, subject, proof, **fields):
    return client.refused("session.create", subject=subject, authentication=PASSWORD, factor=proof, **fields)


def rejections(client, subject):
    """The reasons of all factor.rejected events; no more follow."""
    events = client.final_events(subject)
    return [each.body["data"]["reason"] for each in events if each.body["type"] == "factor.rejected"]


# --- pending sessions --------------------------------------------------------------------------------------------


def pending(client, subject, policy="always", **fields):
    data = create(client, subject, policy=policy, **fields)
    assert data["session"]["status"] == "pending", "it does not wait for a second factor"
    return data


def test_with_mfa_always_a_session_begins_pending(client, subject):
    enrolled(client, subject)
    data = pending(client, subject)
    assert set(data["tokens"]) == {"session"}
    assert data["challenge"]["reason"] == "mfa_required"
    assert sorted(data["challenge"]["methods"]) == ["recovery", "totp"]
    assert data["challenge"]["expiresAt"] > data["session"]["createdAt"]
    answer = client.validate(data["tokens"]["session"])
    assert (answer["valid"], answer["reason"], answer["remedy"]) == (False, "pending", "elevate")
    assert client.await_event(subject, "session.created").body["data"]["level"] == 1


def test_a_challenge_names_no_methods_if_there_are_none(client, subject):
    assert pending(client, subject)["challenge"]["methods"] == []
    enroll(client, subject)
    assert pending(client, subject)["challenge"]["methods"] == [], "it is not confirmed"


@pytest.mark.parametrize("methods", [[], ["sms"]])
def test_a_challenge_offers_only_useful_factors_and_no_code_is_used_up_in_vain(client, subject, methods):
    authenticator = enrolled(client, subject)
    fields = {"authentication": {"methods": methods}} if methods else {}
    began = client.create(subject, policy="always", **fields)
    assert began["challenge"]["methods"] == []
    proof = authenticator.recovery_proof()
    assert client.refused("session.elevate", token=began["tokens"]["session"], factor=proof) == "factor_rejected"
    again = {"subject": subject, "policy": "always", "factor": proof} | fields
    assert client.refused("session.create", **again) == "factor_rejected"
    data = create(client, subject, policy="always", factor=proof)
    assert data["session"]["status"] == "active"


def test_no_code_is_used_up_without_a_free_slot(client, subject):
    proof = enrolled(client, subject).recovery_proof()
    created = create(client, subject, policy="full")
    assert refuse_to_create(client, subject, proof, policy="full") == "limit_reached"
    client.do("session.elevate", token=created["tokens"]["session"], factor=proof)


def test_no_policy_allows_more_guesses_than_the_strictest_one_used(client, subject):
    authenticator = enrolled(client, subject)
    assert refuse_to_create(client, subject, authenticator.wrong_proof(), policy="strict") == "factor_rejected"
    for _ in range(2):
        assert refuse_to_create(client, subject, authenticator.wrong_proof(), policy="lax") == "factor_rejected"
    assert refuse_to_create(client, subject, authenticator.proof(), policy="lax") == "factor_locked"
    assert rejections(client, subject) == ["code", "code", "locked"]


@pytest.mark.parametrize("shown", ["asserted", "a code"])
def test_a_session_that_begins_with_two_factors_is_active(client, subject, shown):
    if shown == "asserted":
        fields = {"authentication": {"methods": ["pwd", "otp"]}}
    else:
        fields = {"authentication": PASSWORD, "factor": enrolled(client, subject).proof()}
    data = client.create(subject, policy="always", **fields)
    assert (data["session"]["status"], data["session"]["level"]) == ("active", 2)
    assert "challenge" not in data and {"session", "refresh", "access"} <= set(data["tokens"])


def test_a_pending_session_only_accepts_elevation(client, subject):
    data = pending(client, subject)
    token = data["tokens"]["session"]
    assert client.refused("session.transfer.begin", token=token) == "session_pending"
    assert client.refused("session.reauthenticate", token=token, authentication=PASSWORD) == "session_pending"
    child = {"subject": subject, "parentId": data["session"]["id"]}
    assert client.refused("session.create", **child) == "parent_not_active"
    assert client.validate(token, touch=False)["reason"] == "pending"


@pytest.mark.parametrize("how", ["totp", "recovery", "asserted"])
def test_elevation_makes_a_pending_session_active_with_all_new_tokens(client, subject, how):
    authenticator = enrolled(client, subject)
    began = pending(client, subject)
    proof = {
        "totp": {"factor": authenticator.proof()},
        "recovery": {"factor": authenticator.recovery_proof()},
        "asserted": {"authentication": {"methods": ["otp"]}},
    }[how]
    data = client.do("session.elevate", token=began["tokens"]["session"], **proof)
    session, tokens = data["session"], data["tokens"]
    assert session["id"] == began["session"]["id"]
    assert (session["status"], session["level"], session["methods"]) == ("active", 2, ["pwd", "otp"])
    assert session["generation"] == 2
    assert {"session", "refresh", "access"} <= set(tokens)
    assert client.validate(tokens["session"])["valid"] is True
    client.do("session.refresh", refreshToken=tokens["refresh"])
    old = began["tokens"]["session"]
    assert client.validate(old)["reason"] == "unknown"
    assert client.refused("session.elevate", token=old, authentication={"methods": ["otp"]}) == "token_invalid"


def test_an_elevation_is_published_with_the_level_before_and_after(client, subject):
    token = pending(client, subject)["tokens"]["session"]
    elevated = client.do("session.elevate", token=token, authentication={"methods": ["otp"]})["session"]
    event = client.await_event(subject, "session.elevated").body["data"]
    assert (event["level"], event["methods"]) == (2, ["pwd", "otp"])
    assert event["generation"] == elevated["generation"] == 2
    (claims,) = event["caep"].values()
    assert (claims["previous_level"], claims["current_level"], claims["change_direction"]) == ("1", "2", "increase")


def test_a_wrong_code_leaves_a_pending_session_pending(client, subject):
    authenticator = enrolled(client, subject)
    data = pending(client, subject)
    token = data["tokens"]["session"]
    assert client.refused("session.elevate", token=token, factor=authenticator.wrong_proof()) == "factor_rejected"
    event = client.await_event(subject, "factor.rejected").body
    assert event["subject"] == event["data"]["sessionId"] == data["session"]["id"]
    assert client.validate(token)["reason"] == "pending"
    client.do("session.elevate", token=token, factor=authenticator.proof())


def test_a_proof_below_level_2_leaves_a_pending_session_pending(client, subject):
    token = pending(client, subject)["tokens"]["session"]
    for methods in (["pwd"], ["pin"], ["unheard"]):
        assert client.refused("session.elevate", token=token, authentication={"methods": methods}) == "factor_rejected"
    assert client.validate(token)["reason"] == "pending"
    client.do("session.elevate", token=token, authentication={"methods": ["hwk"]})


def test_a_session_that_is_pending_too_long_expires(client, subject):
    authenticator = enrolled(client, subject)
    data = pending(client, subject, policy="hurried")
    event = client.await_event(subject, "session.expired").body["data"]
    assert (event["sessionId"], event["reason"]) == (data["session"]["id"], "expired_pending")
    answer = client.validate(data["tokens"]["session"])
    assert (answer["valid"], answer["reason"], answer["remedy"]) == (False, "expired_pending", "login")
    assert (answer["session"]["status"], answer["session"]["endReason"]) == ("expired", "expired_pending")
    elevation = {"token": data["tokens"]["session"], "factor": authenticator.proof()}
    assert client.refused("session.elevate", **elevation) == "session_ended"
    again = {"token": data["tokens"]["session"], "authentication": PASSWORD}
    assert client.refused("session.reauthenticate", **again) == "session_ended"


def test_a_session_that_was_elevated_in_time_does_not_expire_as_pending(client, subject):
    token = pending(client, subject, policy="hurried")["tokens"]["session"]
    token = client.do("session.elevate", token=token, authentication={"methods": ["otp"]})["tokens"]["session"]
    other = f"{subject}-waits"
    pending(client, other, policy="hurried")
    client.await_event(other, "session.expired")
    assert client.validate(token)["valid"] is True


# --- risk --------------------------------------------------------------------------------------------------------


def begins(client, subject, **fields):
    data = create(client, subject, policy="risk", **fields)
    if data["session"]["status"] == "pending":
        assert data["challenge"]["reason"] == "risk"
    return data["session"]["status"]


def test_the_very_first_session_is_not_a_risk(client, subject):
    assert begins(client, subject, context={"country": "DE", "fingerprint": "f1"}) == "active"


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"context": {"country": "DE", "fingerprint": "f1"}}, "active"),
        ({"context": {"country": "DE"}}, "active"),
        ({"context": {"fingerprint": "f1"}}, "active"),
        ({"context": {"ip": "198.51.100.9", "city": "Graz", "asn": 64500, "userAgent": "new"}}, "active"),
        ({}, "active"),
        ({"context": {"country": "FR", "fingerprint": "f1"}}, "pending"),
        ({"context": {"country": "DE", "fingerprint": "f2"}}, "pending"),
        ({"context": {"country": "FR"}}, "pending"),
        ({"device": {"fingerprint": "f2"}}, "pending"),
        ({"device": {"fingerprint": "f1"}}, "active"),
        ({"device": {"fingerprint": "f2"}, "context": {"fingerprint": "f1"}}, "active"),
    ],
)
def test_a_new_fingerprint_or_country_is_a_risk(client, subject, fields, status):
    begins(client, subject, context={"country": "DE", "fingerprint": "f1"})
    assert begins(client, subject, **fields) == status


def test_a_place_is_known_after_a_second_factor(client, subject):
    begins(client, subject, context={"country": "DE"})
    data = create(client, subject, policy="risk", context={"country": "FR"})
    assert data["challenge"]["reason"] == "risk"
    client.do("session.elevate", token=data["tokens"]["session"], authentication={"methods": ["otp"]})
    assert begins(client, subject, context={"country": "FR"}) == "active"


def test_a_place_stays_a_risk_without_a_second_factor(client, subject):
    begins(client, subject, context={"country": "DE"})
    assert begins(client, subject, context={"country": "FR"}) == "pending"
    assert begins(client, subject, context={"country": "FR"}) == "pending", "to try twice is no proof of anything"


def test_two_factors_at_creation_resolve_a_risk(client, subject):
    begins(client, subject, context={"country": "DE"})
    proven = {"methods": ["pwd", "otp"]}
    assert begins(client, subject, context={"country": "FR"}, authentication=proven) == "active"


# --- elevation ---------------------------------------------------------------------------------------------------


def test_a_requirement_of_level_2_is_met_by_elevation(client, subject):
    authenticator = enrolled(client, subject)
    token = create(client, subject)["tokens"]["session"]
    answer = client.validate(token, require={"level": 2})
    assert (answer["valid"], answer["reason"], answer["remedy"]) == (False, "level_too_low", "elevate")
    token = client.do("session.elevate", token=token, factor=authenticator.proof())["tokens"]["session"]
    assert client.validate(token, require={"level": 2})["valid"] is True
    assert client.validate(token, require={"level": 3})["reason"] == "level_too_low"


def test_elevation_replaces_all_tokens_at_once(client, subject):
    old = create(client, subject)["tokens"]
    new = client.do("session.elevate", token=old["session"], authentication={"methods": ["otp"]})["tokens"]
    assert not set(old.values()) & {new["session"], new["refresh"], new["access"]}
    assert client.validate(old["session"])["reason"] == "unknown"
    assert client.refused("session.refresh", refreshToken=old["refresh"]) == "token_invalid"
    assert client.refused("session.transfer.begin", token=old["session"]) == "token_invalid"
    assert client.validate(new["session"])["valid"] is True, "a token that was replaced is no sign of theft"
    assert client.do("session.refresh", refreshToken=new["refresh"])["session"]["generation"] == 3


def test_a_hardware_key_and_a_password_give_level_3(client, subject):
    token = create(client, subject)["tokens"]["session"]
    data = client.do("session.elevate", token=token, authentication={"methods": ["hwk"]})
    assert data["session"]["level"] == 3
    assert client.validate(data["tokens"]["session"], require={"level": 3})["valid"] is True


def test_an_elevation_of_the_same_kind_replaces_the_tokens_and_not_the_level(client, subject):
    token = create(client, subject)["tokens"]["session"]
    data = client.do("session.elevate", token=token, authentication={"methods": ["pin"]})
    assert (data["session"]["level"], data["session"]["methods"]) == (1, ["pwd", "pin"])
    assert client.validate(token)["reason"] == "unknown"


def test_an_elevation_expires(client, subject):
    authenticator = enrolled(client, subject)
    token = create(client, subject, policy="fading")["tokens"]["session"]
    token = client.do("session.elevate", token=token, factor=authenticator.proof())["tokens"]["session"]

    def too_low():
        answer = client.validate(token, require={"level": 2})
        return None if answer["valid"] else answer

    answer = client.wait(too_low, "the elevation to decay")
    assert (answer["reason"], answer["remedy"]) == ("level_too_low", "elevate")
    session = client.validate(token)["session"]
    assert (session["level"], session["methods"], session["status"]) == (1, ["pwd"], "active")


def test_a_subject_without_a_factor_cannot_use_one(client, subject):
    token = create(client, subject)["tokens"]["session"]
    for kind in ("totp", "recovery"):
        proof = {"type": kind, "code": "123456"}
        assert client.refused("session.elevate", token=token, factor=proof) == "factor_not_found"
    assert client.validate(token)["valid"] is True


def test_a_locked_or_ended_session_cannot_be_elevated(client, subject):
    proof = {"authentication": {"methods": ["otp"]}}
    data = create(client, subject)
    client.do("session.lock", sessionId=data["session"]["id"])
    assert client.refused("session.elevate", token=data["tokens"]["session"], **proof) == "session_locked"
    client.do("session.revoke", sessionId=data["session"]["id"])
    assert client.refused("session.elevate", token=data["tokens"]["session"], **proof) == "session_ended"


def test_a_refused_elevation_uses_up_no_recovery_code(client, subject):
    authenticator = enrolled(client, subject)
    data = create(client, subject)
    client.do("session.lock", sessionId=data["session"]["id"])
    proof = authenticator.recovery_proof()
    assert client.refused("session.elevate", token=data["tokens"]["session"], factor=proof) == "session_locked"
    create(client, subject, factor=proof)


def test_a_duplicate_message_with_a_code_elevates_once(client, subject):
    authenticator = enrolled(client, subject)
    body = {"token": create(client, subject)["tokens"]["session"], "factor": authenticator.proof()}
    first, again = [client.call("session.elevate", body, message_id=f"e-{subject}") for _ in range(2)]
    assert first.status == "succeeded" and again.body == first.body
    assert client.final_kinds(subject).count("session.elevated") == 1
