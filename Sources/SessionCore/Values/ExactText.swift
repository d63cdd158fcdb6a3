/// A text that equals another only if both are the same to the byte. Swift's own `==` also takes one for the other that
/// merely looks like it (Unicode canonical equivalence), which neither JSON keys nor names of users are compared by.
package struct ExactText: Hashable, Sendable {
    package let text: String

    package init(_ text: String) {
        self.text = text
    }

    package static func == (left: ExactText, right: ExactText) -> Bool {
        left.text.isExactly(right.text)
    }
}

extension String {
    /// Whether both are the same to the byte.
    package func isExactly(_ other: String) -> Bool {
        // What differs already to Swift differs; to compare that first is faster.
        self == other && utf8.elementsEqual(other.utf8)
    }
}
