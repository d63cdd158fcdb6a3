/// How a session ended, and how long it is remembered.
package struct SessionEnding: Equatable, Sendable {
    package let at: Timestamp
    package let reason: EndReason
    /// Until then its tokens are answered with the reason; afterwards they are unknown.
    package var forgottenAt: Timestamp
    /// Whether authenticating again cannot resume it although it idled out: it was locked, or has been ended explicitly
    /// since.
    package var isFinal: Bool

    package init(at: Timestamp, reason: EndReason, forgottenAt: Timestamp, isFinal: Bool = false) {
        self.at = at
        self.reason = reason
        self.forgottenAt = forgottenAt
        self.isFinal = isFinal
    }
}

extension SessionEnding {
    /// Whether authenticating again resumes the session, within its policy's window.
    var mayComeBack: Bool { reason == .expiredIdle && !isFinal }
}

/// Why a session is locked, and what unlocks it.
package struct SessionLock: Equatable, Sendable {
    /// The locked ancestor that it was locked together with; `nil` if it was locked itself.
    package let through: SessionID?
    /// The context that it was locked for. Unlocking the session accepts that context.
    package let context: ClientContext?

    package init(through: SessionID? = nil, context: ClientContext? = nil) {
        self.through = through
        self.context = context
    }
}
