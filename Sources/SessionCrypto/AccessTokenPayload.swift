import JWTKit
import SessionContract
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

    /// Appends the payload of a token that has these claims, in base64url.
    static func append(_ claims: AccessTokenClaims, issuer: String, audience: String, to token: inout [UInt8]) {
        let json = JSONWriter.object { json in
            json.member("iss", issuer)
            json.member("aud", audience)
            json.member("sub", claims.subject)
            json.member("client_id", claims.clientID)
            json.member("exp", Int(claims.expiresAt.wholeSeconds))
            json.member("iat", Int(claims.issuedAt.wholeSeconds))
            json.member("jti", claims.id)
            json.member("sid", claims.session.text)
            json.member("gen", claims.generation)
            json.member("tenant", claims.tenant)
            json.member("acr", String(claims.level))
            json.key("amr")
            json.array { json in
                for method in claims.methods { json.string(method) }
            }
            json.member("auth_time", claims.authenticatedAt.map { Int($0.wholeSeconds) })
            if let actor = claims.actor {
                json.key("act")
                json.object { $0.member("sub", actor) }
            }
        }
        Base64URL.append(json, to: &token)
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
