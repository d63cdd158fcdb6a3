"""Second factors: authenticator apps and recovery codes."""

import time
from urllib.parse import unquote, urlsplit

import pyotp
import pytest

from authenticator import Authenticator, enroll, enrolled

POLICIES = {"strict": {"mfa": {"maxAttempts": 3, "lockSeconds": 2}}}
PASSWORD = {"methods": ["pwd"]}
KINDS = {
    "knowledge": ["pwd", "pin", "kba"],
    "possession": ["otp", "sms", "tel", "swk", "hwk", "sc"],
    "inherence": ["fpt", "face", "iris", "retina", "vbm"],
}


@pytest.fixture(scope="module")
def worker(start_worker, policy_file):
    return start_worker(policy_file=policy_file(POLICIES)).await_ready()


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
