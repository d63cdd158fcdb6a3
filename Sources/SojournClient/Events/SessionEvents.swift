/// Events as they arrive. It does not end by itself: it throws, or its task is cancelled.
///
///     for try await event in try await sojourn.events(.durable("devices.sessions")) {
///         try await forget(event.sessionID)
///     }
///
/// An event is acknowledged when the next one is asked for. If the loop is left before, by an error for instance, a durable
/// queue delivers it again. When the connection is lost, a durable queue loses nothing, and the loop goes on once there is
/// another; of a temporary one, its ``EventQueue/LossReaction`` decides. Events are delivered at least once by Sojourn; those
/// whose id arrived before, among the last 10 000, are left out here.
///
/// For one reader: two tasks that read at once are a programming error. Dropping it releases its channel.
public struct SessionEvents: AsyncSequence, Sendable {
    public typealias Element = SessionEvent

    /// Ends the subscription when neither the sequence nor an iterator is left.
    fileprivate final class Reader: Sendable {
        let subscription: EventSubscription
        let buffer: EventBuffer

        init(_ subscription: EventSubscription, _ buffer: EventBuffer) {
            self.subscription = subscription
            self.buffer = buffer
        }

        deinit {
            subscription.close()
        }
    }

    public struct Iterator: AsyncIteratorProtocol {
        private let reader: Reader

        fileprivate init(_ reader: Reader) { self.reader = reader }

        /// The next event.
        ///
        /// - Throws: ``SojournError``: `queueLost` if events were lost, `clientClosed`; `CancellationError`.
        public func next() async throws -> SessionEvent? { try await reader.buffer.next() }
    }

    private let reader: Reader

    init(_ subscription: EventSubscription, _ buffer: EventBuffer) {
        reader = Reader(subscription, buffer)
    }

    public func makeAsyncIterator() -> Iterator { Iterator(reader) }
}

extension SessionClient {
    /// The events whose types match a pattern, from now on, or, with a durable queue, from where its last reader stopped.
    ///
    /// - Parameters:
    ///   - pattern: as in a topic binding: `*` matches one word, `#` any number. A durable queue keeps what it was bound for before.
    /// - Throws: ``SojournError``: `notConnected`, `noSuchNamespace`, `accessRefused`, `invalidConfiguration`.
    public func events(
        _ queue: EventQueue = .temporary(), matching pattern: String = "#"
    ) async throws(SojournError) -> SessionEvents {
        let buffer = EventBuffer(queue, order: EventOrder(isComplete: pattern == "#"), logger: logger)
        let subscription = try await subscribe(
            to: [pattern], queue: queue, onState: { buffer.change($0) },
            onDeliveries: { buffer.receive($1, on: $0) })
        return SessionEvents(subscription, buffer)
    }
}
