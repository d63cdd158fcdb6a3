/// Limits that apply to every connection, each with its reason.
package enum AMQPLimits {
    /// The maximum nesting of header tables. rabbitmq-c recurses without a limit: a table of 20 000 levels, which fits
    /// in a frame, overflows a stack of 2 MiB (tried with 0.11.0). No header in use is nested deeper than `x-death`
    /// (3).
    package static let tableDepth = 16
    /// The maximum number of values in header tables. Each takes a few dozen bytes in memory, however small it is on
    /// the wire: 128 KiB of them would take 5 MB. `x-death` has eight for each queue that a message passed through.
    package static let tableValues = 4096
    /// The largest content header that is read, in bytes, including its frame: twice a frame. RabbitMQ adds to the
    /// headers of a message that it dead-letters or redelivers (`x-death`, `x-delivery-count`) and sends the result in
    /// one frame, even if it exceeds the negotiated size (tried with 3.10). The properties of a larger header are not
    /// read.
    package static let headerMax: UInt32 = 262_144
    /// The space that a content header of ours leaves free in its frame, in bytes, at most an eighth of the frame: room
    /// for what the broker adds, so that readers of the message get no header larger than a frame.
    static let headerRoom: UInt32 = 8192
    /// The longest short string of the protocol, in bytes: names, routing keys, most properties.
    package static let shortString = 255
    /// The largest frame, in bytes: rabbitmq-c's default, and small enough to buffer one per connection.
    package static let frameMax: UInt32 = 131_072
    /// The maximum number of deliveries per callback, so that a long read does not build an ever larger batch.
    package static let deliveryBatch = 512
    /// The smallest frame-max that AMQP 0-9-1 allows, in bytes.
    static let frameMin: UInt32 = 4096
}
