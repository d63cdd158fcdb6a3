import SessionCore

/// Readable tokens: `sjs_|<session id>|<generation>|<secret>`. They are not secret, but easy to follow.
struct PlainTokens: TokenScheme {
    func handle(tenant: String, subject: String) -> SubjectHandle {
        let name = "\(tenant)-\(subject)".filter { $0.isLetter || $0.isNumber || $0 == "-" }
        return SubjectHandle(text: String((name + String(repeating: "_", count: 20)).prefix(20)))
    }

    func issue(_ kind: TokenKind, for session: SessionID, generation: Int, entropy: [UInt8]) -> IssuedToken {
        let secret = entropy.prefix(8).map { String($0) }.joined(separator: ".")
        return token("\(kind.rawValue)|\(session.text)|\(generation)|\(secret)")
    }

    func successor(of predecessor: PresentedToken, generation: Int, salt: [UInt8]) -> IssuedToken {
        let secret = "\(predecessor.text.exposed.hashed)x\(salt.prefix(8).map { String($0) }.joined(separator: "."))"
        return token("\(TokenKind.refresh.rawValue)|\(predecessor.session.text)|\(generation)|\(secret)")
    }

    func read(_ text: String, as kind: TokenKind) -> PresentedToken? {
        let parts = text.split(separator: "|")
        guard parts.count == 4, parts[0] == kind.rawValue, let session = SessionID(String(parts[1])),
            let generation = Int(parts[2])
        else { return nil }
        return PresentedToken(
            kind: kind, session: session, generation: generation, digest: digest(of: text), text: Secret(text))
    }

    func cursor(behind place: ListPlace, of handle: SubjectHandle) -> String {
        let steps = (place.line + [place.own]).map { "\($0.createdAt.milliseconds).\($0.own)" }
        return handle.text + "|" + steps.joined(separator: "|")
    }

    func place(of cursor: String, of handle: SubjectHandle) -> ListPlace? {
        let parts = cursor.split(separator: "|")
        var steps = parts.dropFirst().compactMap { part -> ListPlace.Step? in
            guard let dot = part.firstIndex(of: "."), let milliseconds = Int64(part[..<dot]) else { return nil }
            return .init(createdAt: Timestamp(milliseconds: milliseconds), own: String(part[dot...].dropFirst()))
        }
        guard parts.first.map(String.init) == handle.text, let own = steps.popLast() else { return nil }
        return ListPlace(line: steps, own: own)
    }

    /// The token as a command contains it.
    func reference(_ text: String, as kind: TokenKind = .session) -> TokenReference {
        read(text, as: kind).map(TokenReference.genuine) ?? .malformed
    }

    private func token(_ text: String) -> IssuedToken {
        IssuedToken(text: Secret(text), digest: digest(of: text))
    }

    private func digest(of text: String) -> TokenDigest {
        var bytes = Array(text.utf8.suffix(16))
        withUnsafeBytes(of: text.hashed) { bytes.append(contentsOf: $0) }
        return TokenDigest(bytes: Array((bytes + [UInt8](repeating: 0, count: 32)).prefix(32)))
    }
}

/// Codes that a reader can compute: `<step>.<first byte of the secret>`, with steps of 30 seconds. Recovery codes are
/// labelled as such.
struct PlainFactors: FactorScheme {
    static func step(at now: Timestamp) -> Int64 {
        now.milliseconds / 30_000
    }

    static func code(of factor: Factor, step: Int64) -> Secret {
        Secret("\(step).\(factor.secret[0])")
    }

    func matchingStep(of code: Secret, secret: [UInt8], at now: Timestamp, after lastStep: Int64?) -> Int64? {
        let step = Self.step(at: now)
        return (step - 1...step + 1).first { "\($0).\(secret[0])" == code.exposed && $0 > lastStep ?? -1 }
    }

    func recoveryDigest(of code: Secret, for handle: SubjectHandle) -> [UInt8] {
        Array("\(handle.text) \(code.exposed)".utf8)
    }

    func text(ofSecret secret: [UInt8]) -> Secret {
        Secret("secret " + secret.map { String($0) }.joined(separator: "."))
    }

    func uri(ofSecret secret: [UInt8], label: String, issuer: String) -> Secret {
        Secret("otpauth://totp/\(issuer):\(label)?secret=\(secret.map { String($0) }.joined(separator: "."))")
    }

    var recoveryEntropy: Int { 4 }

    func recoveryCode(from entropy: [UInt8]) -> Secret {
        Secret("recovery " + entropy.map { String($0) }.joined(separator: "."))
    }
}

extension String {
    /// FNV-1a: the same in every run, unlike Swift's hash.
    fileprivate var hashed: UInt64 {
        utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }
}

extension ClientContext.Coordinates {
    static let berlin = Self(latitude: 52.52, longitude: 13.405)
    static let tokyo = Self(latitude: 35.68, longitude: 139.69)
}
