package import NIOCore

/// The state machine of a client that reconnects, as a value: events go in, and what has to be done comes out.
///
/// - `Link`: what callers use while the client is connected.
/// - `Waiter`: identifies a caller that waits for a link or an error.
/// - `Failure`: why there is no connection.
package struct ClientLife<Link, Waiter, Failure: Error> {
    package enum Phase {
        case idle
        case connecting
        case connected(Link, since: NIODeadline)
        /// The connection has ended, but its user has not finished.
        case losing(since: NIODeadline)
        /// Connected for the last time: no further attempt follows.
        case finishing(Link)
        case disconnected(Failure, nextAttempt: Duration)
        case shutDown
    }

    /// The answer to a request for a link.
    package enum Answer {
        case link(Link)
        case refused(Refusal)
        /// Answered later, under this number.
        case later(Int)
    }

    package enum Refusal {
        case isShutDown
        /// ``ClientLife/waiterLimit`` callers are already waiting.
        case tooManyWaiters
    }

    /// What to do after a connection was lost.
    package struct Loss {
        /// How long to wait before the next attempt.
        package let nextAttempt: Duration
        /// Whether to log it.
        package let isNews: Bool
        /// The callers that do not wait for the next attempt.
        package let impatient: [Waiter]
    }

    /// Bound on waiting callers. Each is a task with one command; a caller with more must limit them itself.
    package static var waiterLimit: Int { 10_000 }

    package private(set) var phase = Phase.idle
    /// Why the last attempt failed, or the last connection ended; nil while connected.
    package private(set) var lastFailure: Failure?
    private var backoff: Backoff
    private var news = FailureNews()
    private let isLossExpected: Bool
    private var generator: any RandomNumberGenerator
    private var waiting: [Int: (waiter: Waiter, isPatient: Bool)] = [:]
    private var nextNumber = 0

    /// - Parameter isLossExpected: whether the next attempt follows a lost connection at once.
    package init(
        backoff: Backoff, isLossExpected: Bool = false,
        generator: any RandomNumberGenerator = SystemRandomNumberGenerator()
    ) {
        self.backoff = backoff
        self.isLossExpected = isLossExpected
        self.generator = generator
    }

    package var state: ClientState<Failure> {
        switch phase {
        case .idle: .idle
        case .connecting: .connecting
        case .connected, .losing, .finishing: .connected
        case .disconnected(let failure, let delay): .disconnected(failure, nextAttempt: delay)
        case .shutDown: .shutDown
        }
    }

    /// Nil while not connected.
    package var link: Link? {
        switch phase {
        case .connected(let link, since: _), .finishing(let link): link
        case .idle, .connecting, .losing, .disconnected, .shutDown: nil
        }
    }

    // MARK: - Connecting

    /// Begins an attempt, the first or a later one.
    ///
    /// - Returns: false after the shutdown, when no attempt may begin.
    package mutating func beginAttempt() -> Bool {
        switch phase {
        case .idle, .disconnected:
            phase = .connecting
            return true
        case .shutDown: return false
        case .connecting, .connected, .losing, .finishing:
            preconditionFailure("an attempt is already running, or the client is connected")
        }
    }

    /// The attempt succeeded.
    ///
    /// - Returns: the callers to give the link to; `nil` if the client was shut down meanwhile, so that the link has to
    ///   be closed.
    package mutating func connected(_ link: Link, at now: NIODeadline) -> [Waiter]? {
        switch phase {
        case .connecting:
            phase = .connected(link, since: now)
            lastFailure = nil
            return takeWaiters()
        case .shutDown: return nil
        case .idle, .connected, .losing, .finishing, .disconnected:
            preconditionFailure("no attempt is running")
        }
    }

    /// The connection has ended: no caller gets this link any more.
    package mutating func lost() {
        switch phase {
        case .connected(_, let begin): phase = .losing(since: begin)
        case .idle, .connecting, .losing, .finishing, .disconnected, .shutDown: break
        }
    }

    /// The attempt failed, or the connection has ended and its user has finished.
    ///
    /// - Returns: `nil` after the shutdown, when no attempt follows.
    package mutating func disconnected(because failure: Failure, at now: NIODeadline) -> Loss? {
        var delay: Duration?
        switch phase {
        case .connecting: break
        case .connected(_, let begin), .losing(let begin):
            // A connection lost before the longest pause was over proves nothing: a server that accepts connections and
            // drops them must be tried ever less often.
            if isLossExpected || now - begin >= TimeAmount(backoff.maximum) {
                backoff.reset()
                news.forget()
            }
            if isLossExpected { delay = .zero }
        case .finishing:
            phase = .shutDown
            return nil
        case .shutDown: return nil
        case .idle, .disconnected: preconditionFailure("there is no connection or attempt to lose")
        }
        let nextAttempt = delay ?? backoff.next(using: &generator)
        phase = .disconnected(failure, nextAttempt: nextAttempt)
        lastFailure = failure
        let impatient = waiting.filter { !$0.value.isPatient }
        for number in impatient.keys { waiting[number] = nil }
        return Loss(
            nextAttempt: nextAttempt, isNews: news.isNews("\(failure)", at: now),
            impatient: impatient.values.map(\.waiter))
    }

    // MARK: - Ending

    /// Prevents further attempts; an existing connection stays.
    ///
    /// - Returns: the waiting callers, which get no link.
    package mutating func finish() -> [Waiter] {
        switch phase {
        case .connected(let link, _):
            phase = .finishing(link)
            return []
        case .finishing: return []
        case .idle, .connecting, .losing, .disconnected, .shutDown: return shutDown()
        }
    }

    /// - Returns: the waiting callers, which get no link.
    package mutating func shutDown() -> [Waiter] {
        phase = .shutDown
        return takeWaiters()
    }

    // MARK: - Waiting

    /// A caller requests a link.
    ///
    /// - Parameter isPatient: whether to wait for as many attempts as necessary, or only for the outcome of the next
    ///   one.
    package mutating func ask(_ waiter: Waiter, isPatient: Bool) -> Answer {
        switch phase {
        case .connected(let link, since: _), .finishing(let link): return .link(link)
        case .shutDown: return .refused(.isShutDown)
        case .idle, .connecting, .losing, .disconnected:
            guard waiting.count < Self.waiterLimit else { return .refused(.tooManyWaiters) }
            nextNumber += 1
            waiting[nextNumber] = (waiter, isPatient)
            return .later(nextNumber)
        }
    }

    /// A caller stops waiting. `nil` if it was answered already.
    package mutating func cancel(_ number: Int) -> Waiter? {
        waiting.removeValue(forKey: number)?.waiter
    }

    private mutating func takeWaiters() -> [Waiter] {
        defer { waiting = [:] }
        return waiting.values.map(\.waiter)
    }
}
