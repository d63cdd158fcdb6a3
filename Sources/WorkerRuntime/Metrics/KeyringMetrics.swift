import Metrics
import SessionCore
import SessionCrypto
import Synchronization

/// The keys in force. Ids do not reveal keys, and are in the log and in access tokens anyway; there is a series for the
/// current one only.
final class KeyringMetrics: Sendable {
    private struct State {
        var known: [KeySummary] = []
        var info: (id: String, gauge: Gauge)?
    }

    private let count = Gauge(label: "sojourn_keyring_keys")
    private let created = Gauge(label: "sojourn_keyring_current_key_created_timestamp_seconds")
    private let state = Mutex(State())

    func record(_ keyring: Keyring, at now: Timestamp) {
        let keys = keyring.summaries(at: now)
        state.withLock { state in
            guard keys != state.known else { return }
            state.known = keys
            count.record(keys.count)
            guard let current = keys.first(where: { $0.state == .current }) else { return }
            created.record(current.createdAt.map { Double($0.milliseconds) / 1000 } ?? .nan)
            guard current.id != state.info?.id else { return }
            state.info?.gauge.destroy()
            let gauge = Gauge(label: "sojourn_keyring_current_key_info", dimensions: [("key_id", current.id)])
            gauge.record(1)
            state.info = (current.id, gauge)
        }
    }
}
