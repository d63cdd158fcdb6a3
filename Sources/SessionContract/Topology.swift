internal import SessionCore

/// The exchanges, queues and bindings of one namespace (contract §1), by name; how they are declared is the worker's
/// business.
package struct Topology: Equatable, Sendable {
    package struct Exchange: Equatable, Sendable {
        package enum Kind: String, Sendable {
            case topic
            case fanout
        }

        package let name: String
        package let kind: Kind
        /// Where messages go that no binding takes.
        package var alternate: String?
    }

    package struct Queue: Equatable, Sendable {
        package enum Kind: String, Sendable {
            case classic
            case quorum
        }

        /// What a queue's arguments do, beside its kind.
        package enum Bound: Equatable, Sendable {
            case none
            /// At most so many messages, and none older than so many seconds; the oldest go first.
            case lengthAndAge(maxLength: Int, maxBytes: Int, ageSeconds: Int)
        }

        package let name: String
        package let kind: Kind
        package var bound = Bound.none
    }

    package struct Binding: Equatable, Sendable {
        package let exchange: String
        package let queue: String
        package let key: String
    }

    package let exchanges: [Exchange]
    package let queues: [Queue]
    package let bindings: [Binding]
    package let names: Names

    /// The names that are published to and consumed from.
    package struct Names: Equatable, Sendable {
        package let commands: String
        package let unknown: String
        package let results: String
        package let events: String
        package let dead: String
        package let quarantine: String
        package let unknownCommands: String

        package init(namespace: String) {
            commands = namespace + ".commands"
            unknown = namespace + ".unknown"
            results = namespace + ".results"
            events = namespace + ".events"
            dead = namespace + ".dead"
            quarantine = namespace + ".quarantine"
            unknownCommands = namespace + ".commands.unknown"
        }
    }

    /// The queues that workers consume, each with what it is for, in the order in which a worker serves them: a
    /// revocation is never behind a login storm.
    package enum CommandQueue: String, CaseIterable, Sendable {
        case revoke
        case validate
        case manage
        case admin
        case unknown

        package func name(in namespace: String) -> String {
            "\(namespace).commands.\(rawValue)"
        }

        fileprivate var kind: Queue.Kind {
            switch self {
            case .revoke, .manage, .admin: .quorum
            case .validate, .unknown: .classic
            }
        }

        /// The routing keys of the commands that go here, those of the contract that later versions carry out included:
        /// an older worker beside a newer one must not bind less.
        package var keys: [String] {
            switch self {
            case .revoke:
                ["session.revoke", "session.lock", "session.unlock", "subject.disable", "subject.enable"]
            case .validate:
                ["session.validate", "session.get", "session.list", "session.activity"]
            case .manage:
                [
                    "session.create", "session.refresh", "session.elevate", "session.reauthenticate",
                    "session.update", "session.transfer.begin", "session.transfer.complete",
                ]
            case .admin: ["policy.*", "factor.*"]
            case .unknown: []
            }
        }
    }

    /// Quarantine keeps this many messages at most: enough for a bad release, bounded for a bad actor.
    package static let quarantineLength = 100_000
    /// And this many bytes of bodies.
    package static let quarantineBytes = 1 << 30
    /// And none for longer than two weeks.
    package static let quarantineSeconds = 14 * 86400

    package init(namespace: String) {
        let names = Names(namespace: namespace)
        self.names = names
        exchanges = [
            Exchange(name: names.unknown, kind: .fanout),
            Exchange(name: names.commands, kind: .topic, alternate: names.unknown),
            Exchange(name: names.results, kind: .topic),
            Exchange(name: names.events, kind: .topic),
            Exchange(name: names.dead, kind: .topic),
        ]
        let commandQueues = CommandQueue.allCases.map { Queue(name: $0.name(in: namespace), kind: $0.kind) }
        queues =
            commandQueues + [
                Queue(
                    name: names.quarantine, kind: .quorum,
                    bound: .lengthAndAge(
                        maxLength: Self.quarantineLength, maxBytes: Self.quarantineBytes,
                        ageSeconds: Self.quarantineSeconds))
            ]
        bindings =
            CommandQueue.allCases.flatMap { queue in
                queue.keys.map {
                    Binding(exchange: names.commands, queue: queue.name(in: namespace), key: $0)
                }
            } + [
                Binding(exchange: names.unknown, queue: names.unknownCommands, key: ""),
                Binding(exchange: names.dead, queue: names.quarantine, key: "#"),
            ]
    }
}
