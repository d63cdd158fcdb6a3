import Crypto

/// HMAC-SHA256 (RFC 2104) under one key, begun once and continued from there: half the cost of beginning anew.
struct HMACKey: Sendable {
    private let begun: HMAC<SHA256>

    init(_ key: SymmetricKey) {
        begun = HMAC<SHA256>(key: key)
    }

    /// The code of what `write` appends, which is `length` bytes or about so many.
    func code(length: Int, _ write: (inout [UInt8]) -> Void) -> HMAC<SHA256>.MAC {
        var message: [UInt8] = []
        message.reserveCapacity(length)
        write(&message)
        var hash = begun
        hash.update(data: message)
        return hash.finalize()
    }
}

/// The state is as good as the key: whatever prints a value that holds one prints this.
extension HMACKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    var description: String { "[redacted]" }
    var debugDescription: String { description }
    var customMirror: Mirror { Mirror(self, children: []) }
}
