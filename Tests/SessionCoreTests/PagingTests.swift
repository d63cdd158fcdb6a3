import SessionCore
import TestSupport
import Testing

@Suite("Lists in pages")
struct PagingTests {
    /// All ids, read page by page. `meanwhile` runs between pages, with the number of ids so far.
    private func pages(
        of scene: inout Scene, limit: Int, includeEnded: Bool = false,
        meanwhile: (inout Scene, Int) throws -> Void = { _, _ in }
    ) throws -> [[SessionID]] {
        var pages: [[SessionID]] = []
        var cursor: String?
        repeat {
            let page = try scene.page(includeEnded: includeEnded, limit: limit, cursor: cursor)
            pages.append(page.sessions.map(\.id))
            cursor = page.next(after: page.sessions.count)
            try meanwhile(&scene, pages.count)
        } while cursor != nil
        return pages
    }

    @Test("the pages together are the list, each of the requested length", arguments: [1, 2, 3, 7, 8, 9, 1000])
    func together(limit: Int) throws {
        var scene = Scene { $0.maxSessions = 0 }
        for _ in 0..<4 {
            let root = try scene.create()
            scene.pass(seconds: 1)
            _ = try scene.child(of: root)
        }
        let pages = try pages(of: &scene, limit: limit)
        #expect(pages.flatMap(\.self) == (try scene.list()))
        #expect(pages.dropLast().allSatisfy { $0.count == limit })
        #expect(pages.count == (8 + limit - 1) / limit)
    }

    @Test("the last page has no cursor, and neither has an empty list")
    func whole() throws {
        var scene = Scene()
        #expect(try scene.page().next(after: 0) == nil)
        _ = try scene.create()
        #expect(try scene.page().next(after: 1) == nil)
        #expect(try scene.page(limit: 1).next(after: 1) == nil)
    }

    @Test("after a page that was cut short, the next one continues there")
    func cut() throws {
        var scene = Scene()
        for _ in 0..<4 { _ = try scene.create() }
        let all = try scene.list()
        let cursor = try #require(try scene.page().next(after: 3))
        #expect(try scene.page(cursor: cursor).sessions.map(\.id) == [all[3]])
    }

    @Test("the last session of a page may have ended and been forgotten in the meantime")
    func lastForgotten() throws {
        var scene = Scene {
            $0.endedSeconds = 1
            $0.reauthenticationWindowSeconds = 0
        }
        let all = try (0..<3).map { _ in
            scene.pass(seconds: 1)
            return try scene.create()
        }
        let pages = try pages(of: &scene, limit: 1) { scene, count in
            guard count == 1 else { return }
            _ = try scene.revoke(.session(all[0].id))
            scene.pass(seconds: 2)
            scene.reap(all[0])
        }
        #expect(pages.flatMap(\.self) == all.map(\.id))
        #expect(scene[all[0]] == nil)
    }

    @Test("a child that has ended keeps its place when its parent is forgotten before it")
    func forgottenParent() throws {
        var scene = Scene()
        let root = try scene.create()
        scene.pass(seconds: 1)
        let other = try scene.create()
        scene.pass(seconds: 1)
        let child = try scene.child(of: root)
        _ = try scene.revoke(.session(root.id))
        #expect(try scene.list(includeEnded: true) == [root.id, child.id, other.id])
        scene.aggregate.sessions[root.id] = nil
        #expect(try scene.list(includeEnded: true) == [child.id, other.id])
    }

    @Test("a place is kept with a session as deep as a policy may allow one")
    func deepest() throws {
        var scene = Scene { $0.maxDepth = 32 }
        var chain = [try scene.create()]
        for _ in 0..<32 { chain.append(try scene.child(of: chain[chain.count - 1])) }
        _ = try scene.revoke(.session(chain[0].id))
        #expect(scene[chain[32]]?.line.count == 33)
    }

    @Test("where a session takes a new place, since its own is too long to be kept, those below it follow")
    func newPlace() throws {
        var scene = Scene()
        let root = try scene.create()
        let middle = try scene.child(of: root)
        let leaf = try scene.child(of: middle)
        let step = ListPlace.Step(of: root.session)
        scene.aggregate.sessions[middle.id]?.line = Array(repeating: step, count: 34)
        scene.aggregate.sessions[leaf.id]?.line = Array(repeating: step, count: 35)
        scene.pass(seconds: 1)
        let other = try scene.create()
        _ = try scene.revoke(.session(root.id), cascade: false)
        #expect([middle, leaf].map { scene[$0]?.line } == [[], []])
        #expect(try scene.list() == [middle.id, leaf.id, other.id])
    }

