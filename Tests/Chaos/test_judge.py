"""A history that violates a rule is reported under that rule's name; good ones are not reported at all."""

import json
import sys

import pytest

import history
from judge import judge, main
from rules import RULES
from story import Story

ANSWER_SECONDS = 30


def good():
    """A history with something of everything."""
    story = Story(limits={"default": 2})
    story.create("a")
    story.create("b")
    story.create("c", evicted=["a"])
    story.validate("a", valid=False)
    story.refresh("b", token="sjr_b1", successor="sjr_b2")
    again = story.send("session.refresh", {"refreshToken": "sjr_b1"})
    story.answer(again, {"session": story.session("b", "alice"), "tokens": {"refresh": "sjr_b2"}})
    story.update("b", "one")
    story.lock("b")
    story.validate("b", valid=False, reason="locked")
    story.lock("b", command="session.unlock")
    story.validate("b")
    bad = story.send("session.create", {"subjct": "x"}, expect="invalid_field")
    story.answer(bad, status="failed", code="invalid_field")
    story.write("quarantined", n=bad, reason="invalid_field")
    story.create("d", "bob")
    story.revoke("d", subject="bob")
    story.validate("d", valid=False, subject="bob")
    tried = story.send("session.create", {"subject": "carol"}, id="again")
    story.answer(tried, status="failed", code="unavailable", retryable=True)
    story.create("e", "carol", id="again")
    story.write("final")
    story.list(story.session("b", "alice", attributes={"one": 1}), story.session("c", "alice"))
    story.list(story.session("d", "bob", status="revoked"), subject="bob")
    story.write("left", queues={"n.commands.manage": 0}, outbox=0, revocations=0)
    return story


def names(story):
    return set(judge(story.lines).by_rule)


def test_a_good_history_keeps_every_rule():
    assert judge(good().lines).violations == []


def test_a_transfer_takes_its_originals_place_though_it_is_told_first():
    story = Story(limits={"default": 1})
    story.create("a")
    transfer(story, "a", "b", keeps=False)
    assert judge(story.lines).violations == []


def transfer(story, original, successor, *, keeps):
    n = story.send("session.transfer.complete", {"ticket": f"sjt_{successor}"})
    story.event("session.transferred", successor, "alice", cause=n, previousSessionId=original)
    if not keeps:
        story.event("session.revoked", original, "alice", cause=n, reason="transferred")
    story.answer(n, {"session": story.session(successor, "alice"), "tokens": {}})


def test_a_transfer_behind_one_that_kept_its_original_takes_no_further_place():
    story = Story(limits={"default": 2})
    story.create("a")
    transfer(story, "a", "b", keeps=True)
    transfer(story, "b", "c", keeps=False)
    assert judge(story.lines).violations == []


# --- violations, one or more for each rule -----------------------------------------------------------------------

VIOLATIONS = []


def violates(rule):
    def register(tell):
        VIOLATIONS.append(pytest.param(rule, tell, id=f"{rule}: {tell.__name__}"))
        return tell

    return register


@violates("lost-command")
def a_command_that_was_taken_has_no_result(story):
    n = story.send("session.revoke", {"subject": "zoe"})
    story.answer(n, {"revoked": [], "count": 0}, copy=False)


@violates("lost-session")
def a_session_that_was_created_is_unknown(story):
    story.create("z", "zoe")
    story.validate("z", valid=False, reason="unknown", subject="zoe")


@violates("lost-session")
def a_session_that_was_created_is_not_listed(story):
    story.create("z", "zoe")
    story.write("final")
    story.list(subject="zoe")


@violates("lost-session")
def an_update_that_was_answered_is_not_stored(story):
    story.create("z", "zoe")
    story.update("z", "one", "zoe")
    story.write("final")
    story.list(story.session("z", "zoe"), subject="zoe")


@violates("second-effect")
def one_message_updates_twice(story):
    story.create("z", "zoe")
    story.update("z", "one", "zoe", events=2)


@violates("second-effect")
def one_message_creates_two_sessions(story):
    n = story.create("z", "zoe")
    story.event("session.created", "y", "zoe", cause=n)


@violates("other-result")
def the_same_message_gets_another_session(story):
    n = story.create("z", "zoe", id="same")
    again = story.send("session.create", story.bodies[n][1], id="same")
    story.answer(again, {"session": story.session("y", "zoe"), "tokens": {}, "evicted": []})


@violates("nothing-happened")
def a_command_that_failed_has_an_event(story):
    n = story.send("session.create", {"subject": "zoe"})
    story.event("session.created", "z", "zoe", cause=n)
    story.answer(n, status="failed", code="unavailable", retryable=True)


@violates("effect-without-event")
def a_session_begins_without_an_event(story):
    story.create("z", "zoe", events=False)


@violates("effect-without-event")
def a_session_ends_without_an_event(story):
    story.create("z", "zoe")
    story.revoke("z", subject="zoe", events=False)


