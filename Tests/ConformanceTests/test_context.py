"""Context rules: what happens when a session is used from somewhere else."""

import pytest

RULES = {
    "ip": ({"ip": "192.0.2.10"}, {"ip": "192.0.2.11"}),
    "network": ({"ip": "192.0.2.10"}, {"ip": "198.51.100.10"}),
    "country": ({"country": "DE"}, {"country": "FR"}),
    "asn": ({"asn": 64496}, {"asn": 64511}),
    "userAgent": ({"userAgent": "Mozilla/5.0 (X11)"}, {"userAgent": "curl/8.5.0"}),
    "fingerprint": ({"fingerprint": "f1"}, {"fingerprint": "f2"}),
    "travel": ({"latitude": 52.52, "longitude": 13.405}, {"latitude": -33.87, "longitude": 151.21}),
}
# Values that are new again.
FURTHER = {
    "network": {"ip": "203.0.113.10"},
    "travel": {"latitude": 37.77, "longitude": -122.42},
}
REACTIONS = ["notify", "elevate", "lock", "revoke"]
POLICIES = {
    f"{rule}-{reaction}": {"context": {rule: reaction}} for rule in RULES for reaction in REACTIONS
} | {
    "mixed": {"context": {"ip": "notify", "country": "elevate", "asn": "lock", "userAgent": "revoke"}},
    "all": {"context": dict.fromkeys(RULES, "revoke")},
    "fast": {"context": {"travel": "revoke", "maxTravelKmh": 1_000_000}},
    "family": {"context": {"country": "lock"}},
}
EACH_RULE = pytest.mark.parametrize("rule", RULES)
# One that looks at a text, and one that looks at two numbers: ContextRuleTests has all of them.
SOME_RULES = pytest.mark.parametrize("rule", ["network", "travel"])


@pytest.fixture(scope="module")
def worker(start_worker, policy_file):
    return start_worker(policy_file=policy_file(POLICIES)).await_ready()


def begin(client, subject, policy, context=None, **fields):
    """The tokens of a new session."""
    if context is not None:
        fields["context"] = context
    return client.create(subject, policy=policy, **fields)["tokens"]


def outcome(client, token, context, **fields):
    """The outcome of a validate: "valid", or the reason."""
    return client.validate(token, context=context, **fields).get("reason", "valid")


def elevate(client, token, context):
    return client.do("session.elevate", token=token, authentication={"methods": ["otp"]}, context=context)["tokens"]


# --- each rule, each reaction ------------------------------------------------------------------------------------


@EACH_RULE
def test_notify_accepts_the_new_context_and_announces_it_once(client, subject, rule):
    old, new = RULES[rule]
    token = begin(client, subject, f"{rule}-notify", old)["session"]
    assert [outcome(client, token, each) for each in (old, new, new)] == ["valid"] * 3
    assert client.do("session.get", token=token)["session"]["context"] == new
    changes = [each.body for each in client.final_events(subject) if each.body["type"] == "session.context.changed"]
    assert len(changes) == 1
    data = changes[0]["data"]
    assert (data["changed"], data["previousContext"], data["context"]) == ([rule], old, new)


@SOME_RULES
def test_elevate_accepts_a_new_context_only_with_a_second_factor(client, subject, rule):
    old, new = RULES[rule]
    token = begin(client, subject, f"{rule}-elevate", old)["session"]
    answer = client.validate(token, context=new)
    assert (answer["valid"], answer["reason"], answer["remedy"]) == (False, "context_mismatch", "elevate")
    assert outcome(client, token, old) == "valid", "who was there before is not shut out"
    assert client.do("session.get", token=token)["session"]["context"] == old
    token = elevate(client, token, new)["session"]
    assert outcome(client, token, new) == "valid"
    assert client.do("session.get", token=token)["session"]["context"] == new


