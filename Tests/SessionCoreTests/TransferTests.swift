import SessionCore
import Testing

@Suite("Transferring sessions")
struct TransferTests {
    @Test("a ticket moves a session, with deadline, level and attributes, to a new id")
    func moves() throws {
        var scene = Scene()
        let created = try scene.create {
            $0.authentication = .init(methods: ["pwd", "hwk"])
            $0.attributes = ["plan": .string("pro")]
            $0.actor = "support"
            $0.device = Device(name: "laptop")
            $0.absoluteSeconds = 7200
            $0.idleSeconds = 900
        }
        let ticket = try scene.beginTransfer(created.token).ticket()
        scene.pass(seconds: 30)
        let phone = Device(name: "phone")
        let moved = try scene.completeTransfer(ticket, device: phone, context: ClientContext(country: "FR")).issued()
        #expect(moved.id != created.id)
        #expect(moved.session.status == .active)
        #expect(moved.session.expiresAt == created.session.expiresAt)
        #expect(moved.session.idleSeconds == 900)
        #expect(moved.session.assurance == created.session.assurance)
        #expect(moved.session.authenticatedAt == created.session.authenticatedAt)
        #expect(moved.session.attributes == created.session.attributes)
        #expect(moved.session.actor == "support")
        #expect(moved.session.device == phone)
        #expect(moved.session.context == ClientContext(country: "FR"))
        #expect(moved.session.generation == 1)
        #expect(try scene.validate(moved.token).isValid)
        #expect(try scene.refresh(moved.refresh).issued().id == moved.id)
        #expect(try scene.validate(created.token).reason == .revoked)
        #expect(scene.refresh(created.refresh).rejection == .sessionEnded)
    }

    @Test("the event of the new session names the old one, and the old one's end is announced")
    func announced() throws {
        var scene = Scene()
        let created = try scene.create()
        let ticket = try scene.beginTransfer(created.token).ticket()
        #expect(scene.events.isEmpty)
        let moved = try scene.completeTransfer(ticket).issued()
        #expect(scene.kinds == [.transferred, .revoked])
        #expect(scene.events[0].session?.id == moved.id)
        #expect(scene.events[0].detail == .previousSession(created.id))
        #expect(scene.events[1].session?.id == created.id)
        #expect(scene.events[1].reason == "transferred")
    }

    @Test("a ticket is valid as long as the policy says, and no longer than its session")
    func ticketsLife() throws {
        var scene = Scene { $0.transferSeconds = 100 }
        let created = try scene.create { $0.absoluteSeconds = 150 }
        guard
            case .succeeded(.ticket(let ticket, let expiresAt)) = scene.beginTransfer(created.token)
        else { throw Unexpected() }
        #expect(expiresAt == scene.now.adding(seconds: 100))
        scene.pass(seconds: 100)
        #expect(scene.completeTransfer(ticket.exposed).rejection == .ticketInvalid)
        guard case .succeeded(.ticket(_, let capped)) = scene.beginTransfer(created.token) else { throw Unexpected() }
        #expect(capped == created.session.expiresAt)
    }

    @Test("a ticket works once", arguments: [false, true])
    func once(keepOriginal: Bool) throws {
        var scene = Scene()
        let created = try scene.create()
        let ticket = try scene.beginTransfer(created.token, keepOriginal: keepOriginal).ticket()
        _ = try scene.completeTransfer(ticket).issued()
        #expect(scene.completeTransfer(ticket).rejection == .ticketInvalid)
        #expect(scene.wroteNothing)
    }

    @Test("a new ticket replaces the previous one")
    func latestTicket() throws {
        var scene = Scene()
        let created = try scene.create()
        let first = try scene.beginTransfer(created.token).ticket()
        let second = try scene.beginTransfer(created.token).ticket()
        #expect(scene.completeTransfer(first).rejection == .ticketInvalid)
        #expect(scene.completeTransfer(second).rejection == nil)
    }

    @Test("a kept original continues alongside the new session, with its children")
    func kept() throws {
        var scene = Scene()
        let created = try scene.create()
        let child = try scene.child(of: created)
        let ticket = try scene.beginTransfer(created.token, keepOriginal: true).ticket()
        let beside = try scene.completeTransfer(ticket).issued()
        #expect(scene.kinds == [.transferred])
        #expect(try scene.validate(created.token).isValid)
        #expect(try scene.validate(beside.token).isValid)
        #expect(scene[child]?.parentID == created.id)
    }

