import AMQPNIO
package import SessionCore
package import SessionStorage

/// One pass of a sweep through a partition, as a value: it returns the step that it needs, and is passed the answer. If
/// a step fails, the pass ends, and nothing is lost: the next pass finds again what was left.
package protocol SweepPass {
    /// The first step.
    mutating func begin() -> SweepStep

    /// Handles the answer to the previous step.
    mutating func handle(_ answer: SweepAnswer, _ memory: inout SweepMemory) -> SweepStep
}

/// What a sweep needs. Each step except the last is answered by the corresponding ``SweepAnswer``.
package enum SweepStep {
    /// Acquire this partition's lease; answered by `leased`.
    case lease(LeasePurpose)
    /// Find unpublished events, after an entry; answered by `left`.
    case findLeft(after: OutboxEntry.Reference?, limit: Int)
    /// Find sessions whose deadline has passed; answered by `due`.
    case findDue(limit: Int)
    /// Answered by `completed`.
    case carryOut([Work])
    /// Answered by `published`.
    case publish([OutgoingEvent])
    /// Answered by `cleared`.
    case clear([OutboxEntry.Reference])
    /// Answered by `postponed`.
    case postpone([SessionID], seconds: Int)
    case finished
}

package enum SweepAnswer {
    /// `false` if another worker has the lease.
    case leased(Bool)
    case left([LeftEvent])
    case due([SessionID])
    case completed([Completion])
    /// For each event why it was refused, or `nil` if it was confirmed.
    case published([PublishRefusal?])
    case cleared
    case postponed
}
