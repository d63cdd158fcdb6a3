/// The opaque name of a tenant's subject: 20 base64url characters (120 bits) of a keyed hash of namespace, tenant and
/// subject, so that a Redis key or session id does not reveal the subject.
package struct SubjectHandle: Hashable, Sendable {
    package static let length = 20

    package let text: String

    /// - Precondition: `text` is 20 base64url characters.
    package init(text: String) {
        precondition(text.utf8.count == Self.length, "a subject handle is 20 characters long")
        self.text = text
    }

    package func hash(into hasher: inout Hasher) {
        text.hash(into: &hasher, suffix: Self.length)
    }
}

/// A session id: `ses_`, the handle of its subject (20 characters) and 12 characters of its own, all base64url.
///
/// Because of the handle, a session id or token leads directly to its aggregate.
package struct SessionID: Hashable, Sendable {
    package static let prefix = "ses_"
    package static let ownLength = 12
    package static let length = prefix.utf8.count + SubjectHandle.length + ownLength

    package let text: String

    /// Parses a session id; `nil` if the text cannot be one.
    package init?(_ text: String) {
        let bytes = text.utf8.span
        guard bytes.count == Self.length, text.beginsExactly(with: Self.prefix) else { return nil }
        for index in Self.prefix.utf8.count..<Self.length where !bytes[index].isBase64URL { return nil }
        self.text = text
    }

    /// - Precondition: `own` is 12 base64url characters.
    package init(handle: SubjectHandle, own: String) {
        precondition(own.utf8.count == Self.ownLength, "a session's own part is 12 characters long")
        text = String(unsafeUninitializedCapacity: Self.length) { characters in
            var end = 0
            for part in [Self.prefix, handle.text, own] {
                end = characters[end...].initialize(fromContentsOf: part.utf8)
            }
            return end
        }
    }

    /// Hashes only what the ids of one subject differ in.
    package func hash(into hasher: inout Hasher) {
        text.hash(into: &hasher, suffix: Self.ownLength)
    }

    package var handle: SubjectHandle {
        let bytes = text.utf8.dropFirst(Self.prefix.utf8.count).prefix(SubjectHandle.length)
        return SubjectHandle(text: String(Substring(bytes)))
    }

    /// The part that distinguishes the session within its subject: 12 base64url characters.
    package var own: String {
        String(Substring(text.utf8.suffix(Self.ownLength)))
    }

    /// The id without its prefix, for places where everything is a session id.
    package var withoutPrefix: String {
        String(Substring(text.utf8.dropFirst(Self.prefix.utf8.count)))
    }

    /// Whether this is the id made of `handle` and `own`.
    package func isMade(of handle: SubjectHandle, own: String) -> Bool {
        let bytes = text.utf8.span
        return own.utf8.count == Self.ownLength
            && bytes.extracting(Self.prefix.utf8.count...).extracting(first: SubjectHandle.length).isExactly(
                handle.text)
            && bytes.extracting(last: Self.ownLength).isExactly(own)
    }
}

extension UInt8 {
    /// Whether this is a character of the base64url alphabet (RFC 4648, section 5).
    package var isBase64URL: Bool {
        switch self {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
