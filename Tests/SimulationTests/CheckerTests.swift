import Simulation
import Testing

/// Handwritten histories that each break one promise: a checker that misses one proves nothing.
@Suite("The checker")
struct CheckerTests {
    private typealias Promise = Violation.Promise

    private static func command(
        _ number: Int, id: String? = "m1", command: String = "session.create", text: String = "create"
    ) -> SentCommand {
        SentCommand(number: number, id: id, command: command, text: text)
    }

    private static func event(_ id: String, _ sequence: Int, type: String = "session.created") -> StoredCommit.Event {
        let body =
            #"{"id":"\#(id)","type":"\#(type)","sequence":"\#(sequence)","data":{"sessionId":"ses_1"}}"#
        return StoredCommit.Event(id: id, sequence: sequence, body: Array(body.utf8))
    }

    private static func answer(_ number: Int, _ status: String = "succeeded", code: String? = nil) -> Answer {
        Answer(number: number, status: status, code: code, body: Array("result".utf8))
    }

    /// A command that succeeds: sent, delivered, stored, published, answered, acknowledged, cleared.
    private static func good(
        _ number: Int = 1, id: String = "m1", commit: Int = 0, event id2: String = "evt_1", sequence: Int = 1
    ) -> [Observation] {
        let event = event(id2, sequence)
        return [
            .sent(command(number, id: id)), .delivered(number: number, lane: 1),
            .committed(StoredCommit(number: commit, lane: 1, subject: "s", messages: [id], events: [event])),
            .told(commit: commit, lane: 1),
            .taken(.copy(number: number, isRefused: false)),
            .taken(.event(id: id2, body: event.body, isRefused: false)),
            .answered(answer(number)),
            .confirmed(.copy(number: number, isRefused: false), lane: 1),
            .confirmed(.event(id: id2, body: event.body, isRefused: false), lane: 1),
            .acknowledged(number: number, lane: 1), .cleared(events: [id2]),
        ]
    }

    private static func promises(
        _ history: [Observation], remains: Checker.Remains = Checker.Remains()
    ) -> Set<Violation.Promise> {
        var checker = Checker()
        for observation in history { checker.observe(observation) }
        checker.finish(remains)
        return Set(checker.violations.map(\.promise))
    }

    private static func without(_ history: [Observation], _ place: Int) -> [Observation] {
        var history = history
        history.remove(at: place)
        return history
    }

    @Test("it reports nothing if everything goes well")
    func wellAndGood() {
        #expect(Self.promises(Self.good()) == [])
    }

    @Test("it reports an acknowledgement before the result was confirmed")
    func unconfirmedCopy() {
        #expect(Self.promises(Self.without(Self.good(), 7)) == [.acknowledgedUnconfirmed])
    }

    @Test("it reports an acknowledgement before an event was confirmed")
    func unconfirmedEvent() {
        #expect(Self.promises(Self.without(Self.good(), 8)) == [.acknowledgedUnconfirmed])
    }

    @Test("it reports an answer whose effect is not stored")
    func unstored() {
        var history = Self.good()
        history[2] = .committed(
            StoredCommit(number: 0, lane: 1, subject: "s", messages: [], events: [Self.event("evt_1", 1)]))
        #expect(Self.promises(history).contains(.acknowledgedUnstored))
    }

    @Test("it reports a second effect of one message, unless a fail-over lost the first")
    func secondEffect() {
        let again = Observation.committed(
            StoredCommit(number: 1, lane: 2, subject: "s", messages: ["m1"], events: [Self.event("evt_2", 2)]))
        #expect(Self.promises(Self.good() + [again]).contains(.secondEffect))
        let lost = Observation.lost(commits: [0], claims: [])
        let anew = Observation.committed(
            StoredCommit(number: 1, lane: 2, subject: "s", messages: ["m1"], events: [Self.event("evt_2", 1)]))
        #expect(!Self.promises(Self.good() + [lost, anew]).contains(.secondEffect))
    }

    @Test("it reports a different result for the same message")
    func otherResult() {
        var other = Self.answer(1)
        other.body = Array("other".utf8)
        #expect(Self.promises(Self.good() + [.answered(other)]) == [.otherResult])
    }

    @Test("it reports an effect before or after the answer that nothing happened")
    func nothingHappened() {
        var unavailable = Self.answer(1, "failed", code: "unavailable")
        unavailable.isRetryable = true
        var before = Self.good()
        before.insert(.answered(unavailable), at: 2)
        #expect(Self.promises(before).contains(.nothingHappened))
        var behind = Self.good()
        behind[6] = .answered(unavailable)
        #expect(Self.promises(behind).contains(.nothingHappened))
    }

    @Test("the same message may be under way a second time when the first is answered that nothing happened")
    func nothingHappenedOfTwo() {
        var unavailable = Self.answer(2, "failed", code: "unavailable")
        unavailable.isRetryable = true
        var history = Self.good()
        history.insert(
            contentsOf: [
                .sent(Self.command(2)), .delivered(number: 2, lane: 2), .taken(.copy(number: 2, isRefused: false)),
                .answered(unavailable),
            ], at: 2)
        #expect(Self.promises(history) == [])
    }

