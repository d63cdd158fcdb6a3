package import ConnectionSupport
import Synchronization

/// The health of a component with several instances, such as each lane's connection: up when all of them are.
package final class SharedHealth: Sendable {
    /// The initial reason of an instance. Any other reason is more informative.
    private static let beginning = "connecting"

    private let component: String
    private let health: HealthState
    /// The reason for each instance that is down.
    private let reasons: Mutex<[Int: String]>

    /// - Parameter parts: the number of instances, all down until they report otherwise.
    package init(of component: String, parts: Int = 0, in health: HealthState) {
        self.component = component
        self.health = health
        reasons = Mutex(Dictionary(uniqueKeysWithValues: (0..<parts).map { ($0, Self.beginning) }))
    }

    package func markUp(_ part: Int) {
        update { $0[part] = nil }
    }

    package func markDown(_ part: Int, because reason: String) {
        update { $0[part] = reason }
    }

    /// Follows a client: up while it is connected, down from a failure until then, and for good once it is shut down.
    ///
    /// - Parameter reason: the failure in words, for `/readyz`.
    package func set<Failure>(
        _ part: Int, to state: ClientState<Failure>, because reason: (Failure) -> String
    ) {
        switch state {
        case .connected: markUp(part)
        case .idle, .connecting: break
        case .disconnected(let failure, nextAttempt: _): markDown(part, because: reason(failure))
        case .shutDown: markDown(part, because: "stopped")
        }
    }

    private func update(_ change: (inout [Int: String]) -> Void) {
        reasons.withLock { reasons in
            change(&reasons)
            let informative = reasons.filter { $0.value != Self.beginning }
            let reason = (informative.isEmpty ? reasons : informative).min { $0.key < $1.key }?.value
            // Set while holding the lock: of two concurrent changes the later one must win.
            health.set(component: component, reason.map { .down(reason: $0) } ?? .up)
        }
    }
}
