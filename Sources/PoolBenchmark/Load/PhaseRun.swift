/// A phase while it runs: decides what is sent next, and counts what came of it. Knows the time only from its caller, in
/// nanoseconds of the monotonic clock.
struct PhaseRun {
    enum Stage: Equatable {
        case warmUp
        case measuring
        /// Nothing new is sent, apart from what was due before; replies are still counted.
        case draining
    }

    private(set) var stage = Stage.warmUp
    private(set) var measurement = PhaseMeasurement()
    private(set) var begin: UInt64
    private(set) var windowStart: UInt64
    private(set) var windowEnd: UInt64
    /// When a drain is given up.
    private(set) var drainEnd: UInt64 = .max
    private let timeout: UInt64
    private let schedule: ArrivalSchedule?
    private var arrivals = 0
    private var sequence: CommandSequence
    private var postponed: Due?
    private let intervalNanoseconds: UInt64
    private var nextCut: UInt64
    private var intervals: IntervalRecorder
    /// What is left of the list, for a phase that works through one.
    private var list: PhaseList?

    /// - Parameter timeout: how long to wait for a reply, in nanoseconds.
    init(_ phase: Phase, now: UInt64, timeout: UInt64) {
        begin = now
        windowStart = now + UInt64(phase.warmUpSeconds * 1e9)
        windowEnd = windowStart + UInt64(phase.seconds * 1e9)
        self.timeout = timeout
        switch phase.pace {
        case .closed: schedule = nil
        case .open(let rate): schedule = ArrivalSchedule(start: now, rate: rate)
        }
        switch phase.content {
        case .mix(let mix):
            sequence = CommandSequence(mix)
        case .echo:
            sequence = CommandSequence(nil)
        case .preparation(let count):
            sequence = CommandSequence(.login)
            list = .creations(left: count, of: count)
        case .cleanUp(let subjects):
            sequence = CommandSequence(.revoke)
            list = .revocations(left: subjects[...], of: subjects.count)
        }
        // At most 120 points, and none shorter than a fifth of a second.
        intervalNanoseconds = max(200_000_000, UInt64(phase.seconds * 1e9) / 120)
        nextCut = windowStart + intervalNanoseconds
        intervals = IntervalRecorder(start: windowStart)
    }

    /// Whether nothing more will be sent.
    var isOver: Bool {
        stage == .draining ? backlog == 0 : list?.isEmpty == true
    }

    /// From 0 to 1.
    func fraction(at now: UInt64) -> Double {
        if let list { return list.fraction }
        let (from, to) = stage == .warmUp ? (begin, windowStart) : (windowStart, windowEnd)
        return to > from ? min(1, Double(now - min(now, from)) / Double(to - from)) : 1
    }

    // MARK: Sending

    /// A command to send.
    struct Due: Equatable {
        let command: MeasuredCommand
        /// From when its latency counts.
        let moment: UInt64
    }

    /// The next command, due now in a closed loop; nil if none is due.
    mutating func nextDue(at now: UInt64) -> Due? {
        if let postponed {
            self.postponed = nil
            return schedule == nil ? Due(command: postponed.command, moment: now) : postponed
        }
        return nextMoment(at: now).map { Due(command: sequence.next(), moment: $0) }
    }

    /// Puts back a command that cannot be sent yet. It is then the next one, and in an open loop still due since the same moment.
    mutating func postpone(_ due: Due) { postponed = due }

    private mutating func nextMoment(at now: UInt64) -> UInt64? {
        guard let schedule else { return stage == .draining ? nil : now }
        let limit = stage == .draining ? windowEnd - 1 : now
        guard arrivals < schedule.due(by: min(now, limit)) else { return nil }
        defer { arrivals += 1 }
        return schedule.arrival(arrivals)
    }

    /// When to look again for a command that is due; nil if a reply will be the occasion.
    func wakeUp(after now: UInt64) -> UInt64? {
        guard let schedule, stage != .draining, postponed == nil else { return nil }
        return max(now, schedule.arrival(arrivals))
    }

    /// Commands of an open loop that are due, but have not been sent for want of a slot or a session.
    private var backlog: Int {
        guard let schedule, stage == .draining else { return 0 }
        return max(0, schedule.due(by: windowEnd - 1) - arrivals) + (postponed == nil ? 0 : 1)
    }

    /// The next item of a phase that works through a list.
    mutating func nextOfList() -> PhaseList.Item? { list?.next() }

    var worksThroughList: Bool { list != nil }

