import SessionStorage

/// What waits in Redis, judged as a worker's status judges it.
enum BacklogFindings {
    static func all(_ backlog: StoreBacklog) -> [Finding] {
        let late = WorkerStatus.lateSeconds
        return [
            backlog.oldestEventSeconds > late
                ? .problem(
                    "outbox",
                    "the oldest of \(backlog.events) events in the outbox has waited for \(Int(backlog.oldestEventSeconds)) s",
                    mend: "sojourn status; docs/runbook.md, SojournOutboxStuck")
                : .ok("outbox", "no event waits in the outbox for long"),
            backlog.overdueSeconds > late
                ? .warning(
                    "expiry", "sessions expire \(Int(backlog.overdueSeconds)) s late",
                    mend: "sojourn status; docs/runbook.md, SojournExpiryLate")
                : .ok("expiry", "sessions expire in time"),
        ]
    }
}
