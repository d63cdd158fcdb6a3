import Glibc

/// A text that equals another only if both have the same bytes. Swift's own `==` uses Unicode canonical equivalence,
/// which also accepts texts that only look alike: é as one or two code points, or K and the Kelvin sign.
///
/// Texts from senders that may be compared have this type, so that the right `==` does not have to be remembered.
package struct ExactText: Hashable, Sendable {
    package let text: String

    package init(_ text: String) {
        self.text = text
    }

    package static func == (left: ExactText, right: ExactText) -> Bool {
        left.text.isExactly(right.text)
    }

    /// Hashes the bytes, unlike `String`. Otherwise anyone could send thousands of different texts with the same hash
    /// value, and slow down every lookup.
    package func hash(into hasher: inout Hasher) {
        let isHashed: Void? = text.utf8.withContiguousStorageIfAvailable {
            hasher.combine(bytes: UnsafeRawBufferPointer($0))
        }
        if isHashed == nil { for byte in text.utf8 { hasher.combine(byte) } }
        // Separates consecutive texts, so that `ab`, `c` and `a`, `bc` hash differently.
        hasher.combine(UInt8.max)
    }
}

/// Ordered by bytes, which is also the order of code points.
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
    /// Whether both have the same bytes.
    package func isExactly(_ other: String) -> Bool {
        utf8.count == other.utf8.count && beginsExactly(with: other)
    }

    /// Whether this text begins with the bytes of `prefix`.
    package func beginsExactly(with prefix: String) -> Bool {
        let (bytes, beginning) = (utf8.span, prefix.utf8.span)
        guard bytes.count >= beginning.count else { return false }
        return bytes.withUnsafeBufferPointer { bytes in
            beginning.withUnsafeBufferPointer { beginning in
                guard let left = bytes.baseAddress, let right = beginning.baseAddress else { return true }
                return memcmp(left, right, beginning.count) == 0
            }
        }
    }
}

extension RawRepresentable where RawValue == String, Self: CaseIterable {
    /// The case whose raw value has exactly these bytes. `init(rawValue:)` also accepts texts that only look alike.
    package init?(exactly text: String) {
        guard let found = Self(rawValue: text), found.rawValue.isExactly(text) else { return nil }
        self = found
    }
}
