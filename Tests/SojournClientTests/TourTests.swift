import Foundation
import SessionCore
import SojournClient
import Testing
import WorkerFixture

@testable import SessionCrypto

/// Every typed function, against a real worker.
@Suite("A tour with a worker", .timeLimit(.minutes(2)))
struct TourTests {
    private func withSojourn(_ body: @Sendable (SessionClient) async throws -> Void) async throws {
        let worker = try RunningWorker("tour")
        try await worker.run { _ in
            var configuration = SessionClientConfiguration(url: worker.amqpURL)
            configuration.namespace = worker.namespace
            try await SessionClient.withConnection(configuration, logger: worker.logger, body)
        }
    }

    /// The code that an app shows at the moment.
    private static func code(of enrollment: FactorEnrollment) throws -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
        var bits = 0
        var secret: [UInt8] = []
        for (index, character) in enrollment.secret.enumerated() {
            bits = bits << 5 | (try #require(alphabet.firstIndex(of: character)))
            // 8 characters are 5 bytes.
            if index % 8 == 7 {
                secret += (0..<5).map { UInt8(truncatingIfNeeded: bits >> (32 - 8 * $0)) }
                bits = 0
            }
        }
        let step = TOTP.step(at: Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)))
        return String(format: "%06d", TOTP.code(at: step, secret: secret))
    }

    @Test("sessions begin, are used, and end")
    func sessions() async throws {
        try await withSojourn { sojourn in
            let device = Device(id: "d-1", name: "Firefox", platform: "linux", fingerprint: "f")
            let context = Context(
                ip: "203.0.113.24", userAgent: "Mozilla/5.0", fingerprint: "f", country: "DE", region: "BE",
                city: "Berlin", latitude: 52.5, longitude: 13.4, asn: 64496)
            let attributes: [String: AttributeValue] = [
                "a": nil, "b": [true, 1, 1.5, "x"], "c": ["d": -9_007_199_254_740_993],
            ]
            let created = try await sojourn.createSession(
                subject: "alice", device: device, context: context,
                authentication: Authentication(methods: ["pwd"], at: Date(timeIntervalSinceNow: -1)),
                attributes: attributes, idleSeconds: 600, absoluteSeconds: 3600)
            #expect(created.session.device == device && created.session.context == context)
            #expect(created.session.attributes == attributes)
            #expect(created.session.status == .active && created.session.level == 1 && created.challenge == nil)
            #expect(created.session.expiresAt == created.session.createdAt.addingTimeInterval(3600))

            let token = created.tokens.session
            #expect(try await sojourn.validate(token, context: context).session == created.session)
            let access = try #require(created.tokens.access)
            #expect(try await sojourn.validate(access, touch: false).session?.id == created.session.id)
            guard case .invalid(let refusal) = try await sojourn.validate(token, require: Requirement(level: 2)) else {
                Issue.record("level 1 is not enough")
                return
            }
            #expect(refusal.reason == .levelTooLow && refusal.remedy == .elevate)

            let refreshed = try await sojourn.refresh(try #require(created.tokens.refresh))
            #expect(refreshed.session.generation == 2)
            let elevated = try await sojourn.elevate(
                token, with: .authentication(Authentication(methods: ["hwk"])))
            #expect(elevated.session.level == 3)
            let renewed = try await sojourn.reauthenticate(
                .sessionToken(elevated.tokens.session), authentication: Authentication(methods: ["pwd"]))
            let old = await #expect(throws: SojournError.self) {
                try await sojourn.refresh(try #require(elevated.tokens.refresh))
            }
            #expect(old?.code == .tokenInvalid)

            let updated = try await sojourn.updateSession(
                .id(created.session.id), attributes: ["a": 1, "b": nil], device: Device(name: "Renamed"))
            #expect(updated.attributes == ["a": 1, "c": ["d": -9_007_199_254_740_993]])
            #expect(try await sojourn.session(.token(renewed.tokens.session)) == updated)
            let activity = try await sojourn.activity(ofSession: updated.id, limit: 10)
            #expect(activity.last?.action == "session.created")

            let ticket = try await sojourn.beginTransfer(renewed.tokens.session)
            let moved = try await sojourn.completeTransfer(ticket.ticket, device: Device(name: "Phone"))
            #expect(moved.session.device?.name == "Phone" && moved.session.id != updated.id)
            #expect(try await sojourn.session(.id(updated.id)).endReason == "transferred")

            #expect(
                try await sojourn.revoke(.token(moved.tokens.session), reason: "logout").revoked == [moved.session.id])
            #expect(try await sojourn.session(.id(moved.session.id)).endReason == "logout")
        }
    }

    @Test("subjects have sessions, which are listed, locked and ended")
    func subjects() async throws {
        try await withSojourn { sojourn in
            let tenant = CommandOptions(tenant: "acme")
            var ids: [String] = []
            for _ in 0..<3 { ids.append(try await sojourn.createSession(subject: "bob", options: tenant).session.id) }
            let child = try await sojourn.createSession(
                subject: "bob", parentID: ids[0], actor: "support:eve", options: tenant)
            #expect(child.session.parentID == ids[0] && child.session.actor == "support:eve")
            let first = try await sojourn.sessions(of: "bob", limit: 2, options: tenant)
            let second = try await sojourn.sessions(of: "bob", cursor: first.next, options: tenant)
            #expect((first.sessions + second.sessions).count == 4 && second.next == nil)

            #expect(try await sojourn.lock(.session(id: ids[0]), options: tenant).count == 2)
            #expect(try await sojourn.unlock(.subject("bob"), options: tenant).count == 2)
            #expect(try await sojourn.revoke(.session(id: ids[0]), cascade: false, options: tenant).count == 1)
            #expect(try await sojourn.revoke(.subject("bob", except: ids[1]), options: tenant).count == 2)
            #expect(try await sojourn.sessions(of: "bob", includeEnded: true, options: tenant).sessions.count == 4)
            #expect(try await sojourn.disableSubject("bob", reason: "fraud", options: tenant) == [ids[1]])
            let disabled = await #expect(throws: SojournError.self) {
                try await sojourn.createSession(subject: "bob", options: tenant)
            }
            #expect(disabled?.code == .subjectDisabled)
            try await sojourn.enableSubject("bob", options: tenant)
            let again = try await sojourn.createSession(subject: "bob", options: tenant)
            let filter = RevocationTarget.Filter(begunBefore: Date(timeIntervalSinceNow: 60), policy: "default")
            #expect(try await sojourn.revoke(.everything(filter), options: tenant).pending == true)
            guard case .invalid(let refusal) = try await sojourn.validate(again.tokens.session, options: tenant) else {
                Issue.record("everything was revoked")
                return
            }
            #expect(refusal.reason == .revoked)
        }
    }

    /// Tries until the worker has a policy that was put: within a second (contract §3).
    private static func onceInForce<Value>(_ body: () async throws -> Value) async throws -> Value {
        while true {
            do { return try await body() } catch let error as SojournError where error.code == .policyNotFound {
                await Task.yield()
            }
        }
    }

    @Test("factors and policies: a login with a second factor")
    func factors() async throws {
        try await withSojourn { sojourn in
            var policy = Policy()
            policy.mfa.required = .always
            policy.context.country = .notify
            #expect(try await sojourn.putPolicy(policy, named: "strict") == policy)
            #expect(try await sojourn.policy(named: "strict") == policy)
            #expect(try await sojourn.policies().map(\.name) == ["default", "strict"])

            let enrollment = try await sojourn.enrollFactor(for: "carol", label: "Carol's phone", issuer: "Example")
            let wrong = await #expect(throws: SojournError.self) {
                try await sojourn.confirmFactor(enrollment.factorID, of: "carol", code: "000000x")
            }
            #expect(wrong?.code == .factorRejected)
            let factor = try await sojourn.confirmFactor(
                enrollment.factorID, of: "carol", code: Self.code(of: enrollment))
            #expect(factor.confirmed && factor.label == "Carol's phone")
            #expect(try await sojourn.factors(of: "carol") == [factor])

            let pending = try await Self.onceInForce {
                try await sojourn.createSession(
                    subject: "carol", policy: "strict", authentication: Authentication(methods: ["pwd"]))
            }
            #expect(pending.session.status == .pending && pending.tokens.refresh == nil)
            #expect(pending.challenge?.methods == [.totp, .recovery])
            // The app's code is used up; a recovery code is not.
            let elevated = try await sojourn.elevate(
                pending.tokens.session, with: .factor(.recovery(enrollment.recoveryCodes[0])))
            #expect(elevated.session.status == .active && elevated.session.level == 2)

            #expect(try await sojourn.removeFactor(factor.id, of: "carol").id == factor.id)
            #expect(try await sojourn.removePolicy(named: "strict") == nil)
            let gone = await #expect(throws: SojournError.self) { try await sojourn.policy(named: "strict") }
            #expect(gone?.code == .policyNotFound)
        }
    }

    @Test("the same id gives the same result, and another body with it is refused")
    func idempotency() async throws {
        try await withSojourn { sojourn in
            let options = CommandOptions(id: "login-1")
            let first = try await sojourn.createSession(
                subject: "dave", attributes: ["a": 1, "b": 2], options: options)
            let second = try await sojourn.createSession(
                subject: "dave", attributes: ["b": 2, "a": 1], options: options)
            #expect(first == second)
            let other = await #expect(throws: SojournError.self) {
                try await sojourn.createSession(subject: "erin", options: options)
            }
            #expect(other?.code == .messageIDReused)
        }
    }

    @Test("events of a worker are read, in order and without gaps")
    func events() async throws {
        try await withSojourn { sojourn in
            let events = try await sojourn.events()
            let created = try await sojourn.createSession(subject: "frank")
            try await sojourn.lock(.session(id: created.session.id))
            _ = try await sojourn.revoke(.subject("frank"), reason: "logout")
            var seen: [SessionEvent] = []
            for try await event in events {
                seen.append(event)
                if seen.count == 3 { break }
            }
            #expect(seen.map(\.type) == [.sessionCreated, .sessionLocked, .sessionRevoked])
            #expect(seen.map(\.sequence) == [1, 2, 3] && seen.map(\.missed) == [nil, 0, 0])
            #expect(seen.last?.reason == "logout" && seen.last?.sessionID == created.session.id)
            #expect(seen.last?.accessTokensExpireAt == created.tokens.accessExpiresAt)
        }
    }
}
