/// Bounds that hold for every connection, each with its reason.
package enum AMQPLimits {
    /// How deep header tables may nest. rabbitmq-c recurses without a bound: a table of 20 000 levels, which fits in a
    /// frame, runs through a stack of 2 MiB (tried with 0.11.0). No header anyone reads is deeper than `x-death` (3).
    package static let tableDepth = 16
    /// The longest short string of the protocol, in bytes: names, routing keys, most properties.
    package static let shortString = 255
    /// The largest frame, in bytes: rabbitmq-c's own default, and small enough to hold one per connection.
    package static let frameMax: UInt32 = 131_072
    /// Deliveries handed over in one call at most, so that a long read does not build an ever longer batch.
    package static let deliveryBatch = 512
    /// The smallest frame-max AMQP 0-9-1 allows, in bytes.
    static let frameMin: UInt32 = 4096
}
