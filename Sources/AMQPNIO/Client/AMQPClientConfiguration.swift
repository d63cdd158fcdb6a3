package import ConnectionSupport

/// How an ``AMQPClient`` reconnects.
package struct AMQPClientConfiguration: Sendable {
    /// The pauses between attempts.
    package var backoff = Backoff()
    /// Whether connections are lost as a part of their use: then the next attempt follows at once and without a warning.
    /// Default false.
    package var isLossExpected = false
    /// The log line of each failed attempt and of each loss, with the reason and the pause as metadata.
    package var warning = "no connection to RabbitMQ: it is tried again"

    package init() {}
}
