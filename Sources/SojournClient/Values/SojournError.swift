/// Why a command, or a subscription, failed.
public struct SojournError: Error, Hashable, Sendable {
    /// Compare it with the constants. Later versions may have more.
    public let code: Code
    /// A sentence for people, without tokens, secrets and codes.
    public let message: String
    /// With ``Code/invalidField``: the wrong, unknown or missing key in the command's body, as a JSON Pointer (RFC 6901).
    public let path: String?
    /// Whether nothing has happened, and the same command may succeed later. Send it again with the same id.
    public let isRetryable: Bool

    /// For tests that let a service see an error.
    public init(_ code: Code, _ message: String, path: String? = nil, isRetryable: Bool = false) {
        self.code = code
        self.message = message
        self.path = path
        self.isRetryable = isRetryable
    }
}

extension SojournError: CustomStringConvertible {
    /// The code, the sentence, and the path if there is one.
    public var description: String { "\(code): \(message)\(path.map { " (\($0))" } ?? "")" }
}

extension SojournError {
    /// What went wrong, as a word.
    public struct Code: ContractWord {
        // A rule forbids it (contract §5).

        /// There are as many sessions as the policy allows, and it rejects further ones; or of sessions, factors or policies as
        /// many as Sojourn keeps.
        public static let limitReached = Code(rawValue: "limit_reached")
        /// The subject is disabled.
        public static let subjectDisabled = Code(rawValue: "subject_disabled")
        /// There is no such session, or it ended too long ago.
        public static let sessionNotFound = Code(rawValue: "session_not_found")
        /// The session has ended.
        public static let sessionEnded = Code(rawValue: "session_ended")
        /// The session is locked.
        public static let sessionLocked = Code(rawValue: "session_locked")
        /// The session waits for its second factor.
        public static let sessionPending = Code(rawValue: "session_pending")
        /// Not a token of Sojourn, damaged, of another kind, or replaced.
        public static let tokenInvalid = Code(rawValue: "token_invalid")
        /// The token has expired; its session may live.
        public static let tokenExpired = Code(rawValue: "token_expired")
        /// An older refresh token was used again: the session has been revoked.
        public static let refreshTokenReused = Code(rawValue: "refresh_token_reused")
        /// The transfer ticket is wrong, was used, or has expired.
        public static let ticketInvalid = Code(rawValue: "ticket_invalid")
        /// The code is wrong, was used before, or would not reach the level that is required.
        public static let factorRejected = Code(rawValue: "factor_rejected")
        /// Too many codes were wrong.
        public static let factorLocked = Code(rawValue: "factor_locked")
        /// The subject has no such factor.
        public static let factorNotFound = Code(rawValue: "factor_not_found")
        /// The session has expired without activity, and can still be revived.
        public static let reauthenticationRequired = Code(rawValue: "reauthentication_required")
        /// A context rule of the policy does not accept where the request comes from.
        public static let contextRejected = Code(rawValue: "context_rejected")
        /// The session that it should belong to is not active.
        public static let parentNotActive = Code(rawValue: "parent_not_active")
        /// Too many levels of children, or too many children.
        public static let hierarchyTooDeep = Code(rawValue: "hierarchy_too_deep")
        /// There is no policy of this name.
        public static let policyNotFound = Code(rawValue: "policy_not_found")
        /// This caller may not send this command, or not for this tenant.
        public static let notPermitted = Code(rawValue: "not_permitted")
        /// The id belongs to another command, or to another body.
        public static let messageIDReused = Code(rawValue: "message_id_reused")

        // The command could not be read or carried out (contract §5).

        /// The body is no JSON object, or a header is not what it should be.
        public static let malformedMessage = Code(rawValue: "malformed_message")
        /// ``SojournError/path`` says which.
        public static let invalidField = Code(rawValue: "invalid_field")
        /// No worker of the pool knows the command.
        public static let unknownCommand = Code(rawValue: "unknown_command")
        /// The body is said to be something other than JSON.
        public static let unsupportedMediaType = Code(rawValue: "unsupported_media_type")
        /// The body has more bytes than workers read.
        public static let messageTooLarge = Code(rawValue: "message_too_large")
        /// A command that changes something came without an id.
        public static let messageIDRequired = Code(rawValue: "message_id_required")
        /// No worker of the pool is new enough for the command.
        public static let unsupportedVersion = Code(rawValue: "unsupported_version")
        /// Its time was up before a worker could carry it out: nothing has happened.
        public static let commandExpired = Code(rawValue: "command_expired")
        /// Others changed the same subject at the same time, again and again: nothing has happened.
        public static let conflict = Code(rawValue: "conflict")
        /// Something that the workers need is away.
        public static let unavailable = Code(rawValue: "unavailable")
        /// A worker has met what it did not expect.
        public static let `internal` = Code(rawValue: "internal")

        // It did not get as far as a worker, or its result not back.

        /// The URL, a name or a file cannot be used.
        public static let invalidConfiguration = Code(rawValue: "invalid_configuration")
        /// No broker could be reached in time, or it refused the connection; or the connection was lost before the result came,
        /// and the command may have been carried out.
        public static let notConnected = Code(rawValue: "not_connected")
        /// The client was closed.
        public static let clientClosed = Code(rawValue: "client_closed")
        /// The broker has no exchanges of this namespace: no worker has run there yet.
        public static let noSuchNamespace = Code(rawValue: "no_such_namespace")
        /// No result arrived in time. The command may have been carried out, or may still be: send it again with the same
        /// ``CommandOptions/id``.
        public static let timeout = Code(rawValue: "timeout")
        /// AMQP cannot carry the message, for example because a name has more than 255 bytes.
        public static let unsendable = Code(rawValue: "unsendable")
        /// RabbitMQ does not permit it to this user, or refuses the user or the password. It also ends the commands that were in
        /// flight on the same channel, which may have been carried out.
        public static let accessRefused = Code(rawValue: "access_refused")
        /// RabbitMQ did not take the command until its time was up, because a queue is full: nothing has happened.
        public static let queueFull = Code(rawValue: "queue_full")
        /// As many commands as the client's limit wait for results: nothing has happened.
        public static let tooManyCommands = Code(rawValue: "too_many_commands")
        /// The reply is no result that this version understands.
        public static let unreadableReply = Code(rawValue: "unreadable_reply")
        /// The queue of a subscription was deleted.
        public static let queueLost = Code(rawValue: "queue_lost")

        public let rawValue: String

        public init(rawValue: String) { self.rawValue = rawValue }
    }
}
