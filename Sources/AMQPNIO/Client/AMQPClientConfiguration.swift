package import ConnectionSupport

/// How an ``AMQPClient`` reconnects.
package struct AMQPClientConfiguration: Sendable {
    /// The pauses between attempts.
    package var backoff = Backoff()
    /// Whether losing a connection is normal for its use: then the next attempt follows at once, without a warning.
    /// Default: false.
    package var isLossExpected = false
    /// The message logged for failed attempts and losses, with the reason and the pause as metadata.
    package var warning = "no connection to RabbitMQ: retrying"

    package init() {}
}
