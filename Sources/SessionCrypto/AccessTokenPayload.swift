import JWTKit
import SessionCore

/// The claims of an access token under their registered names (RFC 9068, section 2.2; `act`: RFC 8693, section 4.1),
/// plus three of Sojourn's: `tenant`, `gen`, and `sid` for the session id. Times are whole seconds (RFC 7519, section
/// 2).
struct AccessTokenPayload: JWTPayload {
    struct Actor: Codable {
        let sub: String
    }

    let issuer: String
    let audience: String
    let subject: String
    let clientID: String
    let expiresAt: Int64
    let issuedAt: Int64
    let id: String
    let session: String
    let generation: Int
    let tenant: String
    let level: String
    let methods: [String]
    let authenticatedAt: Int64?
    let actor: Actor?

    enum CodingKeys: String, CodingKey {
        case issuer = "iss"
        case audience = "aud"
        case subject = "sub"
        case clientID = "client_id"
        case expiresAt = "exp"
        case issuedAt = "iat"
        case id = "jti"
        case session = "sid"
        case generation = "gen"
        case tenant
        case level = "acr"
        case methods = "amr"
        case authenticatedAt = "auth_time"
        case actor = "act"
    }

    init(_ claims: AccessTokenClaims, issuer: String, audience: String) {
        self.issuer = issuer
        self.audience = audience
        subject = claims.subject
        clientID = claims.clientID
        expiresAt = claims.expiresAt.wholeSeconds
        issuedAt = claims.issuedAt.wholeSeconds
        id = claims.id
        session = claims.session.text
        generation = claims.generation
        tenant = claims.tenant
        level = String(claims.level)
        methods = claims.methods
        authenticatedAt = claims.authenticatedAt?.wholeSeconds
        actor = claims.actor.map { Actor(sub: $0) }
    }

    /// The claims that a decision needs; `nil` if a value is one we never issue.
    var presented: PresentedAccessToken? {
        guard let session = SessionID(session), (0...Int64.max / 1000).contains(expiresAt) else { return nil }
        return PresentedAccessToken(
            session: session, generation: generation, tenant: tenant,
            expiresAt: Timestamp(milliseconds: expiresAt * 1000))
    }

    /// Called by jwt-kit for checks it cannot make itself. Issuer and audience are compared where they are known.
    /// Expiry is left to the rules, because this machine's clock decides nothing.
    func verify(using algorithm: some JWTAlgorithm) {}
}
