"""Second factors: authenticator apps, recovery codes, pending sessions, elevation and how it decays."""

import time
from urllib.parse import unquote, urlsplit

import pyotp
import pytest

from authenticator import Authenticator, enroll, enrolled

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
KINDS = {
    "knowledge": ["pwd", "pin", "kba"],
    "possession": ["otp", "sms", "tel", "swk", "hwk", "sc"],
    "inherence": ["fpt", "face", "iris", "retina", "vbm"],
}


@pytest.fixture(scope="module")
def worker(start_worker, policy_file):
    return start_worker(policy_file=policy_file(POLICIES)).await_ready()


@pytest.fixture(scope="module")
def client(worker, connect):
    return connect()


def factors(client, subject):
    return client.do("factor.list", subject=subject)["factors"]


def create(client, subject, **fields):
    return client.create(subject, **({"authentication": PASSWORD} | fields))


def refuse_to_create(client, subject, proof, **fields):
    return client.refused("session.create", subject=subject, authentication=PASSWORD, factor=proof, **fields)


def rejections(client, subject):
    """The reasons of all factor.rejected events; no more follow."""
    events = client.final_events(subject)
    return [each.body["data"]["reason"] for each in events if each.body["type"] == "factor.rejected"]


# --- levels ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("level", "methods"),
    [
        *[(1, [each]) for each in KINDS["knowledge"] + KINDS["possession"] + KINDS["inherence"] + ["unheard"]],
        *[(1, each) for each in KINDS.values()],
        *[(2, ["pwd", each]) for each in KINDS["possession"] + KINDS["inherence"] if each != "hwk"],
        *[(2, [each, "otp"]) for each in KINDS["knowledge"] + KINDS["inherence"]],
        (1, ["pwd", "unheard"]), (2, ["mfa"]), (3, ["mfa", "hwk"]), (3, ["pwd", "hwk"]), (3, ["fpt", "hwk", "unheard"]),
    ],
)  # fmt: skip
def test_two_kinds_of_methods_are_level_2_and_level_3_takes_a_hardware_key(client, subject, level, methods):
    session = client.create(subject, authentication={"methods": methods})["session"]
    assert (session["level"], session["methods"]) == (level, methods)


# --- enrolment ---------------------------------------------------------------------------------------------------


def test_an_authenticator_accepts_the_uri_of_an_enrolment(client, subject):
    enrolment = enroll(client, subject, label="Zoë's phone", issuer="Example Ltd")
    totp = pyotp.parse_uri(enrolment["uri"])
    assert (totp.secret, totp.issuer, totp.name) == (enrolment["secret"], "Example Ltd", "Zoë's phone")
    assert (totp.digits, totp.interval) == (6, 30)
    assert unquote(urlsplit(enrolment["uri"]).path) == "/Example Ltd:Zoë's phone", "the form all apps show well"


def test_an_enrolment_has_a_default_label_and_issuer(client, subject):
    totp = pyotp.parse_uri(enroll(client, subject)["uri"])
    assert (totp.issuer, totp.name) == ("Sojourn", "Authenticator")
    assert [each["label"] for each in factors(client, subject)] == ["Authenticator"]


def test_every_enrolment_has_its_own_secret_and_codes(client, subject):
    first, second = [enroll(client, subject) for _ in range(2)]
    assert first["secret"] != second["secret"]
    assert not set(first["recoveryCodes"]) & set(second["recoveryCodes"])


def test_the_copy_of_an_enrolment_has_only_the_factors_id(client, subject):
    reply = client.call("factor.enroll", {"subject": subject, "type": "totp"}, message_id=f"e-{subject}")
    assert client.await_copy(f"e-{subject}").data == {"factorId": reply.data["factorId"]}


