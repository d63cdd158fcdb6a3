"""The judge of recorded histories and the checker of the simulation judge the same runs."""

import subprocess

import pytest

import history
from judge import judge
from workers import built

SEEDS = 120


@pytest.fixture(scope="module")
def histories(tmp_path_factory):
    folder = tmp_path_factory.mktemp("histories")
    subprocess.run(
        [built("sojourn-simulate"), "--seeds", str(SEEDS), "--histories", str(folder)], check=True, stdin=subprocess.DEVNULL,
        capture_output=True, timeout=600)
    return sorted(folder.iterdir())


def test_the_judge_finds_nothing_in_simulated_runs(histories):
    verdicts = {path.stem: judge(history.read(path)) for path in histories}
    assert len(verdicts) == SEEDS
    broken = {seed: verdict.violations for seed, verdict in verdicts.items() if not verdict.holds}
    assert broken == {}
    # Most runs lose nothing that was acknowledged, and are judged by every rule.
    assert sum(not verdict.was_lossy for verdict in verdicts.values()) > SEEDS / 2


def test_the_judge_notices_what_is_taken_out_of_a_simulated_run(histories):
    whole = [lines for path in histories if not judge(lines := list(history.read(path))).was_lossy]
    events = [[line for line in lines if line["kind"] != "event"] for lines in whole]
    assert sum("effect-without-event" in judge(lines).by_rule for lines in events) > len(whole) / 2
    replies = [[line for line in lines if line["kind"] not in ("replied", "copied")] for lines in whole]
    assert all("unanswered" in judge(lines).by_rule for lines in replies)
