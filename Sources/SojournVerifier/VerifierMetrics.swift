import Metrics

/// What a verifier counts. The values of labels come from closed sets.
struct VerifierMetrics: Sendable {
    /// Why a verifier began to listen anew.
    enum Beginning: String, CaseIterable {
        case connection
        case unreadable
        case full
        case overflow
        case shared

        init(_ loss: EventLoss) {
            switch loss {
            case .overflow: self = .overflow
            case .shared: self = .shared
            }
        }
    }

    private let acceptances = Self.outcome("accepted")
    private let confirmations = Self.outcome("confirmed")
    private let refusals: [TokenRefusal.Reason: Counter]
    private let otherRefusals = Self.outcome("other")
    private let beginnings = Beginning.allCases.reduce(into: [Beginning: Counter]()) {
        $0[$1] = Counter(label: "sojourn_verifier_beginnings_total", dimensions: [("cause", $1.rawValue)])
    }
    private let events = Counter(label: "sojourn_verifier_events_total")
    private let delay = Recorder(label: "sojourn_verifier_event_delay_seconds")
    private let trusted = Gauge(label: "sojourn_verifier_trusted")
    private let silence = Gauge(label: "sojourn_verifier_silence_seconds")
    private let backlog = Gauge(label: "sojourn_verifier_backlog_events")
    private let keyAge = Gauge(label: "sojourn_verifier_key_age_seconds")
    private let denials = Gauge(label: "sojourn_verifier_denials")
    private let cachedTokens = Gauge(label: "sojourn_verifier_cached_tokens")

    init() {
        refusals = Dictionary(
            uniqueKeysWithValues: TokenRefusal.Reason.all.map { ($0, Self.outcome($0.rawValue)) })
    }

    /// A token was accepted here.
    func accepted() { acceptances.increment() }

    /// The worker has accepted a token.
    func confirmed() { confirmations.increment() }

    /// A reason of the worker's, which a later version may have, counts as `other`.
    func refused(_ reason: TokenRefusal.Reason) {
        (refusals[reason] ?? otherRefusals).increment()
    }

    func began(_ cause: Beginning) { beginnings[cause]?.increment() }

    func received(_ counts: EventCounts) {
        events.increment(by: counts.all)
        if counts.unreadable > 0 { began(.unreadable) }
        if counts.full > 0 { began(.full) }
    }

    /// - Parameter time: when it happened, by the clock of Redis.
    func delay(_ now: UnixTime, since time: UnixTime) {
        delay.record(Double(max(0, now.milliseconds - time.milliseconds)) / 1000)
    }

    func record(_ freshness: VerifierFreshness) {
        trusted.record(freshness.isTrusted ? 1 : 0)
        if let time = freshness.silence { silence.record(time / .seconds(1)) }
        backlog.record(freshness.backlog ?? 0)
        if let age = freshness.keyAge { keyAge.record(age / .seconds(1)) }
        denials.record(freshness.denials)
        cachedTokens.record(freshness.cachedTokens)
    }

    private static func outcome(_ outcome: String) -> Counter {
        Counter(label: "sojourn_verifier_tokens_total", dimensions: [("outcome", outcome)])
    }
}
