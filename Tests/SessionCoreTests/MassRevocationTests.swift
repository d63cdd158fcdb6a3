import SessionCore
import Testing

extension Scene {
    /// Revokes a tenant's sessions as another worker would, without touching this subject's aggregate.
    mutating func revokeAll(
        _ narrowing: MassRevocation.Narrowing = .init(), tenant: String = "default", reason: String = "leak",
        traceparent: String? = nil
    ) throws -> Outcome {
        let place = Aggregate(handle: tokens.revocationsHandle, revocations: standing)
        var transaction = SubjectTransaction(
            on: place, now: now, policies: policies, standing: standing, random: SystemRandomNumberGenerator())
        let word = try #require(EndReason(callers: reason))
        let outcome = try manager.decide(
            Command(
                tenant: tenant, action: RevokeSessions(target: .all(narrowing), reason: word),
                traceparent: traceparent),
            in: &transaction)
        #expect(transaction.events.isEmpty)
        standing = transaction.aggregate.revocations
        return outcome
    }

    mutating func carryOut() {
        _ = decide(CarryOutRevocations(among: aggregate.handle))
    }
}

@Suite("Mass revocations")
struct MassRevocationTests {
    @Test("a revocation is in force at once, without an event about any session")
    func inForce() throws {
        var scene = Scene()
        let created = try scene.create()
        guard case .succeeded(.massRevocation(count: 0)) = try scene.revokeAll() else { throw Unexpected() }
        let validation = try scene.validate(created.token)
        #expect(validation.reason == .revoked)
        #expect(validation.remedy == .login)
        #expect(validation.session?.ending?.reason.word == "leak")
        #expect(validation.session?.ending?.at == scene.now)
        #expect(scene.wroteNothing, "validating stays a read")
        #expect(try scene.validate(created.access).reason == .revoked)
    }

    @Test("a validate still needs only its session")
    func narrow() throws {
        var scene = Scene()
        let created = try scene.create()
        _ = try scene.revokeAll()
        var transaction = scene.narrowTransaction(for: created.id)
        let validate = ValidateSession(token: scene.tokens.reference(created.token))
        let outcome = try scene.manager.decide(
            Command(tenant: "default", action: validate), in: &transaction)
        #expect(try outcome.validation().reason == .revoked)
    }

    @Test("every command treats an affected session as revoked")
    func everyCommand() throws {
        var mass = Scene()
        var single = Scene()
        var pair: [Issued] = []
        var tickets: [String] = []
        for index in 0..<2 {
            var scene = index == 0 ? mass : single
            let created = try scene.create()
            tickets.append(try scene.beginTransfer(created.token).ticket())
            if index == 0 { _ = try scene.revokeAll() } else { _ = try scene.revoke(.session(created.id)) }
            pair.append(created)
            if index == 0 { mass = scene } else { single = scene }
        }
        let attempts: [(inout Scene, Issued, String) -> Outcome] = [
            { scene, issued, _ in scene.refresh(issued.refresh) },
            { scene, issued, _ in scene.elevate(issued.token, methods: ["otp"]) },
            { scene, issued, _ in scene.reauthenticate(issued.token) },
            { scene, issued, _ in scene.reauthenticate(issued.refresh) },
            { scene, issued, _ in scene.update(.session(issued.id)) { $0.attributes = ["a": .integer(1)] } },
            { scene, issued, _ in scene.update(.token(scene.tokens.reference(issued.token))) { _ in } },
            { scene, issued, _ in scene.beginTransfer(issued.token) },
            { scene, _, ticket in scene.completeTransfer(ticket) },
            { scene, issued, _ in scene.createOutcome { $0.parent = .init(id: issued.id) } },
        ]
        for attempt in attempts {
            let left = attempt(&mass, pair[0], tickets[0])
            let right = attempt(&single, pair[1], tickets[1])
            #expect(left.rejection != nil)
            #expect(left.rejection == right.rejection)
            #expect(left.message == right.message)
        }
        for target in [LockSessions.Target.session(pair[0].id), .subject("alice")] {
            #expect(try mass.lock(target).ids() == [])
        }
        #expect(try mass.decide(GetSession(.session(pair[0].id))).session().status == .revoked)
        #expect(try mass.list() == [])
        #expect(try mass.list(includeEnded: true) == [pair[0].id])
        #expect(try mass.revoke(.session(pair[0].id)) == [])
    }

