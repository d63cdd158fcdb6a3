import SessionCore
import SessionCrypto
import SojournVerifier

/// Signs access tokens as a worker does.
struct Issuer {
    let tokens: AccessTokens
    let now: Timestamp

    init(_ algorithm: SigningAlgorithm) async {
        now = Timestamp(milliseconds: UnixTime.now.milliseconds)
        tokens = await AccessTokens(
            keyring: .generate(at: Timestamp(milliseconds: 0)), at: now, namespace: "sojourn", issuer: "sojourn",
            audience: "sojourn", algorithm: algorithm)
    }

    /// A token as `session.create` gives them, of a session of its own.
    func token(_ number: Int) throws -> String {
        let text = String(number)
        let own = String(repeating: "0", count: SessionID.ownLength - text.utf8.count) + text
        let claims = SessionCore.AccessTokenClaims(
            id: "jti_\(own)\(own)",
            session: SessionID(handle: SubjectHandle(text: "k7Qm2vXc9Lr4TzWb8NfY"), own: own), generation: 1,
            tenant: "default", subject: "user-\(number)@example.com", clientID: "shop", level: 2,
            methods: ["pwd", "otp"], authenticatedAt: now, actor: nil, issuedAt: now,
            expiresAt: now.adding(seconds: 3000))
        return try tokens.sign(claims).exposed
    }
}
