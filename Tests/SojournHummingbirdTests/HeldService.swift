import SojournClient
import SojournTesting

/// Sojourn in memory, of which one command waits until a test lets it pass.
struct HeldService: SessionService {
    let sojourn: InMemorySojourn
    let command: String
    let gate = Gate()

    func send(_ command: String, body: [UInt8], options: CommandOptions) async throws -> [UInt8] {
        if command == self.command { await gate.pass() }
        return try await sojourn.send(command, body: body, options: options)
    }

    func events(_ queue: EventQueue, matching pattern: String) async throws -> SessionEvents {
        try await sojourn.events(queue, matching: pattern)
    }
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

    /// Returns once somebody waits, or has passed.
    func arrival() async {
        if !hasArrival { await withCheckedContinuation { watching.append($0) } }
    }

    func open() {
        isOpen = true
        for each in waiting { each.resume() }
        waiting = []
    }
}
