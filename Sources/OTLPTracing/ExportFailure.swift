import BoundedHTTP

/// Why a collector has not answered a request.
struct ExportFailure: Error, Sendable {
    enum Reason: String, CaseIterable, Sendable {
        case unreachable
        case timeout
        /// What it sent is not HTTP, or is too much of it.
        case malformed
        /// It wants the request later: 429, 502, 503 or 504.
        case busy
        /// It will never take the request.
        case refused
    }

    let reason: Reason
    /// A sentence for the log.
    let message: String

    init(_ reason: Reason, _ message: String) {
        self.reason = reason
        self.message = message
    }

    init(_ failure: HTTPFailure) {
        let reason: Reason =
            switch failure.reason {
            case .unreachable: .unreachable
            case .timeout: .timeout
            case .malformed: .malformed
            }
        self.init(reason, failure.message)
    }
}
