/// What is left out of that which a command is otherwise answered with.
package struct Omissions: OptionSet, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// There is no reply: its sender named a queue that is not theirs to name (contract §2).
    package static let reply = Omissions(rawValue: 1)
    /// The copy for everybody does not tell the ids that the sender gave: they look like credentials (contract §5).
    package static let ids = Omissions(rawValue: 2)
    /// It is not kept in quarantine: its sender may not send it, or sends too many.
    package static let quarantine = Omissions(rawValue: 4)
}
