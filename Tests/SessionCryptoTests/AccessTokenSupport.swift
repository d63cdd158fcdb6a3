import Crypto
import Foundation
import SessionCore
import SessionCrypto

let session = SessionID(handle: SubjectHandle(text: "0123456789abcdefghij"), own: "abcDEF012-_z")

func claims(
    authenticatedAt: Timestamp? = start.adding(seconds: -60), actor: String? = nil, subject: String = "alice",
    clientID: String = "orders", methods: [String] = ["pwd", "otp"]
) -> AccessTokenClaims {
    AccessTokenClaims(
        id: "jti-1", session: session, generation: 3, tenant: "acme", subject: subject, clientID: clientID, level: 2,
        methods: methods, authenticatedAt: authenticatedAt, actor: actor,
        issuedAt: Timestamp(milliseconds: start.milliseconds + 250),
        expiresAt: Timestamp(milliseconds: start.milliseconds + 300_999))
}

/// The result of presenting `claims()`: its times have lost their milliseconds.
let presented = PresentedAccessToken(
    session: session, generation: 3, tenant: "acme", expiresAt: start.adding(seconds: 300))

func accessTokens(
    keys: [String] = ["000000a1"], current: String? = nil, namespace: String = "sojourn", issuer: String = "issuer",
    audience: String = "audience", algorithm: SigningAlgorithm = .es256
) async throws -> AccessTokens {
    await AccessTokens(
        keyring: try keyring(keys: keys, current: current), at: Timestamp(milliseconds: 0), namespace: namespace,
        issuer: issuer, audience: audience,
        algorithm: algorithm)
}

/// Makes tokens that Sojourn would never issue, with its own keys, derived here independently from their documentation.
struct Forge {
    var header: [String: Any] = ["typ": "at+jwt", "alg": "ES256", "kid": "000000a1-es256"]
    var payload: [String: Any] = [
        "iss": "issuer", "aud": "audience", "sub": "alice", "client_id": "orders", "exp": 1_795_212_300,
        "iat": 1_795_212_000, "jti": "jti-1", "sid": session.text, "gen": 3, "tenant": "acme", "acr": "2",
        "amr": ["pwd"],
    ]
    /// The header as text, for what no dictionary can express.
    var headerText: String?

    static let es256Key: P256.Signing.PrivateKey = key("ES256") { try? P256.Signing.PrivateKey(rawRepresentation: $0) }
    static let edDSAKey: Curve25519.Signing.PrivateKey = key("EdDSA") {
        try? Curve25519.Signing.PrivateKey(rawRepresentation: $0)
    }

    private static func key<Key>(_ algorithm: String, _ make: (SymmetricKey) -> Key?) -> Key {
        let bytes = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: [UInt8](repeating: 0xA1, count: 32)),
            info: Array("sojourn/1/access tokens/\(algorithm)/0/sojourn".utf8), outputByteCount: 32)
        guard let key = make(bytes) else { preconditionFailure("these bytes are a key") }
        return key
    }

    /// The first two parts, as signed.
    func signingInput() throws -> String {
        let header =
            try headerText.map { Data($0.utf8) } ?? JSONSerialization.data(withJSONObject: header)
        return base64URL(header) + "." + base64URL(try JSONSerialization.data(withJSONObject: payload))
    }

    func token(signature: (Data) throws -> Data) throws -> String {
        let input = try signingInput()
        return input + "." + base64URL(try signature(Data(input.utf8)))
    }

    func signedWithES256() throws -> String {
        try token { try Self.es256Key.signature(for: $0).rawRepresentation }
    }

    func signedWithEdDSA() throws -> String {
        try token { try Self.edDSAKey.signature(for: $0) }
    }
}

/// A token's header or payload, readable by anyone.
func part(_ index: Int, of token: Secret) throws -> [String: Any] {
    let text = String(token.exposed.split(separator: ".")[index])
    let base64 = text.replacing("-", with: "+").replacing("_", with: "/")
    let padding = String(repeating: "=", count: (4 - base64.count % 4) % 4)
    let object = try JSONSerialization.jsonObject(with: Data(base64Encoded: base64 + padding) ?? Data())
    return object as? [String: Any] ?? [:]
}
