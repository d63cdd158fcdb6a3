import SessionCore
import Testing

@Suite("Policies")
struct PolicyTests {
    private func put(
        _ name: ExactText, _ scene: inout Scene, tenant: String = "default",
        _ change: (inout SessionPolicy) -> Void = { _ in }
    ) -> Outcome {
        var policy = SessionPolicy()
        change(&policy)
        return scene.decide(PutPolicy(name: name, policy: policy), tenant: tenant)
    }

    private func policy(_ outcome: Outcome) throws -> (name: ExactText, policy: SessionPolicy) {
        guard case .succeeded(.policy(let name, let policy)) = outcome else { throw Unexpected() }
        return (name, policy)
    }

    private func names(_ scene: inout Scene, tenant: String = "default") throws -> [ExactText] {
        guard case .succeeded(.policies(let policies)) = scene.decide(ListPolicies(), tenant: tenant) else {
            throw Unexpected()
        }
        return policies.map(\.name)
    }

    @Test("a policy that was set is returned, read and listed in full")
    func puts() throws {
        var scene = Scene()
        let answer = try policy(put("strict", &scene) { $0.maxSessions = 1 })
        #expect(answer.name == "strict")
        #expect(answer.policy.maxSessions == 1)
        #expect(answer.policy.idleSeconds == 1800)
        #expect(try policy(scene.decide(GetPolicy(name: "strict"))).policy == answer.policy)
        #expect(try names(&scene) == ["default", "strict"])
        #expect(scene.wroteNothing)
    }

    @Test("a tenant's policy overrides the installation's, only for that tenant")
    func tenants() throws {
        var scene = Scene { $0.maxSessions = 7 }
        _ = put("default", &scene) { $0.maxSessions = 1 }
        #expect(try policy(scene.decide(GetPolicy(name: "default"))).policy.maxSessions == 1)
        let elsewhere = scene.decide(GetPolicy(name: "default"), tenant: "other")
        #expect(try policy(elsewhere).policy.maxSessions == 7)
        _ = put("own", &scene, tenant: "other")
        #expect(try names(&scene) == ["default"])
        #expect(try names(&scene, tenant: "other") == ["default", "own"])
    }

    @Test("the default policy always exists, with the contract's values")
    func defaults() throws {
        var scene = Scene()
        scene.policies = PolicyCatalogue()
        let policy = try policy(scene.decide(GetPolicy(name: "default"))).policy
        #expect([policy.idleSeconds, policy.absoluteSeconds, policy.touchIntervalSeconds] == [1800, 43200, 60])
        #expect([policy.accessTokenSeconds, policy.refreshSeconds, policy.refreshGraceSeconds] == [300, 43200, 30])
        #expect(policy.maxSessions == 5 && policy.onLimit == .evictLeastRecentlyActive)
        #expect(policy.mfa.required == .never)
        #expect([policy.mfa.pendingSeconds, policy.mfa.maxAttempts] == [300, 5])
        #expect([policy.mfa.lockSeconds, policy.mfa.validSeconds] == [900, 43200])
        #expect(policy.context == SessionPolicy.ContextRules() && policy.context.maxTravelKmh == 900)
        #expect([policy.reauthenticationWindowSeconds, policy.transferSeconds] == [3600, 60])
        #expect([policy.maxDepth, policy.maxChildren, policy.endedSeconds] == [4, 32, 86400])
    }

    @Test("after removal, the installation's policy applies, if there is one")
    func removes() throws {
        var scene = Scene { $0.maxSessions = 7 }
        func remove(_ name: ExactText, tenant: String = "default") -> Outcome {
            scene.decide(RemovePolicy(name: name), tenant: tenant)
        }
        _ = put("default", &scene) { $0.maxSessions = 1 }
        _ = put("own", &scene)
        #expect(remove("own", tenant: "other").rejection == .policyNotFound)
        guard case .succeeded(.policyRemoved(name: "default", let left?)) = remove("default") else {
            throw Unexpected()
        }
        #expect(left.maxSessions == 7)
        guard case .succeeded(.policyRemoved(name: "own", nil)) = remove("own") else { throw Unexpected() }
        #expect(try names(&scene) == ["default"])
        #expect(remove("own").rejection == .policyNotFound)
        #expect(remove("default").rejection == .policyNotFound)
    }

    @Test("a policy that was not set is not found")
    func unknown() {
        var scene = Scene()
        #expect(scene.decide(GetPolicy(name: "none")).rejection == .policyNotFound)
    }

    @Test("a tenant has at most a hundred policies, and may still change them")
    func limit() throws {
        var scene = Scene()
        for index in 0..<100 { _ = try policy(put("p\(index)", &scene)) }
        #expect(put("one more", &scene).rejection == .limitReached)
        #expect(put("p7", &scene) { $0.maxSessions = 2 }.rejection == nil)
        #expect(put("one more", &scene, tenant: "other").rejection == nil)
    }

    @Test("all tenants together have ten thousand at most, and may still change them")
    func limitOfAll() throws {
        var scene = Scene()
        for index in 0..<9_999 {
            let name = PolicyName(tenant: "t\(index / 100)", name: ExactText("p\(index)"))
            scene.aggregate.policies[name] = SessionPolicy()
        }
        _ = try policy(put("the last", &scene))
        let outcome = put("one more", &scene)
        #expect(outcome.rejection == .limitReached)
        #expect(outcome.message?.contains("installation") == true)
        #expect(put("the last", &scene) { $0.maxSessions = 2 }.rejection == nil)
    }

    @Test("a session follows the current version of its policy, or default once that is removed")
    func governing() throws {
        var scene = Scene("short") { $0.touchIntervalSeconds = 1 }
        let created = try scene.create { $0.policy = "short" }
        #expect(scene.policies.governing(created.session).touchIntervalSeconds == 1)
        scene.policies = PolicyCatalogue()
        #expect(scene.policies.governing(created.session) == SessionPolicy())
        #expect(try scene.validate(created.token).isValid)
    }

    @Test("an ended session is remembered as long as the policy says, and longer only while it can be resumed")
    func remembered() throws {
        var scene = Scene {
            $0.endedSeconds = 10
            $0.maxSessions = 0
        }
        let revoked = try scene.create()
        let idle = try scene.create { $0.idleSeconds = 5 }
        let closed = try scene.create { $0.idleSeconds = 5 }
        let short = try scene.create {
            $0.idleSeconds = 5
            $0.absoluteSeconds = 30
        }
        let locked = try scene.create { $0.idleSeconds = 5 }
        _ = scene.lock(.session(locked.id))
        _ = try scene.revoke(.session(revoked.id))
        scene.pass(seconds: 5)
        for session in [idle, closed, short, locked] { scene.reap(session) }
        _ = try scene.revoke(.session(closed.id))
        scene.pass(seconds: 9)
        #expect(try scene.validate(closed.token).reason == .expiredIdle)
        scene.pass(seconds: 1)
        for session in [revoked, closed, locked] {
            #expect(try scene.validate(session.token).reason == .unknown)
            scene.reap(session)
            #expect(scene[session] == nil)
        }
        #expect(try scene.validate(short.token).reason == .expiredIdle)
        scene.pass(seconds: 15)
        #expect(try scene.validate(short.token).reason == .unknown)
        #expect(try scene.validate(idle.token).remedy == .reauthenticate)
        scene.pass(seconds: 3575)
        #expect(try scene.validate(idle.token).reason == .unknown)
    }
}