@SOME_RULES
def test_elevate_announces_each_new_context_once(client, subject, rule):
    old, new = RULES[rule]
    token = begin(client, subject, f"{rule}-elevate", old)["session"]
    for context in (new, new, FURTHER[rule], new, FURTHER[rule]):
        assert outcome(client, token, context) == "context_mismatch"
    suspicions = suspicious(client, subject)
    assert [each["context"] for each in suspicions] == [new, FURTHER[rule]]
    for data in suspicions:
        assert (data["changed"], data["reaction"], data["previousContext"]) == ([rule], "elevate", old)


def suspicious(client, subject):
    events = client.final_events(subject)
    return [each.body["data"] for each in events if each.body["type"] == "session.suspicious"]


@SOME_RULES
def test_lock_locks_and_unlocking_accepts_the_new_context(client, subject, rule):
    old, new = RULES[rule]
    created = client.create(subject, policy=f"{rule}-lock", context=old)
    token, session = created["tokens"]["session"], created["session"]["id"]
    answer = client.validate(token, context=new)
    assert (answer["valid"], answer["reason"]) == (False, "locked")
    assert [outcome(client, token, each) for each in (new, old)] == ["locked"] * 2
    assert client.await_event(subject, "session.locked").body["data"]["reason"] == "context"
    assert client.do("session.get", sessionId=session)["session"]["status"] == "locked"
    client.do("session.unlock", sessionId=session)
    assert outcome(client, token, new) == "valid"
    (data,) = suspicious(client, subject)
    assert (data["changed"], data["reaction"], data["context"]) == ([rule], "lock", new)
    assert data["previousContext"] == old


@EACH_RULE
def test_revoke_revokes(client, subject, rule):
    old, new = RULES[rule]
    token = begin(client, subject, f"{rule}-revoke", old)["session"]
    answer = client.validate(token, context=new)
    assert (answer["valid"], answer["reason"], answer["remedy"]) == (False, "revoked", "login")
    assert outcome(client, token, old) == "revoked"
    session = client.do("session.get", token=token)["session"]
    assert (session["status"], session["endReason"]) == ("revoked", "context")
    assert client.await_event(subject, "session.revoked").body["data"]["reason"] == "context"
    (data,) = suspicious(client, subject)
    assert (data["changed"], data["reaction"], data["context"]) == ([rule], "revoke", new)


@SOME_RULES
def test_unknown_values_never_fire_a_rule(client, subject, rule):
    old, new = RULES[rule]
    elsewhere = {"city": "Graz"}
    known = begin(client, subject, f"{rule}-revoke", old)["session"]
    assert [outcome(client, known, each) for each in ({}, elsewhere)] == ["valid"] * 2
    assert client.validate(known)["valid"] is True
    for context in (None, {}, elsewhere):
        unknown = begin(client, subject, f"{rule}-revoke", context)["session"]
        assert outcome(client, unknown, new) == "valid"
    assert client.final_kinds(subject) == ["session.created"] * 4


@SOME_RULES
def test_a_value_first_seen_later_is_compared_from_then_on(client, subject, rule):
    old, new = RULES[rule]
    token = begin(client, subject, f"{rule}-revoke")["session"]
    assert [outcome(client, token, each) for each in (old, {}, old, new)] == ["valid"] * 3 + ["revoked"]


@SOME_RULES
def test_a_context_with_fewer_fields_erases_nothing(client, subject, rule):
    old, new = RULES[rule]
    token = begin(client, subject, f"{rule}-revoke", old | {"city": "Berlin"})["session"]
    assert [outcome(client, token, each) for each in ({"city": "Berlin"}, {}, new)] == ["valid", "valid", "revoked"]


