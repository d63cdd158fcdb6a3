"""A history that violates a rule is reported under that rule's name; good ones are not reported at all."""

import json
import sys

import pytest

import history
from judge import judge, main
from rules import RULES
from story import Story
from violations import VIOLATIONS, transfer


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


def test_a_transfer_behind_one_that_kept_its_original_takes_no_further_place():
    story = Story(limits={"default": 2})
    story.create("a")
    transfer(story, "a", "b", keeps=True)
    transfer(story, "b", "c", keeps=False)
    assert judge(story.lines).violations == []


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
