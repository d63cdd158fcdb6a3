import AMQPNIO
import NIOCore
import SessionContract

/// Sends commands over one channel, and measures their replies. Everything happens on the channel's event loop.
actor LoadGenerator {
    struct Configuration: Sendable {
        var identity: RunIdentity
        var exchange: String
        /// Where echoes are sent to.
        var echoQueue: String
        /// The `user_id` of commands, as a callers file requires.
        var user: String?
        var outstanding: Int
        var timeoutNanoseconds: UInt64
        /// The most sessions that a run creates.
        var maxSessions: Int
        /// The most sessions whose tokens are kept.
        var pool: Int
    }

    private let channel: AMQPChannel
    private let configuration: Configuration
    nonisolated private let loop: any EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.executor.asUnownedSerialExecutor() }

    private var requests: OutstandingRequests
    private var pool: SessionPool
    private var running: PhaseRun?
    private var finished: CheckedContinuation<PhaseMeasurement, Never>?
    private var wakeUp: Scheduled<Void>?
    private var messageNumber = 0
    private let echoBody: [UInt8]
    /// Whether each subject, by number, may still have a session.
    private var mayLive: [Bool] = []
    /// Why nothing more can be sent.
    private var failure: AMQPError?
    private var wantsToStop = false
    private var isCleaningUp = false
    /// The message of the first error, for a person.
    private(set) var firstError: String?
    private var cpu: @Sendable () -> [ProcessRole: Double] = { [:] }
    private var cpuBefore: [ProcessRole: Double] = [:]
    private var onProgress: @Sendable (BenchmarkProgress) -> Void = { _ in }
    private var progress = IntervalRecorder(start: 0)
    private var lastProgress: UInt64 = 0

    init(channel: AMQPChannel, _ configuration: Configuration) {
        self.channel = channel
        self.configuration = configuration
        loop = channel.eventLoop
        requests = OutstandingRequests(capacity: configuration.outstanding)
        pool = SessionPool(capacity: configuration.pool)
        // As large as the body of a validate.
        echoBody = configuration.identity.aboutToken([UInt8](repeating: UInt8(ascii: "x"), count: 96))
    }

    /// Listens for replies, and for the end of the channel.
    func listen() async throws(AMQPError) {
        try await channel.consume(
            queue: ReplyQueue.direct, noAck: true,
            onBatch: { replies in self.assumeIsolated { $0.take(replies) } })
        channel.closeFuture.whenSuccess { error in
            self.assumeIsolated { $0.lost(error ?? AMQPError(.channelClosed, "the channel was closed")) }
        }
    }

    /// The subjects that may still have a session.
    var livingSubjects: [Int] { mayLive.indices.filter { mayLive[$0] } }
    var sessionsCreated: Int { mayLive.count }
    var connectionFailure: AMQPError? { failure }

    /// Ends the measurement of the running phase, now, and of every later one at once; but not the cleaning up.
    func stop() {
        guard !isCleaningUp else { return }
        wantsToStop = true
        end(early: "it was interrupted")
    }

    /// From now on ``stop()`` has no effect.
    func beginCleaningUp() {
        isCleaningUp = true
        wantsToStop = false
    }

    /// Runs a phase, and returns what was measured.
    ///
    /// - Parameters:
    ///   - cpu: CPU seconds so far of each role; called on the event loop.
    ///   - onProgress: called on the event loop twice a second.
    func run(
        _ phase: Phase, cpu: @escaping @Sendable () -> [ProcessRole: Double] = { [:] },
        onProgress: @escaping @Sendable (BenchmarkProgress) -> Void
    ) async -> PhaseMeasurement {
        guard failure == nil, !wantsToStop else { return PhaseMeasurement() }
        let now = NIODeadline.now().uptimeNanoseconds
        self.cpu = cpu
        self.onProgress = onProgress
        progress = IntervalRecorder(start: now)
        lastProgress = now
        running = PhaseRun(phase, now: now, timeout: configuration.timeoutNanoseconds)
        activity = Self.activities(of: phase.content)
        let ticks = loop.scheduleRepeatedTask(initialDelay: .zero, delay: .milliseconds(20)) { _ in
            self.assumeIsolated { $0.tick() }
        }
        let measurement = await withCheckedContinuation { finished = $0 }
        ticks.cancel()
        wakeUp?.cancel()
        running = nil
        return measurement
    }

    // MARK: Time

    private var activity: (warmUp: BenchmarkProgress.Activity, main: BenchmarkProgress.Activity) = (
        .preparing, .preparing
    )

    private static func activities(
        of content: Phase.Content
    ) -> (warmUp: BenchmarkProgress.Activity, main: BenchmarkProgress.Activity) {
        switch content {
        case .mix(let mix): (.warmingUp(mix.rawValue), .measuring(mix.rawValue))
        case .echo: (.warmingUp("echo"), .measuring("echo"))
        case .preparation: (.preparing, .preparing)
        case .cleanUp: (.cleaningUp, .cleaningUp)
        }
    }

    private func tick() {
        let now = NIODeadline.now().uptimeNanoseconds
        for request in requests.takeSent(before: now - min(now, configuration.timeoutNanoseconds)) {
            timedOut(request, at: now)
        }
        handle(running?.advance(to: now))
        if now - lastProgress >= 500_000_000 { report(at: now) }
        fill()
    }

    private func timedOut(_ request: OutstandingRequests.Request, at now: UInt64) {
        if let session = request.session {
            pool.giveBack(session)
            // It is not known what became of it.
            if request.command.use == .exclusive { pool.remove(session) }
        }
        running?.timedOut(request, at: now)
    }

    private func handle(_ transition: PhaseRun.Transition?) {
        switch transition {
        case nil: break
        case .measurementBegins: cpuBefore = cpu()
        case .measurementEnds:
            running?.setCPU(cpu().merging(cpuBefore) { $0 - $1 }.filter { cpuBefore[$0.key] != nil })
        }
    }

    private func report(at now: UInt64) {
        guard let running, let point = progress.cut(at: now) else { return }
        lastProgress = now
        onProgress(
            BenchmarkProgress(
                activity: running.stage == .warmUp ? activity.warmUp : activity.main,
                fraction: running.fraction(at: now), perSecond: point.perSecond, p99: point.p99,
                failed: running.failures()))
    }

    private func end(early reason: String) {
        handle(running?.end(at: NIODeadline.now().uptimeNanoseconds, early: reason))
    }

    private func lost(_ error: AMQPError) {
        failure = error
        end(early: "the connection to RabbitMQ was lost")
        finish()
    }

    // MARK: Sending

    /// Sends what is due, and finishes the phase once everything is answered.
    private func fill() {
        guard failure == nil else { return }
        var messages: [AMQPMessage] = []
        let now = NIODeadline.now().uptimeNanoseconds
        while !requests.isFull, running?.isOver == false, let due = running?.nextDue(at: now) {
            guard let message = message(for: due) else { break }
            messages.append(message)
        }
        if !messages.isEmpty { channel.publishAndForget(messages) }
        guard let running else { return }
        if running.isOver, requests.count == 0 {
            finish()
        } else if now >= running.drainEnd {
            finish()
        } else {
            wake(at: running.wakeUp(after: now), now: now)
        }
    }

    /// Arranges to look again when the next command of an open loop is due.
    private func wake(at moment: UInt64?, now: UInt64) {
        wakeUp?.cancel()
        guard let moment, !requests.isFull else { return }
        // Not more often than the event loop can poll.
        let delay = max(50_000, Int64(moment - min(moment, now)))
        wakeUp = loop.scheduleTask(in: .nanoseconds(delay)) {
            self.assumeIsolated { $0.fill() }
        }
    }

    /// The message for a command that is due; nil if it cannot be sent now, or the phase has come to its end.
    private func message(for due: PhaseRun.Due) -> AMQPMessage? {
        if running?.worksThroughList == true { return nextOfList(due: due.moment) }
        switch due.command.use {
        case .none:
            guard due.command == .create else { return message(request(due.command, due: due.moment)) }
            guard mayLive.count < configuration.maxSessions else {
                end(early: "it created as many sessions as it may (\(configuration.maxSessions))")
                return nil
            }
            return message(request(.create, due: due.moment, subject: newSubject()))
        case .shared, .exclusive:
            guard let session = pool.take(for: due.command.use) else {
                if pool.count == 0 {
                    end(early: due.command == .revoke ? "every session was revoked" : "no session is left")
                } else {
                    // All sessions are in use: the next reply frees one.
                    running?.postpone(due)
                }
                return nil
            }
            return message(request(due.command, due: due.moment, session: session, subject: session.number))
        }
    }

    private func nextOfList(due: UInt64) -> AMQPMessage? {
        switch running?.nextOfList() {
        case nil: return nil
        case .create: return message(request(.create, due: due, subject: newSubject()))
        case .revoke(let subject): return message(request(.revoke, due: due, subject: subject))
        }
    }

    private func newSubject() -> Int {
        mayLive.append(true)
        return mayLive.count - 1
    }

    private func request(
        _ command: MeasuredCommand, due: UInt64, session: HeldSession? = nil, subject: Int? = nil
    ) -> OutstandingRequests.Request {
        OutstandingRequests.Request(
            command: command, due: due, sent: NIODeadline.now().uptimeNanoseconds,
            isCounted: running?.counts(due: due) ?? false, session: session, subject: subject)
    }

    private func message(_ request: OutstandingRequests.Request) -> AMQPMessage {
        running?.sent(request)
        let command = request.command
        messageNumber += 1
        let id = command.changesState ? "\(configuration.identity.policy)-\(messageNumber)" : nil
        return AMQPMessage(
            exchange: command == .echo ? "" : configuration.exchange,
            routingKey: command == .echo ? configuration.echoQueue : command.rawValue,
            properties: AMQPProperties(
                contentType: "application/json", deliveryMode: command.changesState ? 2 : 1,
                correlationID: requests.begin(request), replyTo: ReplyQueue.direct, messageID: id,
                userID: configuration.user),
            body: body(of: request))
    }

    private func body(of request: OutstandingRequests.Request) -> [UInt8] {
        let identity = configuration.identity
        switch (request.command, request.session, request.subject) {
        case (.create, _, let subject?): return identity.create(subject)
        case (.validate, let session?, _), (.get, let session?, _): return session.validateBody
        case (.refresh, let session?, _): return identity.aboutToken(session.refreshToken, key: "refreshToken")
        case (.revoke, let session?, _): return session.validateBody
        case (.activity, let session?, _): return identity.aboutSession(session.id)
        case (.list, _, let subject?), (.revoke, nil, let subject?): return identity.aboutSubject(subject)
        case (.echo, _, _): return echoBody
        case (.create, _, nil), (.validate, nil, _), (.get, nil, _), (.refresh, nil, _), (.activity, nil, _),
            (.list, _, nil), (.revoke, nil, nil):
            preconditionFailure("\(request.command) needs a session or a subject")
        }
    }

    // MARK: Receiving

    private func take(_ replies: [AMQPDelivery]) {
        let now = NIODeadline.now().uptimeNanoseconds
        handle(running?.advance(to: now))
        for reply in replies {
            guard let id = reply.properties.correlationID, let request = requests.end(id) else { continue }
            progress.record(now - min(now, request.due))
            let verdict = ReplyScan.verdict(on: request.command, reply.body)
            settle(request, verdict, reply.body)
            running?.answered(request, verdict, at: now)
        }
        fill()
    }

    /// Keeps what a reply says about a session.
    private func settle(_ request: OutstandingRequests.Request, _ verdict: ReplyScan.Verdict, _ body: [UInt8]) {
        if let session = request.session { pool.giveBack(session) }
        guard verdict == .succeeded else {
            if firstError == nil { firstError = ReplyScan.explanation(of: body) }
            // A session whose commands fail would fail again.
            if let session = request.session { pool.remove(session) }
            return
        }
        switch request.command {
        case .create: keep(request, body)
        case .refresh:
            guard let session = request.session else { return }
            if let token = ReplyScan.string(beginning: "sjr_", in: body) {
                session.refreshToken = token
            } else {
                pool.remove(session)
            }
        case .revoke:
            if let session = request.session { pool.remove(session) }
            if let subject = request.subject { mayLive[subject] = false }
        case .validate, .get, .list, .activity, .echo: break
        }
    }

    private func keep(_ request: OutstandingRequests.Request, _ body: [UInt8]) {
        guard let number = request.subject, let id = ReplyScan.string(beginning: "ses_", in: body),
            let token = ReplyScan.string(beginning: "sjs_", in: body),
            let refreshToken = ReplyScan.string(beginning: "sjr_", in: body)
        else { return }
        pool.add(
            HeldSession(
                number: number, id: id, validateBody: configuration.identity.aboutToken(token),
                refreshToken: refreshToken))
    }

    /// Ends the phase. What has not been answered never will be.
    private func finish() {
        let now = NIODeadline.now().uptimeNanoseconds
        for request in requests.takeSent(before: .max) { timedOut(request, at: now) }
        running?.giveUpBacklog(at: now)
        guard let finished, let running else { return }
        self.finished = nil
        finished.resume(returning: running.measurement)
    }
}
