import SessionContract
import SessionCore
import TestSupport

@testable import SessionStorage

// What is stored, once it is opened. Only a holder of the keys can have written it, perhaps in another version.
extension FuzzTarget {
    static var records: [FuzzTarget] {
        [FuzzTarget(name: "record", maximumBytes: 1024, seeds: examples, run: readRecord)]
    }

    /// The first byte decides on the kind of record. What is read is written in a form that is read as the same.
    private static func readRecord(_ input: [UInt8]) {
        let bytes = Array(input.dropFirst())
        switch (input.first ?? 0) % 7 {
        case 0: roundTrip(bytes, SessionRecord.session, SessionRecord.bytes)
        case 1: roundTrip(bytes, SubjectRecord.subject, SubjectRecord.bytes)
        case 2:
            guard let (result, fingerprint) = try? ResultRecord.result(from: bytes) else { return }
            let again = try? ResultRecord.result(from: ResultRecord.bytes(of: result, fingerprint: fingerprint))
            require(again?.0 == result && again?.fingerprint == fingerprint, "a result changes")
        case 3: roundTrip(bytes, EventRecord.event, EventRecord.bytes)
        case 4:
            guard let (name, policy) = try? PolicyRecord.policy(from: bytes) else { return }
            let again = try? PolicyRecord.policy(from: PolicyRecord.bytes(of: policy, named: name))
            require(again?.0 == name && again?.1 == policy, "a policy changes")
        case 5: roundTrip(bytes, RevocationsRecord.revocations, RevocationsRecord.bytes)
        default: _ = try? ActivityRecord.entry(from: bytes)
        }
    }

    private static func roundTrip<Value: Equatable>(
        _ bytes: [UInt8], _ read: ([UInt8]) throws -> Value, _ write: (Value) -> [UInt8]
    ) {
        guard let value = try? read(bytes) else { return }
        guard let again = try? read(write(value)) else { fatalError("a record that was written cannot be read") }
        require(again == value, "a record changes when it is written and read")
    }

    private static var examples: [[UInt8]] {
        let event = OutgoingEvent(id: "evt_1", type: "session.created", body: Array("{}".utf8))
        let result = StoredResult(status: "succeeded", id: "res_1", reply: Array("{}".utf8), copy: Array("{}".utf8))
        let policy = PolicyRecord.bytes(of: SessionPolicy(), named: PolicyName(tenant: "default", name: "default"))
        return [
            [2] + ResultRecord.bytes(of: result, fingerprint: Array(repeating: 1, count: 16)),
            [3] + EventRecord.bytes(of: event), [4] + policy,
        ] + sessions
    }

    private static var sessions: [[UInt8]] {
        let manager = SessionManager(tokens: Keys.tokens, factors: Keys.factors)
        var aggregate = Aggregate(handle: Keys.handle)
        var examples: [[UInt8]] = []
        for (seed, body) in [#"{"subject":"alice"}"#, richBody].enumerated() {
            let message = IncomingMessage(
                routingKey: "session.create", body: Array(body.utf8), contentType: "application/json", messageID: "m")
            let reader = CommandReader(maxBodyBytes: 65_536, tokens: Keys.tokens)
            let command: Command
            do { command = try reader.read(message) } catch { fatalError("\(error)") }
            var transaction = SubjectTransaction(
                on: aggregate, now: Keys.now, policies: PolicyCatalogue(), random: SeededRandom(seed: UInt64(seed)))
            guard (try? manager.decide(command, in: &transaction)) != nil else { fatalError("no session was created") }
            aggregate = transaction.aggregate
        }
        examples += aggregate.sessions.values.map { [0] + SessionRecord.bytes(of: $0) }
        if let subject = aggregate.subject { examples.append([1] + SubjectRecord.bytes(of: subject)) }
        return examples
    }

    private static let richBody = #"""
        {"subject":"alice","device":{"id":"d1","name":"Firefox","platform":"linux"},
        "context":{"ip":"192.0.2.10","country":"DE","userAgent":"Mozilla/5.0"},"attributes":{"theme":"dark","n":[1,2.5]}}
        """#
}
