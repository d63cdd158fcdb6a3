import Testing

@testable import SessionCore

/// What a thief can do with a token alone, where rules look at contexts.
@Suite("A stolen session token")
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

    @Test("does not escape the context rules by an update with a context of the thief's")
    func update() throws {
        var scene = strict()
        let created = try scene.create { $0.context = home }
        let target = SessionTarget.token(scene.tokens.reference(created.token))
        #expect(scene.update(target) { $0.context = away }.rejection == .contextRejected)
        #expect(scene.kinds == [.suspicious])
        #expect(scene[created]?.context == home)
        #expect(try scene.validate(created.token, context: away).reason == .contextMismatch)
        // Its owner's own words are taken, and what they leave out stays.
        let updated = try scene.update(target) { $0.context = ClientContext(city: "Bonn", asn: 1) }.session()
        #expect(updated.context?.fingerprint == "f1")
        #expect(updated.context?.asn == 1)
        #expect(scene.kinds == [.updated])
    }

    @Test("does not escape them by leaving out in an update what they compare")
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
        "does not begin a transfer from elsewhere: what the rule says happens",
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
        "of a pending session is not elevated from elsewhere: what the rule says happens",
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

    @Test("does not complete one elsewhere, whatever device it says it is", arguments: [false, true])
    func complete(keepsOriginal: Bool) throws {
        var scene = strict(.elevate)
        let created = try scene.create { $0.context = home }
        let ticket = try scene.beginTransfer(created.token, keepOriginal: keepsOriginal, context: home).ticket()
        #expect(scene.completeTransfer(ticket, context: away).rejection == .contextRejected)
        #expect(scene.kinds == [.suspicious])
        #expect(scene.status(of: created) == .active)
        // Another device at another address of the same country is what a transfer is for.
        let phone = ClientContext(ip: "192.0.2.9", userAgent: "Phone", fingerprint: "f3", country: "DE")
        let moved = try scene.completeTransfer(ticket, context: phone).issued()
        #expect(moved.session.context?.fingerprint == "f3")
        if keepsOriginal { #expect(scene[created]?.context == home) }
    }

    @Test("a transfer that is completed without a context leaves the country that was accepted in force")
    func completeWithout() throws {
        var scene = strict()
        let created = try scene.create { $0.context = home }
        let ticket = try scene.beginTransfer(created.token, context: home).ticket()
        let moved = try scene.completeTransfer(ticket).issued()
        #expect(moved.session.context == ClientContext(country: "DE", asn: 3320))
        #expect(try scene.validate(moved.token, context: away).reason == .contextMismatch)
    }

    @Test("by the session's id a service's own word is accepted")
    func byID() throws {
        var scene = strict()
        let created = try scene.create { $0.context = home }
        _ = try scene.update(.session(created.id)) { $0.context = away }.session()
        #expect(scene[created]?.context == away)
    }
}

@Suite("What a policy requires of a context")
struct RequiredContextTests {
    private let home = ClientContext(ip: "192.0.2.1", country: "DE")
    private let silent = ClientContext(ip: "192.0.2.1")

    private func scene(_ reaction: SessionPolicy.ContextRules.Reaction) -> Scene {
        Scene {
            $0.context.country = reaction
            $0.context.require = [.country]
        }
    }

    @Test("leaving the context out escapes no rule")
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

    @Test("nor does any other command with a token")
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

    @Test("one that idled out does not come back without it")
    func comeback() throws {
        var scene = scene(.lock)
        let created = try scene.create { $0.context = home }
        scene.pass(seconds: 1800)
        #expect(scene.reauthenticate(created.token).rejection == .contextRejected)
        #expect(try scene.reauthenticate(created.token, context: home).issued().session.status == .active)
    }

    @Test("what is missing locks where the rule says so, and where the rule is off nothing happens")
    func reactions() throws {
        var locking = scene(.lock)
        let created = try locking.create { $0.context = home }
        #expect(try locking.validate(created.token).reason == .locked)
        var off = scene(.off)
        let other = try off.create { $0.context = home }
        #expect(try off.validate(other.token).isValid)
    }

    @Test("notify: that it is missing is told of once, until it is there again")
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

    @Test("under onRisk a create that does not say it is a risk")
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
