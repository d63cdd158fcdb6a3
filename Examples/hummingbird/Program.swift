import Foundation
import Hummingbird
import Logging
import ServiceLifecycle
import SojournClient
import UnixSignals

/// A web service with Sojourn's sessions. Anybody may log in as anyone, so it listens on this machine only.
@main
struct Program {
    static func main() async throws {
        let environment = ProcessInfo.processInfo.environment
        guard let port = Int(environment["PORT"] ?? "8080"), (1...65535).contains(port),
            let proxies = Int(environment["PROXIES"] ?? "0")
        else { return fail("PORT must be from 1 to 65535, and PROXIES how many reverse proxies are in front") }
        var configuration = SessionClientConfiguration(url: environment["SOJOURN_AMQP_URL"] ?? "amqp://127.0.0.1")
        configuration.namespace = environment["SOJOURN_NAMESPACE"] ?? "sojourn"
        let logger = Logger(label: "example")
        do {
            let sojourn = try SessionClient(configuration, logger: logger)
            // Browsers accept Secure cookies over plain HTTP from localhost, and from nowhere else.
            let origin = "http://localhost:\(port)"
            let application = Application(
                router: try routes(sojourn, origins: [origin], proxies: proxies),
                configuration: .init(address: .hostname("127.0.0.1", port: port)),
                onServerRunning: { _ in print("Open \(origin)/") }, logger: logger)
            let group = ServiceGroup(
                configuration: .init(
                    services: [.init(service: sojourn), .init(service: application)],
                    gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
            try await group.run()
        } catch let error as SojournError {
            fail(error.message)
        }
    }

    private static func fail(_ sentence: String) {
        FileHandle.standardError.write(Data("error: \(sentence)\n".utf8))
        exit(64)
    }
}
