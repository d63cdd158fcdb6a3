package import NIOCore

/// A value that lives on an event loop, and is used from anywhere.
package struct LoopConfined<Value>: Sendable {
    package let eventLoop: any EventLoop
    private let bound: NIOLoopBoundBox<Value>

    /// Must be called on the event loop.
    package init(_ value: Value, on eventLoop: any EventLoop) {
        self.init(NIOLoopBoundBox(value, eventLoop: eventLoop), on: eventLoop)
    }

    /// - Parameter bound: bound to this event loop.
    package init(_ bound: NIOLoopBoundBox<Value>, on eventLoop: any EventLoop) {
        self.bound = bound
        self.eventLoop = eventLoop
    }

    /// Must be used on the event loop.
    package var value: Value { bound.value }

    /// Runs on the event loop: at once where called on it, otherwise after a hop to it.
    package func run(_ body: @escaping @Sendable (Value) -> Void) {
        if eventLoop.inEventLoop {
            body(value)
        } else {
            eventLoop.execute { body(value) }
        }
    }

    /// Asks something on the event loop, and waits for the answer.
    ///
    /// - Parameter question: calls back once, whenever it has the answer.
    package func answer<Answer: Sendable>(
        _ question: @escaping @Sendable (Value, @escaping @Sendable (Answer) -> Void) -> Void
    ) async -> Answer {
        await withCheckedContinuation { continuation in
            run { question($0) { continuation.resume(returning: $0) } }
        }
    }
}