    @Test("each session that it ends has one event, with its reason and trace context")
    func events() throws {
        var scene = Scene()
        let root = try scene.create()
        let child = try scene.child(of: root)
        let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        _ = try scene.revokeAll(traceparent: trace)
        scene.pass(seconds: 5)
        scene.carryOut()
        #expect(scene.kinds == [.revoked, .revoked])
        #expect(scene.events.map(\.session?.id) == [root.id, child.id])
        #expect(scene.events.map(\.reason) == ["leak", "parent_ended"])
        #expect(scene.events.map(\.traceparent) == [trace, trace])
        #expect(scene[root]?.ending?.at == scene.now.adding(seconds: -5))
        scene.carryOut()
        #expect(scene.wroteNothing, "once is enough")
    }

    @Test("what it ends at one stroke ends by itself where it is a root, and else with its parent; in the order of ids")
    func order() throws {
        var scene = Scene { $0.maxSessions = 0 }
        var trees: [[SessionID]] = []
        for _ in 0..<6 {
            var tree = [try scene.create()]
            for _ in 0..<3 { tree.append(try scene.child(of: tree[tree.count - 1])) }
            trees.append(tree.map(\.id))
        }
        _ = try scene.revokeAll()
        scene.carryOut()
        trees.sort { $0[0].text < $1[0].text }
        #expect(scene.events.map(\.session?.id) == trees.flatMap(\.self))
        #expect(scene.events.map(\.reason) == trees.flatMap { ["leak"] + $0.dropFirst().map { _ in "parent_ended" } })
    }

    @Test("a child of an affected session has ended too, before that is written")
    func children() throws {
        var scene = Scene()
        let root = try scene.create { $0.device = Device(id: "stolen") }
        let child = try scene.child(of: root)
        _ = try scene.revokeAll(.init(deviceID: ExactText("stolen")))
        let validation = try scene.validate(child.token)
        #expect(validation.reason == .revoked)
        #expect(validation.session?.ending?.reason == .parentEnded)
    }

    @Test("the first writer to the subject ends its affected sessions, with all events")
    func carriedOutByOthers() throws {
        var scene = Scene { $0.maxSessions = 1 }
        let old = try scene.create()
        _ = try scene.revokeAll()
        scene.pass(seconds: 1)
        let new = try scene.create()
        #expect(scene.kinds == [.revoked, .created], "it has made room: nobody is evicted")
        #expect(scene.events[0].session?.id == old.id)
        #expect(try scene.validate(new.token).isValid)
    }

    @Test("what a command carries out of it is in the trace of the revocation, and its own in that of the command")
    func traces() throws {
        var scene = Scene()
        _ = try scene.create()
        _ = try scene.revokeAll(traceparent: "of the revocation")
        _ = scene.decide(CreateSession(subject: "alice"), traceparent: "of the command")
        #expect(scene.kinds == [.revoked, .created])
        #expect(scene.events.map(\.traceparent) == ["of the revocation", "of the command"])
    }

    @Test("a session that has seen the revocation is not affected")
    func begunLater() throws {
        var scene = Scene()
        _ = try scene.revokeAll()
        let created = try scene.create()
        #expect(try scene.validate(created.token).isValid, "in the same millisecond")
        let elevated = try scene.elevate(created.token, methods: ["otp"]).issued()
        scene.pass(seconds: 1)
        _ = try scene.revokeAll()
        #expect(try scene.validate(elevated.token).reason == .revoked)
    }

