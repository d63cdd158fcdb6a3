package import ConnectionSupport
package import Logging
package import NIOCore
import ServiceLifecycle
import Synchronization

/// A connection to RabbitMQ that comes back.
///
/// While ``run()`` runs it connects to the first broker that answers, and again whenever the connection ends, waiting
/// between attempts as its ``Backoff`` says. Each failed attempt and each loss is one log line. Whatever has to be there on
/// every connection (channels, consumers) is made by `open`, before anybody gets the link.
package final class AMQPClient<Link: Sendable>: Service {
    private typealias Waiter = CheckedContinuation<Result<Link, AMQPError>, Never>

    private let connector: BrokerConnector
    private let name: String
    private let eventLoop: any EventLoop
    private let logger: Logger
    private let open: @Sendable (AMQPConnection) async throws(AMQPError) -> Link
    private let onStateChange: @Sendable (AMQPClientState) -> Void
    private let life: Mutex<ClientLife<Link, Waiter>>
    /// Ends when ``shutdown()`` is called.
    private let stops: AsyncStream<Never>
    private let stop: AsyncStream<Never>.Continuation

    /// - Parameters:
    ///   - name: what the broker's tools show for the connection.
    ///   - onStateChange: called at each change, from anywhere, and must not block.
    ///   - open: makes what a connection is used through; what it throws counts as a failed attempt.
    package init(
        _ connector: BrokerConnector, name: String, on eventLoop: any EventLoop, backoff: Backoff = Backoff(),
        logger: Logger, onStateChange: @escaping @Sendable (AMQPClientState) -> Void = { _ in },
        open: @escaping @Sendable (AMQPConnection) async throws(AMQPError) -> Link
    ) {
        self.connector = connector
        self.name = name
        self.eventLoop = eventLoop
        self.logger = logger
        self.open = open
        self.onStateChange = onStateChange
        life = Mutex(ClientLife(backoff: backoff))
        (stops, stop) = AsyncStream.makeStream()
    }

    /// What the client is doing now.
    package var state: AMQPClientState {
        life.withLock { life in
            switch life.phase {
            case .idle: .idle
            case .connecting: .connecting
            case .connected: .connected
            case .disconnected(let error, let delay): .disconnected(error, nextAttempt: delay)
            case .shutDown: .shutDown
            }
        }
    }

    /// Connects and keeps connected until the service group shuts down, the task is cancelled, or ``shutdown()`` is
    /// called; then closes in an orderly way. To be called once.
    package func run() async {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask { await self.keepConnected() }
                for await _ in self.stops {}
                group.cancelAll()
            }
        }
        // Nothing comes after this, whatever ended it.
        stop.finish()
        for waiter in life.withLock({ $0.shutDown() }) { waiter.resume(returning: .failure(.clientIsShutDown)) }
        onStateChange(.shutDown)
    }

    /// Has ``run()`` close the connection and return. Who waits for a link, and who asks for one later, gets
    /// `connectionClosed`.
    package func shutdown() {
        stop.finish()
        for waiter in life.withLock({ $0.shutDown() }) { waiter.resume(returning: .failure(.clientIsShutDown)) }
    }

    /// What the present connection is used through; waits for one.
    ///
    /// - Parameter isPatient: whether to wait for as many attempts as it takes, until the task is cancelled; otherwise only
    ///   for the outcome of the attempt that is under way or comes next.
    /// - Throws: `connectionClosed` after ``shutdown()`` or when the task is cancelled; why the attempt failed.
    package func link(isPatient: Bool = true) async throws(AMQPError) -> Link {
        let number = Mutex<Int?>(nil)
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { (waiter: Waiter) in
                let answer = life.withLock { life in
                    let answer = life.ask(waiter, isPatient: isPatient)
                    if case .later(let given) = answer { number.withLock { $0 = given } }
                    return answer
                }
                switch answer {
                case .link(let link): waiter.resume(returning: .success(link))
                case .failure(let error): waiter.resume(returning: .failure(error))
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
        life.withLock { $0.cancel(number) }?.resume(returning: .failure(.waitWasCancelled))
    }

    private func keepConnected() async {
        while !Task.isCancelled, life.withLock({ $0.beginAttempt() }) {
            onStateChange(.connecting)
            let error = await stayConnected()
            guard let lost = life.withLock({ $0.disconnected(because: error, at: .now) }) else { return }
            for waiter in lost.impatient { waiter.resume(returning: .failure(error)) }
            if Task.isCancelled { return }
            onStateChange(.disconnected(error, nextAttempt: lost.nextAttempt))
            logger.warning(
                "no connection to RabbitMQ: it is tried again",
                metadata: [
                    ConnectionLogKey.reason: "\(error)",
                    ConnectionLogKey.nextAttemptMs: "\(Int(lost.nextAttempt / .milliseconds(1)))",
                ])
            try? await Task.sleep(for: lost.nextAttempt)
        }
    }

    /// Connects, and returns why there is no connection, or no longer.
    private func stayConnected() async -> AMQPError {
        let connection: AMQPConnection
        do throws(AMQPError) {
            connection = try await connector.connect(name: name, on: eventLoop)
        } catch { return error }
        let link: Link
        do throws(AMQPError) {
            link = try await open(connection)
        } catch {
            await connection.close()
            return error
        }
        guard let waiters = life.withLock({ $0.connected(link, at: .now) }) else {
            await connection.close()
            return .clientIsShutDown
        }
        onStateChange(.connected)
        for waiter in waiters { waiter.resume(returning: .success(link)) }
        let reason = await withTaskCancellationHandler {
            await connection.closed()
        } onCancel: {
            connection.beginClosing()
        }
        return reason ?? AMQPError(.connectionClosed, "the connection was closed by this side")
    }
}
