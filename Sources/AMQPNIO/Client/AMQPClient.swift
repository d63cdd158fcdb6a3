package import ConnectionSupport
package import Logging
package import NIOCore
import ServiceLifecycle
import Synchronization

/// What an ``AMQPClient`` is doing. Why it has no connection may be its user's error.
package typealias AMQPClientState = ClientState<any Error>

/// A connection to RabbitMQ that comes back, or several that are lost together.
///
/// While it runs it connects, and again whenever a connection ends, with pauses as its ``Backoff`` determines. What is needed
/// on every connection (channels, consumers) is made by `open`; what comes of that is the link. A link is used by whoever asks
/// for it (``link(isPatient:)``), or by one user of all of them (``run(_:)``). Each failed attempt and each loss is one log line.
package final class AMQPClient<Link: Sendable>: Service {
    private typealias Waiter = CheckedContinuation<Result<Link, AMQPError>, Never>

    private struct State {
        var life: ClientLife<Link, Waiter, any Error>
        /// Ends the attempt or the pause under way.
        var interrupt: (@Sendable () -> Void)?
    }

    private let connector: BrokerConnector
    private let eventLoop: any EventLoop
    private let configuration: AMQPClientConfiguration
    private let logger: Logger
    private let open: @Sendable (AMQPAttempt) async throws -> Link
    private let onStateChange: @Sendable (AMQPClientState) -> Void
    private let guarded: Mutex<State>
    /// Ends when ``shutdown()`` is called, or nothing is left to do.
    private let stops: AsyncStream<Never>
    private let stop: AsyncStream<Never>.Continuation

    /// - Parameters:
    ///   - onStateChange: called at each change, from anywhere, and must not block.
    ///   - open: makes a link over connections that it asks the attempt for. What it throws is the reason why the attempt
    ///     failed. Cancelled when the client is told to end.
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

    /// What the client is doing now.
    package var state: AMQPClientState { guarded.withLock(\.life.state) }

    /// Why there is no connection; nil while there is one, or nothing has failed yet.
    package var lastFailure: AMQPError? { guarded.withLock(\.life.lastFailure).map { AMQPError($0) } }

    // MARK: Running

    /// Connects and stays connected until the service group shuts down, the task is cancelled, or ``shutdown()`` is called;
    /// then closes in an orderly way. Must be called once.
    package func run() async {
        await cancelWhenGracefulShutdown {
            await self.run { _ in try await Self.untilCancelled() }
        }
    }

    /// Like ``run()``, and has every link used: until `use` returns, which ends the client. What `use` throws is the reason to
    /// close the connections and to connect again.
    ///
    /// Graceful shutdown does not end this, because `use` may have to finish what it began: ``finish()`` does.
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

    /// Has no other attempt made, and ends one that is under way, or a pause. ``run(_:)`` returns when the present link is used
    /// no longer.
    package func finish() {
        end { $0.finish() }
    }

    /// Has the connections closed and ``run()`` return. Those who wait for a link, and who ask for one later, get
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

    // MARK: Asking for a link

    /// What the present connection is used through; waits for one.
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
                // Cancelled before there was a number: nobody else will end this wait.
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
            logger.warning(
                "\(configuration.warning)",
                metadata: [
                    ConnectionLogKey.reason: "\(failure)",
                    ConnectionLogKey.nextAttemptMs: "\(Int(pause / .milliseconds(1)))",
                ])
            await interruptibly { try? await Task.sleep(for: pause) }
        }
    }

    /// Connects, and has the link used.
    ///
    /// - Returns: why there is no connection, or no longer; `nil` where none is needed any more.
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

    /// Waits until the link is neither used nor connected any more.
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
                // Being cancelled is what follows from a loss, and says nothing of it.
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

    /// Does what ``finish()`` interrupts, by cancelling it.
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

    /// Waits for nothing but cancellation, and throws then.
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
