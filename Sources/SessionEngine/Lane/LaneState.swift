import AMQPNIO
import BasicContainers
package import NIOCore
package import SessionContract
package import SessionCore
import SessionStorage

/// What a lane has and does for as long as its connections last: an event goes in, actions come out. No server, no thread
/// and no clock is needed, so that every order of events can be tried.
///
/// With its connections the lane's state is gone: the broker delivers again what was not acknowledged. So the state of a
/// lane that crashed, or whose driver gave it up, is simply dropped.
///
/// The way of a command, and where it is written:
/// ```
/// delivered → backlog → (counted) → processing (BatchProcess) → publishing (Publication) → acknowledged → cleared
///   Taking                CarryingOut                              Publishing
/// ```
/// One batch is between load and commit at a time, so a lane's own commands never race each other; publishing and clearing
/// overlap with the batches that follow.
package struct LaneState: ~Copyable {
    /// What a lane is made of.
    package struct Parts: Sendable {
        let reader: DeliveryReader
        let decider: CommandDecider
        let outgoing: OutgoingMessages
        /// In the order in which they are served.
        let queues: [Topology.CommandQueue]
        let queueNames: [Topology.CommandQueue: String]
        let limits: LaneBacklog.Limits
        /// The machine's own clock: for what is answered without the store, and never for a decision.
        let wallClock: @Sendable () -> Timestamp

        package init(
            reader: DeliveryReader, decider: CommandDecider, outgoing: OutgoingMessages,
            queues: [Topology.CommandQueue], namespace: String, limits: LaneBacklog.Limits,
            wallClock: @escaping @Sendable () -> Timestamp = { .wallClock }
        ) {
            self.reader = reader
            self.decider = decider
            self.outgoing = outgoing
            self.queues = queues
            queueNames = Dictionary(uniqueKeysWithValues: queues.map { ($0, $0.name(in: namespace)) })
            self.limits = limits
            self.wallClock = wallClock
        }

        func name(of queue: Topology.CommandQueue) -> String {
            queueNames[queue] ?? queue.rawValue
        }
    }

    enum Phase {
        /// `begin` was not called.
        case new
        /// Consumers are being started.
        case starting
        /// The same; they are to be cancelled once they are there.
        case startingToDrain
        case serving
        /// Consumers are being cancelled; what comes meanwhile is still carried out.
        case cancelling
        /// No more come; those that are here are finished.
        case finishing
        /// There is nobody to answer any more; what was asked for is waited for, and dropped.
        case lost(any Error)
        case finished
    }

    /// Whether the lane reads what the broker sends.
    enum Reading {
        /// It has to: the answers to starting consumers come behind deliveries.
        case always
        case open
        /// The lane holds enough.
        case paused
    }

    /// Where the lane stands at the gate of large subjects.
    enum Gate {
        case outside
        /// It asked and was not answered yet.
        case asking
        /// Another lane is inside, and it will be told.
        case waiting
        case inside
    }

    /// Whether the store takes writes, as far as this lane knows.
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
    /// The batch whose turn it is.
    var inTurn: BatchRun?
    /// Batches that the store refused to write, beside it.
    var beside = UniqueArray<BatchRun>()
    var publications = UniqueArray<Publication>()
    /// Publications that are acknowledged, and whose events are being taken out of the outbox.
    var clearing: Set<PublicationID> = []
    var offers = CopyOffers()
    var random: any RandomNumberGenerator & Sendable
    private var lastNumber: UInt64 = 0

    /// - Parameters:
    ///   - areWritesRefused: whether the store refused this lane's writes over its former connections.
    ///   - random: spreads pauses.
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

    /// Begins to consume. Called once, before any event.
    package mutating func begin(into actions: inout [LaneAction]) {
        guard case .new = phase else { preconditionFailure("a lane begins once with its connections") }
        phase = .starting
        actions.append(.consume(parts.queues))
    }

    /// Takes an event, and appends what has to be done now.
    package mutating func handle(
        _ event: consuming LaneEvent, now: NIODeadline, into actions: inout [LaneAction]
    ) {
        switch event {
        case .consuming: consumersStarted(&actions)
        case .delivered(let deliveries, let queue): take(deliveries, from: queue, &actions)
        case .cancelled: consumersCancelled()
        case .drain: drain(&actions)
        case .lost(let error): lose(because: error, &actions)
        case .counted(let id, let counts): counted(id, counts, now: now, &actions)
        case .verified(let id, let tokens):
            advance(id, now: now, &actions) { $0.verified(tokens, by: $1) }
        case .loaded(let id, let loaded): advance(id, now: now, &actions) { $0.loaded(loaded, by: $1) }
        case .signed(let id, let tokens): advance(id, now: now, &actions) { $0.signed(tokens, by: $1) }
        case .committed(let id, let results): advance(id, now: now, &actions) { $0.committed(results, by: $1) }
        case .released(let id): advance(id, now: now, &actions) { process, _ in process.released() }
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

    /// A number that nothing else of this lane has.
    mutating func nextNumber() -> UInt64 {
        lastNumber += 1
        return lastNumber
    }
}
