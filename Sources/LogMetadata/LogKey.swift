/// Every metadata key of the log, in one place: operators' queries depend on them, and a reviewer sees at a glance that
/// none is for a token, a subject or a client's address.
package enum LogKey {
    // Parts of the worker.

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
    /// The number of consecutive attempts, from 1.
    package static let attempt = "attempt"
    /// Milliseconds until the next attempt.
    package static let nextAttemptMs = "nextAttemptMs"
    /// The reason in words, often the server's own.
    package static let reason = "reason"
    /// Names of scripts that Redis runs.
    package static let scripts = "scripts"
    /// An error's own description; set by the log handler for `logger.error(error:)`.
    package static let error = "error"

    // Messages.

    /// The command's name.
    package static let command = "command"
    /// The command's `message_id`.
    package static let messageId = "messageId"
    /// The destination of a reply, AMQP `reply_to`.
    package static let replyTo = "replyTo"
    /// The name the caller gives itself, AMQP `app_id`.
    package static let appId = "appId"
    /// An error code of contract §5.
    package static let code = "code"
    /// `succeeded`, `rejected` or `failed`.
    package static let status = "status"
    /// Id of a lifecycle event.
    package static let eventId = "eventId"
    /// Type of a lifecycle event.
    package static let eventType = "eventType"
    /// Id of a session, `ses_…`: opaque, and gives no access.
    package static let sessionId = "sessionId"
    /// The W3C trace id; named as OpenTelemetry names it in logs.
    package static let traceId = "trace_id"
    /// The id of the span that the worker recorded for the command.
    package static let spanId = "span_id"

    // Amounts.

    /// How many.
    package static let count = "count"
    /// How long, in milliseconds.
    package static let durationMs = "durationMs"
    /// How large.
    package static let bytes = "bytes"

    // Start and operation.

    /// Name of a key in Redis; it does not reveal the subject.
    package static let key = "key"
    /// Id of a key in the keyring; it does not reveal the key.
    package static let keyId = "keyId"
    /// Path of a file, or the program of a command.
    package static let file = "file"
    /// Hash of a record of the audit log; it proves nothing but that the record was there.
    package static let hash = "hash"
    /// Version of the program.
    package static let version = "version"
    /// Extensions of the worker: names of rule types, and types of factor.
    package static let names = "names"
    /// The configuration, with secrets removed.
    package static let configuration = "configuration"
    /// The namespace.
    package static let namespace = "namespace"
}
