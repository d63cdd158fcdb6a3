/// The slot of a key in a Redis Cluster (Redis Cluster specification, "Key distribution model" and "Hash tags").
enum HashSlot {
    static let count = 16_384

    /// CRC-16/XMODEM of the key modulo the number of slots; where the key has a non-empty part in braces, of the first
    /// such part alone.
    static func slot(of key: some RandomAccessCollection<UInt8>) -> Int {
        var crc: UInt16 = 0
        for byte in tag(of: key) {
            crc = crc << 8 ^ table[Int(UInt8(truncatingIfNeeded: crc >> 8) ^ byte)]
        }
        return Int(crc) % count
    }

    private static func tag<Key: RandomAccessCollection<UInt8>>(of key: Key) -> Key.SubSequence {
        guard let open = key.firstIndex(of: UInt8(ascii: "{")) else { return key[...] }
        let inside = key[key.index(after: open)...]
        guard let close = inside.firstIndex(of: UInt8(ascii: "}")), close > inside.startIndex else { return key[...] }
        return inside[..<close]
    }

    /// The polynomial is x¹⁶ + x¹² + x⁵ + 1.
    private static let table: [UInt16] = (0..<256).map { byte in
        (0..<8).reduce(UInt16(byte) << 8) { crc, _ in crc & 0x8000 == 0 ? crc << 1 : crc << 1 ^ 0x1021 }
    }
}
