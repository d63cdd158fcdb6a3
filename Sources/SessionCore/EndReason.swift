/// Why a session ended: one of Sojourn's own words, or the word that the revoking caller gave.
package struct EndReason: Hashable, Sendable {
    package let word: String

    private init(own word: String) {
        self.word = word
    }

    package static let revoked = EndReason(own: "revoked")
    package static let expiredIdle = EndReason(own: "expired_idle")
    package static let expiredAbsolute = EndReason(own: "expired_absolute")
    package static let expiredPending = EndReason(own: "expired_pending")
    package static let evicted = EndReason(own: "evicted")
    package static let transferred = EndReason(own: "transferred")
    package static let tokenReused = EndReason(own: "token_reused")
    package static let subjectDisabled = EndReason(own: "subject_disabled")
    package static let context = EndReason(own: "context")
    package static let parentEnded = EndReason(own: "parent_ended")

    /// All of Sojourn's own words.
    package static let own = [
        revoked, expiredIdle, expiredAbsolute, expiredPending, evicted, transferred, tokenReused, subjectDisabled,
        context,
        parentEnded,
    ]

    /// Words that callers may not use, because they denote what Sojourn itself did.
    private static let reserved = Set(own.map(\.word)).subtracting([revoked.word])

    /// A caller's reason, `[a-z0-9_]{1,64}`; `nil` for anything else and for reserved words.
    package init?(callers word: String) {
        let isWord = (1...64).contains(word.utf8.count) && word.utf8.allSatisfy(\.isReasonCharacter)
        guard isWord, !Self.reserved.contains(word) else { return nil }
        self.word = word
    }

    /// The reason in a stored record.
    package init(stored word: String) {
        self.word = word
    }
}

extension UInt8 {
    fileprivate var isReasonCharacter: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"): true
        default: false
        }
    }
}
