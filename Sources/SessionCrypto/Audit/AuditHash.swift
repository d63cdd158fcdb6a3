/// The hash of an audit record: HMAC-SHA256, 32 bytes, in 64 hexadecimal digits on a line.
package struct AuditHash: Hashable, Sendable {
    package static let length = 32
    static let textLength = 2 * length

    private let bytes: [UInt8]

    /// - Precondition: there are 32 bytes.
    init(bytes: [UInt8]) {
        precondition(bytes.count == Self.length, "a hash is 32 bytes long")
        self.bytes = bytes
    }

    /// Parses 64 hexadecimal digits in lower case, as a line has them; `nil` for anything else.
    package init?(text: some Collection<UInt8>) {
        guard text.count == Self.textLength else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.length)
        var high: UInt8?
        for digit in text {
            let value: UInt8
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = digit - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = digit - UInt8(ascii: "a") + 10
            default: return nil
            }
            if let first = high {
                bytes.append(first << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        self.bytes = bytes
    }

    /// What the first record of a chain holds in place of its predecessor's hash.
    package static let none = AuditHash(bytes: Array(repeating: 0, count: length))

    package var text: String { String(decoding: characters, as: UTF8.self) }

    var characters: [UInt8] {
        let digits = Array("0123456789abcdef".utf8)
        return bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
    }
}
