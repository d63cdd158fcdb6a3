import Foundation
import Logging
import ServiceLifecycle
import SojournClient
import UnixSignals

/// A service that uses Sojourn: it forgets what it knows about a session when that ends.
struct Forgetting: Service {
    let sojourn: SessionClient
    let logger: Logger

    func run() async throws {
        try await sojourn.handleEvents(.durable("devices.sessions"), matching: "session.revoked") { event in
            logger.info("forgot session \(event.sessionID ?? "-")")
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
        let logger = Logger(label: "devices")
        let sojourn = try SessionClient(configuration, logger: logger)
        let group = ServiceGroup(
            services: [sojourn, Forgetting(sojourn: sojourn, logger: logger)],
            gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        try await group.run()
    }
}
