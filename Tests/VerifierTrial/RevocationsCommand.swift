import ArgumentParser
import SojournClient
import SojournVerifier
import Synchronization

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

    /// - Returns: the delays, sorted; zero where the token was refused before the reply came.
    private func revoke(
        _ victims: [Victim], _ client: SessionClient, _ verifier: SessionVerifier
    ) async throws -> [Duration] {
        let clock = ContinuousClock()
        let begin = clock.now
        return try await withThrowingTaskGroup(of: Duration.self) { group in
            for (number, victim) in victims.enumerated() {
                try await clock.sleep(until: begin + .seconds(number) / rate, tolerance: .zero)
                group.addTask {
                    _ = try await client.revoke(.session(id: victim.id))
                    let replied = clock.now
                    var isFirst = true
                    while try isAccepted(victim.token, verifier) {
                        isFirst = false
                        // Any shorter, and those that wait take the time from those that they wait for.
                        try await Task.sleep(for: .milliseconds(1), tolerance: .zero)
                    }
                    return isFirst ? .zero : clock.now - replied
                }
            }
            print("revoked \(victims.count) sessions in \(clock.now - begin)")
            return try await group.reduce(into: []) { $0.append($1) }.sorted()
        }
    }

    private func isAccepted(_ token: String, _ verifier: SessionVerifier) throws -> Bool {
        do throws(TokenRefusal) {
            _ = try verifier.verifyLocally(token)
            return true
        } catch {
            guard error.reason == .revoked else { throw error }
            return false
        }
    }

    private func report(_ delays: [Duration]) {
        func percentile(_ share: Double) -> String {
            let delay = delays[min(delays.count - 1, Int(Double(delays.count) * share))]
            return "\((delay / .milliseconds(1) * 100).rounded() / 100) ms"
        }
        let before = delays.prefix { $0 == .zero }.count
        print(
            """
            from the reply to the refusal: p50 \(percentile(0.5)), p99 \(percentile(0.99)), \
            p99.9 \(percentile(0.999)), longest \(percentile(1)); \(before) were refused before the reply
            """)
    }
}
