import Testing

@testable import SojournVerifier

@Suite("The deny-list")
struct DenyListTests {
    private var list = DenyList(capacity: 3, maximumLifetime: .seconds(3600), clockTolerance: .seconds(2))

    @Test(
        "a session that has ended or is locked is denied, with the worker's reason",
        arguments: [
            ("session.revoked", #""reason":"logout""#, TokenRefusal.Reason.revoked),
            ("session.evicted", #""reason":"evicted""#, .revoked),
            ("session.expired", #""reason":"expired_idle""#, .expiredIdle),
            ("session.expired", #""reason":"expired_absolute""#, .expiredAbsolute),
            ("session.expired", #""reason":"expired_pending""#, .expiredPending),
            ("session.locked", #""reason":"locked""#, .locked),
        ])
    mutating func denied(type: String, data: String, reason: TokenRefusal.Reason) {
        #expect(list.objection(to: checkedToken()) == nil)
        #expect(list.learn(event: event(type, data: data), at: .after(0)) == .kept)
        #expect(list.objection(to: checkedToken()) == reason)
        #expect(list.objection(to: checkedToken(session: "ses_2")) == nil)
    }

    @Test("a disabled subject is denied in its tenant, with all its sessions")
    mutating func subject() {
        let disabled = event("subject.disabled", session: nil, tokensExpire: nil, data: #""reason":"disabled""#)
        #expect(list.learn(event: disabled, at: .after(0)) == .kept)
        #expect(list.objection(to: checkedToken(session: "ses_9")) == .subjectDisabled)
        #expect(list.objection(to: checkedToken(subject: "Alice")) == nil)
        #expect(list.objection(to: checkedToken(tenant: "acme")) == nil)
        let enabled = event("subject.enabled", sequence: 2, session: nil, tokensExpire: nil)
        #expect(list.learn(event: enabled, at: .after(0)) == .kept)
        #expect(list.objection(to: checkedToken()) == nil)
    }

    @Test("of two events in any order, however often they come, the one with the higher sequence counts")
    func order() {
        let pairs = [
            ("session.locked", "session.unlocked", nil as String?), ("session.unlocked", "session.locked", "locked"),
            ("session.locked", "session.revoked", "revoked"), ("session.unlocked", "session.revoked", "revoked"),
        ]
        for (first, second, expected) in pairs {
            // As numbers, not as texts: 10 comes after 9.
            let events = [event(first, sequence: 9), event(second, sequence: 10)]
            for order in [[0, 1], [1, 0], [0, 1, 0], [1, 0, 1], [0, 0, 1, 1], [1, 0, 0]] {
                var list = list
                for index in order { _ = list.learn(event: events[index], at: .after(0)) }
                #expect(list.objection(to: checkedToken())?.rawValue == expected, "\(first), \(second), \(order)")
            }
        }
    }

    @Test("an expired session that comes back is allowed again, without its old tokens")
    mutating func comesBack() {
        _ = list.learn(event: event("session.expired", data: #""reason":"expired_idle""#), at: .after(0))
        _ = list.learn(event: event("session.reauthenticated", sequence: 2, data: #""generation":4"#), at: .after(0))
        #expect(list.objection(to: checkedToken(generation: 3)) == .unknown)
        #expect(list.objection(to: checkedToken(generation: 4)) == nil)
    }

    @Test("elevation replaces the tokens of earlier generations, whatever comes before and after")
    func replaced() {
        let events = [
            event("session.locked", sequence: 1), event("session.unlocked", sequence: 2),
            event("session.elevated", sequence: 3, data: #""generation":2"#),
            event("session.reauthenticated", sequence: 4, data: #""generation":5"#),
        ]
        for order in [[0, 1, 2, 3], [3, 2, 1, 0], [2, 3, 0, 1], [3, 0, 1, 2]] {
            var list = list
            for index in order { _ = list.learn(event: events[index], at: .after(0)) }
            #expect(list.objection(to: checkedToken(generation: 4)) == .unknown)
            #expect(list.objection(to: checkedToken(generation: nil)) == .unknown)
            #expect(list.objection(to: checkedToken(generation: 5)) == nil)
        }
    }

    @Test("where an event does not say which tokens were replaced, nothing can be said about the session's")
    mutating func unclear() {
        _ = list.learn(event: event("session.elevated"), at: .after(0))
        #expect(list.objection(to: checkedToken(generation: 7)) == .unclear)
        #expect(list.objection(to: checkedToken(session: "ses_2")) == nil)
        _ = list.learn(event: event("session.revoked", sequence: 2), at: .after(0))
        #expect(list.objection(to: checkedToken(generation: 7)) == .revoked)
    }

    @Test("an entry leaves when the last token has expired, by the slowest clock, and not before")
    mutating func expiry() {
        _ = list.learn(event: event("session.revoked", tokensExpire: 300), at: .after(0))
        list.removeExpired(at: .after(301.9))
        #expect(list.objection(to: checkedToken()) == .revoked)
        // Entries leave in groups, so a little later.
        list.removeExpired(at: .after(312))
        #expect(list.count == 0)
    }

    @Test("an entry whose end is postponed stays until then")
    mutating func postponed() {
        _ = list.learn(event: event("session.locked", tokensExpire: 100), at: .after(0))
        _ = list.learn(event: event("session.revoked", sequence: 2, tokensExpire: 1000), at: .after(50))
        list.removeExpired(at: .after(200))
        #expect(list.objection(to: checkedToken()) == .revoked)
        list.removeExpired(at: .after(1020))
        #expect(list.count == 0)
    }

    @Test("an event that does not say when the tokens expire is remembered for the longest lifetime")
    mutating func unsaid() {
        let disabled = event("subject.disabled", session: nil, tokensExpire: nil)
        _ = list.learn(event: disabled, at: .after(0))
        list.removeExpired(at: .after(3601))
        #expect(list.objection(to: checkedToken()) == .subjectDisabled)
        list.removeExpired(at: .after(3612))
        #expect(list.count == 0)
    }

    @Test("nothing is remembered of sessions without living tokens, as most that expire")
    mutating func nothingAlive() {
        let expired = event("session.expired", tokensExpire: nil, data: #""reason":"expired_idle""#)
        #expect(list.learn(event: expired, at: .after(2)) == .unneeded)
        #expect(list.learn(event: event("session.revoked", tokensExpire: 10), at: .after(12)) == .unneeded)
        #expect(list.count == 0)
        // A token that has just expired there may be accepted here for a moment.
        #expect(list.learn(event: expired, at: .after(1.9)) == .kept)
    }

    @Test("no event keeps an entry for longer than the longest lifetime, whatever it claims")
    mutating func claims() {
        _ = list.learn(event: event("session.revoked", tokensExpire: 1e9), at: .after(0))
        _ = list.learn(event: event("session.revoked", session: "ses_2", at: 1e9, tokensExpire: 1e9), at: .after(0))
        list.removeExpired(at: .after(3612))
        #expect(list.count == 0)
    }

    @Test("a full list takes what it knows, and nothing else until entries have left")
    mutating func full() {
        for number in 1...3 {
            let entry = event("session.locked", session: "ses_\(number)", tokensExpire: Double(number) * 100)
            #expect(list.learn(event: entry, at: .after(0)) == .kept)
        }
        let fourth = event("session.revoked", session: "ses_4")
        #expect(list.learn(event: fourth, at: .after(0)) == .full)
        #expect(list.learn(event: event("session.unlocked", sequence: 2, tokensExpire: 100), at: .after(0)) == .kept)
        #expect(list.objection(to: checkedToken()) == nil)
        #expect(list.learn(event: fourth, at: .after(120)) == .kept)
        #expect(list.objection(to: checkedToken(session: "ses_4")) == .revoked)
    }

    @Test("many entries that expire together leave in several steps")
    func steps() {
        var list = DenyList(capacity: 10_000, maximumLifetime: .seconds(3600), clockTolerance: .seconds(2))
        for number in 1...5_000 {
            _ = list.learn(event: event("session.locked", session: "ses_\(number)"), at: .after(0))
        }
        list.removeExpired(at: .after(400))
        #expect((1..<5_000).contains(list.count))
        list.removeExpired(at: .after(400))
        #expect(list.count == 0)
    }

    @Test("other types change nothing")
    func irrelevant() {
        for type in ["session.created", "session.updated", "factor.removed", "session.token.reused", "new.type"] {
            #expect(SessionNews.read(event(type)) == .irrelevant)
        }
    }

    @Test("an event that cannot be read is noticed")
    func unreadable() {
        let good = String(decoding: event("session.revoked"), as: UTF8.self)
        for bad in [
            "", "[]", "{}", String(good.dropLast()), good.replacing(#""sequence":"1""#, with: #""sequence":1"#),
            good.replacing(#""sequence":"1""#, with: #""sequence":"-1""#),
            good.replacing(#""sessionId":"ses_1","#, with: ""),
            good.replacing(/"time":"[^"]+"/, with: #""time":"now""#),
            good.replacing(/"accessTokensExpireAt":"[^"]+"/, with: #""accessTokensExpireAt":null"#),
            good.replacing(#""data":{"#, with: #""data":{},"data":{"#),
            good.replacing("ses_1", with: String(repeating: "x", count: SessionNews.maximumLength)),
        ] {
            #expect(SessionNews.read(Array(bad.utf8)) == .unreadable, "\(bad.prefix(300))")
        }
        #expect(SessionNews.read(event("session.expired")) == .unreadable, "without a reason")
        #expect(SessionNews.read(event("subject.enabled", session: nil, tokensExpire: nil)) != .unreadable)
    }

    @Test("times are read with and without milliseconds")
    func times() {
        #expect(UnixTime(rfc3339: "2026-11-20T22:00:00.250Z") == .after(0.25))
        #expect(UnixTime(rfc3339: "2026-11-20T22:00:00Z") == .after(0))
        for bad in ["", "2026-11-20", "2026-13-20T22:00:00Z", "1969-12-31T23:59:59Z", "2026-11-20T22:00:00.000Z\0"] {
            #expect(UnixTime(rfc3339: bad) == nil, "\(bad)")
        }
    }
}
