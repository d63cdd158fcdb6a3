import AMQPNIO

/// A result, as far as the client has to understand it.
struct CommandReply: Sendable {
    private struct Envelope: Decodable {
        struct Failure: Decodable {
            let code: String
            let retryable: Bool
        }

        let status: Status
        let error: Failure?
    }

    enum Status: String, Decodable {
        case succeeded, rejected, failed
    }

    /// The codes of what passes (contract §4).
    private static let passing: Set = ["conflict", "unavailable", "unsupported_version"]

    let bytes: [UInt8]
    let status: Status
    /// Why nothing has happened, if the same command may succeed later.
    let causeToRepeat: String?

    /// - Throws: `unreadableReply`.
    init(_ delivery: AMQPDelivery) throws(SojournError) {
        guard !delivery.isTruncated, let envelope = try? WireJSON.decode(Envelope.self, from: delivery.body) else {
            throw SojournError(.unreadableReply, "the reply is no result that this version of the client understands")
        }
        bytes = delivery.body
        status = envelope.status
        causeToRepeat = envelope.error.flatMap { error in
            guard error.retryable else { return nil }
            return Self.passing.contains(error.code) ? error.code : "other"
        }
    }
}

extension Result<CommandReply, SojournError> {
    /// Why to send the command again; `nil` if the outcome is final.
    var causeToRepeat: String? {
        switch self {
        case .success(let reply): reply.causeToRepeat
        case .failure(let error):
            error.isRetryable || error.code == .notConnected ? error.code.rawValue : nil
        }
    }
}
