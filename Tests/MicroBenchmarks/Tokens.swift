import SessionCore
import SessionCrypto

// Session and refresh tokens, and the randomness that they are made of.
extension MicroBenchmark {
    static var tokens: [MicroBenchmark] {
        [
            MicroBenchmark("token.read") { scene in
                guard let token = scene.created.tokens.session?.exposed else { throw UnexpectedOutcome("no token") }
                guard scene.tokens.read(token, as: .session) != nil else { throw UnexpectedOutcome("an invalid token") }
                return { keep(scene.tokens.read(token, as: .session)) }
            },
            MicroBenchmark("token.issue") { scene in
                let (session, entropy) = (scene.created.session.id, [UInt8](repeating: 7, count: 32))
                return { keep(scene.tokens.issue(.session, for: session, generation: 1, entropy: entropy)) }
            },
            MicroBenchmark("token.succeed") { scene in
                guard let text = scene.created.tokens.refresh?.exposed,
                    let token = scene.tokens.read(text, as: .refresh)
                else { throw UnexpectedOutcome("no refresh token") }
                let salt = [UInt8](repeating: 7, count: 32)
                return { keep(scene.tokens.successor(of: token, generation: 2, salt: salt)) }
            },
            // 64 numbers: one block of the system's.
            MicroBenchmark("entropy.block") { _ in
                let pool = EntropyPool()
                return { for _ in 0..<64 { keep(pool.next()) } }
            },
        ]
    }
}

// Access tokens: JSON Web Tokens signed with ECDSA.
extension MicroBenchmark {
    static var accessTokens: [MicroBenchmark] {
        [
            MicroBenchmark("access-token.sign") { scene in
                let claims = try claims(in: scene, number: 0)
                return { keep(try scene.accessTokens.sign(claims)) }
            },
            // Tokens that were never seen: their signatures are verified.
            MicroBenchmark("access-token.verify", accessTokens: { try signed(maxCount, in: $0) }),
            // One that was seen before, except the first time.
            MicroBenchmark("access-token.recall", accessTokens: { try signed(1, in: $0) }),
        ]
    }

    private static func signed(_ count: Int, in scene: Scene) throws -> [String] {
        try (0..<count).map { try scene.accessTokens.sign(claims(in: scene, number: $0)).exposed }
    }

    private static func claims(in scene: Scene, number: Int) throws -> AccessTokenClaims {
        guard let claims = scene.created.tokens.accessClaims else { throw UnexpectedOutcome("no access token") }
        return AccessTokenClaims(
            id: "jti_\(100_000 + number)", session: claims.session, generation: claims.generation,
            tenant: claims.tenant, subject: claims.subject, clientID: claims.clientID, level: claims.level,
            methods: claims.methods, authenticatedAt: claims.authenticatedAt, actor: claims.actor,
            issuedAt: claims.issuedAt, expiresAt: claims.expiresAt)
    }
}