@SOME_RULES
@pytest.mark.parametrize("reaction", REACTIONS)
def test_a_refresh_is_judged_as_well(client, subject, rule, reaction):
    old, new = RULES[rule]
    tokens = begin(client, subject, f"{rule}-{reaction}", old)
    reply = client.call("session.refresh", {"refreshToken": tokens["refresh"], "context": new})
    if reaction == "notify":
        assert reply.data["session"]["context"] == new
        client.await_event(subject, "session.context.changed")
        return
    assert reply.code == {"elevate": "context_rejected", "lock": "session_locked", "revoke": "session_ended"}[reaction]
    assert client.await_event(subject, "session.suspicious").body["data"]["reaction"] == reaction
    told = {"elevate": "context_mismatch", "lock": "locked", "revoke": "revoked"}[reaction]
    assert outcome(client, tokens["session"], new) == told
    if reaction == "elevate":
        again = client.do("session.refresh", refreshToken=tokens["refresh"], context=old)
        assert again["session"]["generation"] == 2, "what was refused has used no token up"


# --- without rules -----------------------------------------------------------------------------------------------


def test_without_a_rule_nothing_is_compared(client, subject):
    everything = [{key: value for pair in RULES.values() for key, value in pair[side].items()} for side in (0, 1)]
    token = begin(client, subject, "default", everything[0])["session"]
    assert outcome(client, token, everything[1]) == "valid"
    assert client.final_kinds(subject) == ["session.created"]


def test_the_same_context_again_is_not_a_change(client, subject):
    everything = {key: value for old, _ in RULES.values() for key, value in old.items()}
    tokens = begin(client, subject, "all", everything)
    assert [outcome(client, tokens["session"], everything) for _ in range(2)] == ["valid"] * 2
    client.do("session.refresh", refreshToken=tokens["refresh"], context=everything)
    assert client.final_kinds(subject) == ["session.created", "session.refreshed"]


# --- more than one -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "reaction", "changed"),
    [
        ({"ip": "192.0.2.11", "country": "FR"}, "elevate", ["ip", "country"]),
        ({"ip": "192.0.2.11", "asn": 1, "userAgent": "x"}, "revoke", ["ip", "asn", "userAgent"]),
    ],
)
def test_the_strictest_rule_that_fires_decides(client, subject, change, reaction, changed):
    old = {"ip": "192.0.2.10", "country": "DE", "asn": 64496, "userAgent": "Mozilla/5.0"}
    token = begin(client, subject, "mixed", old)["session"]
    expected = {"notify": "valid", "elevate": "context_mismatch", "lock": "locked", "revoke": "revoked"}[reaction]
    assert outcome(client, token, old | change) == expected
    kind = "session.context.changed" if reaction == "notify" else "session.suspicious"
    data = client.await_event(subject, kind).body["data"]
    assert sorted(data["changed"]) == sorted(changed), "all that fired, the milder ones too"
    assert data.get("reaction", "notify") == reaction


@pytest.mark.parametrize(("reaction", "level"), [("elevate", "MEDIUM"), ("lock", "HIGH"), ("revoke", "HIGH")])
def test_a_suspicion_is_a_change_of_risk_in_caep(client, subject, reaction, level):
    old, new = RULES["country"]
    outcome(client, begin(client, subject, f"country-{reaction}", old)["session"], new)
    (claims,) = client.await_event(subject, "session.suspicious").body["data"]["caep"].values()
    assert (claims["current_level"], claims["risk_reason"]) == (level, "country")


def test_a_suspicion_contains_only_its_own_session(client, subject):
    old, new = RULES["country"]
    first, second = [client.create(subject, policy="country-revoke", context=old) for _ in range(2)]
    assert outcome(client, first["tokens"]["session"], new) == "revoked"
    assert outcome(client, second["tokens"]["session"], old) == "valid"


def test_children_are_locked_with_a_session_that_a_rule_locks(client, subject):
    old, new = RULES["country"]
    parent = client.create(subject, policy="family", context=old)
    child = client.create(subject, policy="family", parentId=parent["session"]["id"])["tokens"]["session"]
    assert outcome(client, parent["tokens"]["session"], new) == "locked"
    assert outcome(client, child, {}) == "locked"
    client.do("session.unlock", sessionId=parent["session"]["id"])
    assert outcome(client, child, {}) == "valid"


