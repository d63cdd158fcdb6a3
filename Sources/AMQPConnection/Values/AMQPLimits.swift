/// Bounds that hold for every connection, each with its reason.
package enum AMQPLimits {
    /// How deep header tables may nest. rabbitmq-c recurses without a bound: a table of 20 000 levels, which fits in a
    /// frame, runs through a stack of 2 MiB (tried with 0.11.0). No header anyone reads is deeper than `x-death` (3).
    package static let tableDepth = 16
    /// How many values header tables may have in all. Each becomes some dozens of bytes in memory, however few it is on the
    /// wire: 128 KiB of them would be 5 MB. `x-death` has eight for each queue that a message went through.
    package static let tableValues = 4096
    /// The largest content header that is read, in bytes, its frame included: twice a frame. RabbitMQ adds to the headers of a
    /// message that it dead-letters or redelivers (`x-death`, `x-delivery-count`) and sends what comes of it in one frame,
    /// whatever size was agreed on (tried with 3.10). Of a larger one the properties are not read.
    package static let headerMax: UInt32 = 262_144
    /// What is left free of a frame in a content header of ours, in bytes, at most an eighth of the frame: room for what the
    /// broker adds, so that whoever reads the message gets no header that is larger than a frame.
    static let headerRoom: UInt32 = 8192
    /// The longest short string of the protocol, in bytes: names, routing keys, most properties.
    package static let shortString = 255
    /// The largest frame, in bytes: rabbitmq-c's own default, and small enough to hold one per connection.
    package static let frameMax: UInt32 = 131_072
    /// Deliveries handed over in one call at most, so that a long read does not build an ever longer batch.
    package static let deliveryBatch = 512
    /// The smallest frame-max AMQP 0-9-1 allows, in bytes.
    static let frameMin: UInt32 = 4096
}
