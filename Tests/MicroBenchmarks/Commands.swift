import SessionContract
import SessionCore
import SessionEngine
import SessionStorage
import TestSupport

// From a message to a command.
extension MicroBenchmark {
    static var reading: [MicroBenchmark] {
        Scene.Name.allCases.map { name in
            MicroBenchmark("read.\(name)") { scene in
                let message = try scene.message(name)
                let reader = scene.commands
                return { keep(try reader.read(message)) }
            }
        } + [
            // The command, and the keyed hashes that identify the message.
            MicroBenchmark("read-delivery.create") { scene in
                let delivery = try scene.delivery(.create)
                guard case .command = scene.deliveries.read(delivery).content else {
                    throw UnexpectedOutcome("the command is unreadable")
                }
                return { keep(scene.deliveries.read(delivery)) }
            }
        ]
    }
}

// From a command to an outcome, by the rules alone.
extension MicroBenchmark {
    static var decisions: [MicroBenchmark] {
        Scene.Name.allCases.map { name in
            MicroBenchmark("decide.\(name)") { scene in
                let command = try scene.command(name)
                let stored = StoredSubject(scene, need: scene.manager.need(of: command))
                let policies = PolicyCatalogue()
                func decide() throws -> (Outcome, SubjectTransaction) {
                    var transaction = SubjectTransaction(
                        on: stored.aggregate(), scope: stored.scope, now: Scene.now, policies: policies,
                        random: SeededRandom(seed: 4))
                    return (try scene.manager.decide(command, in: &transaction), transaction)
                }
                guard case .succeeded = try decide().0 else { throw UnexpectedOutcome("the command did not succeed") }
                return { keep(try decide()) }
            }
        }
    }
}

// All that a worker does between reading a command and publishing its result: grouping, decision, result, events and
// commit, without the store.
extension MicroBenchmark {
    static var processing: [MicroBenchmark] {
        Scene.Name.allCases.map { name in
            MicroBenchmark("process.\(name)") { scene in
                let work = scene.deliveries.read(try scene.delivery(name))
                let stored = StoredSubject(scene, need: scene.manager.need(of: try scene.command(name)))
                guard let completion = process(work, on: stored, by: scene.decider).completions[0],
                    completion.result.status == .succeeded
                else { throw UnexpectedOutcome("the command did not succeed") }
                return { keep(process(work, on: stored, by: scene.decider)) }
            }
        }
    }

    private static func process(_ work: Work, on stored: StoredSubject, by decider: CommandDecider) -> BatchProcess {
        var process = BatchProcess([work])
        var step = process.begin(by: decider)
        while true {
            switch step {
            case .load:
                let loaded = LoadedAggregate(state: .loaded(stored.aggregate()))
                step = process.loaded(.success(Loaded(now: Scene.now, aggregates: [loaded])), by: decider)
            case .commit(let commits):
                let results = commits.map { commit in
                    CommitResult.applied(Array(repeating: stored.reference, count: commit.events.count))
                }
                step = process.committed(.success(results), by: decider)
            case .finished: return process
            case .verify, .release: preconditionFailure("the command has no access token, and succeeds")
            }
        }
    }
}

/// As much of the subject as a command loads. It is assembled anew each time, as it is from the records: a second reference
/// would make every decision copy it.
private struct StoredSubject {
    let scope: AggregateScope
    let reference: OutboxEntry.Reference
    private let handle: SubjectHandle
    private let revision: Int64
    private let subject: Subject?
    private let sessions: [Session]

    init(_ scene: Scene, need: Need?) {
        let aggregate = scene.aggregate
        handle = aggregate.handle
        revision = aggregate.revision
        reference = OutboxEntry.Reference(partition: Partition(of: handle), id: "1800000000000-0")
        scope = need?.scope ?? .whole
        switch scope {
        case .whole:
            subject = aggregate.subject
            sessions = aggregate.sessions.values.sorted { $0.id.text < $1.id.text }
        case .sessions(let ids):
            subject = nil
            sessions = ids.compactMap { aggregate.sessions[$0] }
        }
    }

    func aggregate() -> Aggregate {
        Aggregate(handle: handle, revision: revision, subject: subject, sessions: SessionTable(sessions))
    }
}
