import StrictFormats

/// Why a text is no access token, in words. It decides nothing: that is ``CompactToken``, ``TokenHeader`` and ``TokenClaims``.
enum TokenDefect {
    private static let required = [
        "iss", "aud", "sub", "client_id", "exp", "iat", "jti", "sid", "tenant", "acr", "amr",
    ]

    /// - Returns: a sentence without a full stop, which begins with the subject “it” or “its …”.
    static func sentence(about bytes: [UInt8]) -> String {
        guard bytes.count <= TokenCheck.maximumLength else {
            return "it has \(bytes.count) bytes, and no access token has more than \(TokenCheck.maximumLength)"
        }
        let token = LooseToken(bytes)
        switch token.parts.count {
        case 3: break
        case 5: return "it has five parts: it is encrypted (JWE), and Sojourn's tokens are only signed"
        default: return "it does not have the three parts of a JWT, separated by dots"
        }
        guard let header = token.header else { return "its header, the first part, is no JSON object in base64url" }
        return sentence(about: header) ?? sentence(aboutPayloadOf: token)
    }

    private static func sentence(about header: JSONObject) -> String? {
        switch header.text("alg") {
        case "none"?: return "its alg is none: nobody has signed it"
        case "ES256"?, "EdDSA"?: break
        case nil: return "its header names no algorithm (alg)"
        case let other?:
            let name = other.utf8.count <= 16 ? other : "another one"
            return "its alg is \(name), and Sojourn signs with ES256 or EdDSA"
        }
        guard let type = header.text("typ"), TokenHeader.types.contains(type.lowercased()) else {
            return "its typ is not at+jwt: it is an ID token, or from another issuer, and no access token of Sojourn"
        }
        guard let key = header.text("kid"), (1...TokenHeader.maximumKeyIDLength).contains(key.utf8.count) else {
            return "its header names no key (kid)"
        }
        return TokenHeader.forbidden.first { header[$0] != nil }.map { "its header has \($0), which is not allowed" }
    }

    private static func sentence(aboutPayloadOf token: LooseToken) -> String {
        guard let payload = token.payload, let claims = try? JSONReader.read(payload, maximumDepth: 8).object
        else { return "its payload, the second part, is no JSON object in base64url" }
        guard token.signature?.count == CompactToken.signatureLength else {
            return "its signature, the third part, is not \(CompactToken.signatureLength) bytes in base64url: "
                + "it was cut off or changed"
        }
        let missing = required.filter { claims[$0] == nil }
        guard missing.isEmpty else { return "its payload lacks \(missing.joined(separator: ", "))" }
        return "a claim in its payload does not have the form that Sojourn writes"
    }
}
