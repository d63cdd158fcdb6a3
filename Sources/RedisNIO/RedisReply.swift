/// A server's reply in RESP2.
package enum RedisReply: Sendable, Equatable {
    /// A status line such as `OK`.
    case simple(String)
    /// A string of arbitrary bytes.
    case bulk([UInt8])
    case integer(Int64)
    /// A null bulk string or a null array: RESP2 encodes both with a length of −1, and they mean the same.
    case null
    case array([RedisReply])
    /// An error line including its first word, for example `WRONGTYPE Operation against …`.
    case error(String)
    /// A reply of this many bytes that was dropped because it exceeded the pipeline's ``RedisPipeline/replyBudget``.
    case oversized(bytes: Int)
}

extension RedisReply {
    /// The text of a status or a bulk string (bytes that are not UTF-8 become U+FFFD); otherwise nil.
    package var string: String? {
        switch self {
        case .simple(let text): text
        case .bulk(let bytes): String(decoding: bytes, as: UTF8.self)
        case .integer, .null, .array, .error, .oversized: nil
        }
    }

    /// The bytes of a status or a bulk string; otherwise nil.
    package var bytes: [UInt8]? {
        switch self {
        case .simple(let text): Array(text.utf8)
        case .bulk(let bytes): bytes
        case .integer, .null, .array, .error, .oversized: nil
        }
    }

    /// The integer, even if the server sent it as a decimal string (`GET` after `INCR`, `TIME`); otherwise nil.
    package var integer: Int64? {
        switch self {
        case .integer(let value): value
        case .simple(let text): Int64(text)
        case .bulk(let bytes): Int64(String(decoding: bytes, as: UTF8.self))
        case .null, .array, .error, .oversized: nil
        }
    }

    /// The elements of an array; otherwise nil.
    package var array: [RedisReply]? {
        switch self {
        case .array(let elements): elements
        case .simple, .bulk, .integer, .null, .error, .oversized: nil
        }
    }

    package var isNull: Bool {
        switch self {
        case .null: true
        case .simple, .bulk, .integer, .array, .error, .oversized: false
        }
    }

    /// The error of an error reply; otherwise nil. Errors nested in an array are ignored.
    package var serverError: RedisServerError? {
        switch self {
        case .error(let message): RedisServerError(message: message)
        case .simple, .bulk, .integer, .null, .array, .oversized: nil
        }
    }
}
