import Testing

@testable import SessionCore

/// What a thief can do with only a token, if context rules are active.
@Suite("Stolen session tokens")
struct StolenTokenTests {
    private let home = ClientContext(userAgent: "Firefox", fingerprint: "f1", country: "DE", asn: 3320)
    private let away = ClientContext(userAgent: "curl", fingerprint: "f2", country: "FR", asn: 16276)

    private func strict(_ reaction: SessionPolicy.ContextRules.Reaction = .elevate) -> Scene {
        Scene {
            $0.context.country = reaction
            $0.context.fingerprint = reaction
            $0.transferSeconds = 600
        }
    }

    @Test("a thief cannot evade the context rules by updating the context")
    func update() throws {
        var scene = strict()
        let created = try scene.create { $0.context = home }
        let target = SessionTarget.token(scene.tokens.reference(created.token))
        #expect(scene.update(target) { $0.context = away }.rejection == .contextRejected)
        #expect(scene.kinds == [.suspicious])
        #expect(scene[created]?.context == home)
        #expect(try scene.validate(created.token, context: away).reason == .contextMismatch)
        // The owner's values are accepted, and omitted fields stay.
        let updated = try scene.update(target) { $0.context = ClientContext(city: "Bonn", asn: 1) }.session()
        #expect(updated.context?.fingerprint == "f1")
        #expect(updated.context?.asn == 1)
        #expect(scene.kinds == [.updated])
    }

    @Test("a thief cannot evade the context rules by omitting fields in an update")
    func forgetful() throws {
        var scene = strict()
        let created = try scene.create { $0.device = Device(fingerprint: "f1") }
        let target = SessionTarget.token(scene.tokens.reference(created.token))
        #expect(scene.update(target) { $0.device = Device(fingerprint: "f2") }.rejection == .contextRejected)
        let updated = try scene.update(target) { $0.device = Device(name: "mine") }.session()
        #expect(updated.device == Device(name: "mine"))
        #expect(try scene.validate(created.token, context: away).reason == .contextMismatch)
        #expect(try scene.validate(created.token, context: home).isValid)
    }

    @Test(
        "a transfer begun from elsewhere triggers the context rule",
        arguments: [
            (.elevate, .contextRejected, .active), (.lock, .sessionLocked, .locked), (.revoke, .sessionEnded, .revoked),
        ] as [(SessionPolicy.ContextRules.Reaction, Rejection.Code, SessionStatus)])
    func begin(reaction: SessionPolicy.ContextRules.Reaction, code: Rejection.Code, status: SessionStatus) throws {
        var scene = strict(reaction)
        let created = try scene.create { $0.context = home }
        #expect(scene.beginTransfer(created.token, context: away).rejection == code)
        #expect(scene.kinds.first == .suspicious)
        #expect(scene.status(of: created) == status)
    }

    @Test(
        "an elevation of a pending session from elsewhere triggers the context rule",
        arguments: [
            (.lock, .sessionLocked, .locked), (.revoke, .sessionEnded, .revoked),
        ] as [(SessionPolicy.ContextRules.Reaction, Rejection.Code, SessionStatus)])
    func pending(reaction: SessionPolicy.ContextRules.Reaction, code: Rejection.Code, status: SessionStatus) throws {
        var scene = Scene {
            $0.context.country = reaction
            $0.mfa.required = .always
        }
        let created = try scene.create { $0.context = home }
        #expect(scene.status(of: created) == .pending)
        #expect(scene.elevate(created.token, methods: ["pwd", "otp"], context: away).rejection == code)
        #expect(scene.kinds.first == .suspicious)
        #expect(scene.status(of: created) == status)
    }

