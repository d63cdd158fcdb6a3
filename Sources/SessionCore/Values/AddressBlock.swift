/// A range of IP addresses: one address, or all that share a prefix, in CIDR notation (RFC 4632, section 3.1; RFC 4291,
/// section 2.3).
package struct AddressBlock: Hashable, Sendable {
    /// As written by the caller.
    package let text: String
    /// The address, 4 or 16 bytes.
    private let bytes: [UInt8]
    /// In bits.
    private let prefixLength: Int

    /// Parses `192.0.2.7`, `192.0.2.0/24` or `2001:db8::/32`; `nil` for anything else. Bits after the prefix must be 0:
    /// in `10.1.2.3/8`, either the address or the prefix is a mistake, and it is unclear which.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let address = String(parts[0])
        guard let bytes = IPNetwork.bytes(of: address) else { return nil }
        let width = address.utf8.contains(UInt8(ascii: ":")) ? 128 : 32
        var length = width
        if parts.count == 2 {
            guard let given = Self.length(parts[1]), given <= width else { return nil }
            length = given
        }
        // An IPv4 address inside IPv6 is compared as IPv4.
        length -= width - bytes.count * 8
        guard length >= 0, Self.isZero(bytes, from: length) else { return nil }
        self.text = text
        self.bytes = bytes
        prefixLength = length
    }

    /// Whether the range contains an address; `false` if the text is not an address.
    package func contains(_ address: String) -> Bool {
        guard let other = IPNetwork.bytes(of: address), other.count == bytes.count else { return false }
        let whole = prefixLength / 8
        guard other[..<whole] == bytes[..<whole] else { return false }
        return prefixLength % 8 == 0 || (other[whole] ^ bytes[whole]) >> UInt8(8 - prefixLength % 8) == 0
    }

    /// One to three digits without leading zeros.
    private static func length(_ text: Substring) -> Int? {
        let isNumber =
            (1...3).contains(text.utf8.count) && text.utf8.allSatisfy { (48...57).contains($0) }
            && (text.utf8.first != 48 || text.utf8.count == 1)
        return isNumber ? Int(text) : nil
    }

    private static func isZero(_ bytes: [UInt8], from bit: Int) -> Bool {
        bytes.indices.allSatisfy { index in
            let kept = min(8, max(0, bit - index * 8))
            return kept == 8 || bytes[index] & (0xff >> UInt8(kept)) == 0
        }
    }
}
