import ConnectionSupport

/// The life of a client as a value: what has happened goes in, what is to be done comes out.
///
/// - `Link`: what there is while it is connected.
/// - `Waiter`: whatever the owner wants back with a link, or with the reason why there is none.
struct ClientLife<Link, Waiter> {
    enum Phase {
        case idle
        case connecting
        case connected(Link, since: ContinuousClock.Instant)
        case disconnected(AMQPError, nextAttempt: Duration)
        case shutDown
    }

    /// What becomes of those who ask for a link.
    enum Answer {
        case link(Link)
        case failure(AMQPError)
        /// By ``ClientLife/give``, later; under this number until then.
        case later(Int)
    }

    /// How long a connection has to last before the next wait begins small again: one that is lost at once proves nothing.
    static var proof: Duration { .seconds(10) }

    /// Callers that may wait for a connection. Each is a task with a command of its own; who has more has to hold them back.
    static var waiterLimit: Int { 10_000 }

    private(set) var phase = Phase.idle
    private var backoff: Backoff
    private var generator: any RandomNumberGenerator
    private var waiting: [Int: (waiter: Waiter, isPatient: Bool)] = [:]
    private var nextNumber = 0

    init(backoff: Backoff, generator: any RandomNumberGenerator = SystemRandomNumberGenerator()) {
        self.backoff = backoff
        self.generator = generator
    }

    /// An attempt begins, the first or another.
    ///
    /// - Returns: false once it is shut down: then there is to be none.
    mutating func beginAttempt() -> Bool {
        switch phase {
        case .idle, .disconnected:
            phase = .connecting
            return true
        case .shutDown: return false
        case .connecting, .connected:
            preconditionFailure("a client makes one attempt at a time, and none while connected")
        }
    }

    /// The attempt succeeded.
    ///
    /// - Returns: those to give the link to; `nil` where it was shut down meanwhile, and the link has to be closed.
    mutating func connected(_ link: Link, at now: ContinuousClock.Instant) -> [Waiter]? {
        switch phase {
        case .connecting:
            phase = .connected(link, since: now)
            defer { waiting = [:] }
            return waiting.values.map(\.waiter)
        case .shutDown: return nil
        case .idle, .connected, .disconnected: preconditionFailure("a client connects only in an attempt")
        }
    }

    /// The attempt failed, or the connection has ended.
    ///
    /// - Returns: how long to wait before the next attempt, and those who do not wait for it; `nil` once it is shut down.
    mutating func disconnected(
        because error: AMQPError, at now: ContinuousClock.Instant
    ) -> (nextAttempt: Duration, impatient: [Waiter])? {
        switch phase {
        case .connecting: break
        case .connected(_, let begin): if now - begin >= Self.proof { backoff.reset() }
        case .shutDown: return nil
        case .idle, .disconnected: preconditionFailure("a client loses only what it has or is about to have")
        }
        let delay = backoff.next(using: &generator)
        phase = .disconnected(error, nextAttempt: delay)
        let impatient = waiting.filter { !$0.value.isPatient }
        for number in impatient.keys { waiting[number] = nil }
        return (delay, impatient.values.map(\.waiter))
    }

    /// - Returns: those who wait, and get nothing any more.
    mutating func shutDown() -> [Waiter] {
        phase = .shutDown
        defer { waiting = [:] }
        return waiting.values.map(\.waiter)
    }

    /// Somebody asks for a link.
    ///
    /// - Parameter isPatient: whether to wait for as many attempts as it takes, or only for the next one's outcome.
    mutating func ask(_ waiter: Waiter, isPatient: Bool) -> Answer {
        switch phase {
        case .connected(let link, since: _): return .link(link)
        case .shutDown: return .failure(.clientIsShutDown)
        case .idle, .connecting, .disconnected:
            guard waiting.count < Self.waiterLimit else {
                return .failure(
                    AMQPError(.invalidState, "\(Self.waiterLimit) callers wait for the connection already"))
            }
            nextNumber += 1
            waiting[nextNumber] = (waiter, isPatient)
            return .later(nextNumber)
        }
    }

    /// Somebody waits no longer. `nil` where the answer was given already.
    mutating func cancel(_ number: Int) -> Waiter? {
        waiting.removeValue(forKey: number)?.waiter
    }
}

extension AMQPError {
    static let clientIsShutDown = AMQPError(.connectionClosed, "the client was shut down")
    static let waitWasCancelled = AMQPError(.connectionClosed, "the wait for a connection was cancelled")
}