    @Test("children move to the new session if the original ends")
    func children() throws {
        var scene = Scene()
        let created = try scene.create()
        let child = try scene.child(of: created)
        let grandchild = try scene.child(of: child)
        let ticket = try scene.beginTransfer(created.token).ticket()
        let moved = try scene.completeTransfer(ticket).issued()
        #expect(scene[child]?.parentID == moved.id)
        #expect(scene[grandchild]?.parentID == child.id)
        #expect(try scene.validate(grandchild.token).isValid)
        _ = try scene.revoke(.session(moved.id))
        #expect(try scene.validate(grandchild.token).reason == .revoked)
    }

    @Test("a transferred child stays a child")
    func child() throws {
        var scene = Scene()
        let parent = try scene.create()
        let child = try scene.child(of: parent)
        let ticket = try scene.beginTransfer(child.token).ticket()
        #expect(try scene.completeTransfer(ticket).issued().session.parentID == parent.id)
    }

    @Test("a transfer that keeps a child needs a slot for another child")
    func keptChild() throws {
        var scene = Scene { $0.maxChildren = 1 }
        let parent = try scene.create()
        let child = try scene.child(of: parent)
        let ticket = try scene.beginTransfer(child.token, keepOriginal: true).ticket()
        #expect(scene.completeTransfer(ticket).rejection == .hierarchyTooDeep)
        let moving = try scene.beginTransfer(child.token).ticket()
        #expect(scene.completeTransfer(moving).rejection == nil)
    }

    @Test("a child that is kept has its new one beside it, as deep as its policy allows")
    func keptChildDeepest() throws {
        var scene = Scene { $0.maxDepth = 1 }
        let parent = try scene.create()
        let child = try scene.child(of: parent)
        let ticket = try scene.beginTransfer(child.token, keepOriginal: true).ticket()
        #expect(try scene.completeTransfer(ticket).issued().session.parentID == parent.id)
    }

    @Test("an elevation survives the transfer until it would have expired")
    func elevation() throws {
        var scene = Scene { $0.mfa.validSeconds = 600 }
        let created = try scene.create { $0.authentication = .init(methods: ["pwd"]) }
        let elevated = try scene.elevate(created.token, methods: ["otp"]).issued()
        scene.pass(seconds: 300)
        let ticket = try scene.beginTransfer(elevated.token).ticket()
        let moved = try scene.completeTransfer(ticket).issued()
        #expect(scene.level(of: moved) == 2)
        scene.pass(seconds: 300)
        #expect(scene.level(of: moved) == 1)
    }

    @Test("a locked session cannot be transferred, and a ticket from before the lock is lost")
    func locked() throws {
        var scene = Scene()
        let created = try scene.create()
        let ticket = try scene.beginTransfer(created.token).ticket()
        _ = scene.lock(.session(created.id))
        #expect(scene.beginTransfer(created.token).rejection == .sessionLocked)
        #expect(scene.completeTransfer(ticket).rejection == .sessionLocked)
        #expect(scene.status(of: created) == .locked)
        _ = scene.unlock(.session(created.id))
        #expect(scene.completeTransfer(ticket).rejection == .ticketInvalid)
    }

    @Test("neither pending nor ended sessions can issue tickets")
    func notActive() throws {
        var scene = Scene { $0.mfa.required = .always }
        let pending = try scene.create()
        #expect(scene.beginTransfer(pending.token).rejection == .sessionPending)
        let active = try scene.create { $0.authentication = .init(methods: ["mfa"]) }
        scene.pass(seconds: 1800)
        #expect(scene.beginTransfer(active.token).rejection == .reauthenticationRequired)
        scene.pass(seconds: 3601)
        #expect(scene.beginTransfer(active.token).rejection == .sessionEnded)
        #expect(scene.beginTransfer("nonsense").rejection == .tokenInvalid)
    }

    @Test("a ticket of a session that has since ended is invalid")
    func endedMeanwhile() throws {
        var scene = Scene()
        let created = try scene.create()
        let ticket = try scene.beginTransfer(created.token).ticket()
        _ = try scene.revoke(.session(created.id))
        #expect(scene.completeTransfer(ticket).rejection == .ticketInvalid)
        #expect(scene.aggregate.sessions.count == 1)
    }

    @Test("an unknown ticket is invalid")
    func invalid() throws {
        var scene = Scene()
        let created = try scene.create()
        #expect(scene.completeTransfer("nonsense").rejection == .ticketInvalid)
        #expect(scene.completeTransfer(created.token).rejection == .ticketInvalid)
        let ticket = try scene.beginTransfer(created.token).ticket()
        #expect(scene.completeTransfer(ticket + "1").rejection == .ticketInvalid)
        let elsewhere = scene.decide(
            CompleteTransfer(ticket: scene.tokens.reference(ticket, as: .ticket)), tenant: "other")
        #expect(elsewhere.rejection == .ticketInvalid)
    }
}
