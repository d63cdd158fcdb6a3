package import SessionCore
import Synchronization

/// The sealer in use, shared by everything that seals and opens in one namespace. Whoever watches the keyring replaces
/// it here.
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

    /// Fetch it anew for each record: that costs next to nothing compared with sealing.
    package var sealer: Sealer {
        state.withLock { $0.sealer }
    }

    /// Switches everyone to this ring, with the key that is current at `now`. Call it regularly, because a successor
    /// becomes current merely by time passing.
    ///
    /// - Returns: the id of the current key, if it changed.
    /// - Precondition: the ring has the same root, which the namespace's handles and tokens depend on.
    package func use(_ keyring: Keyring, at now: Timestamp) -> String? {
        state.withLock { state in
            precondition(keyring.hasRoot(of: state.keyring), "a namespace must keep its root for ever")
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
