import SessionContract
import SessionCore
import Testing

@Suite("Stops and refusals with an effect")
struct StopTests {
    /// A command that changes everything a rule can change, and then ends as configured.
    private struct Meddler: SessionCommand {
        enum End {
            case stop(Stop)
            case refusal
        }

        let end: End
        var about: CommandTarget { .subject("alice") }

        func decide(
            by manager: SessionManager, for tenant: String, in transaction: inout SubjectTransaction
        ) throws(Stop) -> Decision {
            for id in transaction.aggregate.sessions.keys {
                _ = try LockSessions(target: .session(id)).decide(by: manager, for: tenant, in: &transaction)
            }
            let commands: [any SessionCommand] = [
                EnrollFactor(subject: "alice"), PutPolicy(name: "new", policy: SessionPolicy()),
                RevokeSessions(target: .all(MassRevocation.Narrowing())), DisableSubject(subject: "alice"),
            ]
            for command in commands { _ = try command.decide(by: manager, for: tenant, in: &transaction) }
            switch end {
            case .stop(let stop): throw stop
            case .refusal: return .rejected(RejectionWithEffect(.factorRejected, "the code is wrong"))
            }
        }
    }

    /// Everything that a transaction would commit.
    private struct Contents: Equatable {
        let aggregate: Aggregate
        let events: [String]
        let changed: Set<SessionID>
        let rescheduled: Set<SessionID>
        let changedPolicies: Set<PolicyName>
        let others: [Bool]

        init(_ transaction: SubjectTransaction) {
            aggregate = transaction.aggregate
            events = transaction.events.map(\.id)
            changed = transaction.changed
            rescheduled = transaction.rescheduled
            changedPolicies = transaction.changedPolicies
            others = [transaction.isSubjectChanged, transaction.areRevocationsChanged]
        }
    }

    /// A subject with a living session and one whose deadline has passed but that has not been ended yet, and a
    /// transaction on it that contains another command's changes.
    private func scene() throws -> (scene: Scene, transaction: SubjectTransaction) {
        var scene = Scene()
        _ = try scene.create()
        scene.pass(seconds: 1000)
        _ = try scene.create()
        scene.pass(seconds: 900)
        var transaction = scene.transaction()
        let earlier = PutPolicy(name: "earlier", policy: SessionPolicy())
        _ = try scene.manager.decide(Command(tenant: "default", action: earlier), in: &transaction)
        return (scene, transaction)
    }

    @Test("a stop undoes everything that the command changed, and nothing that others changed")
    func everything() throws {
        let (scene, transaction) = try scene()
        let before = Contents(transaction)
        let stops: [Stop] = [
            .rejected(Rejection(.limitReached, "")), .failed(Failure(.invalidField, "")), .scopeTooNarrow,
        ]
        for stop in stops {
            let meddler = Meddler(end: .stop(stop))
            var direct = transaction
            #expect(throws: Stop.self) { try meddler.decide(by: scene.manager, for: "default", in: &direct) }
            let changed = Contents(direct)
            #expect(changed.aggregate != before.aggregate && changed.events != before.events)
            #expect(changed.changed != before.changed && changed.changedPolicies != before.changedPolicies)
            #expect(changed.others == [true, true])

            var after = transaction
            let outcome = try? scene.manager.decide(Command(tenant: "default", action: meddler), in: &after)
            #expect(Contents(after) == before)
            switch stop {
            case .rejected(let rejection): #expect(outcome?.rejection == rejection.code)
            case .failed(let failure): #expect(outcome?.failure == failure)
            case .scopeTooNarrow: #expect(outcome == nil)
            }
        }
    }

