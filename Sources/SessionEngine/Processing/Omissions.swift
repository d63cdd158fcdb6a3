/// What a command's answer must omit.
package struct Omissions: OptionSet, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// The reply: its sender named a queue that it may not use (contract §2).
    package static let reply = Omissions(rawValue: 1)
    /// In the public copy, the sender's ids: they look like credentials (contract §5).
    package static let ids = Omissions(rawValue: 2)
    /// The copy in quarantine: its sender may not send it, or sends too many.
    package static let quarantine = Omissions(rawValue: 4)
}
