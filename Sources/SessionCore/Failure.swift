/// Why a command could not be parsed or executed.
package struct Failure: Error, Equatable, Sendable {
    package let code: Code
    /// A sentence for people. Never contains a token, a subject or an address.
    package let message: String
    /// A JSON Pointer (RFC 6901) to the invalid, unknown or missing key; only with `invalidField`.
    package let path: String?
    /// For operators: what the store said, or which record is damaged. Goes to quarantine, never into a result.
    package let detail: String?

    package init(_ code: Code, _ message: String, path: String? = nil, detail: String? = nil) {
        self.code = code
        self.message = message
        self.path = path
        self.detail = detail
    }

    package enum Code: String, Sendable, CaseIterable {
        case malformedMessage = "malformed_message"
        case invalidField = "invalid_field"
        case unknownCommand = "unknown_command"
        case unsupportedMediaType = "unsupported_media_type"
        case messageTooLarge = "message_too_large"
        case messageIDRequired = "message_id_required"
        case unsupportedVersion = "unsupported_version"
        case commandExpired = "command_expired"
        case conflict
        case unavailable
        case `internal`

        /// Whether nothing has changed, so that the same message may be sent again.
        package var isRetryable: Bool {
            switch self {
            case .conflict, .unavailable, .unsupportedVersion: true
            case .malformedMessage, .invalidField, .unknownCommand, .unsupportedMediaType, .messageTooLarge,
                .messageIDRequired, .commandExpired, .internal:
                false
            }
        }

        /// Whether the message is kept in quarantine for an operator (contract §5).
        package var isQuarantined: Bool {
            switch self {
            case .malformedMessage, .invalidField, .unknownCommand, .unsupportedMediaType, .messageTooLarge,
                .messageIDRequired, .internal:
                true
            case .commandExpired, .conflict, .unavailable, .unsupportedVersion: false
            }
        }
    }
}
