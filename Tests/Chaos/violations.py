"""Histories that violate each rule, for test_judge.py: functions that go on with a story, with what must not happen."""

import pytest

ANSWER_SECONDS = 30


def transfer(story, original, successor, *, keeps):
    n = story.send("session.transfer.complete", {"ticket": f"sjt_{successor}"})
    story.event("session.transferred", successor, "alice", cause=n, previousSessionId=original)
    if not keeps:
        story.event("session.revoked", original, "alice", cause=n, reason="transferred")
    story.answer(n, {"session": story.session(successor, "alice"), "tokens": {}})


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
