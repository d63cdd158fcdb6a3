/// Parsed from RabbitMQ's message about a declaration that differs from the existing object:
///
///     PRECONDITION_FAILED - inequivalent arg 'x-max-length' for queue 'q' in vhost '/': received none but current is
///     the value '5' of type 'long'
///
/// RabbitMQ names only the first argument that differs.
package struct InequivalentArgument: Hashable, Sendable {
    /// The argument, such as `x-queue-type`, or a field of the declaration: `durable`, `auto_delete`, `type`.
    package let name: String
    /// The declared value as text; nil if it was not declared.
    package let wanted: String?
    /// The existing value as text; nil if there is none.
    package let found: String?

    /// Nil if the error is about something else or its wording is unknown.
    package init?(_ error: AMQPError) {
        guard error.code == .preconditionFailed, let text = error.replyText,
            let name = text.between("inequivalent arg '", "' for "),
            let received = text.between(": received ", " but current is "),
            let current = text.firstRange(of: " but current is ").map({ text[$0.upperBound...] })
        else { return nil }
        guard let wanted = Self.value(received), let found = Self.value(current) else { return nil }
        self.name = String(name)
        self.wanted = wanted.text
        self.found = found.text
    }

    /// `none`, `'quorum'` or `the value '5' of type 'long'`; nil for anything else, such as truncated text.
    private static func value(_ words: Substring) -> (text: String?, Void)? {
        if words == "none" { return (nil, ()) }
        if let value = words.between("the value '", "' of type '") { return (String(value), ()) }
        guard words.count >= 2, words.first == "'", words.last == "'" else { return nil }
        return (String(words.dropFirst().dropLast()), ())
    }
}

extension StringProtocol where SubSequence == Substring {
    fileprivate func between(_ start: String, _ end: String) -> Substring? {
        guard let from = self[...].firstRange(of: start) else { return nil }
        let rest = self[from.upperBound...]
        guard let to = rest.firstRange(of: end) else { return nil }
        return rest[..<to.lowerBound]
    }
}
