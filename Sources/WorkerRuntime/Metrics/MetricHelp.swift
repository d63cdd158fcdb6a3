/// The meaning of each metric, for the `# HELP` line.
enum MetricHelp {
    static let texts = [
        "sojourn_commands_total": "Commands answered, by command, status and error code.",
        "sojourn_batch_commands": "Commands in a batch.",
        "sojourn_batch_seconds": "Time from starting a batch to its commit, in seconds.",
        "sojourn_refused_publishes_total":
            "Events and copies of results refused by a consumer's full queue.",
        "sojourn_result_copies_dropped_total": "Copies of results dropped because a consumer's queue refused them.",
        "sojourn_replies_lost_total": "Replies that were not delivered to their queue.",
        "sojourn_conflicts_total": "Commands decided again because of a concurrent write to their subject.",
        "sojourn_duplicates_total": "Duplicate commands, answered with their first result.",
        "sojourn_quarantine_left_out_total":
            "Unknown commands answered but not quarantined, because of the rate limit.",
        "sojourn_deadlines_total": "Session deadlines processed after they had passed.",
        "sojourn_relayed_events_total": "Events left unpublished by another worker and published by the relay.",
        "sojourn_damaged_events_total": "Events in outboxes that cannot be opened; each worker counts each once.",
        "sojourn_mass_revoked_sessions_total": "Sessions ended by the drain of a mass revocation.",
        "sojourn_mass_revocations": "Active mass revocations that are not yet drained.",
    ]
}
