import Foundation
import Logging
import ServiceLifecycle
import SojournClient
import SojournVerifier
import UnixSignals

/// A service that uses Sojourn: it forgets what it knows about a session when somebody ends it. Sessions that expire or make room for
/// another have events of their own.
struct Forgetting: Service {
    let sojourn: SessionClient
    let logger: Logger

    func run() async throws {
        try await sojourn.handleEvents(.durable("devices.sessions"), matching: "session.revoked") { event in
            logger.info("forgot session \(event.sessionID ?? "-")")
        }
    }
}

/// Gets its requests from standard input: a token a line.
struct Shop: Service {
    let verifier: SessionVerifier

    func run() async {
        while let token = readLine() {
            print(await status(for: token, verifier))
            fflush(nil)
        }
    }
}

@main
struct Program {
    static func main() async throws {
        let environment = ProcessInfo.processInfo.environment
        var configuration = SessionClientConfiguration(url: environment["SOJOURN_AMQP_URL"] ?? "amqp://127.0.0.1")
        configuration.namespace = environment["SOJOURN_NAMESPACE"] ?? "sojourn"
        if CommandLine.arguments.contains("tour") {
            return try await SessionClient.withConnection(configuration) { try await tour(of: $0) }
        }
        if CommandLine.arguments.contains("recipes") {
            guard let subject = readLine(), let code = readLine() else { return }
            return try await SessionClient.withConnection(configuration) { sojourn in
                try await recipes(sojourn, subject: subject, recoveryCode: code)
            }
        }
        let logger = Logger(label: "devices")
        let sojourn = try SessionClient(configuration, logger: logger)
        if CommandLine.arguments.contains("verify") {
            let keys = KeySource.url(environment["SOJOURN_KEYS_URL"] ?? "http://127.0.0.1:9490/.well-known/jwks.json")
            return try await runShop(sojourn, keys: keys, logger: logger) { Shop(verifier: $0) }
        }
        let group = ServiceGroup(
            services: [sojourn, Forgetting(sojourn: sojourn, logger: logger)],
            gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        try await group.run()
    }
}
