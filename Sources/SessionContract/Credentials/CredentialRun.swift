import SessionCore

/// Recognises credentials by their appearance: runs of the characters that tokens consist of, which are letters,
/// digits, `-` and `_`.
enum CredentialRun {
    /// Anything shorter is a name, not a credential.
    static let minBytes = 16
    /// A run of at least this length that mixes small letters, capitals and digits is a token that has lost its prefix.
    /// Machine-made names, such as UUIDs, are shorter or less mixed.
    static let minAnonymousBytes = 60

    /// Whether a byte can be part of a run.
    static func isMember(_ byte: UInt8) -> Bool { byte.isBase64URL }

    /// Whether a byte can continue base64: either alphabet, padding, and the line breaks used in mail.
    static func isEncoding(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "+"), UInt8(ascii: "/"), UInt8(ascii: "="), UInt8(ascii: "\r"), UInt8(ascii: "\n"),
            UInt8(ascii: " "), UInt8(ascii: "\t"):
            true
        default: byte.isBase64URL
        }
    }

    /// Whether a byte can be a line break inside a token.
    static func isBreak(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "\r") || byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\t")
            || byte == UInt8(ascii: "=")
    }

    /// The index of a token's prefix in a run, in any case.
    static func prefix(in run: ArraySlice<UInt8>) -> Int? {
        run.indices.first { index in
            guard run[index] == UInt8(ascii: "_"), index - run.startIndex >= 3 else { return false }
            let kind = run[index - 1] | 0x20
            return run[index - 3] | 0x20 == UInt8(ascii: "s") && run[index - 2] | 0x20 == UInt8(ascii: "j")
                && (kind == UInt8(ascii: "s") || kind == UInt8(ascii: "r") || kind == UInt8(ascii: "t"))
        }.map { $0 - 3 }
    }

    /// The index of a JWT's header in a run: `{"`, or `{` followed by white space, in base64.
    static func header(in run: ArraySlice<UInt8>) -> Int? {
        run.indices.first { index in
            guard run[index] == UInt8(ascii: "e"), index + 2 < run.endIndex else { return false }
            switch (run[index + 1], run[index + 2]) {
            case (UInt8(ascii: "y"), UInt8(ascii: "J")), (UInt8(ascii: "y"), UInt8(ascii: "A")),
                (UInt8(ascii: "w"), UInt8(ascii: "o")), (UInt8(ascii: "w"), UInt8(ascii: "k")),
                (UInt8(ascii: "w"), UInt8(ascii: "0")):
                return true
            default: return false
            }
        }
    }

    /// Whether a run looks like a token without a prefix, because only machines write such texts.
    static func isAnonymousToken(_ run: ArraySlice<UInt8>) -> Bool {
        guard run.count >= minAnonymousBytes else { return false }
        return run.contains { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }
            && run.contains { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }
            && run.contains { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }

    /// Whether a run contains a token's prefix or the word `code` in base64, at any of its three offsets, or in
    /// hexadecimal.
    static func hasEncodedCredential(_ run: ArraySlice<UInt8>) -> Bool {
        guard run.count >= 4 else { return false }
        for index in run.startIndex...run.endIndex - 4 where signatureBeginnings[Int(run[index])] {
            let rest = run[index...]
            if signatures.contains(where: { rest.starts(with: $0) }) { return true }
        }
        return false
    }

    private static let signatures: [[UInt8]] = ["sjs_", "sjr_", "sjt_", "code"].flatMap { word in
        let hexadecimal = word.utf8.map { String($0, radix: 16) }.joined()
        return (0..<3).map { base64(word, after: $0) } + [
            Array(hexadecimal.utf8), Array(hexadecimal.uppercased().utf8),
        ]
    }

    private static let signatureBeginnings: [Bool] = {
        var beginnings = [Bool](repeating: false, count: 256)
        for signature in signatures { beginnings[Int(signature[0])] = true }
        return beginnings
    }()

    /// The base64 characters that depend on `word` alone if it follows `offset` bytes after a multiple of three (RFC
    /// 4648, section 4).
    private static func base64(_ word: String, after offset: Int) -> [UInt8] {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        let bits = ([UInt8](repeating: 0, count: offset) + word.utf8).flatMap { byte in
            (0..<8).map { byte >> (7 - $0) & 1 }
        }
        return stride(from: (offset * 8 + 5) / 6 * 6, through: bits.count - 6, by: 6).map { start in
            alphabet[bits[start..<start + 6].reduce(0) { $0 << 1 | Int($1) }]
        }
    }
}

// MARK: - Scanning a view

extension CredentialScan {
    /// Finds credentials by their appearance.
    mutating func findRuns() {
        var index = 0
        while index < view.count, !isFull {
            guard CredentialRun.isMember(view.bytes[index]) else {
                index += 1
                continue
            }
            let end = view.bytes[index...].firstIndex { !CredentialRun.isMember($0) } ?? view.count
            index = max(end, look(at: view.bytes[index..<end]))
        }
    }

    /// - Returns: the end of the credential, or of the run if it contains none.
    private mutating func look(at run: ArraySlice<UInt8>) -> Int {
        if let start = CredentialRun.prefix(in: run) {
            let end = endOfToken(from: run.endIndex)
            if end - start >= CredentialRun.minBytes { return found(from: start, to: end) }
        }
        if let start = CredentialRun.header(in: run) {
            let end =
                view.bytes[start...].firstIndex { !CredentialRun.isMember($0) && $0 != UInt8(ascii: ".") } ?? view.count
            if end > run.endIndex + 8 { return found(from: start, to: end) }
            if run.endIndex - start >= CredentialRun.minBytes { return found(from: start, to: endOfEncoding(run)) }
        }
        if CredentialRun.hasEncodedCredential(run) {
            let start = beginningOfEncoding(run)
            let end = endOfEncoding(run)
            if end - start >= CredentialRun.minBytes { return found(from: start, to: end) }
        }
        return CredentialRun.isAnonymousToken(run) ? found(from: run.startIndex, to: run.endIndex) : run.endIndex
    }

    private mutating func found(from start: Int, to end: Int) -> Int {
        found(start..<end)
        return end
    }

    /// A token may continue after a line break that an editor inserted.
    private func endOfToken(from end: Int) -> Int {
        var end = end
        while end < view.count, CredentialRun.isBreak(view.bytes[end]) {
            guard let next = view.bytes[end...].firstIndex(where: { !CredentialRun.isBreak($0) }),
                CredentialRun.isMember(view.bytes[next])
            else { return end }
            end = view.bytes[next...].firstIndex { !CredentialRun.isMember($0) } ?? view.count
        }
        return end
    }

    private func endOfEncoding(_ run: ArraySlice<UInt8>) -> Int {
        view.bytes[run.endIndex...].firstIndex { !CredentialRun.isEncoding($0) } ?? view.count
    }

    private func beginningOfEncoding(_ run: ArraySlice<UInt8>) -> Int {
        view.bytes[..<run.startIndex].lastIndex { !CredentialRun.isEncoding($0) }.map { $0 + 1 } ?? 0
    }
}