    @Test("a session that has not seen the revocation is affected, however late its time")
    func decidedUnseen() throws {
        var scene = Scene()
        let first = try scene.create()
        let ticket = try scene.beginTransfer(first.token).ticket()
        let unaware = scene
        _ = try scene.revokeAll()
        let standing = scene.standing
        // Both were read before the revocation was stored, and are stored after it, with a later time.
        scene = unaware
        scene.pass(seconds: 3)
        let created = try scene.create()
        let moved = try scene.completeTransfer(ticket).issued()
        scene.standing = standing
        #expect(try scene.validate(created.token).reason == .revoked)
        #expect(try scene.validate(moved.token).reason == .revoked)
        scene.carryOut()
        #expect(scene.kinds == [.revoked, .revoked])
    }

    @Test("a session that had idled out cannot be resumed, and is announced as expired")
    func idledOut() throws {
        var scene = Scene()
        let stored = try scene.create()
        scene.pass(seconds: 1000)
        let unstored = try scene.create()
        scene.pass(seconds: 800)
        scene.reap(stored)
        scene.pass(seconds: 1000)
        _ = try scene.revokeAll()
        for issued in [stored, unstored] {
            let validation = try scene.validate(issued.token)
            #expect(validation.reason == .expiredIdle)
            #expect(validation.remedy == .login)
            #expect(scene.reauthenticate(issued.token).rejection == .sessionEnded)
        }
        scene.carryOut()
        #expect(scene.kinds == [.expired])
        scene.standing = .none
        for issued in [stored, unstored] {
            #expect(scene.reauthenticate(issued.token).rejection == .sessionEnded, "nor when it is forgotten")
        }
    }

    @Test("a session that expires after the revocation counts as revoked")
    func ranOutBehind() throws {
        var scene = Scene()
        let created = try scene.create()
        scene.pass(seconds: 1000)
        _ = try scene.revokeAll()
        scene.pass(seconds: 1000)
        #expect(try scene.validate(created.token).reason == .revoked)
        scene.reap(created)
        #expect(scene.kinds == [.revoked])
    }

    @Test("other tenants' sessions are not affected")
    func otherTenant() throws {
        var scene = Scene()
        let created = try scene.create()
        _ = try scene.revokeAll(tenant: "other")
        #expect(try scene.validate(created.token).isValid)
        scene.carryOut()
        #expect(scene.wroteNothing)
    }

    @Test("of two revocations that affect a session, the first ends it")
    func firstOfTwo() throws {
        var scene = Scene()
        let created = try scene.create { $0.device = Device(id: "a") }
        _ = try scene.revokeAll(.init(deviceID: ExactText("a")), reason: "stolen")
        _ = try scene.revokeAll(reason: "breach")
        #expect(try scene.validate(created.token).session?.ending?.reason.word == "stolen")
        #expect(scene.standing.all.map(\.at.milliseconds) == [scene.now.milliseconds, scene.now.milliseconds + 1])
    }

    @Test("only sessions that match all filters are affected")
    func narrowing() throws {
        var scene = Scene("web") { _ in }
        let created = try scene.create {
            $0.policy = "web"
            $0.device = Device(id: "caf\u{e9}")
            $0.context = ClientContext(ip: "192.0.2.200")
        }
        let bare = try scene.create()
        let network = try #require(AddressBlock("192.0.2.0/24"))
        let far = try #require(AddressBlock("192.0.3.0/24"))
        let cases: [(MassRevocation.Narrowing, Bool)] = [
            (.init(), true), (.init(policy: ExactText("web")), true), (.init(policy: ExactText("default")), false),
            (.init(deviceID: ExactText("caf\u{e9}")), true), (.init(deviceID: ExactText("cafe\u{301}")), false),
            (.init(network: network), true), (.init(network: far), false),
            (.init(begunBefore: scene.now), false), (.init(begunBefore: scene.now.adding(seconds: 1)), true),
            (.init(deviceID: ExactText("caf\u{e9}"), policy: ExactText("web"), network: network), true),
            (.init(deviceID: ExactText("caf\u{e9}"), policy: ExactText("web"), network: far), false),
        ]
        for (narrowing, isMeant) in cases {
            var narrowed = scene
            _ = try narrowed.revokeAll(narrowing)
            #expect(try narrowed.validate(created.token).isValid != isMeant, "\(narrowing)")
            let isBareMeant =
                narrowing.deviceID == nil && narrowing.network == nil && narrowing.policy?.text != "web"
                && narrowing.begunBefore != scene.now
            #expect(try narrowed.validate(bare.token).isValid != isBareMeant, "\(narrowing)")
        }
    }

