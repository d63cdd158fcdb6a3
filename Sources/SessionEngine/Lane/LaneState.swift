import AMQPNIO
import BasicContainers
package import NIOCore
package import SessionContract
package import SessionCore
import SessionStorage

/// The state of a lane for as long as its connections last: an event goes in, actions come out. It needs no server,
/// thread or clock, so every order of events can be tested.
///
/// When the connections are lost, the state is dropped: the broker redelivers everything that was not acknowledged. So
/// a lane that crashes or is given up needs no cleanup.
///
/// The path of a command, and the files that describe it:
/// ```
/// delivered → backlog → (counted) → processing (BatchProcess) → (recorded) → publishing (Publication) → acknowledged → cleared
///   Taking                CarryingOut                              Publishing
/// ```
/// Only one batch at a time is between load and commit, so a lane's own commands never race each other; publishing and
/// clearing overlap with later batches.
package struct LaneState: ~Copyable {
    /// The parts of a lane.
    package struct Parts: Sendable {
        let reader: DeliveryReader
        let decider: CommandDecider
        let outgoing: OutgoingMessages
        /// `nil` if commands are not traced.
        let tracer: CommandTracer?
        /// In the order in which they are served.
        let queues: [Topology.CommandQueue]
        let queueNames: [Topology.CommandQueue: String]
        let namespace: String
        let limits: LaneBacklog.Limits
        /// The machine's clock, for results produced without the store; never for a decision.
        let wallClock: @Sendable () -> Timestamp

        package init(
            reader: DeliveryReader, decider: CommandDecider, outgoing: OutgoingMessages,
            queues: [Topology.CommandQueue], namespace: String, limits: LaneBacklog.Limits,
            tracer: CommandTracer? = nil,
            wallClock: @escaping @Sendable () -> Timestamp = { .wallClock }
        ) {
            self.reader = reader
            self.decider = decider
            self.outgoing = outgoing
            self.queues = queues
            self.namespace = namespace
            queueNames = Dictionary(uniqueKeysWithValues: queues.map { ($0, $0.name(in: namespace)) })
            self.limits = limits
            self.tracer = tracer
            self.wallClock = wallClock
        }

        func name(of queue: Topology.CommandQueue) -> String {
            queueNames[queue] ?? queue.rawValue
        }
    }

    enum Phase {
        /// `begin` has not been called.
        case new
        /// Consumers are being started.
        case starting
        /// Consumers are being started, and must be cancelled afterwards.
        case startingToDrain
        case serving
        /// Consumers are being cancelled; what arrives meanwhile is still processed.
        case cancelling
        /// No more deliveries will arrive; those in flight are being finished.
        case finishing
        /// A connection was lost. Outstanding answers are awaited and dropped.
        case lost(any Error)
        case finished
    }

    /// Whether the lane reads from the socket.
    enum Reading {
        /// It must: the answers to starting consumers arrive after deliveries.
        case always
        case open
        /// The in-flight limit is reached.
        case paused
    }

    /// The lane's state at the gate for large subjects.
    enum Gate {
        case outside
        /// It asked, and has not been answered yet.
        case asking
        /// Another lane has the gate, and this one will be told when it is free.
        case waiting
        case inside
    }

    /// Whether the store accepts writes, as far as this lane knows.
    enum Writes {
        case taken
        case refused
    }

    let parts: Parts
    var phase = Phase.new
    var reading = Reading.always
    var gate = Gate.outside
    var writes: Writes
    var backlog: LaneBacklog
    /// The current batch.
    var inTurn: BatchRun?
    /// Batches whose writes the store refused, processed alongside.
    var beside = UniqueArray<BatchRun>()
    var publications = UniqueArray<Publication>()
    /// Publications that are acknowledged, and whose events are being cleared.
    var clearing: Set<PublicationID> = []
    var offers = CopyOffers()
    var random: any RandomNumberGenerator & Sendable
    private var lastNumber: UInt64 = 0

    /// - Parameters:
    ///   - areWritesRefused: whether the store refused this lane's writes over its previous connections.
    ///   - random: jitter for pauses.
    package init(
        _ parts: Parts, areWritesRefused: Bool = false,
        random: any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator()
    ) {
        self.parts = parts
        self.random = random
        writes = areWritesRefused ? .refused : .taken
        backlog = LaneBacklog(of: parts.queues, limits: parts.limits)
    }

    /// Whether the store refuses this lane's writes.
    package var areWritesRefused: Bool {
        switch writes {
        case .refused: true
        case .taken: false
        }
    }

    /// Starts consuming. Called once, before any event.
    package mutating func begin(into actions: inout [LaneAction]) {
        guard case .new = phase else { preconditionFailure("a lane only begins once") }
        phase = .starting
        actions.append(.consume(parts.queues))
    }

    /// Handles an event, and appends the actions that it requires.
    package mutating func handle(
        _ event: consuming LaneEvent, now: NIODeadline, into actions: inout [LaneAction]
    ) {
        switch event {
        case .consuming: consumersStarted(&actions)
        case .delivered(let deliveries, let queue): take(deliveries, from: queue, now: now, &actions)
        case .cancelled: consumersCancelled()
        case .drain: drain(&actions)
        case .lost(let error): lose(because: error, &actions)
        case .counted(let id, let counts): counted(id, counts, now: now, &actions)
        case .verified(let id, let tokens):
            advance(id, now: now, &actions) { $0.verified(tokens, by: $1) }
        case .loaded(let id, let loaded): advance(id, now: now, &actions) { $0.loaded(loaded, by: $1) }
        case .committed(let id, let results): advance(id, now: now, &actions) { $0.committed(results, by: $1) }
        case .released(let id): advance(id, now: now, &actions) { process, _ in process.released() }
        case .recorded(let id): recorded(id, &actions)
        case .published(let id, let outcomes, let isOpen):
            published(id, outcomes, isChannelOpen: isOpen, now: now, &actions)
        case .offered(let id, let outcomes, let isOpen):
            offered(id, outcomes, isChannelOpen: isOpen, now: now, &actions)
        case .cleared(let id): clearing.remove(id)
        case .timerFired(.retry(let id)): retry(id, now: now, &actions)
        case .timerFired(.quarantine(let id)): publishAgain(id, &actions)
        case .timerFired(.offer(let id)): offerAgain(id, &actions)
        case .gateEntered: hasEntered(&actions)
        case .gateTaken: gate = .waiting
        case .gateIsFree:
            if case .waiting = gate { gate = .outside }
        }
        goOn(now: now, &actions)
    }

    /// A number that is unique within this state.
    mutating func nextNumber() -> UInt64 {
        lastNumber += 1
        return lastNumber
    }
}
