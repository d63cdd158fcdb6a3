import SessionCore
import SessionCrypto
import Synchronization

/// Access tokens by the keys in force: when the ring changes, or its successor's moment comes, they are signed with another,
/// and the key set says so.
final class WorkerAccessTokens: AccessTokenScheme {
    private static let interval: Duration = .milliseconds(500)

    private struct State {
        var keyring: Keyring
        /// The id of the key that signs.
        var current: String
        var tokens: AccessTokens
    }

    private let namespace: String
    private let issuer: String
    private let audience: String
    private let state: Mutex<State>

    init(_ keys: WorkerKeys, _ configuration: WorkerConfiguration) async {
        namespace = configuration.namespace
        issuer = configuration.issuer
        audience = configuration.audience
        let keyring = keys.keyring
        let now = Timestamp.wallClock
        let tokens = await AccessTokens(
            keyring: keyring, at: now, namespace: namespace, issuer: issuer, audience: audience)
        state = Mutex(State(keyring: keyring, current: keyring.currentID(at: now), tokens: tokens))
    }

    /// The JSON Web Key Set that verifies them.
    var keySet: [UInt8] { tokens.jwks }

    func sign(_ claims: AccessTokenClaims) async throws -> Secret {
        try await tokens.sign(claims)
    }

    func read(_ text: String) async -> PresentedAccessToken? {
        await tokens.read(text)
    }

    /// Keeps to `keys` until the task is cancelled.
    func follow(_ keys: WorkerKeys) async {
        while (try? await Task.sleep(for: Self.interval)) != nil {
            let keyring = keys.keyring
            let now = Timestamp.wallClock
            let isSame = state.withLock { $0.keyring == keyring && $0.current == keyring.currentID(at: now) }
            if isSame { continue }
            let tokens = await AccessTokens(
                keyring: keyring, at: now, namespace: namespace, issuer: issuer, audience: audience)
            state.withLock { $0 = State(keyring: keyring, current: keyring.currentID(at: now), tokens: tokens) }
        }
    }

    private var tokens: AccessTokens {
        state.withLock { $0.tokens }
    }
}
