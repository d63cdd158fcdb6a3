import SessionCore
import SojournExtension
import Testing

@Suite("Rules of an extension: require a level")
struct RequirementTests {
    private func elevation(_ methods: [ExactText], of token: TokenReference) -> any SessionCommand {
        ElevateSession(token: token, proof: .authentication(Authentication(methods: methods)))
    }

    @Test("a session below the level is pending until it reaches the level", arguments: [2, 3])
    func create(level: Int) throws {
        var desk = try Desk(rules: [Told(.level(level))])
        let created = try desk.create(level == 3 ? ["pwd", "otp"] : ["pwd"])
        #expect(created.session.status == .pending)
        #expect(created.challenge?.reason == .mfaRequired)
        #expect(created.tokens.refresh == nil)
        let token = try desk.token(created.tokens.session, as: .session)
        #expect(try desk.carryOut(elevation(["pin"], of: token)).outcome.rejection?.code == .factorRejected)
        #expect(desk.aggregate.sessions[created.session.id]?.status == .pending)
        _ = try desk.carryOut(elevation(level == 3 ? ["hwk"] : ["sms"], of: token)).outcome.data
        #expect(desk.aggregate.sessions[created.session.id]?.status == .active)
    }

    @Test("a session at the level is active at once")
    func enough() throws {
        var desk = try Desk(rules: [Told(.level(2))])
        let created = try desk.create(["pwd", "otp"])
        #expect(created.session.status == .active)
        let refresh = RefreshSession(refreshToken: try desk.token(created.tokens.refresh, as: .refresh))
        _ = try desk.carryOut(refresh).outcome.data
    }

    @Test("the highest level of all rules applies, and at most 3")
    func highest() throws {
        var desk = try Desk(rules: [Told(.level(1)), Told(.level(99)), Told(.level(2)), Told(.level(-1))])
        #expect(try desk.create(["pwd", "otp"]).session.status == .pending)
        #expect(try desk.create(["pwd", "hwk"]).session.status == .active)
    }

    @Test("a child session below the level is pending, whatever its parent's level")
    func child() throws {
        var desk = try Desk()
        let parent = try desk.create().session
        desk = try desk.with(rules: [Told(.level(2))])
        let create = CreateSession(subject: "alice", parent: .init(id: parent.id))
        let outcome = try desk.carryOut(create).outcome
        guard case .created(let child, tokens: _, evicted: _, challenge: .some) = try outcome.data else {
            throw Unexpected(outcome: outcome)
        }
        #expect(child.status == .pending)
    }

    @Test("validating a session below the level answers level_too_low, with the remedy elevate")
    func validate() throws {
        var desk = try Desk()
        let created = try desk.create()
        let token = try desk.token(created.tokens.session, as: .session)
        desk = try desk.with(rules: [Told(.level(2))])
        let outcome = try desk.carryOut(ValidateSession(token: token)).outcome
        guard case .validated(.invalid(.levelTooLow, .some, .elevate)) = try outcome.data else {
            throw Unexpected(outcome: outcome)
        }
    }

    @Test("the requirements of the caller and of a rule both apply")
    func validateBoth() throws {
        var desk = try Desk()
        let created = try desk.create(["pwd", "otp"])
        let token = try desk.token(created.tokens.session, as: .session)
        desk = try desk.with(rules: [Told(.level(2))])
        let three = ValidateSession(token: token, requirement: .init(level: 3))
        let outcome = try desk.carryOut(three).outcome
        guard case .validated(.invalid(.levelTooLow, .some, .elevate)) = try outcome.data else {
            throw Unexpected(outcome: outcome)
        }
        let one = ValidateSession(token: token, requirement: .init(level: 1))
        guard case .validated(.valid) = try desk.carryOut(one).outcome.data else {
            throw Unexpected(outcome: outcome)
        }
    }

    @Test("refreshing or transferring a session below the level is not_permitted, and rotates nothing")
    func refresh() throws {
        var desk = try Desk()
        let created = try desk.create()
        desk = try desk.with(rules: [Told(.level(2))])
        let before = desk.aggregate
        let refresh = RefreshSession(refreshToken: try desk.token(created.tokens.refresh, as: .refresh))
        #expect(try desk.carryOut(refresh).outcome.rejection?.code == .notPermitted)
        let begin = BeginTransfer(token: try desk.token(created.tokens.session, as: .session))
        #expect(try desk.carryOut(begin).outcome.rejection?.code == .notPermitted)
        #expect(desk.aggregate == before)
    }

    @Test("a session below the level can be elevated, read and ended")
    func others() throws {
        var desk = try Desk()
        let created = try desk.create()
        let token = try desk.token(created.tokens.session, as: .session)
        desk = try desk.with(rules: [Told(.level(3))])
        _ = try desk.carryOut(GetSession(.token(token))).outcome.data
        _ = try desk.carryOut(elevation(["sms"], of: token)).outcome.data
        let revoked = try desk.carryOut(RevokeSessions(target: .session(created.session.id))).outcome
        guard case .revoked([created.session.id]) = try revoked.data else { throw Unexpected(outcome: revoked) }
    }
}
