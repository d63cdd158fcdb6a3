package import ConnectionSupport
import LogMetadata
package import Logging
package import NIOCore
import ServiceLifecycle
import Synchronization

/// The state of an ``AMQPClient``. The error may come from the code that uses its link.
package typealias AMQPClientState = ClientState<any Error>

/// A connection to RabbitMQ that is re-established when it is lost, or several that are lost together.
///
/// While it runs, the client connects, and reconnects whenever a connection ends, with pauses determined by its
/// ``Backoff``. `open` sets up what every connection needs (channels, consumers) and returns the link. A link is used
/// by callers that request it (``link(isPatient:)``), or by a single user of all links (``run(_:)``). Failed attempts
/// and losses are logged in one line each, but for those that repeat the last one within seconds.
package final class AMQPClient<Link: Sendable>: Service {
    private typealias Waiter = CheckedContinuation<Result<Link, AMQPError>, Never>

    private struct State {
        var life: ClientLife<Link, Waiter, any Error>
        /// Ends the current attempt or pause.
        var interrupt: (@Sendable () -> Void)?
    }

    private let connector: BrokerConnector
    private let eventLoop: any EventLoop
    private let configuration: AMQPClientConfiguration
    private let logger: Logger
    private let open: @Sendable (AMQPAttempt) async throws -> Link
    private let onStateChange: @Sendable (AMQPClientState) -> Void
    private let guarded: Mutex<State>
    /// Ends after ``shutdown()``, or when nothing is left to do.
    private let stops: AsyncStream<Never>
    private let stop: AsyncStream<Never>.Continuation

    /// - Parameters:
    ///   - onStateChange: called at each change, on any thread; must not block.
    ///   - open: creates a link over connections that it requests from the attempt. An error fails the attempt.
    ///     Cancelled when the client ends.
    package init(
        _ connector: BrokerConnector, on eventLoop: any EventLoop,
        configuration: AMQPClientConfiguration = AMQPClientConfiguration(), logger: Logger,
        onStateChange: @escaping @Sendable (AMQPClientState) -> Void = { _ in },
        open: @escaping @Sendable (AMQPAttempt) async throws -> Link
    ) {
        self.connector = connector
        self.eventLoop = eventLoop
        self.configuration = configuration
        self.logger = logger
        self.open = open
        self.onStateChange = onStateChange
        guarded = Mutex(
            State(life: ClientLife(backoff: configuration.backoff, isLossExpected: configuration.isLossExpected)))
        (stops, stop) = AsyncStream.makeStream()
    }

    /// The client's current state.
    package var state: AMQPClientState { guarded.withLock(\.life.state) }

    /// Whether ``shutdown()`` was called, or ``run()`` has returned.
    package var isShutDown: Bool {
        if case .shutDown = state { true } else { false }
    }

    /// The link of the current connection; nil while there is none.
    package var currentLink: Link? { guarded.withLock(\.life.link) }

    /// Why there is no connection; nil while connected, or if nothing has failed yet.
    package var lastFailure: AMQPError? { guarded.withLock(\.life.lastFailure).map { AMQPError($0) } }

    // MARK: - Running

    /// Keeps a connection open until the service group shuts down, the task is cancelled, or ``shutdown()`` is called;
    /// then closes it gracefully. Must be called only once.
    package func run() async {
        await cancelWhenGracefulShutdown {
            await self.run { _ in try await Self.untilCancelled() }
        }
    }

    /// Like ``run()``, but passes every link to `use`, and ends once `use` returns. If `use` throws, its connections
    /// are closed and the client reconnects.
    ///
    /// Graceful shutdown does not end this, because `use` may have to finish its work; ``finish()`` does.
    ///
    /// - Parameter use: cancelled when a connection ends.
    package func run(_ use: @escaping @Sendable (Link) async throws -> Void) async {
        await withDiscardingTaskGroup { group in
            group.addTask {
                await self.connectRepeatedly(use)
                self.stop.finish()
            }
            for await _ in self.stops {}
            group.cancelAll()
        }
        shutdown()
        onStateChange(.shutDown)
    }

    /// Prevents further attempts, and ends the current attempt or pause. ``run(_:)`` returns once the current link is
    /// no longer used.
    package func finish() {
        end { $0.finish() }
    }

    /// Makes ``run()`` close the connections and return. Waiting and later callers of ``link(isPatient:)`` get
    /// `connectionClosed`.
    package func shutdown() {
        stop.finish()
        end { $0.shutDown() }
    }

    private func end(_ change: (inout ClientLife<Link, Waiter, any Error>) -> [Waiter]) {
        let (waiters, interrupt) = guarded.withLock { (change(&$0.life), $0.interrupt) }
        interrupt?()
        for waiter in waiters { waiter.resume(returning: .failure(.clientIsShutDown)) }
    }

    // MARK: - Requesting a link

    /// The link of the current connection; waits until there is one.
    ///
    /// - Parameter isPatient: whether to wait for as many attempts as necessary, until the task is cancelled.
    ///   Otherwise, waits only for the current or next attempt.
    /// - Throws: `connectionClosed` after ``shutdown()`` or if the task is cancelled; otherwise the reason why the
    ///   attempt failed.
    package func link(isPatient: Bool = true) async throws(AMQPError) -> Link {
        let number = Mutex<Int?>(nil)
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { (waiter: Waiter) in
                let answer = guarded.withLock { state in
                    let answer = state.life.ask(waiter, isPatient: isPatient)
                    if case .later(let given) = answer { number.withLock { $0 = given } }
                    return answer
                }
                switch answer {
                case .link(let link): waiter.resume(returning: .success(link))
                case .refused(.isShutDown): waiter.resume(returning: .failure(.clientIsShutDown))
                case .refused(.tooManyWaiters): waiter.resume(returning: .failure(.tooManyWaiters))
                // Cancelled before the number was known, so the cancellation handler could not end this wait.
                case .later(let given): if Task.isCancelled { cancelWait(given) }
                }
            }
        } onCancel: {
            if let given = number.withLock({ $0 }) { cancelWait(given) }
        }
        return try result.get()
    }

    private func cancelWait(_ number: Int) {
        guarded.withLock { $0.life.cancel(number) }?.resume(returning: .failure(.waitWasCancelled))
    }
}

