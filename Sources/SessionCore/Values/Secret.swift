/// A text that must not be disclosed: it always prints as `[redacted]`.
package struct Secret: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The text itself. Before using this property, consider who will see it.
    package let exposed: String

    package init(_ text: String) {
        exposed = text
    }

    package var description: String { "[redacted]" }
    package var debugDescription: String { "[redacted]" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
