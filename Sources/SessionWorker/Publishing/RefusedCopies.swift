import AMQPConnection

/// Results' copies that a consumer's queue refused, and how much room they may take up until they are offered again.
struct RefusedCopies {
    /// Results' copies that wait together, in bytes: a consumer that does not read must not fill the worker.
    private static let maxBytes = 1 << 20

    private var bytes = 0

    /// As many of these as there is room for.
    mutating func admit(_ messages: [AMQPMessage]) -> [AMQPMessage] {
        messages.prefix { message in
            guard bytes + Self.bytes(of: message) <= Self.maxBytes else { return false }
            bytes += Self.bytes(of: message)
            return true
        }
    }

    mutating func release(_ messages: [AMQPMessage]) {
        bytes -= messages.reduce(0) { $0 + Self.bytes(of: $1) }
    }

    /// With what properties and headers take up, about.
    private static func bytes(of message: AMQPMessage) -> Int { message.body.count + 512 }
}
