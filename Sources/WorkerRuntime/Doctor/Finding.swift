/// One thing that `sojourn doctor` looked at.
package struct Finding: Sendable {
    package enum Level: String, Sendable {
        case ok
        /// Sojourn works, but not as it should, or the check was not possible.
        case warning
        /// A worker would not start, or would break a promise.
        case problem
    }

    /// What was looked at; it stays the same in later versions: `redis.eviction`.
    package let check: String
    package let level: Level
    /// One sentence, without secrets.
    package let message: String
    /// What to do about it, if possible as a command.
    package let mend: String?

    static func ok(_ check: String, _ message: String) -> Finding {
        Finding(check: check, level: .ok, message: message, mend: nil)
    }

    static func warning(_ check: String, _ message: String, mend: String) -> Finding {
        Finding(check: check, level: .warning, message: message, mend: mend)
    }

    static func problem(_ check: String, _ message: String, mend: String) -> Finding {
        Finding(check: check, level: .problem, message: message, mend: mend)
    }

    static func problem(_ check: String, _ error: ConfigurationError) -> Finding {
        .problem(check, "\(error.subject) \(error.problem)", mend: error.remedy)
    }

    /// - Parameter mend: for what is doubtful, and for what is wrong unless the error knows better.
    init(_ check: String, _ result: CheckResult, mend: String) {
        switch result {
        case .fine(let words): self = .ok(check, words)
        case .doubtful(let words, let reason, level: _): self = .warning(check, "\(words) (\(reason))", mend: mend)
        case .wrong(let error): self = .problem(check, "\(error.subject) \(error.problem)", mend: mend)
        }
    }

    private init(check: String, level: Level, message: String, mend: String?) {
        (self.check, self.level, self.message, self.mend) = (check, level, message, mend)
    }
}