    @Test("the number of active revocations is bounded; repeating one is always possible")
    func bounds() throws {
        var scene = Scene()
        for number in 0..<StandingRevocations.maxOfTenant {
            _ = try scene.revokeAll(.init(deviceID: ExactText("d\(number)")))
        }
        let before = scene.standing
        #expect(try scene.revokeAll(.init(deviceID: ExactText("one more"))).failure?.code == .unavailable)
        #expect(scene.standing == before)
        _ = try scene.revokeAll(.init(deviceID: ExactText("d0")))
        #expect(scene.standing.all.count == StandingRevocations.maxOfTenant)
        #expect(scene.standing.all.last?.narrowing.deviceID?.text == "d0")
        _ = try scene.revokeAll(tenant: "other")
        #expect(scene.standing.all.last?.tenant == "other", "one tenant does not use up another's room")
    }

    @Test("only revocations that have been executed are removed")
    func forgotten() throws {
        var scene = Scene()
        _ = try scene.revokeAll()
        scene.pass(seconds: 1)
        let moment = scene.now
        _ = try scene.revokeAll(reason: "another")
        var transaction = SubjectTransaction(
            on: Aggregate(handle: scene.tokens.revocationsHandle, revocations: scene.standing), now: scene.now,
            policies: scene.policies, random: SystemRandomNumberGenerator())
        _ = try scene.manager.decide(
            Command(tenant: "", action: ForgetRevocations(until: moment.adding(seconds: -1))), in: &transaction)
        #expect(transaction.aggregate.revocations.all.map(\.at) == [moment])
    }
}

@Suite("Address blocks")
struct AddressBlockTests {
    @Test(
        "a block contains the addresses with its prefix",
        arguments: [
            ("192.0.2.7", "192.0.2.7", true), ("192.0.2.7", "192.0.2.8", false), ("192.0.2.0/24", "192.0.2.255", true),
            ("192.0.2.0/24", "192.0.3.0", false), ("192.0.2.8/29", "192.0.2.15", true),
            ("192.0.2.8/29", "192.0.2.16", false), ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("2001:db8::/32", "2001:db8:ffff::1", true), ("2001:db8::/32", "2001:db9::", false),
            ("2001:db8:8000::/33", "2001:db8:7fff::", false), ("::/0", "2001:db8::1", true),
            ("::ffff:192.0.2.0/120", "192.0.2.9", true), ("192.0.2.0/24", "::ffff:192.0.2.9", true),
            ("192.0.2.0/24", "nonsense", false),
        ])
    func contains(block: String, address: String, isInside: Bool) throws {
        #expect(try #require(AddressBlock(block)).contains(address) == isInside)
    }

    @Test(
        "an invalid or ambiguous block is rejected",
        arguments: [
            "", "/", "/24", "192.0.2.0/", "192.0.2.0/33", "192.0.2.0/-1", "192.0.2.0/+8", "192.0.2.0/08x",
            "192.0.2.1/24",
            "10.1.2.3/8", "2001:db8::1/32", "2001:db8::/129", "::ffff:192.0.2.0/90", "192.0.2.0/24/24", "192.0.2/24",
            "192.0.2.0/99999999999999999999",
        ])
    func refused(text: String) {
        #expect(AddressBlock(text) == nil)
    }
}
