import SessionCore
import Testing

@Suite("Managing second factors")
struct FactorTests {
    @Test("an enrolment returns a secret, a URI to scan and ten recovery codes, and proves nothing yet")
    func enrolls() throws {
        var scene = Scene()
        let enrolment = try scene.enroll()
        let factor = try #require(scene.factors.first)
        #expect(enrolment.factorID == factor.id)
        #expect(factor.id.hasPrefix("fac_") && factor.id.utf8.count == 28)
        #expect(factor.secret.count == 20)
        #expect(enrolment.secret == PlainFactors().text(ofSecret: factor.secret))
        #expect(enrolment.uri.exposed.hasPrefix("otpauth://totp/Sojourn:phone?"))
        #expect(Set(enrolment.recoveryCodes).count == 10)
        #expect(!factor.isConfirmed)
        #expect(scene.events.isEmpty)
        let created = try scene.create()
        #expect(scene.elevate(created.token, code: scene.code(of: factor)).rejection == .factorNotFound)
        #expect(scene.elevate(created.token, recovery: enrolment.recoveryCodes[0]).rejection == .factorNotFound)
    }

    @Test("a first code confirms the factor, which is announced then")
    func confirms() throws {
        var scene = Scene()
        let enrolment = try scene.enroll()
        let factor = try scene.confirm(enrolment.factorID, code: scene.code(of: scene.factors[0])).factor()
        #expect(factor.isConfirmed)
        #expect(scene.kinds == [.factorEnrolled])
        #expect(scene.events[0].detail == .factor(id: factor.id, kind: "totp"))
        #expect(scene.events[0].session == nil)
        #expect(scene.aggregate.subject?.recovery?.digests.count == 10)
        #expect(factor.unconfirmedRecovery.isEmpty)
    }

    @Test("wrong codes before a factor was confirmed do not count afterwards")
    func confirmationForgets() throws {
        var scene = Scene { $0.mfa.maxAttempts = 2 }
        let created = try scene.create()
        let enrolment = try scene.enroll()
        _ = scene.confirm(enrolment.factorID, code: Secret("wrong"))
        _ = try scene.confirm(enrolment.factorID, code: scene.code(of: scene.factors[0])).factor()
        _ = scene.elevate(created.token, code: Secret("wrong"))
        #expect(scene.events.map(\.reason) == ["code"])
    }

    @Test("a wrong code leaves the factor unconfirmed, and is announced")
    func wrongConfirmation() throws {
        var scene = Scene()
        let enrolment = try scene.enroll()
        #expect(scene.confirm(enrolment.factorID, code: Secret("wrong")).rejection == .factorRejected)
        #expect(scene.kinds == [.factorRejected])
        #expect(scene.events[0].reason == "code")
        #expect(scene.events[0].detail == .factor(id: enrolment.factorID, kind: "totp"))
        #expect(scene.factors.map(\.isConfirmed) == [false])
    }

    @Test("too many wrong codes lock an unconfirmed factor for a while")
    func confirmationLocks() throws {
        var scene = Scene { $0.mfa.maxAttempts = 2 }
        let enrolment = try scene.enroll()
        _ = scene.confirm(enrolment.factorID, code: Secret("wrong"))
        _ = scene.confirm(enrolment.factorID, code: Secret("wrong"))
        #expect(scene.events.map(\.reason) == ["locked"])
        #expect(scene.confirm(enrolment.factorID, code: scene.code(of: scene.factors[0])).rejection == .factorLocked)
        #expect(scene.wroteNothing)
        scene.pass(seconds: 900)
        #expect(try scene.confirm(enrolment.factorID, code: scene.code(of: scene.factors[0])).factor().isConfirmed)
    }

    @Test("the code that confirmed a factor is not accepted again")
    func confirmationUsesCode() throws {
        var scene = Scene()
        let created = try scene.create()
        let enrolment = try scene.enroll()
        let code = scene.code(of: scene.factors[0])
        _ = try scene.confirm(enrolment.factorID, code: code).factor()
        #expect(scene.elevate(created.token, code: code).rejection == .factorRejected)
        #expect(scene.events.map(\.reason) == ["replayed"])
    }

    @Test("factor.confirm distinguishes a replayed code from a wrong one")
    func replayedConfirmation() throws {
        var scene = Scene()
        let enrolment = try scene.enroll()
        let code = scene.code(of: scene.factors[0])
        _ = try scene.confirm(enrolment.factorID, code: code).factor()
        #expect(scene.confirm(enrolment.factorID, code: code).rejection == .factorRejected)
        #expect(scene.events.map(\.reason) == ["replayed"])
    }

    @Test("confirming a confirmed factor succeeds, without an event and with the same recovery codes")
    func confirmedTwice() throws {
        var scene = Scene()
        let (factor, _) = try scene.enrolled()
        let recovery = scene.aggregate.subject?.recovery
        #expect(try scene.confirm(factor.id, code: scene.code(of: factor)).factor().isConfirmed)
        #expect(scene.events.isEmpty)
        #expect(scene.aggregate.subject?.recovery == recovery)
    }

