import Synchronization

/// What a verifier knows about sessions: what it has heard, and since when.
struct Knowledge {
    private let maximumSilence: Duration
    private let clockTolerance: Duration
    private(set) var denials: DenyList
    private(set) var listening = Listening()

    init(_ limits: VerifierLimits) {
        maximumSilence = limits.maximumSilence
        clockTolerance = limits.clockTolerance
        denials = DenyList(
            capacity: limits.maximumDenials, maximumLifetime: limits.maximumTokenLifetime,
            clockTolerance: limits.clockTolerance)
    }

    /// Whether a token that is genuine and has not expired is good.
    ///
    /// - Throws: what is known against it, before what is not known about it.
    func judge(_ token: CheckedToken, at instant: ContinuousClock.Instant) throws(TokenRefusal) {
        if let reason = denials.objection(to: token) { throw TokenRefusal(reason) }
        guard !denials.isTooLong(token) else { throw TokenRefusal(.lifetimeTooLong) }
        switch listening.doubt(maximumSilence: maximumSilence, at: instant) {
        case .stale: throw TokenRefusal(.stale)
        case .catchingUp: throw TokenRefusal(.catchingUp)
        case nil: break
        }
        guard let beginning = listening.beginning,
            token.issuedAt > beginning.at + clockTolerance
                || token.confirmation.load(ordering: .acquiring) == beginning.number
        else { throw TokenRefusal(.issuedBeforeListening) }
    }

    // MARK: - What happens

    mutating func connected(backlog: Int, isComplete: Bool, at time: Moment) {
        listening.connected(backlog: backlog, isComplete: isComplete, at: time.now, time.instant)
    }

    mutating func disconnected() {
        listening.disconnected()
    }

    mutating func heard(until instant: ContinuousClock.Instant) {
        listening.heard(until: instant)
    }

    /// Events may have been lost.
    mutating func missed(at now: UnixTime) {
        listening.missed(at: now)
    }

    /// - Returns: what the events were, for the metrics.
    mutating func received(_ events: [SessionNews.Reading], at time: Moment) -> EventCounts {
        var counts = EventCounts()
        for event in events {
            switch event {
            case .irrelevant: counts.irrelevant += 1
            case .unreadable:
                counts.unreadable += 1
                listening.missed(at: time.now)
            case .news(let news):
                switch denials.learn(news, at: time.now) {
                case .kept: counts.kept += 1
                case .unneeded: counts.unneeded += 1
                case .full:
                    counts.full += 1
                    listening.missed(at: time.now)
                }
            }
        }
        listening.received(events: events.count)
        return counts
    }

    /// Has to be called every few seconds.
    mutating func tidy(at now: UnixTime) {
        denials.removeExpired(at: now)
    }
}

/// What became of events.
struct EventCounts: Equatable {
    var kept = 0
    var unneeded = 0
    var irrelevant = 0
    var unreadable = 0
    /// Not kept, because the list was full.
    var full = 0

    var all: Int { kept + unneeded + irrelevant + unreadable + full }
}
