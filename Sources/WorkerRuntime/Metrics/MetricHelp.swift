/// The meaning of each metric, for the `# HELP` line. `docs/metrics.md` is compared with it.
enum MetricHelp {
    static let texts = [
        "sojourn_commands_total": "Commands answered, by command, status and error code.",
        "sojourn_command_process_seconds":
            "Time from starting a command's batch to its result being stored, in seconds.",
        "sojourn_command_answer_seconds":
            "Time from receiving a command to RabbitMQ having confirmed its results, in seconds.",
        "sojourn_batch_commands": "Commands in a batch.",
        "sojourn_batch_seconds": "Time from starting a batch to its commit, in seconds.",
        "sojourn_retried_commands_total": "Commands that Redis did not execute and that are retried, by cause.",
        "sojourn_conflicts_total": "Commands decided again because of a concurrent write to their subject.",
        "sojourn_duplicates_total": "Duplicate commands, answered with their first result.",
        "sojourn_unacknowledged_deliveries": "Deliveries received and not yet acknowledged.",
        "sojourn_prefetch_limit": "The most deliveries that RabbitMQ sends before one is acknowledged.",
        "sojourn_in_flight_bytes": "Memory used by commands in flight, in bytes.",
        "sojourn_in_flight_bytes_limit": "Memory beyond which a lane pauses reading, in bytes.",
        "sojourn_reading_paused": "1 while a lane has paused reading because it holds too much.",
        "sojourn_unconfirmed_messages": "Published messages that RabbitMQ has not confirmed yet.",
        "sojourn_confirm_seconds":
            "Time from publishing the messages of a batch to all of them being confirmed, in seconds.",
        "sojourn_redis_round_trip_seconds": "Time from sending a pipeline to Redis to its last reply, in seconds.",
        "sojourn_redis_failures_total": "Pipelines that Redis did not answer.",
        "sojourn_connection_up": "1 while a part of the worker is connected to a server.",
        "sojourn_reconnects_total": "Connections to a server established after an earlier one was lost.",
        "sojourn_blocked_connections": "Connections on which RabbitMQ blocks publishing because of an alarm.",
        "sojourn_blocked_seconds_total": "Time during which RabbitMQ blocked at least one connection, in seconds.",
        "sojourn_alive": "1 while all parts of the worker respond, as in /livez.",
        "sojourn_ready": "1 while the worker is ready, as in /readyz.",
        "sojourn_component_up": "1 while a component that readiness depends on is up, as in /readyz.",
        "sojourn_events_total": "Events stored together with the change that they report, by type.",
        "sojourn_events_published_total": "Events that RabbitMQ has confirmed.",
        "sojourn_sessions_begun_total": "Sessions created, or taken over by a transfer.",
        "sojourn_sessions_ended_total": "Sessions ended, by reason; a reason of the caller's own counts as other.",
        "sojourn_refused_publishes_total": "Messages refused by a consumer's full queue, by kind.",
        "sojourn_result_copies_dropped_total": "Copies of results dropped because a consumer's queue refused them.",
        "sojourn_replies_lost_total": "Replies that were not delivered to their queue.",
        "sojourn_quarantined_total": "Commands put into quarantine, by reason.",
        "sojourn_quarantine_left_out_total":
            "Unknown commands answered but not quarantined, because of the rate limit.",
        "sojourn_queue_ready_messages": "Messages ready for delivery in a queue of the namespace; NaN while unknown.",
        "sojourn_queue_consumers": "Consumers of a queue of the namespace, those of all workers; NaN while unknown.",
        "sojourn_outbox_events":
            "Events stored and not yet cleared from the outbox, of all workers; NaN while unknown.",
        "sojourn_outbox_oldest_event_age_seconds":
            "Age of the oldest event in the outbox, in seconds; NaN while unknown.",
        "sojourn_expiry_lag_seconds":
            "How long the earliest deadline has passed that was not carried out, in seconds; NaN while unknown.",
        "sojourn_deadlines_total": "Session deadlines processed after they had passed.",
        "sojourn_relayed_events_total": "Events left unpublished by another worker and published by the relay.",
        "sojourn_damaged_events_total": "Events in outboxes that cannot be opened; each worker counts each once.",
        "sojourn_mass_revoked_sessions_total": "Sessions ended by the drain of a mass revocation.",
        "sojourn_mass_revocations": "Active mass revocations that are not yet drained.",
        "sojourn_keyring_keys": "Keys in the keyring.",
        "sojourn_keyring_current_key_info": "1 for the key that seals records now.",
        "sojourn_keyring_current_key_created_timestamp_seconds":
            "When the key that seals now was created, in seconds since 1970; NaN if unknown.",
        "sojourn_watched_source_valid":
            "0 while a watched file or command cannot be used and the last valid content stays in force.",
        "sojourn_watched_reloads_total": "Changes of watched files and commands, by outcome.",
        "sojourn_audit_records_total": "Records written to the audit log.",
        "sojourn_audit_failures_total": "Failed attempts to write to the audit log.",
        "sojourn_audit_waiting_records":
            "Records that wait to be written to the audit log, and with them their commands.",
        "sojourn_audit_write_seconds":
            "Time from appending records to the audit log to having them on the disk, in seconds.",
        "sojourn_trace_spans_exported_total": "Spans that the OTLP endpoint has taken.",
        "sojourn_trace_spans_dropped_total":
            "Spans that were not exported, and traces that the rate limit kept from being recorded, by reason.",
        "sojourn_trace_export_failures_total": "Requests that the OTLP endpoint did not take, by reason.",
        "sojourn_build_info": "1, with the version of this worker.",
        "messaging_process_duration_seconds":
            "Unstable, as OpenTelemetry's convention messaging.process.duration is: see sojourn_command_process_seconds.",
        "messaging_client_operation_duration_seconds":
            "Unstable, as OpenTelemetry's convention messaging.client.operation.duration is: see sojourn_confirm_seconds.",
        "process_cpu_seconds_total": "Total user and system CPU time spent in seconds.",
        "process_resident_memory_bytes": "Resident memory size in bytes.",
        "process_virtual_memory_bytes": "Virtual memory size in bytes.",
        "process_open_fds": "Number of open file descriptors.",
        "process_max_fds": "Maximum number of open file descriptors.",
        "process_start_time_seconds": "Start time of the process since unix epoch in seconds.",
    ]
}
