import SojournClient
import Synchronization
import TestSupport
import Testing

@testable import SojournVerifier

@Suite("A verifier", .timeLimit(.minutes(1)))
struct SessionVerifierTests {
    private func reason(_ scene: VerifierScene, _ token: String) async -> TokenRefusal.Reason? {
        do {
            _ = try await scene.verifier.verify(token)
            return nil
        } catch {
            return error.reason
        }
    }

    @Test("a token is accepted the first time and later, until its session is revoked")
    func revoked() async throws {
        let scene = try await VerifierScene()
        let token = try scene.issuer.token()
        for _ in 1...2 {
            let verified = try await scene.verifier.verify(token)
            #expect(verified.sessionID == "ses_1" && verified.subject == "alice" && verified.level == 2)
        }
        #expect(scene.verifier.freshness.cachedTokens == 1)
        scene.verifier.received([event("session.revoked")])
        #expect(await reason(scene, token) == .revoked)
        // A token that was never seen before.
        #expect(try await reason(scene, scene.issuer.token(["jti": #""jti_2""#])) == .revoked)
        #expect(scene.worker.questions == 0)
    }

    @Test("a known token expires, too")
    func expires() async throws {
        let scene = try await VerifierScene()
        let token = try scene.issuer.token(["exp": "\(Issuer.start + 10)"])
        #expect(await reason(scene, token) == nil)
        scene.pass(.seconds(11))
        #expect(await reason(scene, token) == .tokenExpired)
    }

