import ConnectionSupport
package import NIOCore
import Synchronization

/// A channel of a connection: serialized calls, consumers, publishing.
///
/// Can be used from anywhere, without a hop on the connection's event loop. It stays open until it is closed or its
/// connection ends. An exception from the broker (404, 406, …) ends the channel: open another one.
package final class AMQPChannel: Sendable {
    /// The event loop that runs everything on this channel, including callbacks.
    package let eventLoop: any EventLoop
    /// Completes when the channel has ended: with nil after ``close()``, otherwise with the reason. Never fails.
    package let closeFuture: EventLoopFuture<AMQPError?>
    private let core: LoopConfined<ChannelCore>
    private let status: ConnectionStatus

    init(_ core: ChannelCore) {
        eventLoop = core.connection.eventLoop
        closeFuture = core.closed.futureResult
        status = core.status
        self.core = LoopConfined(core, on: core.connection.eventLoop)
    }

    /// Whether the channel is open. May be out of date by the time it is read.
    package var isOpen: Bool { status.isOpen.load(ordering: .acquiring) }

    /// Closes the channel in an orderly way. Returns when it is closed, after ``AMQPConfiguration/closeTimeout`` at the
    /// latest.
    ///
    /// Calls and confirms still pending fail with `channelClosed`. Unacknowledged deliveries return to their queues.
    package func close() async {
        onLoop { $0.close() }
        _ = await closed()
    }

    /// Waits for the channel to end: nil after ``close()``, otherwise the reason.
    @discardableResult
    package func closed() async -> AMQPError? {
        (try? await closeFuture.get()) ?? nil
    }

    /// Runs on the event loop: at once if already on it.
    func onLoop(_ body: @escaping @Sendable (ChannelCore) -> Void) { core.run(body) }

    /// Sends a method and waits for the broker's answer.
    func call(
        _ method: ClientMethod, expects: ServerMethod.Reply
    ) async throws(AMQPError) -> ServerMethod {
        try await answer { core, answer in core.call(method, expects: expects, answer) }
    }

    /// Waits for the answer that `body` provides on the event loop.
    func answer<Value: Sendable>(
        _ body: @escaping @Sendable (ChannelCore, @escaping @Sendable (Result<Value, AMQPError>) -> Void) -> Void
    ) async throws(AMQPError) -> Value {
        try await core.answer(body).get()
    }
}
