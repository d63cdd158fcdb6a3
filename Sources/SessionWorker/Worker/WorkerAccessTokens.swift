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

    private let keys: WorkerKeys
    private let namespace: String
    private let issuer: String
    private let audience: String
    private let state: Mutex<State>

    init(_ keys: WorkerKeys, _ configuration: WorkerConfiguration) async {
        self.keys = keys
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

    /// Another worker may sign with a key that this one has not read yet: then it is read at once.
    func read(_ text: String) async -> PresentedAccessToken? {
        let tokens = tokens
        if let token = await tokens.read(text) { return token }
        guard tokens.isKeyUnknown(of: text) else { return nil }
        await keys.refresh(for: .token)
        await follow()
        return await self.tokens.read(text)
    }

    /// Keeps to the keys until the task is cancelled.
    func watch() async {
        while (try? await Task.sleep(for: Self.interval)) != nil { await follow() }
    }

    /// Has the keys in force sign and verify.
    private func follow() async {
        while true {
            let known = state.withLock { $0 }
            let keyring = keys.keyring
            let now = Timestamp.wallClock
            let current = keyring.currentID(at: now)
            if known.keyring == keyring && known.current == current { return }
            let tokens = await AccessTokens(
                keyring: keyring, at: now, namespace: namespace, issuer: issuer, audience: audience)
            state.withLock { state in
                // Somebody else was faster, perhaps with a newer ring: that is looked at again.
                guard state.keyring == known.keyring && state.current == known.current else { return }
                state = State(keyring: keyring, current: current, tokens: tokens)
            }
        }
    }

    private var tokens: AccessTokens {
        state.withLock { $0.tokens }
    }
}
