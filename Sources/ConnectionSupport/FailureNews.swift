package import NIOCore

/// Decides which of many failures are worth a log line: while a server is away, every attempt says the same.
package struct FailureNews {
    /// How long nothing is said about a failure in the same words.
    static var silence: TimeAmount { .seconds(10) }

    private var told: (words: String, at: NIODeadline)?

    package init() {}

    package mutating func isNews(_ words: String, at now: NIODeadline) -> Bool {
        if let told, told.words == words, now - told.at < Self.silence { return false }
        told = (words, now)
        return true
    }

    /// What follows is a new story, even in the same words.
    package mutating func forget() {
        told = nil
    }
}
