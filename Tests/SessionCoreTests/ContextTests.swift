import Testing

@testable import SessionCore

@Suite("Context rules")
struct ContextTests {
    typealias Reaction = SessionPolicy.ContextRules.Reaction

    private let germany = ClientContext(country: "DE")
    private let france = ClientContext(country: "FR")

    // MARK: Reactions

    @Test("off: nothing is compared, and the new context is stored with the next activity")
    func off() throws {
        var scene = Scene()
        let created = try scene.create { $0.context = germany }
        #expect(try scene.validate(created.token, context: france).isValid)
        #expect(scene.wroteNothing)
        scene.pass(seconds: 60)
        #expect(try scene.validate(created.token, context: france).isValid)
        #expect(scene[created]?.context == france)
        #expect(scene.events.isEmpty)
    }

    @Test("notify: the new context is accepted and announced, once")
    func notify() throws {
        var scene = Scene { $0.context.country = .notify }
        let created = try scene.create { $0.context = germany }
        #expect(try scene.validate(created.token, context: france).isValid)
        #expect(scene.kinds == [.contextChanged])
        #expect(
            scene.events[0].detail
                == .contextChange(
                    ContextChange(changed: [.country], previous: germany, current: france, reaction: .notify)))
        #expect(scene[created]?.context == france)
        #expect(try scene.validate(created.token, context: france).isValid)
        #expect(scene.events.isEmpty)
    }

    @Test("elevate: a context is not accepted until a session.elevate with the same context")
    func elevate() throws {
        var scene = Scene { $0.context.country = .elevate }
        let created = try scene.create { $0.context = germany }
        let validation = try scene.validate(created.token, context: france)
        #expect(validation.reason == .contextMismatch)
        #expect(validation.remedy == .elevate)
        #expect(scene.refresh(created.refresh, context: france).rejection == .contextRejected)
        #expect(scene[created]?.context == germany)
        let elevated = try scene.elevate(created.token, methods: ["otp"], context: france).issued()
        #expect(scene.kinds == [.contextChanged, .elevated])
        #expect(try scene.validate(elevated.token, context: france).isValid)
        #expect(try scene.refresh(elevated.refresh, context: france).issued().session.context == france)
    }

    @Test("elevate: a session.elevate without a context accepts none")
    func elevateWithoutContext() throws {
        var scene = Scene { $0.context.country = .elevate }
        let created = try scene.create { $0.context = germany }
        let elevated = try scene.elevate(created.token, methods: ["otp"]).issued()
        #expect(try scene.validate(elevated.token, context: france).reason == .contextMismatch)
    }

    @Test("elevate: a session.reauthenticate does not accept the context")
    func elevateByReauthentication() throws {
        var scene = Scene { $0.context.country = .elevate }
        let created = try scene.create { $0.context = germany }
        let outcome = scene.reauthenticate(created.token, methods: ["pwd"], context: france)
        #expect(outcome.rejection == .contextRejected)
        #expect(scene[created]?.context == germany)
    }

    @Test("elevate: a wrong code accepts nothing")
    func elevateWithWrongCode() throws {
        var scene = Scene { $0.context.country = .elevate }
        _ = try scene.enrolled()
        let created = try scene.create { $0.context = germany }
        #expect(scene.elevate(created.token, code: Secret("wrong"), context: france).rejection == .factorRejected)
        #expect(try scene.validate(created.token, context: france).reason == .contextMismatch)
    }

    @Test("session.suspicious is published once per new context, whatever command it came with")
    func suspiciousOnce() throws {
        var scene = Scene { $0.context.country = .elevate }
        let created = try scene.create { $0.context = germany }
        var told: [Event.Kind] = []
        for country in ["FR", "FR", "IT", "FR", "IT"] as [ExactText] {
            _ = try scene.validate(created.token, context: ClientContext(country: country))
            told += scene.kinds
            _ = scene.refresh(created.refresh, context: ClientContext(country: country))
            told += scene.kinds
        }
        #expect(told == [.suspicious, .suspicious])
        #expect(try scene.validate(created.token, context: germany).isValid)
    }

    @Test("session.suspicious states what changed, from what and to what")
    func suspiciousDetail() throws {
        var scene = Scene { $0.context.country = .elevate }
        let created = try scene.create { $0.context = germany }
        _ = try scene.validate(created.token, context: france)
        #expect(scene.events[0].session?.id == created.id)
        #expect(scene.events[0].reason == "context")
        #expect(
            scene.events[0].detail
                == .contextChange(
                    ContextChange(changed: [.country], previous: germany, current: france, reaction: .elevate)))
    }

    @Test("lock: the session is locked and answered as locked, and unlocking it accepts the context")
    func lock() throws {
        var scene = Scene { $0.context.country = .lock }
        let created = try scene.create { $0.context = germany }
        let child = try scene.child(of: created)
        #expect(try scene.validate(created.token, context: france).reason == .locked)
        #expect(scene.kinds == [.suspicious, .locked, .locked])
        #expect(scene.events.map(\.reason) == ["context", "context", "parent_locked"])
        #expect(scene[created]?.context == germany)
        #expect(try scene.validate(child.token).reason == .locked)
        _ = scene.unlock(.session(created.id))
        #expect(try scene.validate(created.token, context: france).isValid)
        #expect(scene.events.isEmpty)
    }

    @Test("lock: a refresh and an elevation are answered as locked, and the lock remains", arguments: [true, false])
    func lockElsewhere(byRefresh: Bool) throws {
        var scene = Scene { $0.context.country = .lock }
        let created = try scene.create { $0.context = germany }
        let outcome =
            byRefresh
            ? scene.refresh(created.refresh, context: france)
            : scene.elevate(created.token, methods: ["otp"], context: france)
        #expect(outcome.rejection == .sessionLocked)
        #expect(scene.status(of: created) == .locked)
        #expect(scene.kinds == [.suspicious, .locked])
    }

    @Test("revoke: the session ends with its children, and is answered as revoked")
    func revoke() throws {
        var scene = Scene { $0.context.country = .revoke }
        let created = try scene.create { $0.context = germany }
        _ = try scene.child(of: created)
        let validation = try scene.validate(created.token, context: france)
        #expect(validation.reason == .revoked)
        #expect(validation.remedy == .login)
        #expect(scene.kinds == [.suspicious, .revoked, .revoked])
        #expect(scene.events.map(\.reason) == ["context", "context", "parent_ended"])
        #expect(scene[created]?.ending?.reason == .context)
    }

    @Test("revoke: a refresh is rejected, and the session has ended")
    func revokeByRefresh() throws {
        var scene = Scene { $0.context.country = .revoke }
        let created = try scene.create { $0.context = germany }
        #expect(scene.refresh(created.refresh, context: france).rejection == .sessionEnded)
        #expect(scene.status(of: created) == .revoked)
    }

    @Test("the strictest rule that fires decides, and the event lists all that fired")
    func strictest() throws {
        var scene = Scene {
            $0.context.country = .notify
            $0.context.asn = .elevate
            $0.context.userAgent = .revoke
        }
        let created = try scene.create { $0.context = ClientContext(userAgent: "a", country: "DE", asn: 1) }
        let validation = try scene.validate(
            created.token, context: ClientContext(userAgent: "a", country: "FR", asn: 2))
        #expect(validation.reason == .contextMismatch)
        guard case .contextChange(let change) = scene.events[0].detail else { throw Unexpected() }
        #expect(change.changed == [.country, .asn])
        #expect(change.reaction == .elevate)
    }

    @Test("a peek is judged like any other validate")
    func peek() throws {
        var scene = Scene { $0.context.country = .lock }
        let created = try scene.create { $0.context = germany }
        #expect(try scene.validate(created.token, context: france, touch: false).reason == .locked)
    }

    // MARK: Unknown

    @Test("a field that either side lacks is not compared, and locks nobody out")
    func unknown() throws {
        var scene = Scene {
            for rule in [
                \SessionPolicy.ContextRules.ip, \.network, \.country, \.asn, \.userAgent, \.fingerprint, \.travel,
            ] {
                $0.context[keyPath: rule] = .revoke
            }
        }
        let full = ClientContext(
            ip: "192.0.2.1", userAgent: "a", fingerprint: "f", country: "DE", coordinates: .berlin, asn: 1)
        let silent = try scene.create()
        #expect(try scene.validate(silent.token, context: full).isValid)
        let known = try scene.create { $0.context = full }
        #expect(try scene.validate(known.token).isValid)
        #expect(try scene.validate(known.token, context: ClientContext()).isValid)
        #expect(try scene.validate(known.token, context: ClientContext(region: "elsewhere")).isValid)
        #expect(scene[known]?.context?.country == "DE")
    }

    @Test("an unknown field is stored at once, so that the next difference is detected")
    func learns() throws {
        var scene = Scene { $0.context.country = .revoke }
        let created = try scene.create()
        #expect(try scene.validate(created.token, context: germany).isValid)
        #expect(try scene.validate(created.token, context: france).reason == .revoked)
    }

    @Test("omitting a field does not erase it")
    func leavingOut() throws {
        var scene = Scene { $0.context.country = .revoke }
        let created = try scene.create { $0.context = germany }
        scene.pass(seconds: 60)
        #expect(try scene.validate(created.token, context: ClientContext(ip: "192.0.2.1")).isValid)
        #expect(try scene.validate(created.token, context: france).reason == .revoked)
    }

    @Test("a device's fingerprint is used if the context has none")
    func deviceFingerprint() throws {
        var scene = Scene { $0.context.fingerprint = .elevate }
        let created = try scene.create { $0.device = Device(fingerprint: "f") }
        #expect(try scene.validate(created.token, context: ClientContext(fingerprint: "f")).isValid)
        #expect(try scene.validate(created.token, context: ClientContext(fingerprint: "g")).reason == .contextMismatch)
    }

    // MARK: Single rules

    @Test(
        "each rule compares its own fields",
        arguments: [
            (ContextRule.ip, ClientContext(ip: "192.0.2.2"), true),
            (.ip, ClientContext(ip: "192.0.2.1"), false),
            (.ip, ClientContext(ip: "::ffff:192.0.2.1"), false),
            (.network, ClientContext(ip: "192.0.2.255"), false),
            (.network, ClientContext(ip: "192.0.3.1"), true),
            (.country, ClientContext(country: "FR"), true),
            (.country, ClientContext(country: "DE", region: "elsewhere"), false),
            (.asn, ClientContext(asn: 2), true),
            (.asn, ClientContext(asn: 1), false),
            (.userAgent, ClientContext(userAgent: "b"), true),
            (.userAgent, ClientContext(userAgent: "a"), false),
            (.fingerprint, ClientContext(fingerprint: "g"), true),
            (.fingerprint, ClientContext(fingerprint: "f"), false),
        ])
    func rules(rule: ContextRule, presented: ClientContext, fires: Bool) throws {
        var scene = Scene {
            switch rule {
            case .ip: $0.context.ip = .elevate
            case .network: $0.context.network = .elevate
            case .country: $0.context.country = .elevate
            case .asn: $0.context.asn = .elevate
            case .userAgent: $0.context.userAgent = .elevate
            case .fingerprint: $0.context.fingerprint = .elevate
            case .travel: $0.context.travel = .elevate
            }
        }
        let created = try scene.create {
            $0.context = ClientContext(ip: "192.0.2.1", userAgent: "a", fingerprint: "f", country: "DE", asn: 1)
        }
        let validation = try scene.validate(created.token, context: presented)
        #expect(validation.isValid == !fires)
        #expect(scene.kinds == (fires ? [.suspicious] : []))
    }

    @Test("travel: the speed of an aeroplane is accepted, and a higher speed is not")
    func travel() throws {
        var scene = Scene {
            $0.context.travel = .elevate
            $0.idleSeconds = 43200
        }
        // 8920 km: 9.9 hours at 900 km/h.
        let created = try scene.create { $0.context = ClientContext(coordinates: .berlin) }
        let there = ClientContext(coordinates: .tokyo)
        scene.pass(seconds: 9 * 3600)
        #expect(try scene.validate(created.token, context: there).reason == .contextMismatch)
        scene.pass(seconds: 3600)
        #expect(try scene.validate(created.token, context: there).isValid)
    }

    @Test("travel: within 50 km the speed does not matter")
    func nearby() throws {
        var scene = Scene { $0.context.travel = .elevate }
        let created = try scene.create { $0.context = ClientContext(coordinates: .berlin) }
        let potsdam = ClientContext(coordinates: .init(latitude: 52.4, longitude: 13.06))
        #expect(try scene.validate(created.token, context: potsdam).isValid)
        // A degree of the equator is 111.195 km.
        for (degrees, isValid) in [(49.9 / 111.195, true), (50.1 / 111.195, false)] {
            let other = try scene.create { $0.context = ClientContext(coordinates: .init(latitude: 0, longitude: 0)) }
            let there = ClientContext(coordinates: .init(latitude: 0, longitude: degrees))
            #expect(try scene.validate(other.token, context: there).isValid == isValid)
        }
    }

    @Test("travel: the time counts from when the place was last seen, not from the session's start")
    func travelSince() throws {
        var scene = Scene {
            $0.context.travel = .elevate
            $0.idleSeconds = 43200
        }
        let created = try scene.create { $0.context = ClientContext(coordinates: .berlin) }
        scene.pass(seconds: 12 * 3600 - 600)
        #expect(try scene.validate(created.token, context: ClientContext(coordinates: .berlin)).isValid)
        scene.pass(seconds: 300)
        let there = ClientContext(coordinates: .tokyo)
        #expect(try scene.validate(created.token, context: there).reason == .contextMismatch)
    }

    @Test("travel: a place accepted by unlocking was seen when it locked the session")
    func travelAfterUnlock() throws {
        var scene = Scene {
            $0.context.travel = .lock
            $0.idleSeconds = 43200
        }
        let created = try scene.create { $0.context = ClientContext(coordinates: .berlin) }
        scene.pass(seconds: 6 * 3600)
        _ = try scene.validate(created.token, context: ClientContext(coordinates: .tokyo))
        _ = scene.unlock(.session(created.id))
        scene.pass(seconds: 5 * 3600)
        let home = ClientContext(coordinates: .berlin)
        #expect(try scene.validate(created.token, context: home).reason == .locked, "8920 km in five hours")
    }

    @Test("travel: a place from which a pending session was elevated was seen then")
    func travelAfterPending() throws {
        var scene = Scene {
            $0.context.travel = .elevate
            $0.mfa.required = .always
            $0.mfa.pendingSeconds = 36000
            $0.idleSeconds = 43200
        }
        let created = try scene.create { $0.authentication = .init(methods: ["pwd"]) }
        scene.pass(seconds: 36000 - 1)
        let elevated = try scene.elevate(
            created.token, methods: ["otp"], context: ClientContext(coordinates: .berlin)
        ).issued()
        scene.pass(seconds: 60)
        let there = ClientContext(coordinates: .tokyo)
        #expect(try scene.validate(elevated.token, context: there).reason == .contextMismatch)
    }
}
