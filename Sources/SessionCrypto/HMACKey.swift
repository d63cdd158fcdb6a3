import Crypto

/// HMAC-SHA256 (RFC 2104) with a precomputed key state, which halves the cost of each code.
struct HMACKey: Sendable {
    private let begun: HMAC<SHA256>

    init(_ key: SymmetricKey) {
        begun = HMAC<SHA256>(key: key)
    }

    /// The code of the bytes that `write` appends, approximately `length` of them.
    func code(length: Int, _ write: (inout [UInt8]) -> Void) -> HMAC<SHA256>.MAC {
        var message: [UInt8] = []
        message.reserveCapacity(length)
        write(&message)
        return message.withUnsafeBytes(code(of:))
    }

    /// The code of these bytes.
    func code(of message: UnsafeRawBufferPointer) -> HMAC<SHA256>.MAC {
        var hash = begun
        hash.update(data: message)
        return hash.finalize()
    }
}

/// The state is as secret as the key, so every printed form shows this text instead.
extension HMACKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    var description: String { "[redacted]" }
    var debugDescription: String { description }
    var customMirror: Mirror { Mirror(self, children: []) }
}
