import Synchronization

/// What the parts of the worker say of themselves, and so whether it can take work. Every part sets its own state,
/// from any thread; `/readyz` reads them all.
package final class HealthState: Sendable {
    /// How a component is.
    package enum Component: Hashable, Sendable {
        case up
        /// Why, in words for an operator: no password, no token, no client's address.
        case down(reason: String)
    }

    /// All of it at one moment.
    package struct Report: Hashable, Sendable {
        package enum Status: Hashable, Sendable {
            case ready
            /// At least one component is down.
            case notReady
            /// The worker finishes what it has and takes nothing new.
            case draining
        }

        package var status: Status

        /// The components that are down, with their reasons.
        package var waitingFor: [String: String]

        package var isReady: Bool { status == .ready }
    }

    private struct State {
        var components: [String: Component]
        var isDraining = false
    }

    private let state: Mutex<State>

    /// - Parameter components: what the worker cannot work without, such as `redis` and `rabbitmq`; down until they
    ///   say otherwise. A component that is set without being named here is required from then on.
    package init(waitingFor components: [String]) {
        let starting = components.map { ($0, Component.down(reason: "starting")) }
        self.state = Mutex(State(components: Dictionary(starting, uniquingKeysWith: { first, _ in first })))
    }

    /// - Returns: whether this changed anything but the reason, so that a caller logs a change once.
    @discardableResult
    package func set(component: String, _ new: Component) -> Bool {
        state.withLock { state in
            let old = state.components.updateValue(new, forKey: component)
            switch (old, new) {
            case (.up, .up), (.down, .down):
                return false
            case (.up, .down), (.down, .up), (nil, _):
                return true
            }
        }
    }

    /// From here on the worker is not ready, whatever its components say: it is about to stop.
    package func beginDraining() {
        state.withLock { $0.isDraining = true }
    }

    package var report: Report {
        state.withLock { state in
            var waitingFor: [String: String] = [:]
            for (name, component) in state.components {
                switch component {
                case .up:
                    break
                case .down(let reason):
                    waitingFor[name] = reason
                }
            }
            let status: Report.Status =
                if state.isDraining {
                    .draining
                } else if waitingFor.isEmpty {
                    .ready
                } else {
                    .notReady
                }
            return Report(status: status, waitingFor: waitingFor)
        }
    }
}