    @Test("a refusal with an effect is answered as a rejection, and its changes remain")
    func refusal() throws {
        let (scene, transaction) = try scene()
        let meddler = Meddler(end: .refusal)
        var direct = transaction
        _ = try meddler.decide(by: scene.manager, for: "default", in: &direct)
        var after = transaction
        let outcome = try scene.manager.decide(Command(tenant: "default", action: meddler), in: &after)
        #expect(outcome.rejection == .factorRejected)
        #expect(Contents(after).aggregate == Contents(direct).aggregate)
        #expect(Contents(after).others == [true, true])
        #expect(after.events.count > transaction.events.count)
    }

    /// A command of each type that stops, and whether it has settled due deadlines by then, as most commands do first.
    private static let stopping: [(command: any SentCommand, hasChanged: Bool)] = [
        (CreateSession(subject: "alice", parent: .init(id: nil)), true),
        (RefreshSession(refreshToken: .malformed), true),
        (ElevateSession(token: .malformed, proof: .authentication(Authentication(methods: ["otp"]))), true),
        (ReauthenticateSession(token: .malformed, authentication: Authentication(methods: ["pwd"])), true),
        (UpdateSession(target: .session(nil)), true),
        (BeginTransfer(token: .malformed), true),
        (CompleteTransfer(ticket: .malformed), true),
        (RevokeSessions(target: .token(.malformed)), true),
        (LockSessions(target: .session(nil)), true),
        (UnlockSessions(target: .session(nil)), true),
        (GetSession(.session(nil)), false),
        (ReadActivity(session: nil), false),
        (EnrollFactor(subject: "alice"), false),
        (ConfirmFactor(subject: "alice", factorID: "none", code: Secret("1")), false),
        (RemoveFactor(subject: "alice", factorID: "none"), false),
        (PutPolicy(name: "one more", policy: SessionPolicy()), false),
        (GetPolicy(name: "none"), false),
        (RemovePolicy(name: "none"), false),
    ]

    @Test("every command that can stop leaves no change behind")
    func eachCommand() throws {
        var (scene, _) = try scene()
        for _ in 0..<10 { _ = try scene.enrolled() }
        for number in 0..<100 {
            _ = scene.decide(PutPolicy(name: ExactText("policy-\(number)"), policy: SessionPolicy()))
        }
        let transaction = scene.transaction()
        for (command, hasChanged) in Self.stopping {
            let name = type(of: command).traits.name
            var direct = transaction
            #expect(throws: Stop.self, "\(name)") {
                try command.decide(by: scene.manager, for: "default", in: &direct)
            }
            #expect((Contents(direct) != Contents(transaction)) == hasChanged, "\(name)")
            var after = transaction
            let outcome = try scene.manager.decide(Command(tenant: "default", action: command), in: &after)
            #expect(outcome.rejection != nil || outcome.failure != nil, "\(name)")
            #expect(Contents(after) == Contents(transaction) && after.isEmpty, "\(name)")
        }
    }

    /// These never stop; a validate only does because its scope is too narrow.
    private static let neverStopping = [
        "session.validate", "session.list", "subject.disable", "subject.enable", "factor.list", "policy.list",
    ]

    @Test("every command is tested")
    func noneLeftOut() {
        let listed = Self.stopping.map { type(of: $0.command).traits.name } + Self.neverStopping
        let missing = CommandName.all.map(\.rawValue).filter { !listed.contains($0) }
        #expect(missing.isEmpty, "add each to `stopping` or `neverStopping`: \(missing.joined(separator: ", "))")
        #expect(listed.count == CommandName.all.count)
    }

    @Test("a validate that needs the whole aggregate leaves no change behind")
    func validate() throws {
        var scene = Scene()
        let parent = try scene.create()
        let child = try scene.child(of: parent)
        let validate = ValidateSession(token: scene.tokens.reference(child.token))
        let before = scene.narrowTransaction(for: child.id)
        var after = before
        #expect(throws: ScopeTooNarrow.self) {
            try scene.manager.decide(Command(tenant: "default", action: validate), in: &after)
        }
        #expect(Contents(after) == Contents(before))
    }
}