    @Test("the answer that nothing happened is about what the message said, and not about its id")
    func nothingHappenedOfReusedID() {
        var unavailable = Self.answer(2, "failed", code: "unavailable")
        unavailable.isRetryable = true
        let other = Self.command(2, text: "another")
        let history: [Observation] = [
            .sent(other), .delivered(number: 2, lane: 1), .taken(.copy(number: 2, isRefused: false)),
            .answered(unavailable),
        ]
        #expect(Self.promises(history + Self.good()) == [])
    }

    @Test("it reports an event that was never stored")
    func inventedEvent() {
        let event = Observation.taken(.event(id: "evt_9", body: [], isRefused: false))
        #expect(Self.promises(Self.good() + [event]) == [.inventedEvent])
    }

    @Test("it reports an event that was stored but not published, unless a fail-over lost it")
    func lostEvent() {
        let stored = Observation.committed(
            StoredCommit(number: 1, lane: 2, subject: "s", events: [Self.event("evt_2", 2, type: "session.updated")]))
        #expect(Self.promises(Self.good() + [stored]) == [.lostEvent])
        #expect(Self.promises(Self.good() + [stored, .lost(commits: [1], claims: [])]) == [])
    }

    @Test("it reports an event with another body under the same id")
    func unstableEvent() {
        let event = Observation.taken(.event(id: "evt_1", body: [1], isRefused: false))
        #expect(Self.promises(Self.good() + [event]) == [.unstableEvent])
    }

    @Test("it reports an outbox that was cleared too early")
    func clearedEarly() {
        var history = Self.good()
        history.insert(history.removeLast(), at: 4)
        #expect(Self.promises(history) == [.clearedUnpublished])
    }

    @Test("it reports an outbox cleared of an event that a consumer's queue refused")
    func clearedRefused() {
        var history = Self.good()
        history[5] = .taken(.event(id: "evt_1", body: Self.event("evt_1", 1).body, isRefused: true))
        #expect(Self.promises(history) == [.clearedUnpublished])
        history.insert(Self.good()[5], at: history.count - 1)
        #expect(Self.promises(history) == [])
    }

    @Test("it reports a gap and a duplicate in a sequence")
    func gap() {
        for sequence in [1, 3] {
            let more = Self.good(2, id: "m2", commit: 1, event: "evt_2", sequence: sequence)
            #expect(Self.promises(Self.good() + more).contains(.gap))
        }
    }

    @Test("it reports events according to which a session began twice")
    func history() {
        let more = Self.good(2, id: "m2", commit: 1, event: "evt_2", sequence: 2)
        #expect(Self.promises(Self.good() + more) == [.impossibleHistory])
    }

    private static func revoked(_ isLost: Bool = false) -> [Observation] {
        var answer = answer(1)
        answer.ended = ["ses_1"]
        var history = good()
        history[6] = .answered(answer)
        if isLost { history.append(.lost(commits: [0], claims: [])) }
        var valid = Self.answer(2)
        valid.valid = "ses_1"
        return history + [
            .sent(command(2, id: nil, command: "session.validate")), .delivered(number: 2, lane: 1),
            .taken(.copy(number: 2, isRefused: false)), .answered(valid),
        ]
    }

    @Test("it reports a validate that succeeds after the reply to a revocation, unless a fail-over lost it")
    func validAfterRevocation() {
        #expect(Self.promises(Self.revoked()) == [.validAfterRevocation])
        #expect(Self.promises(Self.revoked(true)) == [])
    }

    @Test("a validate that was sent before the revocation may succeed")
    func validBefore() {
        var history = Self.revoked()
        history.insert(history.remove(at: 11), at: 1)
        let numbered = history.map { observation -> Observation in
            guard case .sent(var command) = observation, command.number == 2 else { return observation }
            command.number = 2
            return .sent(command)
        }
        #expect(Self.promises(numbered) == [])
    }

    /// A session, a mass revocation that is in force but not carried out, and a validate that was sent behind the answer.
    private static func revokedWithAll(isSentBefore: Bool = false, isLost: Bool = false) -> [Observation] {
        var revocation = command(2, id: "m2", command: "session.revoke", text: "all")
        revocation.endsAll = true
        var answer = answer(2)
        answer.isPending = true
        var valid = Self.answer(3)
        valid.valid = "ses_1"
        let begin = Observation.committed(
            StoredCommit(number: 0, lane: 1, subject: "s", sessions: [StoredCommit.Session("ses_1", isLiving: true)]))
        var history: [Observation] = [
            .committed(StoredCommit(number: 1, lane: 1, subject: "all", messages: ["m2"])), .answered(answer),
        ]
        history.insert(contentsOf: isSentBefore ? [.sent(revocation), begin] : [begin, .sent(revocation)], at: 0)
        if isLost { history.append(.lost(commits: [1], claims: [])) }
        let validate = command(3, id: nil, command: "session.validate")
        return history + [.sent(validate), .answered(valid)]
    }