    @Test("a transfer cannot be completed elsewhere, whatever the device", arguments: [false, true])
    func complete(keepsOriginal: Bool) throws {
        var scene = strict(.elevate)
        let created = try scene.create { $0.context = home }
        let ticket = try scene.beginTransfer(created.token, keepOriginal: keepsOriginal, context: home).ticket()
        #expect(scene.completeTransfer(ticket, context: away).rejection == .contextRejected)
        #expect(scene.kinds == [.suspicious])
        #expect(scene.status(of: created) == .active)
        // A transfer is meant for another device at another address in the same country.
        let phone = ClientContext(ip: "192.0.2.9", userAgent: "Phone", fingerprint: "f3", country: "DE")
        let moved = try scene.completeTransfer(ticket, context: phone).issued()
        #expect(moved.session.context?.fingerprint == "f3")
        if keepsOriginal { #expect(scene[created]?.context == home) }
    }

    @Test("a transfer completed without a context keeps the accepted country")
    func completeWithout() throws {
        var scene = strict()
        let created = try scene.create { $0.context = home }
        let ticket = try scene.beginTransfer(created.token, context: home).ticket()
        let moved = try scene.completeTransfer(ticket).issued()
        #expect(moved.session.context == ClientContext(country: "DE", asn: 3320))
        #expect(try scene.validate(moved.token, context: away).reason == .contextMismatch)
    }

    @Test("with the session's id, the calling service's context is accepted")
    func byID() throws {
        var scene = strict()
        let created = try scene.create { $0.context = home }
        _ = try scene.update(.session(created.id)) { $0.context = away }.session()
        #expect(scene[created]?.context == away)
    }
}

@Suite("Required context fields")
struct RequiredContextTests {
    private let home = ClientContext(ip: "192.0.2.1", country: "DE")
    private let silent = ClientContext(ip: "192.0.2.1")

    private func scene(_ reaction: SessionPolicy.ContextRules.Reaction) -> Scene {
        Scene {
            $0.context.country = reaction
            $0.context.require = [.country]
        }
    }

    @Test("omitting the context evades no rule")
    func validate() throws {
        var scene = scene(.elevate)
        let created = try scene.create { $0.context = home }
        #expect(try scene.validate(created.token).reason == .contextMismatch)
        #expect(scene.kinds == [.suspicious])
        #expect(try scene.validate(created.token).reason == .contextMismatch)
        #expect(scene.events.isEmpty)
        #expect(try scene.validate(created.token, context: silent).reason == .contextMismatch)
        #expect(try scene.validate(created.token, context: home).isValid)
    }

    @Test("omitting the context evades no rule in any command with a token")
    func others() throws {
        var scene = scene(.elevate)
        let created = try scene.create { $0.context = home }
        #expect(scene.refresh(created.refresh).rejection == .contextRejected)
        #expect(scene.reauthenticate(created.token).rejection == .contextRejected)
        #expect(scene.beginTransfer(created.token).rejection == .contextRejected)
        let target = SessionTarget.token(scene.tokens.reference(created.token))
        #expect(scene.update(target) { $0.attributes = ["a": .null] }.rejection == .contextRejected)
        let ticket = try scene.beginTransfer(created.token, context: home).ticket()
        #expect(scene.completeTransfer(ticket, context: silent).rejection == .contextRejected)
        #expect(try scene.completeTransfer(ticket, context: home).issued().session.status == .active)
    }

    @Test("a session that idled out is not resumed without the required fields")
    func comeback() throws {
        var scene = scene(.lock)
        let created = try scene.create { $0.context = home }
        scene.pass(seconds: 1800)
        #expect(scene.reauthenticate(created.token).rejection == .contextRejected)
        #expect(try scene.reauthenticate(created.token, context: home).issued().session.status == .active)
    }

    @Test("a missing field locks the session if the rule says so, and does nothing if the rule is off")
    func reactions() throws {
        var locking = scene(.lock)
        let created = try locking.create { $0.context = home }
        #expect(try locking.validate(created.token).reason == .locked)
        var off = scene(.off)
        let other = try off.create { $0.context = home }
        #expect(try off.validate(other.token).isValid)
    }

    @Test("notify: a missing field is announced once, until it is present again")
    func notify() throws {
        var scene = scene(.notify)
        let created = try scene.create { $0.context = home }
        #expect(try scene.validate(created.token).isValid)
        #expect(scene.kinds == [.contextChanged])
        for ip in ["192.0.2.7", "192.0.2.8"] as [ExactText] {
            #expect(try scene.validate(created.token, context: ClientContext(ip: ip)).isValid)
            #expect(scene.events.isEmpty)
        }
        #expect(try scene.validate(created.token, context: home).isValid)
        #expect(try scene.validate(created.token).isValid)
        #expect(scene.kinds == [.contextChanged])
    }

    @Test("onRisk: a create without a required field is a risk")
    func risk() throws {
        var scene = Scene {
            $0.mfa.required = .onRisk
            $0.context.require = [.country, .city]
        }
        let full = ClientContext(country: "DE", city: "Bonn")
        #expect(try scene.create { $0.context = full }.session.status == .active)
        #expect(try scene.create { $0.context = ClientContext(country: "DE") }.challenge?.reason == .risk)
        #expect(try scene.create { $0.context = full }.session.status == .active)
    }
}
