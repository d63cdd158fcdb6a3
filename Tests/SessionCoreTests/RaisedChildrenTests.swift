import SessionCore
import Testing

@Suite("Children of a session that ends without them")
struct RaisedChildrenTests {
    @Test("a grandparent that has more children than it may have by now takes none")
    func fewerAllowed() throws {
        var scene = Scene()
        let root = try scene.create()
        let middle = try scene.child(of: root)
        for _ in 0..<2 { _ = try scene.child(of: root) }
        let leaf = try scene.child(of: middle)
        var policy = SessionPolicy()
        policy.maxChildren = 1
        scene.policies = PolicyCatalogue(["default": policy])
        #expect(try scene.revoke(.session(middle.id), cascade: false) == [middle.id, leaf.id])
    }

    @Test("children of each policy have the places that it has, and where there is room nothing is announced")
    func policies() throws {
        var scene = Scene("single") {
            $0.maxSessions = 1
            $0.onLimit = .reject
        }
        let root = try scene.create()
        let same = try (0..<2).map { _ in try scene.child(of: root) }
        let other = try scene.child(of: root) { $0.policy = "single" }
        #expect(try scene.revoke(.session(root.id), cascade: false) == [root.id])
        #expect(scene.kinds == [.revoked])
        #expect((same + [other]).map { scene[$0]?.parentID } == [nil, nil, nil])
        #expect(Set(try scene.list()) == Set((same + [other]).map(\.id)))
    }

    @Test(
        "where one session is all there may be, one child takes its place",
        arguments: SessionPolicy.LimitStrategy.allCases)
    func single(strategy: SessionPolicy.LimitStrategy) throws {
        var scene = Scene {
            $0.maxSessions = 1
            $0.onLimit = strategy
        }
        let root = try scene.create()
        for _ in 0..<2 { _ = try scene.child(of: root) }
        #expect(try scene.revoke(.session(root.id), cascade: false).count == 2)
        #expect(try scene.list().count == 1)
    }

    @Test("where others give way, all of them may")
    func allGiveWay() throws {
        var scene = Scene {
            $0.maxSessions = 3
            $0.onLimit = .evictOldest
        }
        let others = [try scene.create(), try scene.create()]
        let root = try scene.create()
        let children = try (0..<3).map { _ in try scene.child(of: root) }
        #expect(try scene.revoke(.session(root.id), cascade: false) == [root.id])
        #expect(others.map { scene.status(of: $0) } == [.revoked, .revoked])
        #expect(Set(try scene.list()) == Set(children.map(\.id)))
    }

    @Test("the place that is free is one of the policy of the session that ends, and of no other")
    func otherPolicyIsFull() throws {
        var scene = Scene("single") {
            $0.maxSessions = 1
            $0.onLimit = .reject
        }
        let root = try scene.create()
        let single = try scene.create { $0.policy = "single" }
        let child = try scene.child(of: root) { $0.policy = "single" }
        #expect(try scene.revoke(.session(root.id), cascade: false) == [root.id, child.id])
        #expect(scene.kinds == [.limitReached, .revoked, .revoked])
        #expect(scene.status(of: single) == .active)
    }

    @Test("those that wait for their second factor have places of their own", arguments: [1, 2])
    func waiting(waitingBeside: Int) throws {
        var scene = Scene("strict") {
            $0.mfa.required = .always
            $0.maxSessions = 2
            $0.onLimit = .evictOldest
        }
        let root = try scene.create()
        let active = try scene.child(of: root)
        let pending = try scene.child(of: root) {
            $0.policy = "strict"
            $0.authentication = .init(methods: ["pwd"])
        }
        #expect(pending.session.status == .pending)
        let beside = try (0..<waitingBeside).map { _ in
            scene.pass(seconds: 1)
            return try scene.create {
                $0.policy = "strict"
                $0.authentication = .init(methods: ["pwd"])
            }
        }
        #expect(try scene.revoke(.session(root.id), cascade: false) == [root.id])
        #expect(scene.status(of: active) == .active)
        #expect(scene.status(of: pending) == .pending)
        #expect(scene[pending]?.parentID == nil)
        // The oldest that waits gives way, where there are as many as may wait.
        #expect(scene.status(of: beside[0]) == (waitingBeside == 2 ? .revoked : .pending))
    }

    @Test("one child takes the place that is free, and nobody gives way for it, though the limit is lower by now")
    func nobodyGivesWay() throws {
        var scene = Scene {
            $0.maxSessions = 2
            $0.onLimit = .evictOldest
        }
        let other = try scene.create()
        let root = try scene.create()
        let child = try scene.child(of: root)
        #expect(try scene.revoke(.session(root.id), cascade: false) == [root.id])
        #expect(scene.kinds == [.revoked])
        let grandchild = try scene.child(of: child)
        var policy = SessionPolicy()
        policy.maxSessions = 1
        policy.onLimit = .evictOldest
        scene.policies = PolicyCatalogue(["default": policy])
        #expect(try scene.revoke(.session(child.id), cascade: false) == [child.id])
        #expect(scene.kinds == [.revoked])
        #expect([other, grandchild].map { scene.status(of: $0) } == [.active, .active])
    }

    @Test("at the most that a subject can have, they need no more places than they have")
    func hardLimit() throws {
        var scene = Scene { $0.maxSessions = 0 }
        let root = try scene.create()
        let children = try (0..<2).map { _ in try scene.child(of: root) }
        scene.add(SubjectTransaction.maxLivingSessions - 3, like: root.session)
        #expect(try scene.revoke(.session(root.id), cascade: false) == [root.id])
        #expect(scene.kinds == [.revoked])
        #expect(children.map { scene.status(of: $0) } == [.active, .active])
    }

    @Test("what gives way does so in the order of the policies' names, the pending of one behind the active")
    func order() throws {
        let names = ["a", "b", "c", "d", "e"] as [ExactText]
        var single = SessionPolicy()
        single.maxSessions = 1
        single.onLimit = .evictOldest
        single.mfa.required = .always
        var scene = Scene()
        scene.policies = PolicyCatalogue(Dictionary(uniqueKeysWithValues: names.map { ($0, single) }))
        var root = try scene.create { $0.authentication = .init(methods: ["pwd"]) }
        var beside: [[Issued]] = []
        for methods in [["pwd"], ["pwd", "otp"]] as [[ExactText]] {
            beside.append(
                try names.map { name in
                    _ = try scene.child(of: root) {
                        $0.policy = name
                        $0.authentication = .init(methods: methods)
                    }
                    return try scene.create {
                        $0.policy = name
                        $0.authentication = .init(methods: methods)
                    }
                })
            root = try scene.elevate(root.token, methods: ["otp"]).issued()
        }
        let leaving = names.indices.flatMap { [beside[1][$0].id, beside[0][$0].id] }
        _ = try scene.revoke(.session(root.id), cascade: false)
        #expect(scene.events.filter { $0.kind == .evicted }.map(\.session?.id) == leaving)
    }
}
