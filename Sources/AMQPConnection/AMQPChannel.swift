package import NIOCore
import Synchronization

/// A channel of a connection: calls in order, consumers, publishing.
///
/// May be used from anywhere; from the connection's event loop without a hop. A channel that nobody closes stays open
/// until its connection ends. After an exception of the broker's (404, 406, …) the channel is over: open another.
package final class AMQPChannel: Sendable {
    /// Where everything of this channel happens, callbacks included.
    package let eventLoop: any EventLoop
    /// Completes when the channel has ended: with nil after ``close()``, else with the reason. Never fails.
    package let closeFuture: EventLoopFuture<AMQPError?>
    private let core: NIOLoopBound<ChannelCore>
    private let status: ConnectionStatus

    init(_ core: ChannelCore) {
        eventLoop = core.connection.eventLoop
        closeFuture = core.closed.futureResult
        status = core.status
        self.core = NIOLoopBound(core, eventLoop: core.connection.eventLoop)
    }

    /// Whether the channel may be used. May have changed by the time it is read.
    package var isOpen: Bool { status.isOpen.load(ordering: .acquiring) }

    /// Closes in an orderly way, and returns when it is done, at the latest after ``AMQPConfiguration/closeTimeout``.
    ///
    /// What is still waiting for an answer or a confirm fails with `channelClosed`. Unacknowledged deliveries go back
    /// to their queues.
    package func close() async {
        onLoop { $0.close() }
        _ = await closed()
    }

    /// Waits for the end of the channel: nil after ``close()``, else the reason.
    @discardableResult
    package func closed() async -> AMQPError? {
        await withCheckedContinuation { continuation in
            closeFuture.whenComplete { result in continuation.resume(returning: (try? result.get()) ?? nil) }
        }
    }

    /// Runs on the event loop: at once when there already.
    func onLoop(_ body: @escaping @Sendable (ChannelCore) -> Void) {
        if eventLoop.inEventLoop {
            body(core.value)
        } else {
            eventLoop.execute { [core] in body(core.value) }
        }
    }

    /// Asks something of the broker and waits for the answer.
    func call(
        _ method: ClientMethod, expects: ServerMethod.Reply
    ) async throws(AMQPError) -> ServerMethod {
        try await answer { core, answer in core.call(method, expects: expects, answer) }
    }

    /// Waits for what `body` answers on the event loop.
    func answer<Value: Sendable>(
        _ body: @escaping @Sendable (ChannelCore, @escaping @Sendable (Result<Value, AMQPError>) -> Void) -> Void
    ) async throws(AMQPError) -> Value {
        let result: Result<Value, AMQPError> = await withCheckedContinuation { continuation in
            onLoop { core in body(core) { continuation.resume(returning: $0) } }
        }
        return try result.get()
    }
}
