import SessionCore
import Testing

@Suite("Every context rule, in every reaction")
struct ContextRuleTests {
    typealias Reaction = SessionPolicy.ContextRules.Reaction

    /// What a rule looks at: once, otherwise, and otherwise again.
    struct Change: Sendable, CustomTestStringConvertible {
        let rule: ContextRule
        let old: ClientContext
        let new: ClientContext
        let further: ClientContext

        var testDescription: String { rule.rawValue }

        /// A session under a policy that has this rule alone.
        func begin(_ reaction: Reaction, _ context: ClientContext?) throws -> (Scene, Issued) {
            var scene = Scene {
                switch rule {
                case .ip: $0.context.ip = reaction
                case .network: $0.context.network = reaction
                case .country: $0.context.country = reaction
                case .asn: $0.context.asn = reaction
                case .userAgent: $0.context.userAgent = reaction
                case .fingerprint: $0.context.fingerprint = reaction
                case .travel: $0.context.travel = reaction
                }
            }
            let created = try scene.create { $0.context = context }
            return (scene, created)
        }

        func told(as reaction: Reaction, now current: ClientContext) -> Event.Detail {
            .contextChange(ContextChange(changed: [rule], previous: old, current: current, reaction: reaction))
        }
    }

    static let changes = [
        Change(
            rule: .ip, old: ClientContext(ip: "192.0.2.10"), new: ClientContext(ip: "192.0.2.11"),
            further: ClientContext(ip: "192.0.2.12")),
        Change(
            rule: .network, old: ClientContext(ip: "192.0.2.10"), new: ClientContext(ip: "198.51.100.10"),
            further: ClientContext(ip: "203.0.113.10")),
        Change(
            rule: .country, old: ClientContext(country: "DE"), new: ClientContext(country: "FR"),
            further: ClientContext(country: "BR")),
        Change(
            rule: .asn, old: ClientContext(asn: 64496), new: ClientContext(asn: 64511),
            further: ClientContext(asn: 64500)),
        Change(
            rule: .userAgent, old: ClientContext(userAgent: "a"), new: ClientContext(userAgent: "b"),
            further: ClientContext(userAgent: "c")),
        Change(
            rule: .fingerprint, old: ClientContext(fingerprint: "f"), new: ClientContext(fingerprint: "g"),
            further: ClientContext(fingerprint: "h")),
        Change(
            rule: .travel, old: ClientContext(coordinates: .berlin), new: ClientContext(coordinates: .tokyo),
            further: ClientContext(coordinates: .init(latitude: -33.87, longitude: 151.21))),
    ]

    @Test("notify accepts the new context, and says so once", arguments: changes)
    func notify(change: Change) throws {
        var (scene, created) = try change.begin(.notify, change.old)
        #expect(try scene.validate(created.token, context: change.old).isValid)
        #expect(scene.events.isEmpty)
        #expect(try scene.validate(created.token, context: change.new).isValid)
        #expect(scene.kinds == [.contextChanged])
        #expect(scene.events[0].detail == change.told(as: .notify, now: change.new))
        #expect(scene[created]?.context == change.new)
        #expect(try scene.validate(created.token, context: change.new).isValid)
        #expect(scene.events.isEmpty)
    }

    @Test("elevate accepts no new context before a second factor, and shuts nobody out", arguments: changes)
    func elevate(change: Change) throws {
        var (scene, created) = try change.begin(.elevate, change.old)
        let refused = try scene.validate(created.token, context: change.new)
        #expect(refused.reason == .contextMismatch)
        #expect(refused.remedy == .elevate)
        #expect(try scene.validate(created.token, context: change.old).isValid)
        let elevated = try scene.elevate(created.token, methods: ["otp"], context: change.new).issued()
        #expect(try scene.validate(elevated.token, context: change.new).isValid)
        #expect(try scene.validate(elevated.token, context: change.old).reason == .contextMismatch)
    }

    @Test("elevate tells once of each new context", arguments: changes)
    func tellsOnce(change: Change) throws {
        var (scene, created) = try change.begin(.elevate, change.old)
        var details: [Event.Detail?] = []
        for context in [change.new, change.new, change.further, change.new, change.further] {
            #expect(try scene.validate(created.token, context: context).reason == .contextMismatch)
            details += scene.events.map(\.detail)
        }
        #expect(details == [change.new, change.further].map { change.told(as: .elevate, now: $0) })
    }