@violates("effect-without-event")
def a_session_expires_without_an_event(story):
    story.create("z", "zoe")
    story.validate("z", valid=False, subject="zoe", reason="expired_idle")
    for _ in range(20):
        next(story.clock)
    story.write("left", queues={})


@violates("effect-without-event")
def a_reused_token_is_not_told_of(story):
    story.create("z", "zoe")
    n = story.send("session.refresh", {"refreshToken": "sjr_z1"})
    story.event("session.revoked", "z", "zoe", cause=n, reason="token_reused")
    story.answer(n, status="rejected", code="refresh_token_reused")


@violates("event-without-effect")
def an_event_tells_of_a_session_that_nobody_created(story):
    story.event("session.created", "z", "zoe")


@violates("event-without-effect")
def an_event_tells_of_a_revocation_that_nobody_asked_for(story):
    story.create("z", "zoe")
    story.event("session.revoked", "z", "zoe", reason="revoked")


@violates("unstable-event")
def an_event_says_something_else_the_second_time(story):
    event = story.event("session.limit.reached", None, "zoe")
    story.write("event", event=event | {"type": "subject.disabled"})


@violates("sequence")
def an_event_is_missing(story):
    story.create("z", "zoe")
    story.sequences["zoe"] += 1
    story.update("z", "one", "zoe")


@violates("sequence")
def two_events_have_one_number(story):
    story.event("session.limit.reached", None, "zoe", sequence=1, id="one")
    story.event("session.limit.reached", None, "zoe", sequence=1, id="other")


@violates("impossible-history")
def a_session_ends_twice(story):
    story.create("z", "zoe")
    story.revoke("z", subject="zoe")
    story.event("session.expired", "z", "zoe", reason="expired_idle")


@violates("valid-after-revocation")
def a_validate_succeeds_after_the_reply_to_a_revocation(story):
    story.create("z", "zoe")
    story.revoke("z", subject="zoe")
    story.validate("z", subject="zoe")


@violates("valid-after-revocation")
def a_refresh_succeeds_after_the_reply_to_a_revocation(story):
    story.create("z", "zoe")
    story.revoke("z", subject="zoe")
    story.refresh("z", "zoe", token="sjr_z1", successor="sjr_z2")


@violates("valid-after-revocation")
def a_validate_succeeds_while_the_session_is_locked(story):
    story.create("z", "zoe")
    story.lock("z", "zoe")
    story.validate("z", subject="zoe")


@violates("valid-after-revocation")
def a_session_survives_the_revocation_of_all(story):
    story.create("z", "zoe")
    n = story.send("session.revoke", {"all": True})
    story.answer(n, {"revoked": [], "count": 1, "pending": True})
    story.validate("z", subject="zoe")


@violates("resurrected")
def a_session_is_refreshed_behind_its_end(story):
    story.create("z", "zoe")
    story.revoke("z", subject="zoe")
    story.event("session.refreshed", "z", "zoe")


@violates("resurrected")
def a_session_that_ended_is_active_at_the_end(story):
    story.create("z", "zoe")
    story.revoke("z", subject="zoe")
    story.write("final")
    story.list(story.session("z", "zoe"), subject="zoe")


@violates("limit")
def a_session_more_than_the_limit(story):
    for session in ("x", "y", "z"):
        story.create(session, "zoe")


@violates("limit")
def a_transfer_that_keeps_its_original_beyond_the_limit(story):
    story.create("y", "zoe")
    story.create("z", "zoe")
    n = story.send("session.transfer.complete", {"ticket": "sjt_x"})
    story.event("session.transferred", "x", "zoe", cause=n, previousSessionId="z")
    story.answer(n, {"session": story.session("x", "zoe"), "tokens": {}})


@violates("second-successor")
def a_refresh_token_has_two_successors(story):
    story.create("z", "zoe")
    story.refresh("z", "zoe", token="sjr_z1", successor="sjr_z2")
    story.refresh("z", "zoe", token="sjr_z1", successor="sjr_z3", events=False)


@violates("leaked")
def an_event_has_a_token(story):
    story.event("session.limit.reached", None, "zoe", note="sjs_" + 60 * "x")


@violates("wrong-code")
def bad_input_is_answered_with_another_code(story):
    n = story.send("session.create", {}, expect="malformed_message")
    story.answer(n, status="failed", code="invalid_field")


@violates("wrong-code")
def good_input_is_answered_with_internal(story):
    n = story.send("session.create", {"subject": "zoe"})
    story.answer(n, status="failed", code="internal")


@violates("not-quarantined")
def bad_input_is_not_kept(story):
    n = story.send("session.create", {}, expect="invalid_field")
    story.answer(n, status="failed", code="invalid_field")


@violates("wrong-quarantine")
def good_input_is_in_quarantine(story):
    n = story.create("z", "zoe")
    story.write("quarantined", n=n, reason="internal")


