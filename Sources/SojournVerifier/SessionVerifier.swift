import ConnectionSupport
import Crypto
import LogMetadata
public import Logging
import NIOCore
public import ServiceLifecycle
public import SojournClient
import StrictFormats
import Synchronization

/// Verifies access tokens within the service, and still refuses those of a session that was revoked a moment
/// ago, because it listens to Sojourn's events.
///
///     let verifier = try SessionVerifier(SessionVerifierConfiguration(keys: .url("http://…/.well-known/jwks.json")), client)
///     // In a service group: verifier.run()
///     let token = try await verifier.verify(bearerToken)
///
/// docs/verification.md says what a verified token is worth, and what this class does when it has been cut off. It can be used from
/// any number of threads.
public final class SessionVerifier: Service {
    private let check: TokenCheck
    private let limits: VerifierLimits
    private let fallback: SessionVerifierConfiguration.Fallback
    private let keys: IssuerKeys
    private let feed: any EventFeed
    private let authority: any TokenAuthority
    private let time: @Sendable () -> Moment
    private let logger: Logger
    private let metrics = VerifierMetrics()
    private let checked: Mutex<CheckedTokens>
    private let knowledge: Mutex<Knowledge>
    private let workerCalls = Atomic<Int>(0)
    private let losses = Mutex(FailureNews())

    /// - Parameters:
    ///   - configuration: how tokens are decided.
    ///   - client: it has to run, too. The worker is asked through it.
    ///   - logger: where to say that events are heard, or not.
    /// - Throws: ``/SojournClient/SojournError`` `invalidConfiguration`.
    public convenience init(
        _ configuration: SessionVerifierConfiguration, _ client: SessionClient,
        logger: Logger = Logger(label: "sojourn.verifier")
    ) throws(SojournError) {
        let limits = configuration.limits
        let reader: any KeyReader
        do throws(KeySet.Problem) {
            reader = try configuration.keys.reader(interval: limits.keyInterval)
        } catch {
            throw SojournError(.invalidConfiguration, "the URL of the issuer's keys \(error.message)")
        }
        self.init(
            configuration, keys: reader,
            feed: ClientEventFeed(
                client: client, queue: configuration.queue, interval: limits.maximumSilence / 5, logger: logger),
            authority: WorkerAuthority(service: client), logger: logger)
    }

    package init(
        _ configuration: SessionVerifierConfiguration, keys reader: any KeyReader, feed: any EventFeed,
        authority: any TokenAuthority, time: @escaping @Sendable () -> Moment = { .current }, logger: Logger
    ) {
        limits = configuration.limits
        fallback = configuration.whenUndecided
        check = TokenCheck(
            issuer: configuration.issuer, audience: configuration.audience, clockTolerance: limits.clockTolerance)
        keys = IssuerKeys(reader, time: time, logger: logger)
        self.feed = feed
        self.authority = authority
        self.time = time
        self.logger = logger
        checked = Mutex(
            CheckedTokens(maximumCount: limits.maximumCachedTokens, maximumSize: limits.maximumCachedBytes))
        knowledge = Mutex(Knowledge(limits))
    }

