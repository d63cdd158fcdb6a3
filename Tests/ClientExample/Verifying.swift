import Logging
import ServiceLifecycle
import SojournClient
import SojournVerifier
import UnixSignals

/// Runs a service that verifies the access token of each request by itself.
func runShop(
    _ client: SessionClient, keys: KeySource, logger: Logger, _ shop: @Sendable (SessionVerifier) -> any Service
) async throws {
    let verifier = try SessionVerifier(SessionVerifierConfiguration(keys: keys), client)
    let group = ServiceGroup(
        services: [client, verifier, shop(verifier)], gracefulShutdownSignals: [.sigterm], logger: logger)
    try await group.run()
}

/// The status to answer a request with.
func status(for bearerToken: String, _ verifier: SessionVerifier) async -> Int {
    do throws(TokenRefusal) {
        let token = try await verifier.verify(bearerToken)
        return token.level >= 1 ? 200 : 403
    } catch {
        return error.isUndecided ? 503 : 401
    }
}
