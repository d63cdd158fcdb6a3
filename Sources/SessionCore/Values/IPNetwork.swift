/// The network of an address, as context rules compare it: /24 for IPv4, /48 for IPv6 (contract §8).
enum IPNetwork {
    /// The address in bytes, 4 or 16; IPv4 inside IPv6 (RFC 4291, section 2.5.5.2) counts as IPv4. `nil` if the text is
    /// not an address.
    static func bytes(of text: String) -> [UInt8]? {
        guard text.utf8.contains(UInt8(ascii: ":")) else { return v4(text[...]) }
        guard let bytes = v6(text) else { return nil }
        let isMapped = bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 0xff && bytes[11] == 0xff
        return isMapped ? Array(bytes[12...]) : bytes
    }

    /// The bytes that all addresses of the network share.
    static func prefix(of text: String) -> [UInt8]? {
        bytes(of: text).map { Array($0.count == 4 ? $0[..<3] : $0[..<6]) }
    }

    private static func v4(_ text: Substring) -> [UInt8]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        let bytes = parts.compactMap { UInt8($0) }
        return parts.count == 4 && bytes.count == 4 ? bytes : nil
    }

    private static func v6(_ text: String) -> [UInt8]? {
        let halves = text.split(separator: "::", maxSplits: 1, omittingEmptySubsequences: false)
        guard let left = groups(halves[0]) else { return nil }
        guard halves.count == 2 else { return left.count == 16 ? left : nil }
        guard let right = groups(halves[1]), left.count + right.count <= 14 else { return nil }
        return left + [UInt8](repeating: 0, count: 16 - left.count - right.count) + right
    }

    /// Groups of four hexadecimal digits; the last may be an IPv4 address.
    private static func groups(_ text: Substring) -> [UInt8]? {
        if text.isEmpty { return [] }
        var bytes: [UInt8] = []
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        for (index, part) in parts.enumerated() {
            if index == parts.count - 1, part.utf8.contains(UInt8(ascii: ".")) {
                guard let last = v4(part) else { return nil }
                bytes += last
            } else {
                guard (1...4).contains(part.utf8.count), let group = UInt16(part, radix: 16) else { return nil }
                bytes += [UInt8(group >> 8), UInt8(group & 0xff)]
            }
        }
        return bytes
    }
}
