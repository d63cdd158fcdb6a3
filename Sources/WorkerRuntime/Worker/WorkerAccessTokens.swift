import SessionCore
import SessionCrypto
import SessionEngine
import Synchronization

/// Access tokens with the keys in force: when the ring changes, or a successor key takes effect, both the signing key
/// and the key set follow.
final class WorkerAccessTokens: AccessTokenScheme {
    private static let interval: Duration = .milliseconds(500)

    private struct State {
        var keyring: Keyring
        /// The id of the signing key.
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

    /// The JSON Web Key Set that verifies the tokens.
    var keySet: [UInt8] { tokens.jwks }

    func sign(_ claims: AccessTokenClaims) throws -> Secret {
        try tokens.sign(claims)
    }

    /// Another worker may sign with a key that this one has not loaded yet; then the ring is reloaded at once.
    func read(_ text: String) async -> PresentedAccessToken? {
        let tokens = tokens
        if let token = await tokens.read(text) { return token }
        guard tokens.isKeyUnknown(of: text) else { return nil }
        await keys.refresh(for: .token)
        await follow()
        return await self.tokens.read(text)
    }

    /// Follows key changes until the task is cancelled.
    func watch() async {
        while (try? await Task.sleep(for: Self.interval)) != nil { await follow() }
    }

    /// Switches to the keys in force.
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
                // A concurrent call was faster, perhaps with a newer ring: check again.
                guard state.keyring == known.keyring && state.current == known.current else { return }
                state = State(keyring: keyring, current: current, tokens: tokens)
            }
        }
    }

    private var tokens: AccessTokens {
        state.withLock { $0.tokens }
    }
}
