import LogMetadata
import Logging

/// What a check has found of something that a worker needs: a worker acts on it at startup, and `sojourn doctor` tells it.
enum CheckResult {
    /// It is as it should be, in words.
    case fine(String)
    /// The worker starts all the same.
    case doubtful(String, reason: String, level: Logger.Level = .warning)
    /// The worker does not start.
    case wrong(ConfigurationError)

    /// Logs what is doubtful.
    ///
    /// - Throws: what is wrong.
    func act(_ logger: Logger) throws(ConfigurationError) {
        switch self {
        case .fine: break
        case .doubtful(let words, let reason, let level):
            logger.log(level: level, "\(words)", metadata: [LogKey.reason: "\(reason)"])
        case .wrong(let error): throw error
        }
    }
}
