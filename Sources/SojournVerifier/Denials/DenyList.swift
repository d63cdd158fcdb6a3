/// The sessions and subjects whose access tokens are not good although they have not expired.
struct DenyList {
    enum Outcome: Equatable {
        case kept
        /// It says nothing new, or nothing about tokens that are still alive.
        case unneeded
        /// There is no room for it.
        case full
    }

    /// Entries that leave together: all that expire in the same so many milliseconds.
    private static let departureInterval: Int64 = 8_000

    private let capacity: Int
    /// For tokens with a longer lifetime, nobody may rely on this list.
    private let maximumLifetime: Duration
    private let clockTolerance: Duration
    private var entries: [DenialKey: Denial] = [:]
    /// By interval. A key whose entry got a later expiry is in several.
    private var departures: [Int64: [DenialKey]] = [:]
    private var nextDeparture: Int64?

    init(capacity: Int, maximumLifetime: Duration, clockTolerance: Duration) {
        self.capacity = capacity
        self.maximumLifetime = maximumLifetime
        self.clockTolerance = clockTolerance
    }

    var count: Int { entries.count }

    mutating func learn(_ news: SessionNews, at now: UnixTime) -> Outcome {
        let expiresAt = expiry(of: news, at: now)
        let known = entries[news.key]
        if known == nil {
            guard now < expiresAt else { return .unneeded }
            if entries.count >= capacity { removeExpired(at: now) }
            guard entries.count < capacity else { return .full }
        }
        var entry = known ?? Denial(sequence: 0, expiresAt: expiresAt)
        if case .replaced(let generation) = news.change {
            if let generation {
                entry.leastGeneration = max(entry.leastGeneration, generation)
            } else {
                entry.isUnclear = true
            }
        }
        if news.sequence > entry.sequence {
            entry.sequence = news.sequence
            switch news.change {
            case .denied(let cause): entry.cause = cause
            case .allowed, .replaced: entry.cause = nil
            }
        }
        entry.expiresAt = max(entry.expiresAt, expiresAt)
        guard entry != known else { return .unneeded }
        entries[news.key] = entry
        schedule(news.key, entry.expiresAt, before: known?.expiresAt)
        return .kept
    }

    /// Why a token is not good, if it is not.
    func objection(to token: CheckedToken) -> TokenRefusal.Reason? {
        if let cause = entries[token.subject]?.cause { return cause.reason }
        guard let entry = entries[token.session] else { return nil }
        if let cause = entry.cause { return cause.reason }
        if entry.leastGeneration > 0, token.generation.map({ $0 < entry.leastGeneration }) ?? true { return .unknown }
        return entry.isUnclear ? .unclear : nil
    }

    /// A lifetime that is longer than what is remembered.
    func isTooLong(_ token: CheckedToken) -> Bool {
        token.expiresAt > token.issuedAt + maximumLifetime
    }

    /// Has to be called every few seconds. It removes some thousand entries at most, because verifying waits for it.
    mutating func removeExpired(at now: UnixTime) {
        let current = Self.departure(of: now)
        var limit = 4096
        while limit > 0, let first = nextDeparture, first < current {
            if let key = departures[first]?.popLast() {
                limit -= 1
                if let entry = entries[key], entry.expiresAt <= now { entries[key] = nil }
            } else {
                departures[first] = nil
                nextDeparture = departures.keys.min()
            }
        }
    }

    /// Tokens that were issued before the event live no longer than this, whatever it says, and whatever time it claims.
    private func expiry(of news: SessionNews, at now: UnixTime) -> UnixTime {
        let longest = min(news.at, now + clockTolerance) + maximumLifetime
        return min(news.tokensExpireAt ?? longest, longest) + clockTolerance
    }

    private mutating func schedule(_ key: DenialKey, _ expiresAt: UnixTime, before: UnixTime?) {
        let departure = Self.departure(of: expiresAt)
        guard before.map(Self.departure) != departure else { return }
        departures[departure, default: []].append(key)
        nextDeparture = min(nextDeparture ?? departure, departure)
    }

    private static func departure(of time: UnixTime) -> Int64 { time.milliseconds / departureInterval }
}
