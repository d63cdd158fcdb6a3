package import SessionCore

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
        package enum Argument: Equatable, Sendable {
            case text(String)
            case number(Int64)
        }

        package let name: String
        /// In the order of their names.
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

        /// All but the revocations, which a worker serves apart.
        package static let others = allCases.filter { $0 != .revoke }

        /// Whether the queue says how often it has delivered a message: a quorum queue does.
        package var countsDeliveries: Bool { isReplicated }

        /// What changes state is replicated; what only reads is not worth it.
        fileprivate var isReplicated: Bool {
            switch self {
            case .revoke, .manage, .admin: true
            case .validate, .unknown: false
            }
        }

        /// The routing keys that are bound to this queue.
        package func keys(of commands: [CommandName] = CommandName.all) -> [String] {
            let names = commands.filter { CommandQueue(for: $0.traits.work) == self }.map(\.rawValue)
            switch self {
            case .revoke, .validate, .manage: return names
            case .admin: return Self.families(of: names)
            // It receives what no binding takes, through the alternate exchange.
            case .unknown: return []
            }
        }

        /// A pattern such as `policy.*` for each first word among `names`, sorted.
        private static func families(of names: [String]) -> [String] {
            Set(names.compactMap { $0.split(separator: ".").first }).sorted().map { "\($0).*" }
        }

        /// The queue of the commands of this kind.
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

    /// Deliveries after which RabbitMQ itself sets a message aside. A crashing consumer counts against all that it held,
    /// so this only bounds what the worker, which gives up much earlier, did not live to see.
    package static let deliveryLimit: Int64 = 200

    /// A quorum queue that loses nothing on the way to quarantine: at-least-once dead-lettering needs `reject-publish`.
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
        ("x-max-length", .number(Int64(quarantineLength))),
        ("x-max-length-bytes", .number(Int64(quarantineBytes))),
        ("x-message-ttl", .number(Int64(quarantineSeconds) * 1000)),
        ("x-queue-type", .text("quorum")),
    ]
}