@violates("unanswered")
def a_command_has_no_answer(story):
    story.send("session.validate", {"token": "sjs_b"})


@violates("unanswered")
def a_command_only_has_answers_to_try_again(story):
    n = story.send("session.create", {"subject": "zoe"})
    story.answer(n, status="failed", code="unavailable", retryable=True)


@violates("unanswered")
def an_answer_comes_too_late(story):
    n = story.send("session.validate", {"token": "sjs_b"})
    for _ in range(ANSWER_SECONDS):
        next(story.clock)
    story.answer(n, {"valid": True, "session": story.session("b", "alice")})


@violates("left-over")
def a_message_is_left_in_a_queue(story):
    story.write("left", queues={"n.commands.revoke": 1})


@violates("left-over")
def an_event_is_left_in_an_outbox(story):
    story.write("left", queues={}, outbox=1)


@pytest.mark.parametrize(("rule", "tell"), VIOLATIONS)
def test_a_violation_is_reported_under_the_name_of_its_rule(rule, tell):
    story = Story(limits={"default": 2})
    story.create("b")
    tell(story)
    assert rule in names(story)


def test_every_rule_has_a_history_that_violates_it():
    assert {each.values[0] for each in VIOLATIONS} == {rule.name for rule in RULES}


# --- what is no violation ----------------------------------------------------------------------------------------


def test_a_validate_that_was_sent_before_the_reply_to_a_revocation_may_succeed():
    story = Story()
    story.create("z", "zoe")
    asked = story.send("session.validate", {"token": "sjs_z"})
    story.revoke("z", subject="zoe")
    story.answer(asked, {"valid": True, "session": story.session("z", "zoe")})
    assert names(story) == set()


def test_a_repeated_refresh_gets_its_first_result_even_after_a_revocation():
    story = Story()
    story.create("z", "zoe")
    n = story.refresh("z", "zoe", token="sjr_z1", successor="sjr_z2", id="same")
    story.revoke("z", subject="zoe")
    again = story.send("session.refresh", story.bodies[n][1], id="same")
    result = next(line["result"] for line in story.lines if line["kind"] == "replied" and line["n"] == n)
    for kind in ("copied", "replied"):
        story.write(kind, n=again, result=result if kind == "replied" else {**result, "data": {
            key: value for key, value in result["data"].items() if key != "tokens"}})
    assert names(story) == set()


def test_a_wait_during_a_fault_and_soon_after_it_is_not_too_long():
    story = Story(answerSeconds=5)
    story.create("z", "zoe")
    asked = story.send("session.validate", {"token": "sjs_z"})
    story.fault("begins")
    for _ in range(100):
        next(story.clock)
    story.fault("ends")
    story.answer(asked, {"valid": True, "session": story.session("z", "zoe")})
    assert names(story) == set()


def test_what_an_operator_threw_away_with_its_queue_is_not_lost_by_the_worker():
    story = Story()
    story.fault("begins", loses="manage")
    lost = story.send("session.create", {"subject": "zoe"}, id="same")
    story.fault("ends", loses="manage")
    assert "lost-command" not in names(story)
    story.create("z", "zoe", id="same")
    assert lost and names(story) == set()


def test_after_a_loss_of_acknowledged_writes_only_what_holds_nevertheless_is_judged():
    story = Story(limits={"default": 1})
    story.write("lost")
    story.create("y", "zoe")
    story.create("z", "zoe")
    story.create("x", "bob", events=False)
    story.event("session.limit.reached", None, "zoe", note="sjs_" + 60 * "x")
    assert names(story) == {"leaked"}


# --- files and cost ----------------------------------------------------------------------------------------------


def test_a_recorded_file_is_judged_like_the_lines(tmp_path, capsys):
    path = tmp_path / "history.jsonl"
    recorder = history.Recorder(path)
    for line in good().lines:
        recorder.write(**line)
    recorder.close()
    assert list(history.read(path)) == good().lines
    assert main([str(path)]) == 0
    assert "holds   lost-command" in capsys.readouterr().out
    path.write_text("".join(json.dumps(line) + "\n" for line in good().lines if line["kind"] != "event"))
    assert main([str(path)]) == 1
    assert "broken  effect-without-event" in capsys.readouterr().out


def calls(count):
    """The function calls it takes to judge a history of so many commands."""
    story = Story(limits={"default": 2})
    for number in range(count // 4):
        subject = f"s{number % 50}"
        story.create(f"a{number}", subject)
        story.update(f"a{number}", "one", subject)
        story.validate(f"a{number}", subject=subject)
        story.revoke(f"a{number}", subject=subject)
    made = 0

    def note(_frame, event, _argument):
        nonlocal made
        made += event == "call" or event == "c_call"

    sys.setprofile(note)
    try:
        verdict = judge(story.lines)
    finally:
        sys.setprofile(None)
    assert verdict.holds
    return made


def test_judging_takes_time_in_proportion_to_the_history():
    assert calls(4000) < 2.1 * calls(2000)