    /// Whether a command that is due now is measured.
    func counts(due: UInt64) -> Bool {
        worksThroughList || (due >= windowStart && due < windowEnd)
    }

    // MARK: Counting

    mutating func sent(_ request: OutstandingRequests.Request) {
        guard request.isCounted else { return }
        measurement.commands[request.command, default: CommandMeasurement()].sent += 1
    }

    mutating func answered(_ request: OutstandingRequests.Request, _ verdict: ReplyScan.Verdict, at now: UInt64) {
        let latency = now - min(now, request.due)
        if stage == .measuring {
            measurement.arrived += 1
            intervals.record(latency)
        }
        guard request.isCounted else { return }
        measurement.commands[request.command, default: CommandMeasurement()].latencies.record(latency)
        measurement.commands[request.command, default: CommandMeasurement()].count(verdict)
    }

    mutating func timedOut(_ request: OutstandingRequests.Request, at now: UInt64) {
        guard request.isCounted else { return }
        measurement.commands[request.command, default: CommandMeasurement()].latencies.record(
            now - min(now, request.due))
        measurement.commands[request.command, default: CommandMeasurement()].timedOut += 1
    }

    // MARK: Time

    enum Transition {
        case measurementBegins
        case measurementEnds
    }

    /// Moves on to the next stage if it is time.
    mutating func advance(to now: UInt64) -> Transition? {
        if stage != .warmUp, now >= nextCut { cut(at: now) }
        switch stage {
        case .warmUp where now >= windowStart:
            stage = .measuring
            windowStart = now
            windowEnd = max(windowEnd, now)
            intervals = IntervalRecorder(start: now)
            nextCut = now + intervalNanoseconds
            return .measurementBegins
        case .measuring where now >= windowEnd:
            return end(at: now)
        case .warmUp, .measuring, .draining:
            return nil
        }
    }

    /// Ends the measurement, now.
    mutating func end(at now: UInt64, early reason: String? = nil) -> Transition? {
        guard stage != .draining else { return nil }
        let wasMeasuring = stage == .measuring
        measurement.endedEarly = reason
        windowEnd = now
        drainEnd = now + timeout
        if wasMeasuring {
            cut(at: now)
            measurement.seconds = Double(now - windowStart) / 1e9
        }
        stage = .draining
        return wasMeasuring ? .measurementEnds : nil
    }

    mutating func setCPU(_ cpu: [ProcessRole: Double]) { measurement.cpu = cpu }

    /// Counts the commands of an open loop that were due and never sent: they waited until now, in vain.
    mutating func giveUpBacklog(at now: UInt64) {
        guard schedule != nil, stage == .draining else { return }
        while let due = nextDue(at: now) {
            guard counts(due: due.moment) else { continue }
            measurement.unsent += 1
            let request = OutstandingRequests.Request(
                command: due.command, due: due.moment, sent: now, isCounted: true)
            sent(request)
            timedOut(request, at: now)
        }
    }

    private mutating func cut(at now: UInt64) {
        guard stage == .measuring else { return }
        // The last part may be too short for its rate to mean anything.
        let isLong = now + intervalNanoseconds / 2 >= nextCut
        if let point = intervals.cut(at: now), isLong { measurement.points.append(point) }
        nextCut = now + intervalNanoseconds
    }

    /// Failures and timeouts so far.
    func failures() -> Int {
        measurement.commands.values.reduce(0) { $0 + $1.failed + $1.timedOut }
    }
}

/// The sessions that a phase creates or revokes, one command each.
enum PhaseList {
    case creations(left: Int, of: Int)
    case revocations(left: ArraySlice<Int>, of: Int)

    enum Item: Equatable {
        case create
        case revoke(subject: Int)
    }

    var isEmpty: Bool {
        switch self {
        case .creations(let left, _): left == 0
        case .revocations(let left, _): left.isEmpty
        }
    }

    /// How much is done, from 0 to 1.
    var fraction: Double {
        let (left, total) =
            switch self {
            case .creations(let left, let total): (left, total)
            case .revocations(let left, let total): (left.count, total)
            }
        return total > 0 ? 1 - Double(left) / Double(total) : 1
    }

    mutating func next() -> Item? {
        switch self {
        case .creations(let left, let total):
            guard left > 0 else { return nil }
            self = .creations(left: left - 1, of: total)
            return .create
        case .revocations(var left, let total):
            guard let subject = left.popFirst() else { return nil }
            self = .revocations(left: left, of: total)
            return .revoke(subject: subject)
        }
    }
}
