package import NIOCore

/// One argument of a command. Redis knows only byte strings; these cases are written without first being converted to
/// one.
package enum RedisArgument: Sendable {
    /// Written as UTF-8.
    case string(String)
    case bytes([UInt8])
    /// Written in decimal.
    case integer(Int64)
    /// The readable bytes of the buffer.
    case buffer(ByteBuffer)
}

extension RedisArgument: ExpressibleByStringLiteral {
    package init(stringLiteral value: String) {
        self = .string(value)
    }
}

extension RedisArgument: ExpressibleByIntegerLiteral {
    package init(integerLiteral value: Int64) {
        self = .integer(value)
    }
}
