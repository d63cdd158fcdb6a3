import SessionCore

/// The names of all keys in Redis: `namespace:{pp}:kind…`, where `pp` is the partition in hexadecimal.
///
/// | key | type | holds |
/// |---|---|---|
/// | `…:a:<handle>` | hash | an aggregate: `r` its revision, `s` the sealed subject, a sealed session per own id, and in the
/// two that are about no subject a sealed policy per `p…`, and as `w` the sealed mass revocations that stand |
/// | `…:t:<session>` | list | a session's activity: sealed entries, newest first |
/// | `…:d` | sorted set | the partition's deadlines: session → milliseconds |
/// | `…:o` | stream | the partition's outbox: events that are not yet known to be published |
/// | `…:i:<message>` | string | the sealed first result of a message |
/// | `…:c:<message>` | string | what a message said when its id was first seen, and a number of that delivery (in the
/// message's own partition) |
/// | `…:n:<delivery>` | string | how often a classic queue has delivered a message again |
/// | `…:w` | string | when the last walk through the partition for mass revocations began, in milliseconds |
/// | `…:l:<purpose>` | string | who sweeps the partition at present |
///
/// Beside them `namespace:keyring` tells with which keyring the namespace is used.
struct KeySpace: Sendable {
    static let revisionField = "r"
    static let subjectField = "s"
    static let revocationsField = "w"
    /// What the fields of policies begin with; own parts of sessions are shorter.
    static let policyPrefix = "p"
    static let policyFieldLength = 23

    /// Says with which keyring's root the namespace is used.
    let keyring: String
    /// Matches every key of every partition, and no other namespace's (a glob; the braces mean themselves).
    let pattern: String
    private let prefixes: [String]

    init(namespace: String) {
        let digits = Array("0123456789abcdef")
        keyring = "\(namespace):keyring"
        pattern = "\(namespace):{??}:*"
        prefixes = Partition.all.map { partition in
            "\(namespace):{\(digits[Int(partition.number >> 4)])\(digits[Int(partition.number & 15)])}:"
        }
    }

    private func prefix(_ partition: Partition) -> String {
        prefixes[Int(partition.number)]
    }

    func aggregate(_ handle: SubjectHandle) -> String {
        prefix(Partition(of: handle)) + "a:" + handle.text
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

    /// A message's result lies in the partition of the subject that it was about, to be written with it.
    func inbox(_ message: MessageKey, in partition: Partition) -> String {
        prefix(partition) + "i:" + message.name
    }

    func claim(_ message: MessageKey) -> String {
        prefix(Partition(of: message)) + "c:" + message.name
    }

    /// One key of each kind, in the order in which `probe.lua` takes them; nobody's.
    var probes: [String] {
        let prefix = prefixes[0]
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
