/// Whether a `reply_to` can be published to without harm.
enum ReplyAddress {
    private static let directPrefix = "amq.rabbitmq.reply-to."

    /// A queue's name always can: one that is not there takes nothing. The address of a direct reply, however, names a
    /// process inside the broker in Erlang's external term format, and RabbitMQ 3.10 closes the whole connection (541)
    /// over one that it cannot decode, so that a made-up address would stop the worker again at every redelivery.
    ///
    /// `amq.rabbitmq.reply-to.<base64 of a process>.<key>` is decoded where it has exactly these two parts; with any
    /// others RabbitMQ takes it for the name of a queue.
    static func isSafe(_ replyTo: String) -> Bool {
        guard !replyTo.isEmpty else { return false }
        guard replyTo.utf8.starts(with: directPrefix.utf8) else { return true }
        let rest = Array(replyTo.utf8.dropFirst(directPrefix.utf8.count))
        let dot = UInt8(ascii: ".")
        guard let separator = rest.firstIndex(of: dot) else { return true }
        let process = rest[..<separator]
        let key = rest[separator...].dropFirst()
        guard !process.isEmpty, !key.isEmpty, !key.contains(dot) else { return true }
        return isProcess(base64: process)
    }

    /// Whether this is a process identifier: version 131, `NEW_PID_EXT` (88), the node's name as an atom in UTF-8 with a
    /// length of two bytes (118) or one (119), then 12 bytes (Erlang external term format, sections 12.3 and 13).
    ///
    /// Only its beginning and its length are decoded: this stands on the way of every reply.
    private static func isProcess(base64 text: ArraySlice<UInt8>) -> Bool {
        let digits = text.prefix { $0 != UInt8(ascii: "=") }
        let padding = text[digits.endIndex...]
        guard text.count.isMultiple(of: 4), padding.count <= 2, padding.allSatisfy({ $0 == UInt8(ascii: "=") }),
            digits.allSatisfy({ $0.base64Value != nil })
        else { return false }
        let length = digits.count * 6 / 8
        let head = beginning(of: digits)
        guard length >= 5, head[0] == 131, head[1] == 88 else { return false }
        switch head[2] {
        case 118: return length == 5 + (head[3] << 8 | head[4]) + 12
        case 119: return length == 4 + head[3] + 12
        default: return false
        }
    }

    /// The first five bytes, as far as there are so many.
    private static func beginning(of digits: ArraySlice<UInt8>) -> [Int] {
        var bits = 0
        var count = 0
        for digit in digits.prefix(7) {
            bits = bits << 6 | Int(digit.base64Value ?? 0)
            count += 6
        }
        bits <<= 42 - count
        return (0..<5).map { bits >> (34 - 8 * $0) & 255 }
    }
}

extension UInt8 {
    /// The six bits that this character of base64 stands for (RFC 4648, section 4).
    fileprivate var base64Value: UInt8? {
        switch self {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): self - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): self - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0") + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
