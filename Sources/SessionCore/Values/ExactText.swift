import Glibc

/// A text that equals another only if both are the same to the byte. Swift's own `==` also takes one for the other that
/// merely looks like it (Unicode canonical equivalence): é in one and in two code points, or K and the Kelvin sign.
///
/// Whatever a sender made up and somebody may compare has this type, so that nobody has to remember which `==` is meant.
package struct ExactText: Hashable, Sendable {
    package let text: String

    package init(_ text: String) {
        self.text = text
    }

    package static func == (left: ExactText, right: ExactText) -> Bool {
        left.text.isExactly(right.text)
    }

    /// The bytes, and not what Swift hashes: among texts that only look alike, of which anybody can make up thousands, a
    /// table would otherwise search for long.
    package func hash(into hasher: inout Hasher) {
        let isHashed: Void? = text.utf8.withContiguousStorageIfAvailable {
            hasher.combine(bytes: UnsafeRawBufferPointer($0))
        }
        if isHashed == nil { for byte in text.utf8 { hasher.combine(byte) } }
        // So that two texts side by side are not the same as two that are cut elsewhere.
        hasher.combine(UInt8.max)
    }
}

/// In the order of the bytes, which is that of the code points.
extension ExactText: Comparable {
    package static func < (left: ExactText, right: ExactText) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }
}

extension ExactText: CustomStringConvertible, ExpressibleByStringInterpolation {
    package var description: String { text }

    package init(stringLiteral text: String) {
        self.init(text)
    }
}

extension String {
    /// Whether both are the same to the byte.
    package func isExactly(_ other: String) -> Bool {
        utf8.count == other.utf8.count && beginsExactly(with: other)
    }

    /// Whether the bytes of this begin with those of `prefix`.
    package func beginsExactly(with prefix: String) -> Bool {
        guard utf8.count >= prefix.utf8.count else { return false }
        let isSame = utf8.withContiguousStorageIfAvailable { bytes in
            prefix.utf8.withContiguousStorageIfAvailable { others in
                guard let left = bytes.baseAddress, let right = others.baseAddress else { return true }
                return memcmp(left, right, others.count) == 0
            }
        }
        // Only what some other runtime keeps in another form has no bytes to show.
        return (isSame ?? nil) ?? utf8.starts(with: prefix.utf8)
    }
}

extension RawRepresentable where RawValue == String, Self: CaseIterable {
    /// The case whose raw value is this text to the byte; `init(rawValue:)` also takes what merely looks like it.
    package init?(exactly text: String) {
        guard let found = Self(rawValue: text), found.rawValue.isExactly(text) else { return nil }
        self = found
    }
}
