/// The outcome of a rule. Either way, the transaction is committed.
package enum Decision: Sendable {
    case granted(ResultData)
    case rejected(RejectionWithEffect)

    var outcome: Outcome {
        switch self {
        case .granted(let data): .succeeded(data)
        case .rejected(let rejected): .rejected(rejected.rejection)
        }
    }
}

/// A rejection that is itself an effect: a wrong code was counted, a stolen session ended, a reached limit announced.
///
/// It is returned, and its effect is stored. A rejection that changes nothing is a `Stop`, and is thrown. They are
/// different types, so that one cannot be mistaken for the other.
package struct RejectionWithEffect: Sendable {
    package let rejection: Rejection

    package init(_ code: Rejection.Code, _ message: String) {
        rejection = Rejection(code, message)
    }
}

/// Why a command is not executed. It is thrown, and the transaction is restored: nothing has changed.
package enum Stop: Error, Sendable {
    case rejected(Rejection)
    case failed(Failure)
    /// The decision needs more of the aggregate than was loaded. Load all of it, and decide again.
    case scopeTooNarrow

    static func rejected(_ code: Rejection.Code, _ message: String) -> Stop {
        .rejected(Rejection(code, message))
    }

    static func failed(_ code: Failure.Code, _ message: String, path: String? = nil) -> Stop {
        .failed(Failure(code, message, path: path))
    }
}
