package import NIOCore

/// The life of a client that reconnects, as a value: what has happened goes in, what is to be done comes out.
///
/// - `Link`: what there is while it is connected.
/// - `Waiter`: whatever the owner wants back with a link, or with the reason why there is none.
/// - `Failure`: why there is no connection.
package struct ClientLife<Link, Waiter, Failure: Error> {
    package enum Phase {
        case idle
        case connecting
        case connected(Link, since: NIODeadline)
        /// The connection has ended; whoever used it is not done yet.
        case losing(since: NIODeadline)
        /// Connected for the last time: no other attempt follows.
        case finishing(Link)
        case disconnected(Failure, nextAttempt: Duration)
        case shutDown
    }

    /// What becomes of those who ask for a link.
    package enum Answer {
        case link(Link)
        case refused(Refusal)
        /// When there is one, under this number until then.
        case later(Int)
    }

    package enum Refusal {
        case isShutDown
        /// ``ClientLife/waiterLimit`` others wait already.
        case tooManyWaiters
    }

    /// What a client does once it is not connected any more.
    package struct Loss {
        /// How long to wait before the next attempt.
        package let nextAttempt: Duration
        /// Those who do not wait for it.
        package let impatient: [Waiter]
    }

    /// Callers that may wait for a connection. Each is a task with a command of its own; who has more has to hold them back.
    package static var waiterLimit: Int { 10_000 }

    package private(set) var phase = Phase.idle
    /// Why the last attempt failed or the last connection ended; nil while connected.
    package private(set) var lastFailure: Failure?
    private var backoff: Backoff
    private let isLossExpected: Bool
    private var generator: any RandomNumberGenerator
    private var waiting: [Int: (waiter: Waiter, isPatient: Bool)] = [:]
    private var nextNumber = 0

    /// - Parameter isLossExpected: whether a lost connection is followed by the next attempt at once.
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

    /// Nil while there is none.
    package var link: Link? {
        switch phase {
        case .connected(let link, since: _), .finishing(let link): link
        case .idle, .connecting, .losing, .disconnected, .shutDown: nil
        }
    }

    // MARK: Connecting

    /// An attempt begins, the first or another.
    ///
    /// - Returns: false once it is shut down: then there is to be none.
    package mutating func beginAttempt() -> Bool {
        switch phase {
        case .idle, .disconnected:
            phase = .connecting
            return true
        case .shutDown: return false
        case .connecting, .connected, .losing, .finishing:
            preconditionFailure("a client makes one attempt at a time, and none while connected")
        }
    }

    /// The attempt succeeded.
    ///
    /// - Returns: those to give the link to; `nil` where it was shut down meanwhile, and the link has to be closed.
    package mutating func connected(_ link: Link, at now: NIODeadline) -> [Waiter]? {
        switch phase {
        case .connecting:
            phase = .connected(link, since: now)
            lastFailure = nil
            return takeWaiters()
        case .shutDown: return nil
        case .idle, .connected, .losing, .finishing, .disconnected:
            preconditionFailure("a client connects only in an attempt")
        }
    }

    /// The connection has ended: nobody gets this link any more.
    package mutating func lost() {
        switch phase {
        case .connected(_, let begin): phase = .losing(since: begin)
        case .idle, .connecting, .losing, .finishing, .disconnected, .shutDown: break
        }
    }

    /// The attempt failed, or the connection has ended and is used no longer.
    ///
    /// - Returns: `nil` once it is shut down: then no attempt follows.
    package mutating func disconnected(because failure: Failure, at now: NIODeadline) -> Loss? {
        var delay: Duration?
        switch phase {
        case .connecting: break
        case .connected(_, let begin), .losing(let begin):
            // One that was lost before the longest pause was over proves nothing: a server that accepts connections and
            // drops them must be tried ever less often.
            if isLossExpected || now - begin >= TimeAmount(backoff.maximum) { backoff.reset() }
            if isLossExpected { delay = .zero }
        case .finishing:
            phase = .shutDown
            return nil
        case .shutDown: return nil
        case .idle, .disconnected: preconditionFailure("a client loses only what it has or is about to have")
        }
        let nextAttempt = delay ?? backoff.next(using: &generator)
        phase = .disconnected(failure, nextAttempt: nextAttempt)
        lastFailure = failure
        let impatient = waiting.filter { !$0.value.isPatient }
        for number in impatient.keys { waiting[number] = nil }
        return Loss(nextAttempt: nextAttempt, impatient: impatient.values.map(\.waiter))
    }

    // MARK: Ending

    /// No other attempt is to follow; what is connected stays.
    ///
    /// - Returns: those who wait, and get nothing any more.
    package mutating func finish() -> [Waiter] {
        switch phase {
        case .connected(let link, _):
            phase = .finishing(link)
            return []
        case .finishing: return []
        case .idle, .connecting, .losing, .disconnected, .shutDown: return shutDown()
        }
    }

    /// - Returns: those who wait, and get nothing any more.
    package mutating func shutDown() -> [Waiter] {
        phase = .shutDown
        return takeWaiters()
    }

    // MARK: Waiting

    /// Somebody asks for a link.
    ///
    /// - Parameter isPatient: whether to wait for as many attempts as it takes, or only for the next one's outcome.
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

    /// Somebody waits no longer. `nil` where the answer was given already.
    package mutating func cancel(_ number: Int) -> Waiter? {
        waiting.removeValue(forKey: number)?.waiter
    }

    private mutating func takeWaiters() -> [Waiter] {
        defer { waiting = [:] }
        return waiting.values.map(\.waiter)
    }
}
