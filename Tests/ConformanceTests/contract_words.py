"""The contract's vocabulary, repeated here so that a schema cannot change it unnoticed."""

REJECTED = """
    limit_reached subject_disabled session_not_found session_ended session_locked session_pending token_invalid
    token_expired refresh_token_reused ticket_invalid factor_rejected factor_locked factor_not_found
    reauthentication_required context_rejected parent_not_active hierarchy_too_deep policy_not_found not_permitted
    message_id_reused
""".split()
FAILED = """
    malformed_message invalid_field unknown_command unsupported_media_type message_too_large message_id_required
    unsupported_version command_expired conflict unavailable internal
""".split()
VALIDITY_REASONS = """
    malformed unknown token_expired revoked expired_idle expired_absolute expired_pending pending locked
    context_mismatch level_too_low authentication_too_old
""".split()
RESERVED_REASONS = """
    expired_idle expired_absolute expired_pending evicted transferred token_reused subject_disabled context parent_ended
""".split()
COMMANDS = """
    session.create session.validate session.refresh session.elevate session.reauthenticate session.update
    session.transfer.begin session.transfer.complete session.revoke session.lock session.unlock subject.disable
    subject.enable session.get session.list session.activity factor.enroll factor.confirm factor.remove factor.list
    policy.put policy.get policy.remove policy.list
""".split()
READING = "session.validate session.get session.list session.activity factor.list policy.get policy.list".split()
QUEUES = {
    "validate": "session.validate session.get session.list session.activity".split(),
    "manage": "session.create session.refresh session.elevate session.reauthenticate session.update "
              "session.transfer.begin session.transfer.complete".split(),
    "revoke": "session.revoke session.lock session.unlock subject.disable subject.enable".split(),
    "admin": "policy.put policy.get policy.remove policy.list factor.enroll factor.confirm factor.remove factor.list".split(),
}
EVENTS = """
    session.created session.refreshed session.elevated session.reauthenticated session.updated session.transferred
    session.locked session.unlocked session.revoked session.expired session.evicted session.limit.reached
    session.context.changed session.suspicious session.token.reused subject.disabled subject.enabled factor.enrolled
    factor.removed factor.rejected
""".split()
# The keys that the copy of each result omits.
SECRETS = {
    "session.create": ["tokens"],
    "session.refresh": ["tokens"],
    "session.elevate": ["tokens"],
    "session.reauthenticate": ["tokens"],
    "session.transfer.begin": ["ticket"],
    "session.transfer.complete": ["tokens"],
    "factor.enroll": ["secret", "uri", "recoveryCodes"],
}
