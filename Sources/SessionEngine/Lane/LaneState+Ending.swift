import BasicContainers
import NIOCore

// How a lane ends: it was asked to, or its connections were lost.
extension LaneState {
    /// Stops consuming, and finishes everything in flight.
    mutating func drain(_ actions: inout [LaneAction]) {
        switch phase {
        case .starting: phase = .startingToDrain
        case .serving: cancelConsumers(&actions)
        case .startingToDrain, .cancelling, .finishing, .lost, .finished: return
        case .new: preconditionFailure("a lane must begin before it is drained")
        }
    }

    mutating func cancelConsumers(_ actions: inout [LaneAction]) {
        phase = .cancelling
        actions.append(.cancelConsumers)
    }

    mutating func consumersCancelled() {
        switch phase {
        case .cancelling: phase = .finishing
        case .lost, .finished: return
        case .new, .starting, .startingToDrain, .serving, .finishing:
            preconditionFailure("no cancellation was requested")
        }
    }

    /// Gives up everything unacknowledged. Outstanding requests are still awaited, so that no answer reaches the next
    /// connections.
    mutating func lose(because error: any Error, _ actions: inout [LaneAction]) {
        switch phase {
        case .starting, .startingToDrain, .serving, .cancelling, .finishing: phase = .lost(error)
        case .lost, .finished: return
        case .new: preconditionFailure("a lane must begin before it is lost")
        }
        actions.append(.close)
        dropPausing(&actions)
        offers.abandon()
    }

    private mutating func dropPausing(_ actions: inout [LaneAction]) {
        if let run = inTurn.take() {
            if run.isUnderWay { keep(run) } else { drop(run, &actions) }
        }
        var kept = UniqueArray<BatchRun>()
        while let run = beside.popLast() {
            if run.isUnderWay { kept.append(run) }
        }
        beside = kept
        var published = UniqueArray<Publication>()
        while let publication = publications.popLast() {
            if publication.stage == .underWay { published.append(publication) }
        }
        publications = published
    }

    /// Whether nothing is being processed, published or cleared.
    var isIdle: Bool {
        inTurn == nil && beside.isEmpty && publications.isEmpty && clearing.isEmpty
    }

    mutating func finish(_ error: (any Error)?, _ actions: inout [LaneAction]) {
        if case .inside = gate { leaveGate(&actions) }
        phase = .finished
        actions.append(.finished(error))
    }
}
