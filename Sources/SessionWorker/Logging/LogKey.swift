/// Every metadata key of the log, in one place: an operator's queries hang on them, and a reviewer sees at a glance
/// that none is for a token, a subject or a client's address.
package enum LogKey {
    // Where in the worker.

    /// Index of the lane, from 0.
    package static let lane = "lane"
    /// Name of the queue.
    package static let queue = "queue"
    /// Name of the exchange.
    package static let exchange = "exchange"
    /// Number of the partition.
    package static let partition = "partition"
    /// Name of the part of the worker: `redis`, `rabbitmq`.
    package static let component = "component"

    // Servers and connections.

    /// Host and port of a server, or where the worker itself listens; never a client's.
    package static let address = "address"
    /// Which attempt in a row this was, from 1.
    package static let attempt = "attempt"
    /// When the next attempt is made, in milliseconds from now.
    package static let nextAttemptMs = "nextAttemptMs"
    /// Why, in words, often the server's own.
    package static let reason = "reason"
    /// An error's own description; set by the log handler for `logger.error(error:)`.
    package static let error = "error"

    // Messages.

    /// The command's name.
    package static let command = "command"
    /// The command's `message_id`.
    package static let messageId = "messageId"
    /// Where a reply was to go, AMQP `reply_to`.
    package static let replyTo = "replyTo"
    /// The caller's own word for itself, AMQP `app_id`.
    package static let appId = "appId"
    /// An error code of contract §5.
    package static let code = "code"
    /// `succeeded`, `rejected` or `failed`.
    package static let status = "status"
    /// Id of a lifecycle event.
    package static let eventId = "eventId"
    /// Type of a lifecycle event.
    package static let eventType = "eventType"
    /// Id of a session, `ses_…`: opaque, and no way in.
    package static let sessionId = "sessionId"
    /// The W3C trace id.
    package static let traceId = "traceId"

    // Amounts.

    /// How many.
    package static let count = "count"
    /// How long, in milliseconds.
    package static let durationMs = "durationMs"
    /// How large.
    package static let bytes = "bytes"

    // Start and operation.

    /// Name of a key in Redis; it tells nothing of whom it is about.
    package static let key = "key"
    /// Id of a key of the keyring, which tells nothing of it.
    package static let keyId = "keyId"
    /// Path of a file, or the program of a command.
    package static let file = "file"
    /// Version of the program.
    package static let version = "version"
    /// What was added to the worker: names of types, and kinds of factor.
    package static let names = "names"
    /// The configuration without secrets.
    package static let configuration = "configuration"
    /// The namespace.
    package static let namespace = "namespace"
}
