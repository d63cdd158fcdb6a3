package import SessionCore

/// The exchanges, queues and bindings of one namespace (contract §1). The worker declares them.
package struct Topology: Equatable, Sendable {
    package struct Exchange: Equatable, Sendable {
        package enum Kind: String, Sendable {
            case topic
            case fanout
        }

        package let name: String
        package let kind: Kind
        /// The exchange for messages that match no binding.
        package var alternate: String?
    }

    package struct Queue: Equatable, Sendable {
        package enum Argument: Equatable, Sendable {
            case text(String)
            case number(Int64)
        }

        package let name: String
        /// Sorted by name.
        package let arguments: [(name: String, value: Argument)]

        package static func == (left: Queue, right: Queue) -> Bool {
            left.name == right.name && left.arguments.elementsEqual(right.arguments, by: ==)
        }
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

    /// The names of exchanges and queues that are published to or consumed from.
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

    /// The queues that workers consume, in the order in which a worker serves them: a revocation never waits behind a
    /// surge of logins.
    package enum CommandQueue: String, CaseIterable, Sendable {
        case revoke
        case validate
        case manage
        case admin
        case unknown

        package func name(in namespace: String) -> String {
            "\(namespace).commands.\(rawValue)"
        }

        /// All except the revocations, which have their own lane.
        package static let others = allCases.filter { $0 != .revoke }

        /// Whether the queue counts the deliveries of a message, as quorum queues do.
        package var countsDeliveries: Bool { isReplicated }

        /// Commands that change state are replicated; those that only read are not worth it.
        fileprivate var isReplicated: Bool {
            switch self {
            case .revoke, .manage, .admin: true
            case .validate, .unknown: false
            }
        }

        /// The routing keys of this queue's bindings.
        package func keys(of commands: [CommandName] = CommandName.all) -> [String] {
            let names = commands.filter { CommandQueue(for: $0.traits.work) == self }.map(\.rawValue)
            switch self {
            case .revoke, .validate, .manage: return names
            case .admin: return Self.families(of: names)
            // It receives unroutable messages through the alternate exchange.
            case .unknown: return []
            }
        }

        /// A pattern such as `policy.*` for each distinct first word of `names`, sorted.
        private static func families(of names: [String]) -> [String] {
            Set(names.compactMap { $0.split(separator: ".").first }).sorted().map { "\($0).*" }
        }

        /// The queue for this kind of work.
        package init(for work: WorkKind) {
            self =
                switch work {
                case .revoke: .revoke
                case .validate: .validate
                case .manage: .manage
                case .admin: .admin
                }
        }
    }

    /// The most messages in quarantine: enough for a bad release, and a bound against a bad actor.
    package static let quarantineLength = 100_000
    /// The most bytes of bodies in quarantine.
    package static let quarantineBytes = 1 << 30
    /// How long a message stays in quarantine: two weeks.
    package static let quarantineSeconds = 14 * 86400

    /// How often a message in quarantine may be looked at. RabbitMQ counts each look, and since 4.0 drops a message after
    /// 20 if a queue says nothing else.
    package static let quarantineReads: Int64 = 1_000_000

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
        queues =
            CommandQueue.allCases.map { queue in
                Queue(
                    name: queue.name(in: namespace),
                    arguments: queue.isReplicated ? Self.replicated(dead: names.dead) : [])
            } + [Queue(name: names.quarantine, arguments: Self.quarantine)]
        bindings =
            CommandQueue.allCases.flatMap { queue in
                queue.keys().map {
                    Binding(exchange: names.commands, queue: queue.name(in: namespace), key: $0)
                }
            } + [
                Binding(exchange: names.unknown, queue: names.unknownCommands, key: ""),
                Binding(exchange: names.dead, queue: names.quarantine, key: "#"),
            ]
    }

    /// Deliveries after which RabbitMQ itself dead-letters a message. When a consumer crashes, this counts against
    /// every message it held. The worker gives up much earlier, so the limit only covers messages that crash the
    /// worker.
    package static let deliveryLimit: Int64 = 200

    /// A quorum queue that loses nothing on the way to quarantine: at-least-once dead-lettering requires
    /// `reject-publish`.
    private static func replicated(dead: String) -> [(name: String, value: Queue.Argument)] {
        [
            ("x-dead-letter-exchange", .text(dead)),
            ("x-dead-letter-strategy", .text("at-least-once")),
            ("x-delivery-limit", .number(deliveryLimit)),
            ("x-overflow", .text("reject-publish")),
            ("x-queue-type", .text("quorum")),
        ]
    }

    private static let quarantine: [(name: String, value: Queue.Argument)] = [
        ("x-delivery-limit", .number(quarantineReads)),
        ("x-max-length", .number(Int64(quarantineLength))),
        ("x-max-length-bytes", .number(Int64(quarantineBytes))),
        ("x-message-ttl", .number(Int64(quarantineSeconds) * 1000)),
        ("x-queue-type", .text("quorum")),
    ]
}
