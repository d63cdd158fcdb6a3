import AMQPNIO
import Logging
import SessionContract
import SessionCore
import SessionCrypto
import SessionEngine
import SessionStorage
public import SojournClient

/// Sojourn in the memory of a test: the rules, the wire format and the tokens are those of a worker, the store is not Redis, and
/// there is no RabbitMQ.
///
///     let sojourn = try await InMemorySojourn()
///     let service = DeviceList(sojourn)              // takes `some SessionService`
///     try await sojourn.advance(by: .seconds(1800))  // its sessions have expired
///
/// For tests only: nothing is sealed, and nothing is kept.
public final class InMemorySojourn: SessionService {
    private static let namespace = "testing"

    private let pool: MemoryPool
    private let accessTokens: AccessTokens

    /// - Parameter policies: as in a policy file.
    /// - Throws: `SojournError` `invalidField` for a policy that a worker would refuse.
    public init(policies: [String: Policy] = [:]) async throws {
        let catalogue: PolicyCatalogue
        do { catalogue = try PolicyReader.readCatalogue(try WireJSON.encode(policies)) } catch let failure as Failure {
            throw SojournError(.invalidField, failure.message, path: failure.path)
        }
        let keyring = Keyring.generate(at: Timestamp(milliseconds: 0))
        accessTokens = await AccessTokens(
            keyring: keyring, at: Timestamp(milliseconds: 0), namespace: Self.namespace, issuer: "sojourn",
            audience: "sojourn")
        pool = MemoryPool(
            keyring: keyring, accessTokens: accessTokens, policies: catalogue, namespace: Self.namespace)
    }

    /// The keys that verify its access tokens, as at `/.well-known/jwks.json`.
    public var keySet: [UInt8] { accessTokens.jwks }

    /// Lets time pass, and ends the sessions whose time is up: that publishes their events.
    public func advance(by duration: Duration) async throws {
        try await pool.advance(by: duration)
    }

    /// Makes every command fail from now on, as if RabbitMQ were away, for instance; `nil`: no longer.
    public func fail(with error: SojournError?) async {
        await pool.fail(with: error)
    }

    public func send(_ command: String, body: [UInt8], options: CommandOptions) async throws -> [UInt8] {
        try Task.checkCancellation()
        return try await pool.send(command, body: body, id: options.id)
    }

    public func events(_ queue: EventQueue, matching pattern: String) async throws -> SessionEvents {
        guard let pattern = TopicPattern(pattern) else {
            throw SojournError(.invalidConfiguration, "the pattern must be words, * and #, separated by dots")
        }
        return await pool.exchange.subscribe(queue, pattern)
    }
}
