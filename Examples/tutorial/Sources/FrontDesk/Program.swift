import Foundation
import Logging
import ServiceLifecycle
import SojournClient
import SojournVerifier
import UnixSignals

@main
struct Program {
    static func main() async {
        let logger = Logger(label: "front-desk")
        do { try await run(logger) } catch {
            logger.critical("\(error)")
            exit(1)
        }
    }

    private static func run(_ logger: Logger) async throws {
        let environment = ProcessInfo.processInfo.environment
        var configuration = SessionClientConfiguration(url: environment["SOJOURN_AMQP_URL"] ?? "amqp://127.0.0.1")
        configuration.namespace = environment["SOJOURN_NAMESPACE"] ?? "sojourn"
        let keys = environment["SOJOURN_KEYS_URL"] ?? "http://127.0.0.1:9490/.well-known/jwks.json"

        let sojourn = try SessionClient(configuration, logger: logger)
        let verifier = try SessionVerifier(SessionVerifierConfiguration(keys: .url(keys)), sojourn, logger: logger)

        // They start in this order, and stop in the opposite one: nobody is left without a connection.
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [
                    .init(service: sojourn),
                    .init(service: verifier),
                    .init(service: Departures(sojourn: sojourn, logger: logger)),
                    .init(
                        service: Desk(sojourn: sojourn, verifier: verifier),
                        successTerminationBehavior: .gracefullyShutdownGroup),
                ],
                gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        try await group.run()
    }
}
