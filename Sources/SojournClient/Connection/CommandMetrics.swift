import Metrics
import Synchronization

/// What a client measures. No label contains a subject, a session or a tenant.
final class CommandMetrics: Sendable {
    private let seconds: [String: Timer]
    private let outcomes = Mutex<[[String]: Counter]>([:])

    init() {
        seconds = Dictionary(
            uniqueKeysWithValues: (CommandNames.all + [Self.unknown]).map {
                ($0, Timer(label: "sojourn_client_command_seconds", dimensions: [("command", $0)]))
            })
    }

    private static let unknown = "unknown"

    /// A command's name, if it is one of the contract's.
    static func label(of command: String) -> String { CommandNames.all.contains(command) ? command : unknown }

    /// Measures a command from the call to its result.
    func measuring(_ command: String, _ body: () async throws -> CommandReply) async throws -> CommandReply {
        let command = Self.label(of: command)
        let begin = ContinuousClock.now
        do {
            let reply = try await body()
            count("sojourn_client_commands_total", [("command", command), ("outcome", reply.status.rawValue)])
            seconds[command]?.record(duration: ContinuousClock.now - begin)
            return reply
        } catch {
            let outcome = (error as? SojournError)?.code.rawValue ?? "cancelled"
            count("sojourn_client_commands_total", [("command", command), ("outcome", outcome)])
            throw error
        }
    }

    func repeated(because cause: String) {
        count("sojourn_client_repeated_commands_total", [("cause", cause)])
    }

    private func count(_ label: String, _ dimensions: [(String, String)]) {
        let counter = outcomes.withLock { counters in
            let key = [label] + dimensions.map(\.1)
            if let counter = counters[key] { return counter }
            let counter = Counter(label: label, dimensions: dimensions)
            counters[key] = counter
            return counter
        }
        counter.increment()
    }
}
