import SessionCore

/// A pattern of command names, as in a topic binding: words with dots between them, where `*` is one word and `#` any
/// number of words, none included.
package struct TopicPattern: Sendable, Hashable {
    /// As long as a routing key may be, in bytes (AMQP 0-9-1, shortstr).
    private static let maxBytes = 255

    fileprivate enum Part: Sendable, Hashable {
        case word(String)
        case one
        case any
    }

    private let parts: [Part]
    /// As it was written.
    package let text: String

    /// `nil` for what is no pattern: words are letters, digits, `_` and `-`, and a wildcard is a whole word.
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

    /// Whether `name` is of this pattern.
    package func matches(_ name: String) -> Bool {
        matches(name.split(separator: ".", omittingEmptySubsequences: false))
    }

    /// Whether `words`, a name taken apart at its dots, are of this pattern. Takes at most their number times that of the
    /// pattern's words: a name is whatever somebody wrote.
    package func matches(_ words: [Substring]) -> Bool {
        var part = 0
        var word = 0
        /// The last `#`, and the word up to which it reaches so far.
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
    fileprivate func isMet(by word: Substring) -> Bool {
        switch self {
        case .word(let own): own.utf8.elementsEqual(word.utf8)
        case .one: true
        case .any: false
        }
    }
}
