import Foundation
package import Logging
package import ServiceLifecycle
import SessionCore
import SessionCrypto
package import SojournExtension
import SojournService

/// A worker within the test's own process, on the servers that `deploy/local/test` starts, in a namespace of its own.
package struct RunningWorker: Sendable {
    /// What a test needs is not there.
    package struct Missing: Error, CustomStringConvertible {
        package let description: String
    }

    package let namespace: String
    package let amqpURL: String
    /// The worker's settings.
    package var environment: [String: String]
    package let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    package init(_ name: String) throws {
        let servers = ProcessInfo.processInfo.environment
        guard let amqpURL = servers["SOJOURN_TEST_AMQP_URL"], let redisURL = servers["SOJOURN_TEST_REDIS_URL"] else {
            throw Missing(description: "deploy/local/test starts a RabbitMQ and a Redis: run that instead")
        }
        namespace = "\(name)-\(UInt64.random(in: 0...UInt64.max))"
        self.amqpURL = amqpURL
        let keyring = FileManager.default.temporaryDirectory.appending(path: "\(namespace).keyring").path
        try Keyring.generate(at: Timestamp(milliseconds: 0)).save(to: keyring)
        environment = [
            "SOJOURN_AMQP_URL": amqpURL, "SOJOURN_REDIS_URL": redisURL, "SOJOURN_KEYRING_FILE": keyring,
            "SOJOURN_NAMESPACE": namespace, "SOJOURN_LANES": "1", "SOJOURN_ADMIN_ADDRESS": "127.0.0.1:0",
        ]
    }

    /// Runs the worker in a service group while `body` runs, then shuts the group down and waits for it.
    package func run<Result: Sendable>(
        rules: [any SessionRule] = [], _ body: @Sendable (ServiceGroup) async throws -> Result
    ) async throws -> Result {
        let worker = try await SojournWorker(environment: environment, rules: rules, logger: logger)
        let group = ServiceGroup(services: [worker], logger: logger)
        let running = Task { try await group.run() }
        try await worker.waitUntilReady()
        let result: Result
        do { result = try await body(group) } catch {
            await group.triggerGracefulShutdown()
            try? await running.value
            throw error
        }
        await group.triggerGracefulShutdown()
        try await running.value
        return result
    }
}
