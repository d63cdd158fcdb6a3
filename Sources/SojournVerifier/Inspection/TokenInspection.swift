import StrictFormats

/// What an access token says, and whether it is good by itself, for a person who asks why. It also tells what a token says
/// that is not good, so nobody may be let in because of that.
package struct TokenInspection: Sendable {
    /// The longest text that is one, in bytes.
    package static let maximumLength = TokenCheck.maximumLength

    package enum Verdict: Hashable, Sendable {
        /// Form, signature, issuer, audience and times are right. What has happened to its session is another question.
        case good
        case refused(TokenRefusal.Reason)
        /// Everything else is right; there were no keys to verify the signature with.
        case unsigned
    }

    package let verdict: Verdict
    /// With `malformed`: what is wrong, as a sentence that quotes nothing of the token but names.
    package let defect: String?
    /// `alg` and `kid`, if its header can be read at all.
    package let algorithm: String?
    package let keyID: String?
    /// What it claims, if that can be read. It counts only if ``isGenuine``.
    package let claims: TokenClaims?
    /// Whether one of the keys has signed it.
    package let isGenuine: Bool

    /// - Parameters:
    ///   - text: as it came, without `Bearer`.
    ///   - keys: the issuer's; `nil` to leave the signature aside.
    package init(_ text: String, keys: KeySet?, issuer: String, audience: String, at now: UnixTime) {
        let check = TokenCheck(issuer: issuer, audience: audience, clockTolerance: .zero)
        let bytes = Array(text.utf8)
        let isShort = bytes.count <= TokenCheck.maximumLength
        let parts = isShort ? LooseToken(bytes) : nil
        verdict = isShort ? Self.verdict(on: bytes, keys, check, at: now) : .refused(.malformed)
        defect = verdict == .refused(.malformed) ? TokenDefect.sentence(about: bytes) : nil
        algorithm = parts?.header?.text("alg")
        keyID = parts?.header?.text("kid")
        claims = parts?.payload.flatMap { TokenClaims($0) }
        isGenuine =
            switch verdict {
            case .good: true
            case .refused(let reason): ![.malformed, .unknownKey, .signatureInvalid].contains(reason) && keys != nil
            case .unsigned: false
            }
    }

    private static func verdict(
        on bytes: [UInt8], _ keys: KeySet?, _ check: TokenCheck, at now: UnixTime
    ) -> Verdict {
        do throws(TokenRefusal) {
            let token = if let keys { try check.check(bytes[...], with: keys) } else { try check.trusting(bytes[...]) }
            try check.compareTimes(of: token, at: now)
            return keys == nil ? .unsigned : .good
        } catch {
            return .refused(error.reason)
        }
    }
}

/// As much of a token as can be read.
struct LooseToken {
    let parts: [ArraySlice<UInt8>]
    let header: JSONObject?
    let payload: [UInt8]?
    let signature: [UInt8]?

    init(_ bytes: [UInt8]) {
        // One more than there should be shows that there are too many.
        parts = bytes.split(separator: UInt8(ascii: "."), maxSplits: 5, omittingEmptySubsequences: false)
        header =
            parts.first.flatMap { Base64URL.decode($0) }.flatMap { try? JSONReader.read($0, maximumDepth: 4) }?
            .object
        payload = parts.count > 1 ? Base64URL.decode(parts[1]) : nil
        signature = parts.count > 2 ? Base64URL.decode(parts[2]) : nil
    }
}
