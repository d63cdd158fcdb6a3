/// A 128-bit fingerprint of a state in an exploration: equal only if everything after it is the same.
package struct Digest: Hashable, Sendable {
    package private(set) var high: UInt64 = 0xCBF2_9CE4_8422_2325
    package private(set) var low: UInt64 = 0x9AE1_6A3B_2F90_404F

    /// Adds a value. Order matters.
    mutating func append(_ value: UInt64) {
        high = Self.mixed(high ^ value)
        low = Self.mixed(low &+ value &* 0x9E37_79B9_7F4A_7C15)
    }

    mutating func append(_ value: Int) { append(UInt64(bitPattern: Int64(value))) }

    mutating func append(_ value: Bool) { append(value ? 1 : 0 as UInt64) }

    mutating func append(_ text: String) {
        var word: UInt64 = 0
        var count: UInt64 = 0
        for byte in text.utf8 {
            word = word << 8 | UInt64(byte)
            count += 1
            if count % 8 == 0 { append(word) }
        }
        append(word)
        append(count)
    }

    mutating func append(_ other: Digest) {
        append(other.high)
        append(other.low)
    }

    /// Adds a digest. Order does not matter: it is a sum.
    mutating func add(_ other: Digest) {
        high &+= other.high
        low &+= other.low
    }

    /// Of the same, and different from it.
    var distinct: Digest {
        var digest = self
        digest.append(1 as UInt64)
        return digest
    }

    /// A digest of some numbers.
    init(_ values: Int...) {
        for value in values { append(value) }
    }

    init(_ tag: Int, _ text: String) {
        append(tag)
        append(text)
    }

    /// The finalizer of MurmurHash3.
    private static func mixed(_ value: UInt64) -> UInt64 {
        var mixed = value
        mixed = (mixed ^ (mixed >> 33)) &* 0xFF51_AFD7_ED55_8CCD
        mixed = (mixed ^ (mixed >> 33)) &* 0xC4CE_B9FE_1A85_EC53
        return mixed ^ (mixed >> 33)
    }
}