// MARK: - Attempts

extension AMQPClient {
    private enum Ending {
        case done
        case failed(any Error)
        case lost(AMQPError)
    }

    private func connectRepeatedly(_ use: @escaping @Sendable (Link) async throws -> Void) async {
        while guarded.withLock({ $0.life.beginAttempt() }) {
            onStateChange(.connecting)
            let attempt = AMQPAttempt(connector, on: eventLoop)
            let failure = await make(attempt, use)
            await attempt.close()
            guard let failure, !Task.isCancelled,
                let loss = guarded.withLock({ $0.life.disconnected(because: failure, at: eventLoop.now) })
            else { return }
            for waiter in loss.impatient { waiter.resume(returning: .failure(AMQPError(failure))) }
            let pause = loss.nextAttempt
            onStateChange(.disconnected(failure, nextAttempt: pause))
            guard pause > .zero else { continue }
            if loss.isNews {
                logger.warning(
                    "\(configuration.warning)",
                    metadata: [
                        LogKey.reason: "\(failure)",
                        LogKey.nextAttemptMs: "\(pause.wholeMilliseconds)",
                    ])
            }
            await interruptibly { try? await Task.sleep(for: pause) }
        }
    }

    /// Connects, and uses the link.
    ///
    /// - Returns: the reason when the attempt fails or the connection ends; `nil` if no connection is needed any more.
    private func make(
        _ attempt: AMQPAttempt, _ use: @escaping @Sendable (Link) async throws -> Void
    ) async -> (any Error)? {
        let link: Link
        switch await connect(attempt) {
        case .success(let opened): link = opened
        case .failure(let error): return error
        }
        guard let waiters = guarded.withLock({ $0.life.connected(link, at: eventLoop.now) }) else { return nil }
        attempt.whenLost { [self] in guarded.withLock { $0.life.lost() } }
        onStateChange(.connected)
        for waiter in waiters { waiter.resume(returning: .success(link)) }
        return await withTaskCancellationHandler {
            await withTaskGroup(of: Ending.self) { group in
                group.addTask {
                    do {
                        try await use(link)
                        return .done
                    } catch { return .failed(error) }
                }
                group.addTask { .lost(await attempt.lost()) }
                return await Self.reason(of: &group, attempt)
            }
        } onCancel: {
            attempt.beginClosing()
        }
    }

    /// Waits until the link is neither used nor connected.
    private static func reason(of group: inout TaskGroup<Ending>, _ attempt: AMQPAttempt) async -> (any Error)? {
        var isDone = false
        var loss: AMQPError?
        var failure: (any Error)?
        for await ending in group {
            switch ending {
            case .done:
                isDone = true
                attempt.beginClosing()
            case .failed(let error):
                // Cancellation follows from a loss, and does not explain it.
                if !(error is CancellationError) { failure = error }
                attempt.beginClosing()
            case .lost(let error):
                loss = error
                group.cancelAll()
            }
        }
        return isDone ? nil : failure ?? loss
    }

    private func connect(_ attempt: AMQPAttempt) async -> Result<Link, any Error> {
        await interruptibly { [open] in
            await withTaskCancellationHandler {
                do { return .success(try await open(attempt)) } catch { return .failure(error) }
            } onCancel: {
                attempt.beginClosing()
            }
        }
    }

    /// Runs work that ``finish()`` cancels.
    private func interruptibly<Value: Sendable>(_ work: @escaping @Sendable () async -> Value) async -> Value {
        let task = Task { await work() }
        let isOver = guarded.withLock { state in
            state.interrupt = { task.cancel() }
            if case .shutDown = state.life.phase { return true }
            return false
        }
        if isOver { task.cancel() }
        defer { guarded.withLock { $0.interrupt = nil } }
        return await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            task.cancel()
        }
    }

    /// Waits for cancellation, and throws.
    private static func untilCancelled() async throws {
        let (nothing, end) = AsyncStream.makeStream(of: Never.self)
        for await _ in nothing {}
        withExtendedLifetime(end) {}
        throw CancellationError()
    }
}

extension AMQPError {
    fileprivate static let clientIsShutDown = AMQPError(.connectionClosed, "the client was shut down")
    fileprivate static let waitWasCancelled = AMQPError(.connectionClosed, "the wait for a connection was cancelled")
    fileprivate static let tooManyWaiters = AMQPError(.invalidState, "too many callers wait for the connection already")

    fileprivate init(_ failure: any Error) {
        self = failure as? AMQPError ?? AMQPError(.connectionClosed, "there is no connection", underlying: failure)
    }
}