    @Test("an unconfirmed enrolment is replaced by the next")
    func unconfirmedGivesWay() throws {
        var scene = Scene()
        let first = try scene.enroll()
        let second = try scene.enroll()
        #expect(scene.factors.map(\.id) == [second.factorID])
        #expect(scene.confirm(first.factorID, code: Secret("any")).rejection == .factorNotFound)
    }

    @Test("only the recovery codes of the latest confirmed enrolment are valid")
    func latestRecovery() throws {
        var scene = Scene()
        let (_, older) = try scene.enrolled(label: "old phone")
        let (_, newer) = try scene.enrolled(label: "new phone")
        let created = try scene.create()
        #expect(scene.elevate(created.token, recovery: older[0]).rejection == .factorRejected)
        #expect(scene.elevate(created.token, recovery: newer[0]).rejection == nil)
    }

    @Test("an enrolment that is never confirmed does not change the recovery codes")
    func unconfirmedRecovery() throws {
        var scene = Scene()
        let (_, recovery) = try scene.enrolled()
        _ = try scene.enroll()
        let created = try scene.create()
        #expect(scene.elevate(created.token, recovery: recovery[0]).rejection == nil)
    }

    @Test("a subject has at most ten factors")
    func tooMany() throws {
        var scene = Scene()
        for index in 0..<10 { _ = try scene.enrolled(label: "phone \(index)") }
        #expect(scene.decide(EnrollFactor(subject: "alice")).rejection == .limitReached)
        #expect(scene.factors.count == 10)
    }

    @Test("a removed factor proves nothing")
    func removes() throws {
        var scene = Scene()
        let (factor, _) = try scene.enrolled()
        let removed = try scene.decide(RemoveFactor(subject: "alice", factorID: factor.id)).factor()
        #expect(removed.id == factor.id)
        #expect(scene.kinds == [.factorRemoved])
        #expect(scene.events[0].detail == .factor(id: factor.id, kind: "totp"))
        let created = try scene.create()
        #expect(scene.elevate(created.token, code: scene.code(of: factor)).rejection == .factorNotFound)
    }

    @Test("the recovery codes are removed with the last factor, and not before")
    func recoveryGoes() throws {
        var scene = Scene()
        let (first, _) = try scene.enrolled(label: "first")
        let (second, recovery) = try scene.enrolled(label: "second")
        let created = try scene.create()
        _ = scene.decide(RemoveFactor(subject: "alice", factorID: second.id))
        let elevated = try scene.elevate(created.token, recovery: recovery[0]).issued()
        _ = scene.decide(RemoveFactor(subject: "alice", factorID: first.id))
        #expect(scene.elevate(elevated.token, recovery: recovery[1]).rejection == .factorNotFound)
    }

    @Test("removing an unconfirmed enrolment is not announced")
    func removesUnconfirmed() throws {
        var scene = Scene()
        let enrolment = try scene.enroll()
        _ = try scene.decide(RemoveFactor(subject: "alice", factorID: enrolment.factorID)).factor()
        #expect(scene.factors.isEmpty)
        #expect(scene.events.isEmpty)
    }

    @Test("an unknown factor is not found")
    func unknown() {
        var scene = Scene()
        #expect(scene.confirm("fac_none", code: Secret("1")).rejection == .factorNotFound)
        #expect(
            scene.decide(RemoveFactor(subject: "alice", factorID: "fac_none")).rejection == .factorNotFound)
        #expect(scene.aggregate.subject == nil)
    }

    @Test("all factors are listed, oldest first, confirmed or not")
    func lists() throws {
        var scene = Scene()
        guard case .succeeded(.factors(let none)) = scene.decide(ListFactors(subject: "alice")) else {
            throw Unexpected()
        }
        #expect(none.isEmpty)
        _ = try scene.enrolled(label: "first")
        scene.pass(seconds: 60)
        _ = try scene.enroll(label: "second")
        guard case .succeeded(.factors(let factors)) = scene.decide(ListFactors(subject: "alice")) else {
            throw Unexpected()
        }
        #expect(factors.map(\.label) == ["first", "second"])
        #expect(scene.wroteNothing)
    }

    @Test("a factor prints its id and nothing of its secret")
    func printing() {
        let factor = Factor(
            id: "fac_1", label: "alice", issuer: "Example", createdAt: Timestamp(milliseconds: 0),
            secret: [UInt8](repeating: 211, count: 20), unconfirmedRecovery: [[UInt8](repeating: 212, count: 16)])
        var printed = "\(factor) \(String(reflecting: [factor])) "
        dump(factor, to: &printed)
        #expect(printed.contains("fac_1"))
        #expect(!printed.contains("211") && !printed.contains("212"))
    }
}
