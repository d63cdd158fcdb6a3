"""Schemas tell results and events from other messages, and copies from replies."""

import pytest

from contract_words import COMMANDS, SECRETS
from schema_examples import example, example_files, label, read
from schemas_support import Mismatch, load, validate_command, validate_event, validate_result


def broken(path, change):
    body = example(path)
    change(body)
    return body


PENDING = {"reason": "mfa_required", "methods": ["totp"], "expiresAt": "2026-11-20T22:05:00.000Z"}


@pytest.mark.parametrize(
    ("path", "change", "good"),
    [
        ("session.create/succeeded.json", lambda body: body["data"].update(added=1), True),
        ("session.create/succeeded.json", lambda body: body["data"]["session"]["device"].update(added=1), True),
        ("session.create/succeeded.json", lambda body: body.pop("completedAt"), False),
        ("session.create/succeeded.json", lambda body: body.update(command="session.refresh"), False),
        ("session.create/succeeded.json", lambda body: body.update(status="rejected"), False),
        ("session.create/succeeded.json", lambda body: body.update(commandId=None), False),
        ("session.create/succeeded.json", lambda body: body["data"].pop("evicted"), False),
        ("session.create/succeeded.json", lambda body: body["data"].pop("tokens"), False),
        ("session.create/succeeded.json", lambda body: body["data"]["tokens"].pop("refresh"), False),
        ("session.create/succeeded.json", lambda body: body["data"]["tokens"].pop("refreshExpiresAt"), False),
        ("session.create/succeeded.json", lambda body: body["data"]["tokens"].update(session="sjs_short"), False),
        ("session.create/succeeded.json", lambda body: body["data"]["session"].update(parentId=None), False),
        ("session.create/succeeded.json", lambda body: body["data"]["session"].pop("attributes"), False),
        ("session.create/succeeded.json", lambda body: body["data"]["session"].update(endReason="logout"), False),
        ("session.create/succeeded.json", lambda body: body["data"]["session"].update(status="pending"), False),
        ("session.create/rejected-limit-reached.json", lambda body: body.update(status="failed"), False),
        ("session.create/rejected-limit-reached.json", lambda body: body.update(data={}), False),
        ("session.create/rejected-limit-reached.json",
         lambda body: body.update(data=example("results/session.create/succeeded.json")["data"]), False),
        ("session.create/failed-unavailable.json",
         lambda body: body.update(data=example("results/session.create/succeeded.json")["data"]), False),
        ("session.create/succeeded.json",
         lambda body: body.update(error=example("results/session.create/failed-unavailable.json")["error"]), False),
        ("session.create/rejected-limit-reached.json", lambda body: body["error"].update(retryable=True), False),
        ("session.create/failed-unavailable.json", lambda body: body["error"].update(retryable=False), False),
        ("session.create/failed-invalid-field.json", lambda body: body["error"].pop("path"), False),
        ("session.create/failed-invalid-field.json", lambda body: body["error"].update(path="device"), False),
        ("session.validate/succeeded-valid.json", lambda body: body["data"].pop("session"), False),
        ("session.validate/succeeded-valid.json", lambda body: body["data"].update(reason="locked"), False),
        ("session.validate/succeeded-valid.json", lambda body: body["data"].update(valid=False), False),
        ("session.validate/succeeded-revoked.json", lambda body: body["data"].pop("session"), True),
        ("session.validate/succeeded-revoked.json", lambda body: body["data"].pop("remedy"), True),
        ("session.validate/succeeded-revoked.json", lambda body: body["data"].pop("reason"), False),
        ("session.validate/succeeded-revoked.json", lambda body: body["data"].update(reason="gone"), False),
        ("session.validate/succeeded-revoked.json", lambda body: body["data"]["session"].pop("endedAt"), False),
        ("session.validate/succeeded-revoked.json",
         lambda body: body["data"]["session"].update(endReason="expired_idle"), False),
        ("session.validate/succeeded-revoked.json",
         lambda body: body["data"]["session"].update(status="expired"), False),
        ("session.refresh/succeeded.json",
         lambda body: body["data"]["tokens"].update(session="sjs_" + "a" * 92), False),
        ("session.refresh/succeeded.json", lambda body: body["data"]["tokens"].update(access="a.b"), False),
        ("session.refresh/succeeded.json", lambda body: body["data"]["tokens"].pop("accessExpiresAt"), False),
        ("session.refresh/succeeded.json", lambda body: body["data"].pop("tokens"), False),
        ("session.revoke/succeeded.json", lambda body: body["data"].update(count=0), False),
        ("session.revoke/succeeded-nothing-to-do.json", lambda body: body["data"].update(count=1), False),
        ("session.revoke/succeeded.json", lambda body: body["data"].pop("revoked"), False),
        ("session.create/succeeded-pending.json",
         lambda body: body["data"]["challenge"].update(methods=[]), True),
        ("session.create/succeeded-pending.json",
         lambda body: body["data"]["challenge"].update(reason="mfa"), False),
        ("session.create/succeeded-pending.json",
         lambda body: body["data"]["tokens"].update(access="a.b.c", accessExpiresAt="2026-11-20T22:05:00.000Z"), False),
        ("session.elevate/succeeded.json", lambda body: body["data"]["tokens"].pop("session"), False),
        ("session.elevate/succeeded.json", lambda body: body["data"]["session"].update(status="pending"), False),
        ("session.reauthenticate/succeeded.json", lambda body: body["data"]["session"].update(status="locked"), False),
        ("session.update/succeeded.json", lambda body: body["data"].pop("session"), False),
        ("session.transfer.begin/succeeded.json", lambda body: body["data"].update(ticket="sjs_" + "a" * 92), False),
        ("session.transfer.begin/succeeded.json", lambda body: body["data"].pop("expiresAt"), False),
        ("session.transfer.complete/succeeded.json",
         lambda body: body["data"]["tokens"].pop("refreshExpiresAt"), False),
        ("session.lock/succeeded.json", lambda body: body["data"]["sessions"].append("alice"), False),
        ("session.unlock/succeeded.json", lambda body: body["data"].pop("sessions"), False),
        ("subject.disable/succeeded.json", lambda body: body["data"].pop("revoked"), False),
        ("subject.enable/succeeded.json",
         lambda body: body["data"]["revoked"].append("ses_" + "a" * 32), False),
        ("session.get/succeeded-ended.json", lambda body: body["data"]["session"].pop("endedAt"), False),
        ("session.list/succeeded.json", lambda body: body["data"]["sessions"][0].pop("generation"), False),
        ("session.activity/succeeded.json", lambda body: body["data"]["entries"][0].pop("detail"), False),
        ("session.activity/succeeded.json", lambda body: body["data"]["entries"][0].update(action="logout!"), False),
        ("factor.enroll/succeeded.json", lambda body: body["data"]["recoveryCodes"].pop(), False),
        ("factor.enroll/succeeded.json", lambda body: body["data"].pop("uri"), False),
        ("factor.enroll/succeeded.json", lambda body: body["data"].update(secret="A" * 31), False),
        ("factor.confirm/succeeded.json", lambda body: body["data"]["factor"].update(confirmed=False), False),
        ("factor.remove/succeeded.json", lambda body: body["data"]["factor"].pop("label"), False),
        ("factor.list/succeeded.json", lambda body: body["data"]["factors"][0].update(id="f1"), False),
        ("policy.put/succeeded.json", lambda body: body["data"]["policy"].pop("mfa"), False),
        ("policy.get/succeeded.json", lambda body: body["data"]["policy"]["context"].pop("travel"), False),
        ("policy.get/succeeded.json", lambda body: body["data"]["policy"]["context"].update(added="lock"), True),
        ("policy.list/succeeded.json", lambda body: body["data"]["policies"][0].pop("name"), False),
        ("policy.list/succeeded.json", lambda body: body["data"]["policies"].clear(), False),
        ("unknown/failed.json", lambda body: body.update(command="session.creat"), False),
        ("unknown/failed.json", lambda body: body["error"].update(code="internal"), False),
        ("unknown/failed.json", lambda body: body.update(status="rejected"), False),
    ],
)
def test_only_results_match_the_result_schemas(path, change, good):
    body = broken(f"results/{path}", change)
    if good:
        validate_result(path.split("/")[0], body, "reply")
    else:
        with pytest.raises(Mismatch):
            validate_result(path.split("/")[0], body, "reply")