    @Test("a token that is not genuine is refused, not kept, and nobody is asked")
    func forged() async throws {
        let scene = try await VerifierScene()
        scene.worker.answer(.good)
        for (token, expected) in [
            (try Issuer().token(), TokenRefusal.Reason.signatureInvalid), ("x", .malformed),
            (String(repeating: "a", count: 1 << 20), .malformed),
            (try scene.issuer.token(["aud": #""shop""#]), .wrongAudience),
        ] {
            #expect(await reason(scene, token) == expected)
        }
        #expect(scene.verifier.freshness.cachedTokens == 0)
        #expect(scene.worker.questions == 0)
    }

    @Test("what cannot be decided is refused, if the configuration says so")
    func refuse() async throws {
        let scene = try await VerifierScene { $0.whenUndecided = .refuse }
        scene.worker.answer(.good)
        let token = try scene.issuer.token(["iat": "\(Issuer.start - 60)"])
        #expect(await reason(scene, token) == .issuedBeforeListening)
        #expect(scene.worker.questions == 0)
        let refusal = #expect(throws: TokenRefusal.self) { try scene.verifier.verifyLocally(token) }
        #expect(refusal?.isUndecided == true)
    }

    @Test("the worker is told where the request comes from, which a policy may require")
    func askedWithContext() async throws {
        let scene = try await VerifierScene()
        scene.worker.answer(.good)
        let token = try scene.issuer.token(["iat": "\(Issuer.start - 60)"])
        let context = Context(ip: "192.0.2.1", userAgent: "Firefox")
        _ = try await scene.verifier.verify(token, context: context)
        #expect(scene.worker.context == context)
    }

    @Test("the worker is asked once about an earlier token; what happens then, the verifier hears")
    func askedOnce() async throws {
        let scene = try await VerifierScene()
        scene.worker.answer(.good)
        let token = try scene.issuer.token(["iat": "\(Issuer.start - 60)"])
        for _ in 1...3 { #expect(await reason(scene, token) == nil) }
        #expect(scene.worker.questions == 1)
        scene.verifier.received([event("session.revoked")])
        #expect(await reason(scene, token) == .revoked)
        #expect(scene.worker.questions == 1)
    }

    @Test("an answer that was asked for before a new beginning counts for once alone")
    func answerFromBefore() async throws {
        let scene = try await VerifierScene()
        let token = try scene.issuer.token(["iat": "\(Issuer.start - 60)"])
        scene.worker.answer(.good) { [verifier = scene.verifier] in
            verifier.disconnected(reason: "test")
            verifier.connected(backlog: 0, isComplete: false)
        }
        #expect(await reason(scene, token) == nil)
        scene.worker.answer(.bad(reason: "revoked"))
        #expect(await reason(scene, token) == .revoked)
        #expect(scene.worker.questions == 2)
    }

    @Test("the worker's reason is passed on, and its silence is no acceptance")
    func opinions() async throws {
        let scene = try await VerifierScene()
        let token = try scene.issuer.token(["iat": "\(Issuer.start - 60)"])
        scene.worker.answer(.bad(reason: "pending"))
        #expect(await reason(scene, token) == TokenRefusal.Reason(rawValue: "pending"))
        scene.worker.answer(.none)
        #expect(await reason(scene, token) == .workerUnavailable)
    }

    @Test("a stale verifier asks about every token")
    func stale() async throws {
        let scene = try await VerifierScene()
        scene.worker.answer(.good)
        let token = try scene.issuer.token()
        #expect(await reason(scene, token) == nil)
        #expect(scene.verifier.freshness.isTrusted)
        scene.pass(.seconds(16))
        #expect(!scene.verifier.freshness.isTrusted)
        for asked in 1...2 {
            #expect(await reason(scene, token) == nil)
            #expect(scene.worker.questions == asked)
        }
        scene.verifier.heard(until: scene.now)
        #expect(await reason(scene, token) == nil)
        #expect(scene.worker.questions == 2)
        #expect(scene.verifier.freshness.isTrusted)
    }

    @Test(
        "after events that may have been lost, earlier tokens are not decided",
        arguments: [EventLoss.overflow, .shared])
    func missed(because loss: EventLoss) async throws {
        let scene = try await VerifierScene { $0.whenUndecided = .refuse }
        let token = try scene.issuer.token()
        #expect(await reason(scene, token) == nil)
        scene.verifier.missed(because: loss)
        #expect(await reason(scene, token) == .issuedBeforeListening)
        scene.pass(.seconds(5))
        #expect(try await reason(scene, scene.issuer.token(["iat": "\(Issuer.start + 5)"])) == nil)
    }

    @Test("no more than a number of questions are under way at a time")
    func bounded() async throws {
        let scene = try await VerifierScene { $0.limits.maximumWorkerCalls = 2 }
        let (asked, mayAnswer) = (Awaited(0), Awaited(false))
        scene.worker.answer(.good) {
            asked.change { $0 += 1 }
            await mayAnswer.wait { $0 }
        }
        let token = try scene.issuer.token(["iat": "\(Issuer.start - 60)"])
        await withTaskGroup(of: TokenRefusal.Reason?.self) { group in
            for _ in 1...2 { group.addTask { await self.reason(scene, token) } }
            await asked.wait { $0 == 2 }
            #expect(await reason(scene, token) == .workerUnavailable)
            mayAnswer.change { $0 = true }
            for await reason in group { #expect(reason == nil) }
        }
        scene.verifier.disconnected(reason: "test")
        scene.verifier.connected(backlog: 0, isComplete: false)
        #expect(await reason(scene, token) == nil, "a question is free again")
    }

    @Test(
        "a token with a new key is accepted once the keys have been read again, which unknown ones cannot force often")
    func rotation() async throws {
        let scene = try await VerifierScene()
        let next = Issuer()
        let both =
            String(decoding: scene.issuer.jwks, as: UTF8.self).dropLast(2)
            + "," + next.es256JWK.replacing("k1-es256", with: "k2-es256") + "]}"
        scene.keys.change(to: try KeySet(Array(both.utf8)))
        #expect(scene.keys.readings == 1)
        let header = Issuer.header.replacing("k1", with: "k2")
        #expect(try await reason(scene, next.token(header: header)) == nil)
        #expect(scene.keys.readings == 2)
        let unknown = try next.token(header: Issuer.header.replacing("k1", with: "k3"))
        for _ in 1...5 { #expect(await reason(scene, unknown) == .unknownKey) }
        #expect(scene.keys.readings == 2)
        scene.pass(.seconds(5))
        #expect(await reason(scene, unknown) == .unknownKey)
        #expect(scene.keys.readings == 3)
    }

    @Test("what a key has verified is not accepted any more once the key is gone")
    func keyGone() async throws {
        let scene = try await VerifierScene()
        let token = try scene.issuer.token()
        #expect(await reason(scene, token) == nil)
        scene.keys.change(to: try KeySet(Array(#"{"keys":[\#(scene.issuer.edDSAJWK)]}"#.utf8)))
        await scene.verifier.readKeys()
        #expect(await reason(scene, token) == .unknownKey)
        #expect(try await reason(scene, scene.issuer.token(header: Issuer.edDSAHeader)) == nil)
    }

    @Test("a key with the same id that is another one verifies nothing of the earlier one")
    func keyReplaced() async throws {
        let scene = try await VerifierScene()
        let token = try scene.issuer.token()
        #expect(await reason(scene, token) == nil)
        scene.keys.change(to: try KeySet(Issuer().jwks))
        await scene.verifier.readKeys()
        #expect(await reason(scene, token) == .signatureInvalid)
    }

    @Test("keys that cannot be read count for a while")
    func staleKeys() async throws {
        let scene = try await VerifierScene {
            $0.whenUndecided = .refuse
            $0.limits.maximumSilence = .seconds(10_000)
        }
        let token = try scene.issuer.token(["exp": "\(Issuer.start + 3600)"])
        #expect(await reason(scene, token) == nil)
        scene.keys.change(to: nil)
        scene.pass(.seconds(3000))
        await scene.verifier.readKeys()
        #expect(await reason(scene, token) == nil)
        scene.pass(.seconds(590))
        #expect(await reason(scene, token) == .keysStale)
        #expect(!scene.verifier.freshness.isTrusted)
        scene.keys.change(to: try KeySet(scene.issuer.jwks))
        await scene.verifier.readKeys()
        #expect(await reason(scene, token) == nil)
    }

    @Test("of a token that the worker has verified, the audience is compared all the same")
    func trusting() async throws {
        let scene = try await VerifierScene()
        scene.worker.answer(.good)
        scene.pass(.seconds(3700))
        let long = ["exp": "\(Issuer.start + 9000)"]
        #expect(try await reason(scene, scene.issuer.token(long)) == nil)
        #expect(
            try await reason(scene, scene.issuer.token(long.merging(["aud": #""shop""#]) { $1 })) == .wrongAudience)
    }

    @Test("many threads verify while events come in")
    func threads() async throws {
        let scene = try await VerifierScene()
        let tokens = try (0..<50).map { try scene.issuer.token(["sid": #""ses_\#($0)""#]) }
        await withTaskGroup(of: Int.self) { group in
            for _ in 1...4 {
                group.addTask {
                    var accepted = 0
                    for _ in 1...20 {
                        for token in tokens where (try? scene.verifier.verifyLocally(token)) != nil { accepted += 1 }
                    }
                    return accepted
                }
            }
            group.addTask {
                for number in 0..<50 { scene.verifier.received([event("session.revoked", session: "ses_\(number)")]) }
                return 0
            }
            for await accepted in group { #expect((0...1000).contains(accepted)) }
        }
        for token in tokens { #expect(await reason(scene, token) == .revoked) }
        #expect(scene.verifier.freshness.denials == 50)
    }
}
