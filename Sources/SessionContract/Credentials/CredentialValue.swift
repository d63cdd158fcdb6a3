import SessionCore

// Recognises credentials by their names: values of `code` and similar keys, in any format.
extension CredentialScan {
    /// How much of a key is compared, in bytes.
    private static let maxKeyBytes = 40
    /// The shortest text under `token`, `ticket` or a similar key that could be a credential, in bytes.
    private static let minTokenBytes = 24

    private enum Secrecy {
        /// Any value is secret.
        case any
        /// Only a long value is secret.
        case long
    }

    /// Whether a value under this name is a credential, whatever it looks like.
    package static func isSecret(_ text: String, named name: String) -> Bool {
        switch secrecy(of: name.utf8.suffix(maxKeyBytes).map { $0 | 0x20 }) {
        case .any: !text.isEmpty
        case .long: text.utf8.count >= minTokenBytes && !text.hasPrefix(SessionID.prefix)
        case nil: false
        }
    }

    /// Finds credentials by their keys: `"code":"…"`, `code=…`, `<code>…`.
    mutating func findValues() {
        /// The end of the `factor` being scanned.
        var endOfFactor = 0
        for index in view.bytes.indices where isSeparator(view.bytes[index]) {
            if isFull { return }
            guard let key = key(before: index), let start = valueStart(after: index) else { continue }
            if view.bytes[start] == UInt8(ascii: "{"), Self.isCalled("factor", key) {
                if index >= endOfFactor { endOfFactor = endOfContainer(from: start) }
                continue
            }
            let isInFactor = index < endOfFactor && !Self.isCalled("type", key)
            guard let secrecy = isInFactor ? .any : Self.secrecy(of: key) else { continue }
            seal(valueFrom: start, secrecy, isJSON: view.bytes[index] == UInt8(ascii: ":"))
        }
    }

    private mutating func seal(valueFrom start: Int, _ secrecy: Secrecy, isJSON: Bool) {
        // In JSON, a token is always quoted.
        if secrecy == .long, isJSON, !Self.isQuote(view.bytes[start]) { return }
        let (range, isBare) = value(from: start)
        let text = view.bytes[range]
        if secrecy == .long {
            guard text.count >= Self.minTokenBytes else { return }
            if text.starts(with: SessionID.prefix.utf8), text.count < CredentialRun.minAnonymousBytes { return }
        }
        let isNothing = isBare && ["null", "true", "false"].contains { text.elementsEqual($0.utf8) }
        if !isNothing { found(range, needsQuotes: isBare && isJSON) }
    }

    // MARK: Keys

    private func isSeparator(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: ":") || byte == UInt8(ascii: "=") || byte == UInt8(ascii: ">")
    }

    /// The name before a separator, in lower case.
    private func key(before separator: Int) -> [UInt8]? {
        var end = separator
        while end > 0, Self.isSpace(view.bytes[end - 1]) { end -= 1 }
        if end > 0, Self.isQuote(view.bytes[end - 1]) { end -= 1 }
        var start = end
        while start > 0, end - start < Self.maxKeyBytes, view.bytes[start - 1].isBase64URL { start -= 1 }
        return start < end ? view.bytes[start..<end].map { $0 | 0x20 } : nil
    }

    /// How secret values under this key are; `nil` if they are not.
    private static func secrecy(of key: [UInt8]) -> Secrecy? {
        func ends(with words: String...) -> Bool { words.contains { key.reversed().starts(with: $0.utf8.reversed()) } }
        if ends(with: "code", "codes", "otp", "password", "passphrase", "secret") || isCalled("code", key)
            || key.elementsEqual("pin".utf8)
        {
            return .any
        }
        if ends(with: "token", "ticket", "except", "authorization", "cookie") { return .long }
        return nil
    }

    /// Whether a key is `name`, or differs from it by one letter.
    private static func isCalled(_ name: String, _ key: [UInt8]) -> Bool {
        NearestName.distance(Array(name.utf8), key, under: 2) != nil
    }

    // MARK: Values

    private func valueStart(after separator: Int) -> Int? {
        view.bytes[(separator + 1)...].firstIndex { !Self.isSpace($0) }
    }

    /// The range of the value without its quotes, and whether it had none.
    private func value(from start: Int) -> (range: Range<Int>, isBare: Bool) {
        let first = view.bytes[start]
        if Self.isQuote(first) {
            // A quote that takes up more raw bytes than the opening one is part of the value.
            let length = view.rawLength(at: start)
            let end = view.bytes.indices[(start + 1)...].first {
                view.bytes[$0] == first && view.rawLength(at: $0) <= length
            }
            return (start + 1..<(end ?? view.count), false)
        }
        if first == UInt8(ascii: "{") || first == UInt8(ascii: "[") {
            return (start..<endOfContainer(from: start), true)
        }
        var end = view.bytes[start...].firstIndex(where: Self.endsBareValue) ?? view.count
        while end > start, Self.isSpace(view.bytes[end - 1]) { end -= 1 }
        return (start..<end, true)
    }

    /// The index after the bracket that closes the one at `start`; the end of the bytes if it cannot be found.
    private func endOfContainer(from start: Int) -> Int {
        var depth = 0
        var quote: (byte: UInt8, length: Int)?
        for index in view.bytes.indices[start...] {
            let byte = view.bytes[index]
            if let open = quote {
                if byte == open.byte, view.rawLength(at: index) <= open.length { quote = nil }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): quote = (byte, view.rawLength(at: index))
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                if depth == 0 { return index + 1 }
            default: continue
            }
        }
        return view.count
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
            || byte == UInt8(ascii: "\n")
    }

    private static func isQuote(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") || byte == UInt8(ascii: "`")
    }

    private static func endsBareValue(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: ","), UInt8(ascii: "}"), UInt8(ascii: "]"), UInt8(ascii: "&"), UInt8(ascii: "<"),
            UInt8(ascii: ";"), UInt8(ascii: "\n"), UInt8(ascii: "\r"):
            true
        default: isQuote(byte)
        }
    }
}