def test_a_factor_counts_once_it_is_confirmed(client, subject):
    enrolment = enroll(client, subject, label="Phone")
    authenticator = Authenticator(enrolment)
    assert [each["confirmed"] for each in factors(client, subject)] == [False]
    assert refuse_to_create(client, subject, {"type": "totp", "code": authenticator.at(0)}) == "factor_not_found"
    confirmation = {"subject": subject, "factorId": authenticator.id, "code": authenticator.code()}
    factor = client.do("factor.confirm", **confirmation)["factor"]
    assert (factor["id"], factor["type"], factor["label"], factor["confirmed"]) == (
        authenticator.id, "totp", "Phone", True
    )  # fmt: skip
    assert factors(client, subject) == [factor]
    assert create(client, subject, factor=authenticator.proof())["session"]["level"] == 2


def test_a_confirmation_is_published_and_an_enrolment_is_not(client, subject):
    authenticator = enrolled(client, subject)
    event = client.await_event(subject, "factor.enrolled").body
    assert event["subject"] == subject
    assert event["data"]["factor"] == {"id": authenticator.id, "type": "totp"}
    assert client.final_kinds(subject) == ["factor.enrolled"]


@pytest.mark.parametrize("steps", [-1, 0, 1])
def test_a_clock_may_be_one_step_off(client, subject, steps):
    authenticator = Authenticator(enroll(client, subject))
    wait_for_the_middle_of_a_step(client)
    client.do("factor.confirm", subject=subject, factorId=authenticator.id, code=authenticator.at(steps))


def wait_for_the_middle_of_a_step(client):
    """A code of the previous time step is still valid for the next few seconds."""
    client.wait(lambda: time.time() % 30 < 25, "the next step of 30 s", seconds=10)


@pytest.mark.parametrize("steps", [-2, -20, 3])
def test_a_code_of_any_other_time_is_wrong(client, subject, steps):
    authenticator = Authenticator(enroll(client, subject))
    code = authenticator.at(steps)
    if code in [authenticator.at(near) for near in (-1, 0, 1, 2)]:
        return  # once in 250 000: both steps have the same code
    confirmation = {"subject": subject, "factorId": authenticator.id, "code": code}
    assert client.refused("factor.confirm", **confirmation) == "factor_rejected"


def test_spaces_and_hyphens_in_a_code_are_ignored(client, subject):
    authenticator = Authenticator(enroll(client, subject))
    code = authenticator.code()
    client.do("factor.confirm", subject=subject, factorId=authenticator.id, code=f" {code[:3]} - {code[3:]} ")


@pytest.mark.parametrize("code", ["0", "12345", "1234567", "abcdef", "é", "１２３４５６", "-" * 64])
def test_a_text_that_is_not_a_code_is_a_wrong_code(client, subject, code):
    enrolment = enroll(client, subject)
    confirmation = {"subject": subject, "factorId": enrolment["factorId"], "code": code}
    assert client.refused("factor.confirm", **confirmation) == "factor_rejected"


def test_a_wrong_first_code_is_published_and_confirms_nothing(client, subject):
    authenticator = Authenticator(enroll(client, subject))
    confirmation = {"subject": subject, "factorId": authenticator.id, "code": authenticator.wrong()}
    assert client.refused("factor.confirm", **confirmation) == "factor_rejected"
    assert [each["confirmed"] for each in factors(client, subject)] == [False]
    event = client.await_event(subject, "factor.rejected").body
    assert event["subject"] == subject and "sessionId" not in event["data"]
    assert event["data"]["factor"] == {"id": authenticator.id, "type": "totp"}
    assert event["data"]["reason"] == "code"


def test_an_unconfirmed_enrolment_is_replaced_by_the_next(client, subject):
    first, second = [Authenticator(enroll(client, subject)) for _ in range(2)]
    assert [each["id"] for each in factors(client, subject)] == [second.id]
    confirmation = {"subject": subject, "factorId": first.id, "code": first.code()}
    assert client.refused("factor.confirm", **confirmation) == "factor_not_found"
    client.do("factor.confirm", subject=subject, factorId=second.id, code=second.code())


