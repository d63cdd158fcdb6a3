import SessionContract
import SessionCore

/// Splits a command line without a shell: no expansion, no substitution, no pipes.
package enum CommandLineWords {
    /// The maximum number of words in a command line.
    private static let maxWords = 64

    /// Returns the program and its arguments, from a JSON array of strings or from words separated by white space.
    /// Single and double quotes group words (`''` is an empty word); a backslash has no special meaning.
    ///
    /// `nil` if the text is neither: no words or too many, an unterminated quote, a NUL.
    package static func split(_ text: String) -> [String]? {
        guard !text.utf8.contains(0) else { return nil }
        let words = text.first == "[" ? array(text) : parts(of: text)
        guard let words, (1...maxWords).contains(words.count), words.first != "" else { return nil }
        return words
    }

    private static func array(_ text: String) -> [String]? {
        guard case .array(let values) = try? JSONReader.read(Array(text.utf8)) else { return nil }
        var words: [String] = []
        for value in values {
            guard case .string(let word) = value, !word.utf8.contains(0) else { return nil }
            words.append(word)
        }
        return words
    }

    private static func parts(of text: String) -> [String]? {
        var words: [String] = []
        /// The word being read; `nil` between words.
        var word: String?
        var quote: Character?
        for character in text {
            switch (character, quote) {
            case (let mark, let open?) where mark == open: quote = nil
            case (_, .some): word?.append(character)
            case ("\"", nil), ("'", nil):
                quote = character
                word = word ?? ""
            case (let space, nil) where space.isWhitespace:
                if let word { words.append(word) }
                word = nil
            case (_, nil): word = (word ?? "") + String(character)
            }
        }
        if let word { words.append(word) }
        return quote == nil ? words : nil
    }
}
