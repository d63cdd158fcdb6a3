import SojournClient

extension SojournError {
    /// Whether no worker has judged: the same request may succeed later.
    var isOutage: Bool {
        switch code {
        case .timeout, .notConnected, .clientClosed, .noSuchNamespace, .queueFull, .tooManyCommands, .commandExpired,
            .conflict, .unavailable:
            true
        default: isRetryable
        }
    }
}
