import SessionCore
import SojournExtension
import Testing

@testable import SessionStorage

@Suite("Factor verifiers of an extension")
struct VerifierTests {
    private func create(_ code: String, kind: String = "grid") -> any SessionCommand {
        CreateSession(
            subject: "alice", authentication: Authentication(methods: ["pwd"]),
            factor: FactorProof(kind: kind, code: Secret(code)))
    }

    private func policies(maxAttempts: Int) -> PolicyCatalogue {
        var policy = SessionPolicy()
        policy.mfa.maxAttempts = maxAttempts
        policy.mfa.lockSeconds = 60
        return PolicyCatalogue([SessionPolicy.defaultName: policy])
    }

    @Test("a right code counts as the verifier's methods")
    func right() throws {
        var desk = try Desk(verifiers: [OneCode(methods: ["otp", "face", "pwd"])])
        let outcome = try desk.carryOut(create("right")).outcome
        guard case .created(let session, tokens: _, evicted: _, challenge: nil) = try outcome.data else {
            throw Unexpected(outcome: outcome)
        }
        #expect(session.assurance.methods == ["pwd", "otp", "face"])
        #expect(desk.aggregate.subject?.verifierStates.isEmpty == true)
    }

    @Test("at most 16 methods of 1 to 32 characters are taken from a verifier")
    func methods() throws {
        let longest = String(repeating: "m", count: 32)
        let many = ["", longest + "m", "m", longest] + (10..<40).map { "m\($0)" }
        var desk = try Desk(verifiers: [OneCode(methods: many)])
        let created = try desk.create()
        let proof = ElevateSession.Proof.factor(FactorProof(kind: "grid", code: Secret("right")))
        let token = try desk.token(created.tokens.session, as: .session)
        _ = try desk.carryOut(ElevateSession(token: token, proof: proof)).outcome.data
        let session = try #require(desk.aggregate.sessions[created.session.id])
        let taken = ["m", ExactText(longest)] + (10..<24).map { "m\($0)" }
        #expect(session.assurance.elevations.map(\.methods) == [taken])
    }

    @Test("too many wrong codes in a row lock the kind for a while, and each is announced")
    func locking() throws {
        var desk = try Desk(verifiers: [OneCode(), OneCode(kind: "other")])
        desk.policies = policies(maxAttempts: 2)
        for reason in ["code", "locked"] {
            let (outcome, events) = try desk.carryOut(create("wrong"))
            #expect(outcome.rejection?.code == .factorRejected)
            #expect(events.map(\.kind) == [.factorRejected])
            #expect(events.map(\.reason) == [reason])
            #expect(events.first?.detail == .factor(id: nil, kind: "grid"))
        }
        #expect(try desk.carryOut(create("right")).outcome.rejection?.code == .factorLocked)
        _ = try desk.carryOut(create("right", kind: "other")).outcome.data
        desk.now = desk.now.adding(seconds: 60)
        _ = try desk.carryOut(create("right")).outcome.data
    }

    @Test("a right code resets the count of wrong ones")
    func row() throws {
        var desk = try Desk(verifiers: [OneCode()])
        desk.policies = policies(maxAttempts: 2)
        for code in ["wrong", "right", "wrong", "right"] { _ = try desk.carryOut(create(code)) }
        #expect(desk.aggregate.sessions.count == 2)
    }

    @Test("a code with a counter works once, and none before it works after, whatever the verifier says")
    func counters() throws {
        var desk = try Desk(verifiers: [OneCode(), OneCode(kind: "other")])
        _ = try desk.carryOut(create("7")).outcome.data
        for replayed in ["7", "6"] {
            let (outcome, events) = try desk.carryOut(create(replayed))
            #expect(outcome.rejection?.code == .factorRejected)
            #expect(events.map(\.reason) == ["replayed"])
        }
        _ = try desk.carryOut(create("7", kind: "other")).outcome.data
        _ = try desk.carryOut(create("right")).outcome.data
        #expect(try desk.carryOut(create("7")).outcome.rejection?.code == .factorRejected)
        _ = try desk.carryOut(create("8")).outcome.data
    }

    @Test("replayed codes lock the kind like wrong ones")
    func replayedLock() throws {
        var desk = try Desk(verifiers: [OneCode()])
        desk.policies = policies(maxAttempts: 2)
        _ = try desk.carryOut(create("7"))
        for _ in 1...2 { _ = try desk.carryOut(create("7")) }
        #expect(try desk.carryOut(create("8")).outcome.rejection?.code == .factorLocked)
    }