    @Test("it reports a validate that succeeds after the reply to a mass revocation, of a session older than that")
    func validAfterMassRevocation() {
        #expect(Self.promises(Self.revokedWithAll()) == [.validAfterRevocation])
        #expect(Self.promises(Self.revokedWithAll(isSentBefore: true)) == [])
        #expect(Self.promises(Self.revokedWithAll(isLost: true)) == [])
    }

    @Test("it reports a lost reply, unless it took too long or its address does not work")
    func lostReply() {
        let history = Self.without(Self.good(), 6)
        #expect(Self.promises(history) == [.lostReply])
        #expect(Self.promises(history + [.replyLost(number: 1, isExplained: true)]) == [])
        #expect(Self.promises(Self.good() + [.replyLost(number: 1, isExplained: false)]) == [.lostReply])
        var mute = Self.command(1, id: "m1")
        mute.isMute = true
        #expect(Self.promises([.sent(mute)] + history.dropFirst()) == [])
    }

    @Test("it reports a session that was over and lives again")
    func resurrected() {
        var over = StoredCommit.Session("ses_1", isLiving: false)
        over.isFinal = true
        let commits = [[over], [StoredCommit.Session("ses_1", isLiving: true)]].enumerated().map { number, sessions in
            Observation.committed(StoredCommit(number: number, lane: 1, subject: "s", sessions: sessions))
        }
        #expect(Self.promises(commits) == [.resurrected])
    }

    @Test("it reports one session more than the limit, not counting pending sessions and children")
    func limit() {
        func promises(_ change: (inout StoredCommit.Session) -> Void) -> Set<Violation.Promise> {
            var other = StoredCommit.Session("ses_2", isLiving: true)
            change(&other)
            return Self.promises([
                .committed(
                    StoredCommit(
                        number: 0, lane: 1, subject: "s",
                        sessions: [StoredCommit.Session("ses_1", isLiving: true), other], limits: ["default": 1]))
            ])
        }
        #expect(promises { _ in } == [.limitExceeded])
        #expect(promises { $0.isPending = true } == [])
        #expect(promises { $0.isRoot = false } == [])
        #expect(promises { $0.isLiving = false } == [])
    }

    @Test("it reports a refresh token with two successors")
    func successors() {
        var history: [Observation] = []
        for number in 1...2 {
            var command = Self.command(number, id: "m\(number)", command: "session.refresh")
            command.refreshToken = "sjr_1"
            var answer = Self.answer(number)
            answer.refreshToken = "sjr_next_\(number)"
            let commit = StoredCommit(number: number, lane: 1, subject: "s", messages: ["m\(number)"])
            history += [.sent(command), .committed(commit), .answered(answer)]
        }
        #expect(Self.promises(history) == [.secondSuccessor])
    }

    @Test("it reports a token in a public message")
    func leak() {
        #expect(Self.promises(Self.good() + [.leaked("in an event")]) == [.leaked])
    }

    private static func bad(_ code: String, in quarantine: Bool, expected: String = "invalid_field") -> [Observation] {
        var command = command(1, id: nil)
        command.expectation = .failure(expected)
        let answered = Observation.answered(answer(1, "failed", code: code))
        return [.sent(command), .delivered(number: 1, lane: 1), answered]
            + (quarantine ? [.taken(.quarantine(number: 1, reason: code))] : [])
    }

    @Test("it reports bad input that is answered with another code or not quarantined")
    func badInput() {
        #expect(Self.promises(Self.bad("invalid_field", in: true)) == [])
        #expect(Self.promises(Self.bad("malformed_message", in: true)) == [.wrongCode])
        #expect(Self.promises(Self.bad("invalid_field", in: false)) == [.notQuarantined])
    }

    @Test("it reports a valid command in quarantine")
    func unexplained() {
        #expect(
            Self.promises(Self.good() + [.taken(.quarantine(number: 1, reason: "internal"))])
                == [.unexplainedQuarantine])
    }

    @Test("it reports a command without an answer")
    func unanswered() {
        #expect(Self.promises([.sent(Self.command(1))]) == [.unanswered])
    }

    @Test("what is left over", arguments: 0..<6)
    func unfinished(kind: Int) {
        var remains = Checker.Remains()
        switch kind {
        case 0: remains.outbox = ["evt_1"]
        case 1: remains.leases = ["outbox/7"]
        case 2: remains.overdue = ["ses_1"]
        case 3: remains.isDown = [2]
        case 4: remains.revocations = ["1"]
        default: remains.messages = [1]
        }
        #expect(Self.promises(Self.good(), remains: remains) == [.unfinished])
    }

    @Test("it reports a channel that the broker closed because of a worker's mistake")
    func protocolError() {
        #expect(Self.promises([.protocolError("unknown delivery tag 7")]) == [.wrongProtocol])
    }
}
