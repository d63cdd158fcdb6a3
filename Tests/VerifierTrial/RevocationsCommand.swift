import ArgumentParser
import SojournClient
import SojournVerifier

/// Measures how long a verifier still accepts the token of a session after the reply to its revocation.
struct RevocationsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revocations",
        abstract: "Revoke sessions at a steady rate, and measure when a verifier begins to refuse their tokens.")

    @OptionGroup var installation: InstallationOptions

    @Option(help: "Revocations a second.")
    var rate = 1000

    @Option(help: "How many seconds.")
    var seconds = 10

    func validate() throws {
        guard (1...100_000).contains(rate), (1...600).contains(seconds) else {
            throw ValidationError("a rate of 1 to 100000 a second, for 1 to 600 seconds")
        }
    }

    private struct Victim: Sendable {
        let id: String
        let token: String
    }

    func run() async throws {
        let client = try SessionClient(installation.client)
        let verifier = try SessionVerifier(installation.verifier, client)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await client.run() }
            group.addTask { await verifier.run() }
            try await trust(verifier)
            let victims = try await sessions(client)
            for victim in victims { _ = try verifier.verifyLocally(victim.token) }
            report(try await revoke(victims, client, verifier))
            group.cancelAll()
        }
    }

    /// Returns when tokens that are issued from now on are decided.
    private func trust(_ verifier: SessionVerifier) async throws {
        while !verifier.freshness.isTrusted { try await Task.sleep(for: .milliseconds(50)) }
        try await Task.sleep(for: VerifierLimits().clockTolerance + .seconds(1))
    }

    private func sessions(_ client: SessionClient) async throws -> [Victim] {
        try await withThrowingTaskGroup(of: Victim.self) { group in
            var victims: [Victim] = []
            let count = rate * seconds
            for number in 0..<count {
                group.addTask {
                    let created = try await client.createSession(subject: "victim-\(number)")
                    guard let token = created.tokens.access else { throw ValidationError("no access token") }
                    return Victim(id: created.session.id, token: token)
                }
                if number >= 128, let victim = try await group.next() { victims.append(victim) }
            }
            for try await victim in group { victims.append(victim) }
            return victims
        }
    }

    /// - Returns: how long after it was due each reply came, and from each reply to the refusal; sorted.
    private func revoke(
        _ victims: [Victim], _ client: SessionClient, _ verifier: SessionVerifier
    ) async throws -> (replies: [Duration], refusals: [Duration]) {
        let clock = ContinuousClock()
        let begin = clock.now
        let watch = RefusalWatch(verifier)
        async let refusals = watch.delays(count: victims.count)
        let replies = try await withThrowingTaskGroup(of: Duration.self) { group in
            for (number, victim) in victims.enumerated() {
                let due = begin + .seconds(number) / rate
                try await clock.sleep(until: due, tolerance: .zero)
                group.addTask {
                    _ = try await client.revoke(.session(id: victim.id))
                    try watch.add(victim.token)
                    return clock.now - due
                }
            }
            print("revoked \(victims.count) sessions in \(clock.now - begin)")
            return try await group.reduce(into: []) { $0.append($1) }.sorted()
        }
        return (replies, try await refusals)
    }

    private func report(_ delays: (replies: [Duration], refusals: [Duration])) {
        let before = delays.refusals.prefix { $0 == .zero }.count
        print(
            """
            from when a revocation was due to the reply: \(Self.percentiles(delays.replies))
            from the reply to the refusal: \(Self.percentiles(delays.refusals)); \(before) were refused before the reply
            """)
    }

    private static func percentiles(_ delays: [Duration]) -> String {
        [("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999), ("longest", 1)].map { name, share in
            let delay = delays[min(delays.count - 1, Int(Double(delays.count) * share))]
            return "\(name) \((delay / .milliseconds(1) * 100).rounded() / 100) ms"
        }.joined(separator: ", ")
    }
}