def test_a_subject_has_at_most_ten_factors_listed_oldest_first(client, subject):
    authenticators = [enrolled(client, subject, label=f"app {number}") for number in range(10)]
    listed = factors(client, subject)
    assert [each["id"] for each in listed] == [each.id for each in authenticators]
    assert [each["label"] for each in listed] == [f"app {number}" for number in range(10)]
    assert [each["createdAt"] for each in listed] == sorted(each["createdAt"] for each in listed)
    assert client.refused("factor.enroll", subject=subject, type="totp") == "limit_reached"
    create(client, subject, factor=authenticators[0].proof())
    create(client, subject, factor=authenticators[9].proof())
    client.do("factor.remove", subject=subject, factorId=authenticators[0].id)
    enroll(client, subject)


def test_a_removed_factor_is_not_accepted(client, subject):
    authenticator = enrolled(client, subject, label="Lost")
    factor = client.do("factor.remove", subject=subject, factorId=authenticator.id)["factor"]
    assert (factor["id"], factor["label"], factor["confirmed"]) == (authenticator.id, "Lost", True)
    assert factors(client, subject) == []
    assert refuse_to_create(client, subject, authenticator.proof()) == "factor_not_found"
    assert client.refused("factor.remove", subject=subject, factorId=authenticator.id) == "factor_not_found"
    assert client.await_event(subject, "factor.removed").body["data"]["factor"]["id"] == authenticator.id
    assert client.final_kinds(subject) == ["factor.enrolled", "factor.removed"]


@pytest.mark.parametrize("factor", ["fac_nowhere", "x", "fac_" + "A" * 24])
def test_an_unknown_factor_is_not_found(client, subject, factor):
    enrolled(client, subject)
    assert client.refused("factor.remove", subject=subject, factorId=factor) == "factor_not_found"
    assert client.refused("factor.confirm", subject=subject, factorId=factor, code="123456") == "factor_not_found"


def test_a_factor_belongs_to_one_subject_of_one_tenant(client, subject):
    authenticator = enrolled(client, subject)
    for other in ({"subject": f"{subject}-other"}, {"subject": subject, "tenant": "other"}):
        assert client.do("factor.list", **other)["factors"] == []
        assert client.refused("factor.remove", factorId=authenticator.id, **other) == "factor_not_found"
        proof = {"type": "totp", "code": authenticator.at(0)}
        assert client.refused("session.create", factor=proof, **other) == "factor_not_found"
    assert len(factors(client, subject)) == 1


# --- codes -------------------------------------------------------------------------------------------------------


def test_a_right_code_at_creation_gives_level_2(client, subject):
    authenticator = enrolled(client, subject)
    session = create(client, subject, factor=authenticator.proof())["session"]
    assert (session["level"], session["methods"], session["status"]) == (2, ["pwd", "otp"], "active")


def test_a_wrong_code_at_creation_begins_no_session(client, subject):
    authenticator = enrolled(client, subject)
    assert refuse_to_create(client, subject, authenticator.wrong_proof()) == "factor_rejected"
    assert client.do("session.list", subject=subject)["sessions"] == []
    assert client.final_kinds(subject) == ["factor.enrolled", "factor.rejected"]


def test_a_code_works_once(client, subject):
    authenticator = enrolled(client, subject)
    proof = authenticator.proof()
    create(client, subject, factor=proof)
    assert refuse_to_create(client, subject, proof) == "factor_rejected"
    assert len(client.do("session.list", subject=subject)["sessions"]) == 1
    assert client.await_event(subject, "factor.rejected").body["data"]["reason"] == "replayed"


def test_the_code_of_a_confirmation_is_used_up_as_well(client, subject):
    authenticator = Authenticator(enroll(client, subject))
    proof = authenticator.proof()
    client.do("factor.confirm", subject=subject, factorId=authenticator.id, code=proof["code"])
    assert refuse_to_create(client, subject, proof) == "factor_rejected"


def test_consecutive_wrong_codes_lock_the_factor_temporarily(client, subject):
    authenticator = enrolled(client, subject)
    for number in range(3):
        proof = authenticator.wrong_proof(number)
        assert refuse_to_create(client, subject, proof, policy="strict") == "factor_rejected"
    proof = authenticator.proof()
    assert refuse_to_create(client, subject, proof, policy="strict") == "factor_locked"
    body = {"subject": subject, "policy": "strict", "authentication": PASSWORD, "factor": proof}

    def accepted():
        reply = client.call("session.create", body)
        return reply if reply.status == "succeeded" or reply.code != "factor_locked" else None

    assert client.wait(accepted, "the factor to be open again").data["session"]["level"] == 2
    assert rejections(client, subject) == ["code", "code", "locked"]