    @Test("children that move up keep their position", arguments: [1, 2, 3, 4])
    func moved(limit: Int) throws {
        var scene = Scene { $0.maxSessions = 0 }
        let root = try scene.create()
        let middle = try scene.child(of: root)
        scene.pass(seconds: 1)
        let other = try scene.child(of: root)
        scene.pass(seconds: 1)
        let leaf = try scene.child(of: middle)
        let pages = try pages(of: &scene, limit: limit) { scene, count in
            guard count == 1 else { return }
            _ = try scene.revoke(.session(middle.id), cascade: false)
        }
        let told = pages.flatMap(\.self)
        for session in [root, other, leaf] { #expect(told.count { $0 == session.id } == 1) }
        #expect(scene[leaf]?.parentID == root.id)
    }

    @Test("descendants of a transferred session keep their position, behind its successor", arguments: [1, 2, 3])
    func transferred(limit: Int) throws {
        var scene = Scene()
        let original = try scene.create()
        scene.pass(seconds: 1)
        let child = try scene.child(of: original)
        scene.pass(seconds: 1)
        let second = try scene.create()
        scene.pass(seconds: 1)
        var successor: SessionID?
        let pages = try pages(of: &scene, limit: limit) { scene, count in
            guard count == 1 else { return }
            let ticket = try scene.beginTransfer(original.token).ticket()
            successor = try scene.completeTransfer(ticket).issued().id
        }
        let told = pages.flatMap(\.self)
        for session in [child, second] { #expect(told.count { $0 == session.id } == 1) }
        #expect(try scene.list() == [successor, child.id, second.id])
        #expect(try scene.list(includeEnded: true) == [original.id, successor, child.id, second.id])
    }

    @Test("the stored position of sessions that move up again and again is bounded")
    func bounded() throws {
        var scene = Scene { $0.maxSessions = 0 }
        var top = try scene.create()
        for _ in 0..<100 {
            scene.pass(seconds: 1)
            let child = try scene.child(of: top)
            let grandchild = try scene.child(of: child)
            _ = try scene.revoke(.session(top.id), cascade: false)
            top = child
            #expect(try scene.list() == [child.id, grandchild.id])
            _ = try scene.revoke(.session(grandchild.id))
            for session in scene.aggregate.sessions.values {
                #expect(session.line.count <= ListPlace.maxKeptSteps)
            }
        }
    }

    @Test("a living session is listed exactly once, whatever happens between the pages", arguments: 0..<200)
    func stable(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var scene = Scene {
            $0.maxSessions = 0
            $0.endedSeconds = 5
            $0.reauthenticationWindowSeconds = 0
        }
        var known: [Issued] = []
        func change(_ scene: inout Scene) throws {
            if Bool.random(using: &random) { scene.pass(seconds: Int.random(in: 0...3, using: &random)) }
            let living = known.filter { scene.status(of: $0)?.isLiving == true }
            guard let some = living.randomElement(using: &random) else { return known.append(try scene.create()) }
            switch Int.random(in: 0..<8, using: &random) {
            case 0: known.append(try scene.create())
            case 1, 2, 3:
                let outcome = scene.createOutcome { $0.parent = .init(id: some.id) }
                if outcome.rejection == nil { known.append(try outcome.issued()) }
            case 4: _ = try scene.revoke(.session(some.id))
            case 5, 6: _ = scene.revokeOutcome(.session(some.id), cascade: false)
            default:
                let ticket = try scene.beginTransfer(some.token, keepOriginal: Bool.random(using: &random)).ticket()
                let outcome = scene.completeTransfer(ticket)
                if outcome.rejection == nil { known.append(try outcome.issued()) }
            }
        }
        for _ in 0..<20 { try change(&scene) }
        let includeEnded = Bool.random(using: &random)
        let before = Set(try scene.list())
        let told = try pages(of: &scene, limit: Int.random(in: 1...4, using: &random), includeEnded: includeEnded) {
            scene, count in
            if count < 20 { try change(&scene) }
        }.flatMap(\.self)
        let throughout = before.intersection(try scene.list())
        #expect(Set(told).count == told.count)
        #expect(throughout.isSubset(of: told))
        let listed = try scene.page().sessions
        for (index, session) in listed.enumerated() {
            guard let parent = session.parentID else { continue }
            #expect(listed[..<index].contains { $0.id == parent })
        }
    }
}