# --- elevation ---------------------------------------------------------------------------------------------------


def test_elevation_with_another_context_does_not_accept_this_one(client, subject):
    old, new = RULES["country"]
    token = begin(client, subject, "country-elevate", old)["session"]
    assert outcome(client, token, new) == "context_mismatch"
    token = elevate(client, token, old)["session"]
    assert outcome(client, token, new) == "context_mismatch"


def test_elevation_does_not_satisfy_a_stricter_rule(client, subject):
    old, new = RULES["country"]
    token = begin(client, subject, "country-lock", old)["session"]
    elevation = {"token": token, "authentication": {"methods": ["otp"]}, "context": new}
    assert client.refused("session.elevate", **elevation) == "session_locked"
    assert outcome(client, token, old) == "locked"


def test_after_elevation_the_old_context_counts_as_new(client, subject):
    old, new = RULES["country"]
    token = begin(client, subject, "country-elevate", old)["session"]
    outcome(client, token, new)
    token = elevate(client, token, new)["session"]
    assert outcome(client, token, old) == "context_mismatch"


def test_a_refused_context_does_not_count_as_activity(client, subject):
    old, new = RULES["country"]
    token = begin(client, subject, "country-elevate", old, idleSeconds=2)["session"]

    def expired():
        outcome(client, token, new)
        return "session.expired" in client.kinds(subject)

    client.wait(expired, "the session to expire in spite of a stranger")


# --- what counts as the same -------------------------------------------------------------------------------------


def test_an_address_in_another_notation_is_the_same(client, subject):
    token = begin(client, subject, "ip-revoke", {"ip": "2001:db8::a"})["session"]
    assert outcome(client, token, {"ip": "2001:0DB8:0:0::000A"}) == "valid"


def test_travel_below_the_maximum_speed_is_accepted(client, subject):
    token = begin(client, subject, "fast", {"latitude": 0, "longitude": 179.9})["session"]
    client.create(f"{subject}-clock", idleSeconds=1)
    client.await_event(f"{subject}-clock", "session.expired")
    # 67 km in about a second, across the date line; a million km/h are 277 km a second.
    assert outcome(client, token, {"latitude": 0, "longitude": -179.5}) == "valid"


def test_a_devices_fingerprint_is_used_if_the_context_has_none(client, subject):
    token = begin(client, subject, "fingerprint-revoke", device={"fingerprint": "f1"})["session"]
    assert outcome(client, token, {"fingerprint": "f1"}) == "valid"
    assert outcome(client, token, {"fingerprint": "f2"}) == "revoked"


def test_a_contexts_fingerprint_takes_precedence_over_the_devices(client, subject):
    device, context = {"fingerprint": "f1"}, {"fingerprint": "f2"}
    token = begin(client, subject, "fingerprint-revoke", context, device=device)["session"]
    assert outcome(client, token, {"fingerprint": "f2"}) == "valid"
    assert outcome(client, token, {"fingerprint": "f1"}) == "revoked"


def test_no_rule_evaluates_an_update_by_session_id(client, subject):
    old, new = RULES["country"]
    created = client.create(subject, policy="country-revoke", context=old | {"city": "Berlin"})
    session = client.do("session.update", sessionId=created["session"]["id"], context=new)["session"]
    assert session["context"] == new, "it replaces what was stored whole"
    assert outcome(client, created["tokens"]["session"], new) == "valid"
    assert outcome(client, created["tokens"]["session"], old) == "revoked"


def test_a_transfer_has_its_own_context(client, subject):
    old, new = RULES["fingerprint"]
    token = begin(client, subject, "fingerprint-revoke", old)["session"]
    ticket = client.do("session.transfer.begin", token=token)["ticket"]
    token = client.do("session.transfer.complete", ticket=ticket, context=new)["tokens"]["session"]
    assert outcome(client, token, new) == "valid"
    assert outcome(client, token, old) == "revoked"
