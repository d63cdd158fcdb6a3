import SojournClient
import SojournVerifier

/// What is the same for all requests: a checked ``SessionMiddlewareConfiguration``.
struct MiddlewareSettings: Sendable {
    let service: any SessionService
    let verifier: SessionVerifier?
    let origins: OwnOrigins
    let cookie: SessionCookie
    let configuration: SessionMiddlewareConfiguration

    /// - Throws: `invalidConfiguration`.
    init(
        _ configuration: SessionMiddlewareConfiguration, _ service: any SessionService, _ verifier: SessionVerifier?
    ) throws(SojournError) {
        self.configuration = configuration
        self.service = service
        self.verifier = verifier
        origins = try OwnOrigins(configuration.origins)
        cookie = try SessionCookie(name: configuration.cookieName)
        guard (0...16).contains(configuration.proxies) else {
            throw SojournError(.invalidConfiguration, "the number of proxies must be from 0 to 16")
        }
    }

    var options: CommandOptions { CommandOptions(tenant: configuration.tenant, timeout: configuration.timeout) }
}
