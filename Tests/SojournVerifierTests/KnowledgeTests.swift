import Synchronization
import Testing

@testable import SojournVerifier

@Suite("What may be decided")
struct KnowledgeTests {
    private var knowledge = Knowledge(VerifierLimits())
    private let start = ContinuousClock.now

    /// So many seconds after tokens were issued.
    private func moment(_ seconds: Double) -> Moment {
        Moment(now: .after(seconds), instant: start + .seconds(seconds))
    }

    private func reason(_ token: CheckedToken, at seconds: Double) -> TokenRefusal.Reason? {
        refusal { try knowledge.judge(token, at: start + .seconds(seconds)) }
    }

    /// Listening since 10 s before the token was issued.
    private mutating func listen() {
        knowledge.connected(backlog: 0, isComplete: false, at: moment(-10))
        knowledge.heard(until: start)
    }

    @Test("before it listens, nothing is decided")
    func notListening() {
        #expect(reason(checkedToken(), at: 0) == .stale)
    }

    @Test("only tokens are decided that were issued after the beginning, by any clock")
    mutating func beginning() {
        listen()
        #expect(reason(checkedToken(), at: 1) == nil)
        #expect(reason(checkedToken(issuedAt: -7), at: 1) == nil)
        #expect(reason(checkedToken(issuedAt: -8), at: 1) == .issuedBeforeListening)
        #expect(reason(checkedToken(issuedAt: -100), at: 1) == .issuedBeforeListening)
    }

    @Test("what is known against a token is said before what is not known")
    mutating func denialFirst() {
        #expect(knowledge.received([SessionNews.read(event("session.revoked"))], at: moment(0)).kept == 1)
        #expect(reason(checkedToken(issuedAt: -100, lifetime: 10_000), at: 0) == .revoked)
    }

    @Test("a token that lives for longer than denials are remembered is not decided")
    mutating func lifetime() {
        listen()
        #expect(reason(checkedToken(lifetime: 3600), at: 1) == nil)
        #expect(reason(checkedToken(lifetime: 3601), at: 1) == .lifetimeTooLong)
    }

    @Test("events that come do not show that none is missing")
    mutating func lag() {
        listen()
        for seconds in 1...15 { _ = knowledge.received([.irrelevant], at: moment(Double(seconds))) }
        #expect(reason(checkedToken(), at: 15.1) == .stale)
    }

    @Test("silence is trusted up to its limit, connected or not")
    mutating func silence() {
        listen()
        #expect(reason(checkedToken(), at: 15) == nil)
        #expect(reason(checkedToken(), at: 15.1) == .stale)
        knowledge.heard(until: start + .seconds(14))
        knowledge.disconnected()
        #expect(reason(checkedToken(), at: 29) == nil)
        knowledge.heard(until: start + .seconds(20))
        #expect(reason(checkedToken(), at: 29.1) == .stale, "without a connection nobody hears anything")
    }

    @Test("after a break with a complete queue, the backlog has to be worked off; the beginning stays")
    mutating func backlog() {
        listen()
        knowledge.disconnected()
        knowledge.connected(backlog: 2, isComplete: true, at: moment(5))
        #expect(reason(checkedToken(), at: 5) == .catchingUp)
        _ = knowledge.received([SessionNews.read(event("session.revoked", session: "ses_2"))], at: moment(6))
        #expect(reason(checkedToken(), at: 6) == .catchingUp)
        #expect(reason(checkedToken(session: "ses_2"), at: 6) == .revoked)
        _ = knowledge.received([.irrelevant], at: moment(6))
        #expect(reason(checkedToken(), at: 6) == nil)
        #expect(reason(checkedToken(issuedAt: -7), at: 6) == nil)
    }

    @Test("a backlog of which some was dropped ends when the broker says twice that nothing waits")
    mutating func droppedBacklog() {
        knowledge.connected(backlog: 5, isComplete: false, at: moment(-10))
        for seconds in [0.0, 1] {
            knowledge.heard(until: start + .seconds(seconds))
            #expect(reason(checkedToken(), at: seconds) == .catchingUp)
            _ = knowledge.received([.irrelevant], at: moment(seconds))
        }
        knowledge.heard(until: start + .seconds(2))
        #expect(reason(checkedToken(), at: 2) == .catchingUp)
        knowledge.heard(until: start + .seconds(3))
        #expect(reason(checkedToken(), at: 3) == nil)
    }

    @Test("what the broker said over an earlier connection does not count")
    mutating func earlierConnection() {
        listen()
        knowledge.disconnected()
        knowledge.connected(backlog: 1, isComplete: true, at: moment(5))
        for _ in 1...2 { knowledge.heard(until: start + .seconds(4.9)) }
        #expect(reason(checkedToken(), at: 6) == .catchingUp)
    }

    @Test("after a break with a queue that is not complete, it begins again")
    mutating func incomplete() {
        listen()
        knowledge.disconnected()
        knowledge.connected(backlog: 0, isComplete: false, at: moment(5))
        #expect(reason(checkedToken(), at: 6) == .issuedBeforeListening)
        #expect(reason(checkedToken(issuedAt: 8), at: 9) == nil)
    }

    @Test("after an event that cannot be read, it begins again")
    mutating func unreadable() {
        listen()
        #expect(
            knowledge.received([.unreadable, .irrelevant], at: moment(5)) == EventCounts(irrelevant: 1, unreadable: 1))
        #expect(reason(checkedToken(), at: 6) == .issuedBeforeListening)
        #expect(reason(checkedToken(issuedAt: 8), at: 9) == nil)
    }

    @Test("after an event that finds the list full, it begins again")
    func full() {
        var limits = VerifierLimits()
        limits.maximumDenials = 1
        var test = self
        test.knowledge = Knowledge(limits)
        test.listen()
        let events = [2, 3].map { SessionNews.read(event("session.revoked", session: "ses_\($0)")) }
        #expect(test.knowledge.received(events, at: moment(5)) == EventCounts(kept: 1, full: 1))
        #expect(test.reason(checkedToken(session: "ses_3"), at: 6) == .issuedBeforeListening)
        #expect(test.reason(checkedToken(issuedAt: 8), at: 9) == nil)
    }

    @Test("what the worker has confirmed is decided until the next beginning")
    mutating func confirmed() throws {
        listen()
        let token = checkedToken(issuedAt: -100)
        token.confirmation.store(try #require(knowledge.listening.beginning).number, ordering: .relaxed)
        #expect(reason(token, at: 1) == nil)
        _ = knowledge.received([.unreadable], at: moment(2))
        #expect(reason(token, at: 3) == .issuedBeforeListening)
        let unconfirmed = checkedToken(issuedAt: -100)
        #expect(reason(unconfirmed, at: 1) == .issuedBeforeListening)
    }
}