def test_a_pending_session_has_only_a_challenge_and_its_session_token():
    body = example("results/session.create/succeeded.json")
    body["data"]["session"]["status"] = "pending"
    body["data"]["tokens"] = {"session": body["data"]["tokens"]["session"]}
    with pytest.raises(Mismatch):
        validate_result("session.create", body, "reply")
    body["data"]["challenge"] = PENDING
    validate_result("session.create", body, "reply")


def test_a_copy_omits_what_the_contract_says():
    assert {command for command in COMMANDS if "copy" in load(f"results/{command}.json")["$defs"]} == set(SECRETS)


@pytest.mark.parametrize("command", SECRETS)
def test_a_copy_has_no_secrets_and_a_reply_has_them(command):
    reply = example(f"results/{command}/succeeded.json")
    copy = example(f"results/{command}/succeeded-copy.json")
    validate_result(command, reply)
    validate_result(command, copy)
    with pytest.raises(Mismatch):
        validate_result(command, reply, "copy")
    with pytest.raises(Mismatch):
        validate_result(command, copy, "reply")
    for secret in SECRETS[command]:
        half = {**copy, "data": {**copy["data"], secret: reply["data"][secret]}}
        with pytest.raises(Mismatch):
            validate_result(command, half, "copy")


@pytest.mark.parametrize(
    ("path", "change", "good"),
    [
        ("session.revoked/by-command.json", lambda body: body.update(added="x"), True),
        ("session.revoked/by-command.json", lambda body: body["data"].update(added=1), True),
        ("session.revoked/by-command.json", lambda body: body.pop("traceparent"), True),
        ("session.revoked/by-command.json", lambda body: body.update(sequence=5), False),
        ("session.revoked/by-command.json", lambda body: body.update(sequence="05"), False),
        ("session.revoked/by-command.json", lambda body: body.update(sequencetype="integer"), False),
        ("session.revoked/by-command.json", lambda body: body.update(source="sojourn/acme"), False),
        ("session.revoked/by-command.json", lambda body: body.update(subject="alice"), False),
        ("session.revoked/by-command.json", lambda body: body.update(type="session.expired"), False),
        ("session.revoked/by-command.json", lambda body: body.update(type="session.gone"), False),
        ("session.revoked/by-command.json", lambda body: body.update(time="2026-11-20T22:00:00Z"), False),
        ("session.revoked/by-command.json", lambda body: body.pop("partitionkey"), False),
        ("session.revoked/by-command.json", lambda body: body["data"].pop("tenant"), False),
        ("session.revoked/by-command.json", lambda body: body["data"].pop("caep"), False),
        ("session.revoked/by-command.json", lambda body: body["data"].update(actor=None), False),
        ("session.revoked/by-command.json", lambda body: body["data"].update(reason="evicted"), False),
        ("session.revoked/by-command.json",
         lambda body: next(iter(body["data"]["caep"].values())).update(initiating_entity="robot"), False),
        ("session.revoked/by-command.json",
         lambda body: next(iter(body["data"]["caep"].values())).update(event_timestamp="1795213200"), False),
        ("session.revoked/by-command.json",
         lambda body: next(iter(body["data"]["caep"].values())).update(reason_admin={}), False),
        ("session.created/created.json", lambda body: body["data"].pop("sessionId"), False),
        ("session.created/created.json",
         lambda body: body["data"].update(caep=example("events/session.expired/idle.json")["data"]["caep"]), False),
        ("session.expired/idle.json", lambda body: body["data"].update(reason="logout"), False),
        ("session.evicted/evicted.json", lambda body: body["data"].update(reason="revoked"), False),
        ("session.limit.reached/limit-reached.json", lambda body: body["data"].pop("subject"), False),
        ("session.created/created.json", lambda body: body["data"].pop("level"), False),
        ("session.created/created.json", lambda body: body["data"].pop("accessTokensExpireAt"), True),
        ("session.elevated/elevated.json", lambda body: body["data"].pop("methods"), False),
        ("session.elevated/elevated.json",
         lambda body: next(iter(body["data"]["caep"].values())).pop("namespace"), False),
        ("session.elevated/elevated.json",
         lambda body: next(iter(body["data"]["caep"].values())).update(current_level=2), False),
        ("session.elevated/elevated.json",
         lambda body: next(iter(body["data"]["caep"].values())).update(change_direction="decrease"), False),
        ("session.reauthenticated/reauthenticated.json", lambda body: body["data"].pop("caep"), False),
        ("session.updated/updated.json", lambda body: body["data"].pop("sessionId"), False),
        ("session.transferred/transferred.json", lambda body: body["data"].pop("previousSessionId"), False),
        ("session.locked/by-command.json", lambda body: body["data"].pop("reason"), False),
        ("session.unlocked/by-command.json", lambda body: body.update(subject="alice"), False),
        ("session.context.changed/changed.json", lambda body: body["data"].update(changed=[]), False),
        ("session.context.changed/changed.json", lambda body: body["data"].update(changed=["ip", "ip"]), False),
        ("session.context.changed/changed.json", lambda body: body["data"].update(changed=["city"]), False),
        ("session.context.changed/changed.json", lambda body: body["data"].pop("previousContext"), True),
        ("session.suspicious/elevate.json", lambda body: body["data"].update(reaction="notify"), False),
        ("session.suspicious/elevate.json", lambda body: body["data"].pop("reaction"), False),
        ("session.suspicious/elevate.json",
         lambda body: next(iter(body["data"]["caep"].values())).update(principal="USER"), False),
        ("subject.disabled/by-command.json", lambda body: body["data"].pop("reason"), False),
        ("subject.enabled/by-command.json", lambda body: body["data"].update(sessionId="ses_" + "a" * 32), False),
        ("factor.enrolled/enrolled.json", lambda body: body["data"]["factor"].pop("id"), False),
        ("factor.removed/removed.json", lambda body: body["data"].pop("caep"), False),
        ("factor.rejected/in-elevation.json", lambda body: body["data"].update(reason="wrong"), False),
        ("factor.rejected/in-elevation.json", lambda body: body["data"]["factor"].pop("id"), True),
        ("factor.rejected/in-elevation.json", lambda body: body.update(subject="alice"), False),
        ("factor.rejected/recovery-code.json",
         lambda body: body["data"]["factor"].update(id="fac_" + "a" * 24), False),
    ],
)
def test_only_events_match_the_event_schemas(path, change, good):
    body = broken(f"events/{path}", change)
    if good:
        validate_event(body)
    else:
        with pytest.raises(Mismatch):
            validate_event(body)


@pytest.mark.parametrize("path", example_files("events"), ids=label)
def test_the_claims_in_examples_agree_with_their_session(path):
    data = read(path)["data"]
    for uri, claims in data.get("caep", {}).items():
        kind = uri.rsplit("/", 1)[1]
        if kind == "session-established":
            assert (claims["acr"], claims["amr"]) == (str(data["level"]), data["methods"])
        if kind == "assurance-level-change":
            assert claims["current_level"] == str(data["level"])
            assert ("change_direction" in claims) == (claims["current_level"] != claims["previous_level"])
        if kind == "risk-level-change":
            assert claims["risk_reason"] == ", ".join(data["changed"])
            assert claims["current_level"] == ("MEDIUM" if data["reaction"] == "elevate" else "HIGH")
        if kind == "credential-change":
            assert claims["change_type"] == {"factor.enrolled": "create", "factor.removed": "delete"}[path.parent.name]


def test_a_command_or_event_without_a_schema_is_rejected():
    with pytest.raises(KeyError):
        validate_command("session.creat", {})
    with pytest.raises(KeyError):
        validate_result("session.creat", {})
    with pytest.raises(Mismatch):
        validate_event({"type": "session.gone"})
    with pytest.raises(Mismatch):
        validate_event([])