    @Test("lock locks, and to unlock is to accept the new context", arguments: changes)
    func lock(change: Change) throws {
        var (scene, created) = try change.begin(.lock, change.old)
        #expect(try scene.validate(created.token, context: change.new).reason == .locked)
        #expect(scene.kinds == [.suspicious, .locked])
        #expect(scene.events[0].detail == change.told(as: .lock, now: change.new))
        #expect(try scene.validate(created.token, context: change.old).reason == .locked)
        _ = scene.unlock(.session(created.id))
        #expect(try scene.validate(created.token, context: change.new).isValid)
    }

    @Test("revoke revokes", arguments: changes)
    func revoke(change: Change) throws {
        var (scene, created) = try change.begin(.revoke, change.old)
        let refused = try scene.validate(created.token, context: change.new)
        #expect(refused.reason == .revoked)
        #expect(refused.remedy == .login)
        #expect(scene.kinds == [.suspicious, .revoked])
        #expect(scene.events[0].detail == change.told(as: .revoke, now: change.new))
        #expect(scene[created]?.ending?.reason == .context)
    }

    @Test("a refresh is judged alike", arguments: changes, [Reaction.notify, .elevate, .lock, .revoke])
    func refresh(change: Change, reaction: Reaction) throws {
        var (scene, created) = try change.begin(reaction, change.old)
        let outcome = scene.refresh(created.refresh, context: change.new)
        let expected: (refusal: Rejection.Code?, kinds: [Event.Kind]) =
            switch reaction {
            case .off, .notify: (nil, [.contextChanged, .refreshed])
            case .elevate: (.contextRejected, [.suspicious])
            case .lock: (.sessionLocked, [.suspicious, .locked])
            case .revoke: (.sessionEnded, [.suspicious, .revoked])
            }
        #expect(outcome.rejection == expected.refusal)
        #expect(scene.kinds == expected.kinds)
    }

    @Test("what either side does not know fires no rule", arguments: changes)
    func unknown(change: Change) throws {
        let elsewhere = ClientContext(city: "Graz")
        var (scene, known) = try change.begin(.revoke, change.old)
        for context in [nil, ClientContext(), elsewhere] {
            #expect(try scene.validate(known.token, context: context).isValid)
            let unknown = try scene.create { $0.context = context }
            #expect(try scene.validate(unknown.token, context: change.new).isValid)
        }
    }

    @Test("a value first seen later is compared from then on, and leaving it out forgets nothing", arguments: changes)
    func firstSeenLater(change: Change) throws {
        for first in [nil, ClientContext(region: "BE")] {
            var (scene, created) = try change.begin(.revoke, first)
            for context in [change.old, ClientContext(), ClientContext(city: "Graz"), change.old] {
                #expect(try scene.validate(created.token, context: context).isValid)
            }
            #expect(try scene.validate(created.token, context: change.new).reason == .revoked)
        }
    }

    @Test("what no rule learns from is not written before the next activity", arguments: changes)
    func writes(change: Change) throws {
        var (scene, created) = try change.begin(.revoke, change.old)
        for context in [change.old, ClientContext(region: "BE")] {
            #expect(try scene.validate(created.token, context: context).isValid)
            #expect(scene.wroteNothing)
        }
        // To a rule that is off, and to one that looks elsewhere.
        let all = ClientContext(
            ip: "192.0.2.10", userAgent: "a", fingerprint: "f", country: "DE", coordinates: .berlin, asn: 64496)
        var off = Scene()
        let other = try off.create()
        #expect(try off.validate(other.token, context: all).isValid)
        #expect(off.wroteNothing)
        for elsewhere in Self.changes where elsewhere.old != change.old {
            #expect(try scene.validate(created.token, context: elsewhere.old).isValid)
            #expect(scene.wroteNothing)
        }
    }

    @Test("every rule that fires is told, and the strictest decides, in whatever order they stand")
    func strictest() throws {
        let rules: [WritableKeyPath<SessionPolicy.ContextRules, Reaction>] = [\.ip, \.country, \.asn, \.userAgent]
        let reactions: [Reaction] = [.notify, .elevate, .lock, .revoke]
        let old = ClientContext(ip: "192.0.2.1", userAgent: "a", country: "DE", asn: 1)
        let new = ClientContext(ip: "192.0.2.2", userAgent: "b", country: "FR", asn: 2)
        for shift in 0..<4 {
            for count in 1...4 {
                var scene = Scene {
                    for index in 0..<count { $0.context[keyPath: rules[(index + shift) % 4]] = reactions[index] }
                }
                let created = try scene.create { $0.context = old }
                _ = try scene.validate(created.token, context: new)
                guard case .contextChange(let told) = scene.events.first?.detail else { throw Unexpected() }
                #expect(told.reaction == reactions[count - 1])
                #expect(told.changed.count == count)
            }
        }
    }
}
