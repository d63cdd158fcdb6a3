import DequeModule
import SessionContract
import SessionEngine
import SessionStorage
import SojournClient
import Synchronization

/// The exchange of events of an ``InMemorySojourn``, and its queues.
actor MemoryExchange: EventPublisher {
    private struct Binding {
        let pattern: TopicPattern
        /// A temporary queue goes with its reader.
        weak var temporary: MemoryQueue?
        let durable: MemoryQueue?
    }

    private var bindings: [Binding] = []
    private var durable: [EventQueue: MemoryQueue] = [:]

    func publish(_ events: [OutgoingEvent]) -> [PublishRefusal?] {
        bindings.removeAll { $0.durable == nil && $0.temporary == nil }
        for event in events {
            var reached: Set<ObjectIdentifier> = []
            for binding in bindings where binding.pattern.matches(event.type) {
                guard let queue = binding.durable ?? binding.temporary,
                    reached.insert(ObjectIdentifier(queue)).inserted
                else { continue }
                queue.append(event.body)
            }
        }
        return events.map { _ in nil }
    }

    func subscribe(_ name: EventQueue, _ pattern: TopicPattern) -> SessionEvents {
        let queue = durable[name] ?? MemoryQueue()
        if name.isDurable { durable[name] = queue }
        bindings.append(
            Binding(pattern: pattern, temporary: name.isDurable ? nil : queue, durable: name.isDurable ? queue : nil))
        let reader = MemoryReader(queue, isComplete: pattern.text == "#")
        return SessionEvents(next: { try await reader.next() }, close: { reader.close() })
    }
}

/// Events that wait, in order.
final class MemoryQueue: Sendable {
    private typealias Waiter = CheckedContinuation<[UInt8]?, Never>

    private struct State {
        var events = Deque<[UInt8]>()
        var waiters: [(number: Int, waiter: Waiter)] = []
        var lastNumber = 0
    }

    private let state = Mutex(State())

    func append(_ event: [UInt8]) { add { $0.append(event) } }

    /// Puts back what a reader has not done with.
    func prepend(_ event: [UInt8]) { add { $0.prepend(event) } }

    private func add(_ change: (inout Deque<[UInt8]>) -> Void) {
        let served = state.withLock { state -> (Waiter, [UInt8])? in
            change(&state.events)
            guard !state.waiters.isEmpty, let event = state.events.popFirst() else { return nil }
            return (state.waiters.removeFirst().waiter, event)
        }
        served.map { waiter, event in waiter.resume(returning: event) }
    }

    /// The next event; `nil` if the task is cancelled.
    func next() async -> [UInt8]? {
        let number = state.withLock { state in
            state.lastNumber += 1
            return state.lastNumber
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { (waiter: Waiter) in
                let event = state.withLock { state -> [UInt8]?? in
                    if Task.isCancelled { return .some(nil) }
                    if let event = state.events.popFirst() { return event }
                    state.waiters.append((number, waiter))
                    return nil
                }
                if let event { waiter.resume(returning: event) }
            }
        } onCancel: {
            let waiter = state.withLock { state -> Waiter? in
                guard let place = state.waiters.firstIndex(where: { $0.number == number }) else { return nil }
                return state.waiters.remove(at: place).waiter
            }
            waiter?.resume(returning: nil)
        }
    }
}

/// Reads a queue for one subscription.
private final class MemoryReader: Sendable {
    private struct State {
        var order: EventOrder
        /// What the reader has in its hands.
        var current: [UInt8]?
    }

    private let queue: MemoryQueue
    private let state: Mutex<State>

    init(_ queue: MemoryQueue, isComplete: Bool) {
        self.queue = queue
        state = Mutex(State(order: EventOrder(isComplete: isComplete)))
    }

    func next() async throws -> SessionEvent {
        state.withLock { $0.current = nil }
        while true {
            guard let bytes = await queue.next() else { throw CancellationError() }
            guard let event = SessionEvent(json: bytes) else { continue }
            let noted = state.withLock { state in
                let noted = state.order.note(event)
                if noted != nil { state.current = bytes }
                return noted
            }
            if let noted { return noted }
        }
    }

    func close() {
        if let current = state.withLock({ $0.current }) { queue.prepend(current) }
    }
}