    @Test("a code whose methods are too little leaves a session pending, begins none, and can be shown again")
    func tooLittle() throws {
        var desk = try Desk(verifiers: [OneCode(methods: ["pin"])])
        var policy = SessionPolicy()
        policy.mfa.required = .always
        desk.policies = PolicyCatalogue([SessionPolicy.defaultName: policy])
        let pending = try desk.create()
        let elevate = ElevateSession(
            token: try desk.token(pending.tokens.session, as: .session),
            proof: .factor(FactorProof(kind: "grid", code: Secret("7"))))
        for command in [elevate, create("7")] as [any SessionCommand] {
            let (outcome, events) = try desk.carryOut(command)
            #expect(outcome.rejection?.code == .factorRejected)
            #expect(events.isEmpty)
        }
        #expect(desk.aggregate.sessions.values.map(\.status) == [.pending])
        #expect(desk.aggregate.subject?.verifierStates.isEmpty == true)
    }

    @Test("a counter outlives the last session; wrong codes alone do not")
    func remembered() throws {
        var desk = try Desk(verifiers: [OneCode()])
        _ = try desk.carryOut(create("wrong"))
        #expect(desk.aggregate.subject?.outlastsSessions == false)
        _ = try desk.carryOut(create("7"))
        #expect(desk.aggregate.subject?.outlastsSessions == true)
    }

    @Test("a verifier receives the claimed subject and context of the code")
    func claim() throws {
        struct Claimed: FactorVerifier {
            let kind = "claimed"
            func verify(_ code: String, for claim: FactorClaim) -> FactorVerdict {
                let isRight = code == "\(claim.tenant)/\(claim.subject)/\(claim.caller ?? "")/\(claim.session != nil)"
                return isRight ? .right(methods: ["otp"]) : .wrong
            }
        }
        var desk = try Desk(verifiers: [Claimed()])
        let begun = create("default/alice/portal/false", kind: "claimed")
        let outcome = try desk.carryOut(begun, caller: "portal").outcome
        guard case .created(_, let tokens, evicted: _, challenge: _) = try outcome.data else {
            throw Unexpected(outcome: outcome)
        }
        let proof = FactorProof(kind: "claimed", code: Secret("default/alice/portal/true"))
        let token = try desk.token(tokens.session, as: .session)
        let elevate = ElevateSession(token: token, proof: .factor(proof))
        _ = try desk.carryOut(elevate, caller: "portal").outcome.data
    }

    @Test("a kind without a verifier is not a factor")
    func unknown() throws {
        var desk = try Desk(verifiers: [OneCode()])
        #expect(try desk.carryOut(create("right", kind: "grids")).outcome.rejection?.code == .factorNotFound)
    }

    @Test(
        "an invalid or taken kind is rejected at startup",
        arguments: ["", "Grid", "gr id", "totp", "recovery", String(repeating: "g", count: 33)])
    func badKinds(kind: String) {
        #expect(throws: ExtensionError.self) { try Desk(verifiers: [OneCode(kind: kind)]) }
    }

    @Test("a kind has 1 to 32 characters", arguments: ["g", String(repeating: "g", count: 32)])
    func goodKinds(kind: String) throws {
        #expect(try Desk(verifiers: [OneCode(kind: kind)]).manager.extensions.factorKinds == [kind])
    }

    @Test("more than 16 verifiers are rejected at startup")
    func tooMany() throws {
        let verifiers = (1...17).map { OneCode(kind: "grid\($0)") }
        _ = try Desk(verifiers: Array(verifiers.prefix(16)))
        #expect(throws: ExtensionError.self) { try Desk(verifiers: verifiers) }
    }

    @Test("two verifiers of one kind are rejected at startup")
    func sameKind() {
        #expect(throws: ExtensionError.self) { try Desk(verifiers: [OneCode(), OneCode()]) }
    }

    @Test("the state of a verifier is stored with the subject; a record without one can still be read")
    func records() throws {
        var subject = Subject(tenant: "default", name: "alice", lastSequence: 7, isDisabled: true)
        // The number of additions to attempts, whether there are places, and the number of states.
        for missing in 1...3 {
            let before = SubjectRecord.bytes(of: subject).dropLast(missing)
            #expect(try SubjectRecord.subject(from: Array(before)) == subject)
        }
        subject.verifierStates = [
            "grid": VerifierState(lastCounter: 41, attempts: FactorAttempts(failures: 2)),
            "other": VerifierState(
                attempts: FactorAttempts(
                    lockedUntil: Timestamp(milliseconds: 5), maxAttempts: 3, latestLockSeconds: 900)),
        ]
        subject.recovery = RecoveryCodes(digests: [[1]], attempts: FactorAttempts(maxAttempts: 2))
        subject.factors = [
            Factor(
                id: "fac_1", label: "phone", issuer: "us", createdAt: Timestamp(milliseconds: 1), secret: [7],
                attempts: FactorAttempts(failures: 1, latestLockSeconds: 60))
        ]
        #expect(try SubjectRecord.subject(from: SubjectRecord.bytes(of: subject)) == subject)
    }
}
