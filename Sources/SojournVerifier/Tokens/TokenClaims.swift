import StrictFormats

/// The claims of an access token, as far as a decision needs them (RFC 9068, section 2.2).
package struct TokenClaims: Sendable {
    package let issuer: String
    package let audience: [String]
    package let token: VerifiedAccessToken
    package let issuedAt: UnixTime
    package let expiresAt: UnixTime
    /// `nbf`, which Sojourn does not write; others may.
    package let notBefore: UnixTime?
    /// `gen`: the session's generation when the token was issued. Elevation and re-authentication replace all tokens of
    /// earlier generations.
    let generation: Int64?
}

extension TokenClaims {
    /// `nil` if these bytes are not the payload of an access token.
    init?(_ bytes: [UInt8]) {
        guard let claims = try? JSONReader.read(bytes, maximumDepth: 8).object,
            let issuer = claims.text("iss"), let audience = claims.audience, let subject = claims.text("sub"),
            let clientID = claims.text("client_id"), let tokenID = claims.text("jti"),
            let session = claims.text("sid"), session.beginsExactly(with: "ses_"),
            let tenant = claims.text("tenant"),
            let level = claims.text("acr").flatMap({ Int($0) }), (1...9).contains(level),
            let methods = claims.texts("amr"),
            let expiresAt = claims.time("exp"), let issuedAt = claims.time("iat"),
            let authenticatedAt = claims.optional("auth_time", { $0.time }),
            let notBefore = claims.optional("nbf", { $0.time }),
            let actor = claims.optional("act", { $0.object?.text("sub") }),
            let generation = claims.optional("gen", { $0.integer })
        else { return nil }
        self.issuer = issuer
        self.audience = audience
        self.issuedAt = issuedAt
        self.expiresAt = expiresAt
        self.notBefore = notBefore
        self.generation = generation
        token = VerifiedAccessToken(
            sessionID: session, tenant: tenant, subject: subject, level: level, methods: methods,
            authenticatedAt: authenticatedAt?.date, actor: actor, clientID: clientID, issuedAt: issuedAt.date,
            expiresAt: expiresAt.date, tokenID: tokenID)
    }
}

extension JSONObject {
    /// One text or an array of them (RFC 7519, section 4.1.3).
    fileprivate var audience: [String]? {
        if let one = text("aud") { return [one] }
        return texts("aud")
    }

    fileprivate func time(_ key: String) -> UnixTime? { self[key]?.time }

    /// `nil` if the member is there and `read` cannot read it; `.some(nil)` if it is not there.
    fileprivate func optional<Value>(_ key: String, _ read: (JSONValue) -> Value?) -> Value?? {
        guard let value = self[key] else { return .some(nil) }
        return read(value).map { .some($0) }
    }
}

extension JSONValue {
    fileprivate var time: UnixTime? {
        guard let seconds = integer, (0...UnixTime.latest).contains(seconds) else { return nil }
        return UnixTime(seconds: seconds)
    }
}
