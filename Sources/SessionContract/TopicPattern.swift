import SessionCore

/// A pattern for command names, as in a topic binding: words separated by dots, where `*` matches one word and `#` any
/// number of words, including none.
package struct TopicPattern: Sendable, Hashable {
    /// The longest routing key, in bytes (AMQP 0-9-1, shortstr).
    private static let maxBytes = 255

    fileprivate enum Part: Sendable, Hashable {
        case word(String)
        case one
        case any
    }

    private let parts: [Part]
    /// As written.
    package let text: String

    /// `nil` if the text is not a pattern: words consist of letters, digits, `_` and `-`, and a wildcard is a whole
    /// word.
    package init?(_ text: String) {
        guard (1...Self.maxBytes).contains(text.utf8.count) else { return nil }
        var parts: [Part] = []
        for word in text.split(separator: ".", omittingEmptySubsequences: false) {
            switch word {
            case "*": parts.append(.one)
            case "#": parts.append(.any)
            default:
                guard !word.isEmpty, word.utf8.allSatisfy(\.isBase64URL) else { return nil }
                parts.append(.word(String(word)))
            }
        }
        self.parts = parts
        self.text = text
    }

    /// Whether `name` matches.
    package func matches(_ name: String) -> Bool {
        // At the bytes where RabbitMQ splits it: as Characters, a mark before a dot would hide the dot.
        matches(name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false))
    }

    /// Whether `words`, a name split at its dots, matches. Takes at most the product of both lengths, because the name
    /// comes from untrusted senders.
    private func matches(_ words: [Substring.UTF8View]) -> Bool {
        var part = 0
        var word = 0
        /// The last `#`, and the word that it extends to so far.
        var any: (part: Int, word: Int)?
        while word < words.count {
            if part < parts.count, parts[part] == .any {
                any = (part, word)
                part += 1
            } else if part < parts.count, parts[part].isMet(by: words[word]) {
                part += 1
                word += 1
            } else if let last = any {
                any = (last.part, last.word + 1)
                part = last.part + 1
                word = last.word + 1
            } else {
                return false
            }
        }
        return parts[part...].allSatisfy { $0 == .any }
    }
}

extension TopicPattern.Part {
    fileprivate func isMet(by word: Substring.UTF8View) -> Bool {
        switch self {
        case .word(let own): own.utf8.elementsEqual(word)
        case .one: true
        case .any: false
        }
    }
}
