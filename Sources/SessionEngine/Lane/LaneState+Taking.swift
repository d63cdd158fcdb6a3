import AMQPNIO
import NIOCore
import SessionContract

// From deliveries to the next batch.
extension LaneState {
    mutating func consumersStarted(_ actions: inout [LaneAction]) {
        switch phase {
        case .starting: phase = .serving
        case .startingToDrain: cancelConsumers(&actions)
        case .lost, .finished: return
        case .new, .serving, .cancelling, .finishing:
            preconditionFailure("consumers are only started once")
        }
        reading = .open
        readAsThereIsRoom(&actions)
    }

    mutating func take(
        _ deliveries: [AMQPDelivery], from queue: Topology.CommandQueue, now: NIODeadline,
        _ actions: inout [LaneAction]
    ) {
        switch phase {
        case .starting, .startingToDrain, .serving, .cancelling, .finishing: break
        case .lost, .finished: return
        case .new: preconditionFailure("there are no consumers yet")
        }
        let moment = parts.wallClock()
        let items = deliveries.map { delivery in
            let caller = TraceContext(delivery.properties.headers)
            let span = parts.tracer?.begin(delivery, from: parts.name(of: queue), in: caller)
            return LaneItem(
                queue: queue, delivery: delivery, work: parts.reader.read(delivery, in: span?.trace ?? caller),
                receivedAt: moment, arrivedAt: now, span: span)
        }
        backlog.add(items, from: queue)
        if queue == .unknown {
            let commands = items.compactMap(\.work.name)
            if !commands.isEmpty { actions.append(.report(.unbound(commands))) }
        }
        readAsThereIsRoom(&actions)
    }

    /// Pauses reading while the in-flight limit is reached.
    mutating func readAsThereIsRoom(_ actions: inout [LaneAction]) {
        switch (reading, backlog.isFull) {
        case (.open, true): reading = .paused
        case (.paused, false): reading = .open
        case (.always, _), (.open, false), (.paused, true): return
        }
        actions.append(.pauseReading(backlog.isFull))
        actions.append(.report(.readingPaused(backlog.isFull, heldBytes: backlog.heldBytes)))
    }

    /// Begins the next batch if one is waiting and none is running, and ends the lane when everything is done.
    mutating func goOn(now: NIODeadline, _ actions: inout [LaneAction]) {
        switch phase {
        case .new: preconditionFailure("a lane must begin before anything happens to it")
        case .starting, .startingToDrain, .serving, .cancelling: beginNextBatch(now: now, &actions)
        case .finishing:
            beginNextBatch(now: now, &actions)
            if backlog.isEmpty, isIdle { finish(nil, &actions) }
        case .lost(let error):
            if isIdle, !offers.isUnderWay { finish(error, &actions) }
        case .finished: return
        }
    }

    private mutating func beginNextBatch(now: NIODeadline, _ actions: inout [LaneAction]) {
        while inTurn == nil {
            guard recordings < Self.mostRecordings else {
                if case .inside = gate { leaveGate(&actions) }
                return
            }
            switch gate {
            case .asking: return
            case .outside, .waiting, .inside: break
            }
            let mayGoApart =
                switch gate {
                case .outside, .inside: true
                case .waiting, .asking: false
                }
            switch (backlog.next(mayGoApart: mayGoApart), gate) {
            case (nil, .inside):
                // Too many results became unconfirmed in the meantime.
                leaveGate(&actions)
                return
            case (nil, _): return
            case (.apart, .inside): start(.large, backlog.takeApart(), now: now, &actions)
            case (.apart, _):
                gate = .asking
                actions.append(.enterGate)
            case (.shared, _):
                if case .inside = gate { leaveGate(&actions) }
                start(.shared, backlog.takeShared(), now: now, &actions)
            }
        }
    }

    /// The gate was granted. If the lane was lost since it asked, it must leave again, or every other lane would wait
    /// forever.
    mutating func hasEntered(_ actions: inout [LaneAction]) {
        switch phase {
        case .lost, .finished: leaveGate(&actions)
        case .new, .starting, .startingToDrain, .serving, .cancelling, .finishing: gate = .inside
        }
    }

    mutating func leaveGate(_ actions: inout [LaneAction]) {
        gate = .outside
        actions.append(.leaveGate)
    }
}