def test_a_locked_factor_is_locked_for_every_command(client, subject):
    authenticator = enrolled(client, subject)
    token = create(client, subject, policy="strict")["tokens"]["session"]
    for number in range(2):
        proof = authenticator.wrong_proof(number)
        assert client.refused("session.elevate", token=token, factor=proof) == "factor_rejected"
    proof = authenticator.wrong_proof(2)
    assert refuse_to_create(client, subject, proof, policy="strict") == "factor_rejected"
    assert client.refused("session.elevate", token=token, factor=authenticator.proof()) == "factor_locked"
    assert client.validate(token)["valid"] is True, "the factor is locked, not the session"


def test_a_correct_code_resets_the_count_of_wrong_ones(client, subject):
    authenticator = enrolled(client, subject)
    for number in range(2):
        refuse_to_create(client, subject, authenticator.wrong_proof(number), policy="strict")
    create(client, subject, policy="strict", factor=authenticator.proof())
    for number in range(2):
        refuse_to_create(client, subject, authenticator.wrong_proof(number), policy="strict")
    assert rejections(client, subject) == ["code"] * 4


def test_a_code_of_any_authenticator_is_accepted(client, subject):
    for authenticator in [enrolled(client, subject) for _ in range(2)]:
        create(client, subject, factor=authenticator.proof())


# --- recovery codes ----------------------------------------------------------------------------------------------


def test_each_recovery_code_works_once(client, subject):
    authenticator = enrolled(client, subject)
    session = create(client, subject, factor=authenticator.recovery_proof(0))["session"]
    assert (session["level"], session["methods"]) == (2, ["pwd", "otp"])
    assert refuse_to_create(client, subject, authenticator.recovery_proof(0)) == "factor_rejected"
    event = client.await_event(subject, "factor.rejected").body["data"]
    assert event["factor"] == {"type": "recovery"}
    for number in range(1, 10):
        create(client, subject, factor=authenticator.recovery_proof(number))


def test_a_recovery_code_may_be_typed_without_its_hyphen(client, subject):
    code = enrolled(client, subject).recovery_codes[0]
    create(client, subject, factor={"type": "recovery", "code": code.replace("-", " ")})
    assert refuse_to_create(client, subject, {"type": "recovery", "code": code.replace("-", "")}) == "factor_rejected"


def test_recovery_codes_of_an_unconfirmed_enrolment_are_invalid(client, subject):
    authenticator = Authenticator(enroll(client, subject))
    assert refuse_to_create(client, subject, authenticator.recovery_proof()) == "factor_not_found"
    in_use = enrolled(client, subject)
    waiting = Authenticator(enroll(client, subject))
    assert refuse_to_create(client, subject, waiting.recovery_proof()) == "factor_rejected"
    create(client, subject, factor=in_use.recovery_proof())


def test_the_latest_confirmed_enrolments_recovery_codes_are_valid(client, subject):
    first, second = [enrolled(client, subject) for _ in range(2)]
    assert refuse_to_create(client, subject, first.recovery_proof()) == "factor_rejected"
    create(client, subject, factor=second.recovery_proof())
    create(client, subject, factor=first.proof())


def test_wrong_recovery_codes_lock_the_factor(client, subject):
    authenticator = enrolled(client, subject)
    wrong = {"type": "recovery", "code": "aaaaa-aaaaa"}
    for _ in range(3):
        assert refuse_to_create(client, subject, wrong, policy="strict") == "factor_rejected"
    assert refuse_to_create(client, subject, authenticator.recovery_proof(), policy="strict") == "factor_locked"


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
    client.do("session.elevate", token=token, authentication={"methods": ["otp"]})
    event = client.await_event(subject, "session.elevated").body["data"]
    assert (event["level"], event["methods"]) == (2, ["pwd", "otp"])
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
