package import SessionCore
import Synchronization

/// The sealer in force, for all who seal and open in one namespace: whoever watches the keyring exchanges it under them.
package final class SealerSource: Sendable {
    private struct State {
        var keyring: Keyring
        var sealer: Sealer
    }

    private let namespace: String
    private let state: Mutex<State>

    package init(keyring: Keyring, namespace: String, at now: Timestamp) {
        self.namespace = namespace
        state = Mutex(State(keyring: keyring, sealer: Sealer(keyring: keyring, namespace: namespace, at: now)))
    }

    /// To be asked for anew for each record: it costs next to nothing beside sealing one.
    package var sealer: Sealer {
        state.withLock { $0.sealer }
    }

    /// Has everybody use this ring, with the key that is current at `now`. To be called again and again, as a successor's
    /// moment comes by itself.
    ///
    /// - Returns: the id of the key that seals from now on, if that is another.
    /// - Precondition: it has the same root: a namespace's handles and tokens rest on it.
    package func use(_ keyring: Keyring, at now: Timestamp) -> String? {
        state.withLock { state in
            precondition(keyring.hasRoot(of: state.keyring), "a namespace is used with one root for ever")
            let before = state.sealer.currentID
            if keyring == state.keyring {
                state.sealer.advance(keyring, to: now)
            } else {
                state = State(keyring: keyring, sealer: Sealer(keyring: keyring, namespace: namespace, at: now))
            }
            return state.sealer.currentID == before ? nil : state.sealer.currentID
        }
    }
}
