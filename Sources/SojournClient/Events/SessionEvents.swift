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
        let next: @Sendable () async throws -> SessionEvent
        private let close: @Sendable () -> Void

        init(next: @escaping @Sendable () async throws -> SessionEvent, close: @escaping @Sendable () -> Void) {
            self.next = next
            self.close = close
        }

        deinit {
            close()
        }
    }

    /// Gives one event after the other.
    public struct Iterator: AsyncIteratorProtocol, Sendable {
        private let reader: Reader

        fileprivate init(_ reader: Reader) { self.reader = reader }

        /// The next event.
        ///
        /// - Throws: ``SojournError``: `queueLost` if events were lost, `clientClosed`; `CancellationError`.
        public func next() async throws -> SessionEvent? { try await reader.next() }
    }

    private let reader: Reader

    /// - Parameters:
    ///   - next: waits for the next event; the one before is done with.
    ///   - close: called once nobody can read any more.
    package init(
        next: @escaping @Sendable () async throws -> SessionEvent, close: @escaping @Sendable () -> Void
    ) {
        reader = Reader(next: next, close: close)
    }

    public func makeAsyncIterator() -> Iterator { Iterator(reader) }
}

extension SessionClient {
    public func events(_ queue: EventQueue, matching pattern: String) async throws -> SessionEvents {
        let buffer = EventBuffer(queue, order: EventOrder(isComplete: pattern == "#"), logger: logger)
        let subscription = try await subscribe(
            to: [pattern], queue: queue, onState: { buffer.change($0) },
            onDeliveries: { buffer.receive($1, on: $0) })
        return SessionEvents(next: { try await buffer.next() }, close: { subscription.close() })
    }
}