    /// Listens to events and keeps the keys current, until the service group shuts down or the task is cancelled.
    public func run() async {
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { [keys = self.keys] in await keys.keepCurrent() }
                group.addTask { [feed = self.feed] in await feed.run(self) }
                group.addTask {
                    while (try? await Task.sleep(for: .seconds(1))) != nil { self.tidy() }
                }
                await group.waitForAll()
            }
        }
    }

    /// Reads the issuer's keys now, as ``run()`` does at its start and every so often.
    package func readKeys() async {
        await keys.read()
    }

    // MARK: - Verifying

    /// Verifies an access token. Where that cannot be decided here, it asks the worker, if the configuration says so.
    ///
    /// - Parameters:
    ///   - token: as it came, without `Bearer`.
    ///   - context: where the request comes from. The worker compares it by the session's policy; without it, fields that the
    ///     policy requires are missing, which may lock or end the session. What is decided here is not compared.
    /// - Throws: why it is not accepted.
    public func verify(_ token: String, context: Context? = nil) async throws(TokenRefusal) -> VerifiedAccessToken {
        do {
            return try await decide(token, context)
        } catch {
            metrics.refused(error.reason)
            throw error
        }
    }

    /// Verifies an access token without asking anyone.
    ///
    /// - Throws: why it is not accepted, or cannot be decided here.
    public func verifyLocally(_ token: String) throws(TokenRefusal) -> VerifiedAccessToken {
        do {
            let verified = try decideLocally(token)
            metrics.accepted()
            return verified
        } catch {
            metrics.refused(error.reason)
            throw error
        }
    }

    private func decide(_ text: String, _ context: Context?) async throws(TokenRefusal) -> VerifiedAccessToken {
        var refusal: TokenRefusal
        do {
            return try accepted(decideLocally(text))
        } catch { refusal = error }
        if refusal.reason == .unknownKey, await keys.lookForUnknownKey() {
            do { return try accepted(decideLocally(text)) } catch { refusal = error }
        }
        guard refusal.isUndecided, fallback == .askWorker else { throw refusal }
        return try await askWorker(text, context)
    }

    private func accepted(_ token: VerifiedAccessToken) -> VerifiedAccessToken {
        metrics.accepted()
        return token
    }

    private func decideLocally(_ text: String) throws(TokenRefusal) -> VerifiedAccessToken {
        let time = time()
        let keys = keys.snapshot
        let token = try genuine(text, keys, at: time.instant)
        try check.compareTimes(of: token, at: time.now)
        try knowledge.withLock { knowledge throws(TokenRefusal) in try knowledge.judge(token, at: time.instant) }
        return token.token
    }

    /// A token that one of the issuer's keys has signed.
    private func genuine(
        _ text: String, _ keys: IssuerKeys.Snapshot, at instant: ContinuousClock.Instant
    ) throws(TokenRefusal) -> CheckedToken {
        guard text.utf8.count <= TokenCheck.maximumLength else { throw TokenRefusal(.malformed) }
        guard isCurrent(keys, at: instant) else { throw TokenRefusal(.keysStale) }
        let name = Self.name(of: text)
        if let known = checked.withLock({ $0.token(name, verifiedBy: keys.version) }) { return known }
        let token = try check.check(Array(text.utf8)[...], with: keys.keys)
        checked.withLock { $0.keep(token, name, verifiedBy: keys.version) }
        return token
    }

    private func isCurrent(_ keys: IssuerKeys.Snapshot, at instant: ContinuousClock.Instant) -> Bool {
        keys.readAt.map { instant - $0 <= limits.maximumKeyAge } ?? false
    }

    private static func name(of text: String) -> CheckedTokens.Name {
        var hash = SHA256()
        let isHashed: Void? = text.utf8.withContiguousStorageIfAvailable {
            hash.update(bufferPointer: UnsafeRawBufferPointer($0))
        }
        if isHashed == nil { hash.update(data: Array(text.utf8)) }
        return hash.finalize()
    }

    // MARK: - Asking the worker

    private func askWorker(_ text: String, _ context: Context?) async throws(TokenRefusal) -> VerifiedAccessToken {
        guard workerCalls.wrappingAdd(1, ordering: .relaxed).oldValue < limits.maximumWorkerCalls else {
            workerCalls.wrappingSubtract(1, ordering: .relaxed)
            throw TokenRefusal(.workerUnavailable)
        }
        defer { workerCalls.wrappingSubtract(1, ordering: .relaxed) }
        let known = checked.withLock { $0.token(Self.name(of: text), verifiedBy: keys.snapshot.version) }
        // The worker verifies the signature, too.
        let token = if let known { known } else { try check.trusting(Array(text.utf8)[...]) }
        try check.compareTimes(of: token, at: time().now)
        // What happens to the session from now on, the verifier hears.
        let beginning = knowledge.withLock { $0.listening.beginning?.number ?? 0 }
        let opinion = await authority.opinion(
            on: text, tenant: token.token.tenant, context: context, within: limits.workerTimeout)
        switch opinion {
        case .good: token.confirmation.store(beginning, ordering: .releasing)
        case .bad(let reason): throw TokenRefusal(.init(rawValue: reason))
        case .none: throw TokenRefusal(.workerUnavailable)
        }
        metrics.confirmed()
        return token.token
    }

    // MARK: - Freshness

    /// How much the verifier knows at the moment, and since when.
    public var freshness: VerifierFreshness {
        let time = time()
        let keys = keys.snapshot
        let cached = checked.withLock { $0.count }
        return knowledge.withLock { knowledge in
            let listening = knowledge.listening
            let doubt = listening.doubt(maximumSilence: limits.maximumSilence, at: time.instant)
            return VerifierFreshness(
                isTrusted: doubt == nil && isCurrent(keys, at: time.instant),
                listeningSince: listening.beginning?.at.date, silence: listening.heardUntil.map { time.instant - $0 },
                backlog: listening.backlog, keyAge: keys.readAt.map { time.instant - $0 },
                keys: keys.keys.keys.count, denials: knowledge.denials.count, cachedTokens: cached)
        }
    }

    private func tidy() {
        let now = time().now
        knowledge.withLock { $0.tidy(at: now) }
        metrics.record(freshness)
    }
}

extension SessionVerifier: EventListener {
    package func connected(backlog: Int, isComplete: Bool) {
        let time = time()
        let number = knowledge.withLock { knowledge in
            let before = knowledge.listening.beginning?.number ?? 0
            knowledge.connected(backlog: backlog, isComplete: isComplete, at: time)
            return (before, knowledge.listening.beginning?.number ?? 0)
        }
        if number.1 != number.0 { metrics.began(.connection) }
        logger.info(
            number.1 == number.0
                ? "the verifier listens to events again, and has missed none"
                : "the verifier listens to events: what was issued before cannot be decided here",
            metadata: [LogKey.count: "\(backlog)"])
    }

    package func disconnected(reason: String) {
        knowledge.withLock { $0.disconnected() }
        logger.warning("the verifier hears no events", metadata: [LogKey.reason: "\(reason)"])
    }

    package func received(_ events: [[UInt8]]) {
        let read = events.map(SessionNews.read)
        let time = time()
        let counts = knowledge.withLock { $0.received(read, at: time) }
        metrics.received(counts)
        for case .news(let news) in read { metrics.delay(time.now, since: news.at) }
        if counts.unreadable > 0 {
            logger.error("an event cannot be read: what was issued before cannot be decided here")
        }
        if counts.full > 0 {
            logger.error("the verifier knows too many denials: what was issued before cannot be decided here")
        }
    }

    package func heard(until instant: ContinuousClock.Instant) {
        knowledge.withLock { $0.heard(until: instant) }
    }

    package func missed(because loss: EventLoss) {
        let now = time().now
        knowledge.withLock { $0.missed(at: now) }
        metrics.began(VerifierMetrics.Beginning(loss))
        let reason =
            switch loss {
            case .overflow: "the queue of events is full"
            case .shared: "somebody else reads the queue of events: give each verifier a queue of its own"
            }
        guard losses.withLock({ $0.isNews(reason, at: .now()) }) else { return }
        logger.error(
            "events may have been lost: what was issued before cannot be decided here",
            metadata: [LogKey.reason: "\(reason)"])
    }
}
