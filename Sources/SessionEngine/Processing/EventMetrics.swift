import Metrics
import SessionCore

/// Counts events once the changes that they report are stored, whichever part of the worker stored them.
struct EventMetrics: Sendable {
    private let byKind: [Event.Kind: Counter]
    private let begun = Counter(label: "sojourn_sessions_begun_total")
    private let ended: [EndReason: Counter]
    /// Sessions ended with a word of the caller's, which must not become a label.
    private let endedOtherwise = Self.ended(because: "other")

    init() {
        byKind = Dictionary(
            uniqueKeysWithValues: Event.Kind.allCases.map {
                ($0, Counter(label: "sojourn_events_total", dimensions: [("type", $0.rawValue)]))
            })
        ended = Dictionary(uniqueKeysWithValues: EndReason.own.map { ($0, Self.ended(because: $0.word)) })
    }

    func record(_ events: some Sequence<Event>) {
        for event in events {
            byKind[event.kind]?.increment()
            switch event.kind {
            case .created, .transferred: begun.increment()
            case .revoked, .expired, .evicted:
                let reason = event.reason.map(EndReason.init(stored:))
                (reason.flatMap { ended[$0] } ?? endedOtherwise).increment()
            case .refreshed, .elevated, .reauthenticated, .updated, .locked, .unlocked, .limitReached, .contextChanged,
                .suspicious, .tokenReused, .subjectDisabled, .subjectEnabled, .factorEnrolled, .factorRemoved,
                .factorRejected:
                break
            }
        }
    }

    private static func ended(because reason: String) -> Counter {
        Counter(label: "sojourn_sessions_ended_total", dimensions: [("reason", reason)])
    }
}
