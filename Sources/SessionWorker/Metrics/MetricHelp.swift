/// What each metric means, for the `# HELP` line.
enum MetricHelp {
    static let texts = [
        "sojourn_commands_total": "Commands answered, by command, status and error code.",
        "sojourn_batch_commands": "Commands carried out together.",
        "sojourn_batch_seconds": "Time from taking a batch to having it stored, in seconds.",
        "sojourn_refused_publishes_total":
            "Events and copies of results that a consumer's queue refused, being full.",
        "sojourn_result_copies_dropped_total": "Copies of results that a consumer's queue refused for a minute.",
        "sojourn_replies_lost_total": "Replies that their queue did not take.",
        "sojourn_conflicts_total": "Commands decided again because somebody else wrote to their subject first.",
        "sojourn_duplicates_total": "Commands that had been carried out before and got their first result again.",
        "sojourn_quarantine_left_out_total":
            "Unknown commands that were answered and, being many, not kept in quarantine.",
        "sojourn_deadlines_total": "Session deadlines that had come and were looked at.",
        "sojourn_relayed_events_total": "Events that another worker left unpublished and this one published.",
        "sojourn_damaged_events_total": "Events in outboxes that do not open, each counted once by each worker.",
        "sojourn_mass_revoked_sessions_total": "Sessions that the sweep ended for a mass revocation.",
        "sojourn_mass_revocations": "Mass revocations in force that are still being carried out.",
    ]
}
