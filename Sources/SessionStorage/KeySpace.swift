import SessionCore

/// The names of all keys in Redis: `namespace:{pp}:kind…`, where `pp` is the partition in hexadecimal.
///
/// | key | type | holds |
/// |---|---|---|
/// | `…:a:<handle>` | hash | an aggregate: `r` is its revision, `s` the sealed subject, and each session is a sealed field
/// named by the session's own part. The two aggregates that belong to no subject hold a sealed policy per `p…`, and in `w`
/// the sealed mass revocations in force |
/// | `…:t:<session>` | list | a session's activity: sealed entries, newest first |
/// | `…:d` | sorted set | the partition's deadlines: session → milliseconds |
/// | `…:o` | stream | the partition's outbox: events not yet confirmed as published |
/// | `…:i:<message>` | string | the sealed first result of a message |
/// | `…:c:<message>` | string | the claim of a message id: the fingerprint of the message first seen under it, and a number
/// identifying that delivery (in the message's own partition) |
/// | `…:n:<delivery>` | string | how often a classic queue has redelivered a message |
/// | `…:w` | string | when the last walk through the partition for mass revocations began, in milliseconds |
/// | `…:v` | string | nothing: written to see replicas follow (`SOJOURN_REDIS_REPLICAS`) |
/// | `…:l:<purpose>` | string | the worker that holds the lease to sweep the partition |
///
/// In addition, `namespace:keyring` records which keyring the namespace is used with.
struct KeySpace: Sendable {
    static let revisionField = "r"
    static let subjectField = "s"
    static let revocationsField = "w"
    /// Prefix of policy fields. It cannot collide with a session's field, whose name is shorter.
    static let policyPrefix = "p"
    static let policyFieldLength = 23

    /// Records the root of the keyring that the namespace is used with.
    let keyring: String
    /// A glob that matches every key of every partition, and no key of another namespace. (Braces are literal in Redis
    /// globs.)
    let pattern: String
    private let prefixes: [Prefixes]

    /// How the keys of a partition begin. Of the kinds that most commands need, with the kind: joining two texts less.
    private struct Prefixes {
        let partition: String
        let aggregate: String
        let inbox: String
        let claim: String

        init(_ partition: String) {
            self.partition = partition
            aggregate = partition + "a:"
            inbox = partition + "i:"
            claim = partition + "c:"
        }
    }

    init(namespace: String) {
        let digits = Array("0123456789abcdef")
        keyring = "\(namespace):keyring"
        pattern = "\(namespace):{??}:*"
        prefixes = Partition.all.map { partition in
            Prefixes("\(namespace):{\(digits[Int(partition.number >> 4)])\(digits[Int(partition.number & 15)])}:")
        }
    }

    private func prefix(_ partition: Partition) -> String {
        prefixes[Int(partition.number)].partition
    }

    func aggregate(_ handle: SubjectHandle) -> String {
        prefixes[Int(Partition(of: handle).number)].aggregate + handle.text
    }

    func activity(_ session: SessionID) -> String {
        prefix(Partition(of: session.handle)) + "t:" + session.withoutPrefix
    }

    func deadlines(_ partition: Partition) -> String {
        prefix(partition) + "d"
    }

    func outbox(_ partition: Partition) -> String {
        prefix(partition) + "o"
    }

    /// A message's result lives in the partition of the subject it concerns, so that both can be written in one commit.
    func inbox(_ message: MessageKey, in partition: Partition) -> String {
        prefixes[Int(partition.number)].inbox + message.name
    }

    func claim(_ message: MessageKey) -> String {
        prefixes[Int(Partition(of: message).number)].claim + message.name
    }

    /// One key of each kind of a partition, in the order `probe.lua` expects. These keys are never used.
    func probes(_ partition: Partition) -> [String] {
        let prefix = prefix(partition)
        let nobody = String(repeating: "-", count: SessionID.ownLength)
        return [
            prefix + "a:" + nobody, prefix + "t:" + nobody, prefix + "d", prefix + "o", prefix + "i:" + nobody,
            prefix + "c:" + nobody, prefix + "l:" + nobody, prefix + "w",
        ]
    }

    func deliveries(_ name: String) -> String {
        prefix(Partition(ofHash: name)) + "n:" + name
    }

    func walk(_ partition: Partition) -> String {
        prefix(partition) + "w"
    }

    func lease(_ partition: Partition, for purpose: LeasePurpose) -> String {
        prefix(partition) + "l:" + purpose.rawValue
    }
}
