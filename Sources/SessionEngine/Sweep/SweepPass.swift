import AMQPNIO
package import SessionCore
package import SessionStorage

/// One pass of a sweep through a partition, as a value: it says what it needs, and is told what came of it. Where a step fails
/// the pass is over, and nothing is lost: the next one finds again what this one did not finish.
package protocol SweepPass {
    /// The first step.
    mutating func begin() -> SweepStep

    /// Takes the answer to the step before.
    mutating func handle(_ answer: SweepAnswer, _ memory: inout SweepMemory) -> SweepStep
}

/// What a sweep needs. Each but the last is answered by the ``SweepAnswer`` that belongs to it.
package enum SweepStep {
    /// To be the only one in this partition for a while; answered by `leased`.
    case lease(LeasePurpose)
    /// The next events that nobody published, from behind an entry on; answered by `left`.
    case findLeft(after: OutboxEntry.Reference?, limit: Int)
    /// Sessions whose deadline has come; answered by `due`.
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
    /// `false` if somebody else is at it.
    case leased(Bool)
    case left([LeftEvent])
    case due([SessionID])
    case completed([Completion])
    /// For each event why it was not taken, `nil` where it was.
    case published([PublishRefusal?])
    case cleared
    case postponed
}
