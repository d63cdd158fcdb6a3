"""What docs/contract.md says that a result implies: the judge's own model, written without the product's code."""

STATE_CHANGING_EXCEPTIONS = {
    "session.validate", "session.get", "session.list", "session.activity", "factor.list", "policy.get", "policy.list",
}
# Which queue a command waits in (§1).
QUEUES = {
    "validate": {"session.validate", "session.get", "session.list", "session.activity"},
    "manage": {
        "session.create", "session.refresh", "session.elevate", "session.reauthenticate", "session.update",
        "session.transfer.begin", "session.transfer.complete",
    },
    "revoke": {"session.revoke", "session.lock", "session.unlock", "subject.disable", "subject.enable"},
    "admin": {
        "policy.put", "policy.get", "policy.list", "policy.remove",
        "factor.enroll", "factor.confirm", "factor.remove", "factor.list",
    },
}
BEGINNINGS = {"session.created", "session.transferred"}
ENDS = {"session.revoked", "session.expired", "session.evicted"}
# Events that a command causes, one for each time that its result says so.
COMMANDED = {
    "session.created", "session.transferred", "session.refreshed", "session.elevated", "session.reauthenticated",
    "session.updated", "session.locked", "session.unlocked",
}
# Reasons of an end that no result needs to list (§3).
IMPLIED_REASONS = {"parent_ended", "token_reused", "transferred", "context"}
# What is quarantined as well as answered (§5).
QUARANTINED_CODES = {
    "malformed_message", "invalid_field", "unknown_command", "unsupported_media_type", "message_too_large",
    "message_id_required",
}


def queue(command):
    return next((name for name, commands in QUEUES.items() if command in commands), "unknown")


def changes_state(command):
    """An unknown command changes nothing, and waits in a classic queue, which a cluster loses with its node."""
    return queue(command) != "unknown" and command not in STATE_CHANGING_EXCEPTIONS


def code(result):
    return (result.get("error") or {}).get("code")


def is_final(result):
    """Whether the result is kept: `failed` ones are not, so the same id may still have an effect (§2); nor is it when
    the id belonged to another message, which may have failed since."""
    return result["status"] != "failed" and code(result) != "message_id_reused"


def is_retryable(result):
    return bool((result.get("error") or {}).get("retryable"))


def session_of(result):
    return ((result.get("data") or {}).get("session") or {}).get("id")


def tokens_of(result):
    return (result.get("data") or {}).get("tokens") or {}


def ended_by(command, result):
    """The sessions that a result reports as ended."""
    data = result.get("data") or {}
    if result["status"] != "succeeded":
        return []
    if command in ("session.revoke", "subject.disable"):
        return data.get("revoked") or []
    return data.get("evicted") or []


def is_mass_revocation(body):
    return isinstance(body, dict) and body.get("all") is True


def commanded_events(command, result):
    """(type, session) of each event that this result, the first of its message, announces; but for refreshes, where
    that depends on the token."""
    if result["status"] != "succeeded":
        return []
    data = result.get("data") or {}
    single = {
        "session.create": "session.created", "session.elevate": "session.elevated",
        "session.reauthenticate": "session.reauthenticated", "session.update": "session.updated",
        "session.transfer.complete": "session.transferred",
    }
    several = {"session.lock": "session.locked", "session.unlock": "session.unlocked"}
    if command in single:
        return [(single[command], session_of(result))]
    if command in several:
        return [(several[command], each) for each in data.get("sessions") or []]
    return []
