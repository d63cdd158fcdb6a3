import SojournClient
import SojournTesting

/// Sojourn in memory, of which some commands wait until a test lets them pass.
struct HeldService: SessionService {
    let sojourn: InMemorySojourn
    let gates: [String: Gate]

    /// - Parameter commands: those that wait, each at a gate of its own.
    init(_ sojourn: InMemorySojourn, holding commands: String...) {
        self.sojourn = sojourn
        gates = Dictionary(uniqueKeysWithValues: commands.map { ($0, Gate()) })
    }

    func send(_ command: String, body: [UInt8], options: CommandOptions) async throws -> [UInt8] {
        await gates[command]?.pass()
        return try await sojourn.send(command, body: body, options: options)
    }

    func events(_ queue: EventQueue, matching pattern: String) async throws -> SessionEvents {
        try await sojourn.events(queue, matching: pattern)
    }

    /// Returns once somebody waits to send this command, or has sent it.
    func arrival(of command: String) async { await gates[command]?.arrival() }

    func release(_ command: String) async { await gates[command]?.open() }
}

actor Gate {
    private var isOpen = false
    private var hasArrival = false
    private var waiting: [CheckedContinuation<Void, Never>] = []
    private var watching: [CheckedContinuation<Void, Never>] = []

    func pass() async {
        hasArrival = true
        for each in watching { each.resume() }
        watching = []
        if !isOpen { await withCheckedContinuation { waiting.append($0) } }
    }

    func arrival() async {
        if !hasArrival { await withCheckedContinuation { watching.append($0) } }
    }

    func open() {
        isOpen = true
        for each in waiting { each.resume() }
        waiting = []
    }
}
