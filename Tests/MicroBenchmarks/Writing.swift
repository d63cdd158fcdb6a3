import SessionContract
import SessionCore
import SessionStorage
import TestSupport

// Results and events in JSON.
extension MicroBenchmark {
    static var writing: [MicroBenchmark] {
        [
            MicroBenchmark("write.result-validated") { scene in
                var transaction = SubjectTransaction(
                    on: scene.aggregate, now: Scene.now, policies: PolicyCatalogue(), random: SeededRandom(seed: 5))
                let outcome = try scene.manager.decide(scene.command(.validate), in: &transaction)
                guard case .succeeded(.validated) = outcome else { throw UnexpectedOutcome("the token is invalid") }
                return {
                    keep(
                        ResultWriter.write(
                            outcome, of: CommandName(exactly: "session.validate"), commandID: "7c1e0a52", at: Scene.now)
                    )
                }
            },
            MicroBenchmark("write.result-created") { scene in
                let outcome = scene.created.outcome
                return {
                    keep(
                        ResultWriter.write(
                            outcome, of: CommandName(exactly: "session.create"), commandID: "7c1e0a52", at: Scene.now))
                }
            },
            MicroBenchmark("write.event-created") { scene in
                let event = scene.created.event
                return { keep(EventWriter.write(event, namespace: Scene.namespace)) }
            },
        ]
    }
}

// Sessions as they are stored.
extension MicroBenchmark {
    static var records: [MicroBenchmark] {
        [
            MicroBenchmark("record.write") { scene in
                let session = scene.created.session
                return { keep(SessionRecord.bytes(of: session)) }
            },
            MicroBenchmark("record.read") { scene in
                let record = SessionRecord.bytes(of: scene.created.session)
                return { keep(try SessionRecord.session(from: record)) }
            },
            MicroBenchmark("seal.seal") { scene in
                let (seal, place) = (RecordSeal(sealers: scene.sealers), place(of: scene.created.session))
                let record = SessionRecord.bytes(of: scene.created.session)
                return { keep(seal.seal(record, at: place)) }
            },
            MicroBenchmark("seal.open") { scene in
                let (seal, place) = (RecordSeal(sealers: scene.sealers), place(of: scene.created.session))
                let sealed = seal.seal(SessionRecord.bytes(of: scene.created.session), at: place)
                return { keep(try seal.read(sealed, at: place, as: { $0 }).get()) }
            },
        ]
    }

    private static func place(of session: Session) -> RecordSeal.Place {
        .field(session.id.own, key: "sojourn:{42}:a:\(session.id.handle.text)")
    }
}
