import Metrics
import Synchronization

/// The state of each component of the worker, and so whether the worker is ready. Each component sets its own state,
/// from any thread; `/readyz` reads all of them.
package final class HealthState: Sendable {
    /// The state of a component.
    package enum Component: Hashable, Sendable {
        case up
        /// The reason, for an operator: never a password, a token or a client's address.
        case down(reason: String)
    }

    /// A snapshot of all components.
    package struct Report: Hashable, Sendable {
        package enum Status: Hashable, Sendable {
            case ready
            /// At least one component is down.
            case notReady
            /// The worker finishes its in-flight commands and accepts no new ones.
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
        let isReady = Gauge(label: "sojourn_ready")
        private var gauges: [String: Gauge] = [:]

        init(_ components: [String: Component]) {
            self.components = components
            for name in components.keys { record(name) }
        }

        /// Sets the gauges of a component, and of the whole worker.
        mutating func record(_ name: String) {
            let gauge = gauges[name] ?? Gauge(label: "sojourn_component_up", dimensions: [("component", name)])
            gauges[name] = gauge
            gauge.record(components[name] == .up ? 1 : 0)
            isReady.record(!isDraining && components.values.allSatisfy { $0 == .up } ? 1 : 0)
        }
    }

    private let state: Mutex<State>
    private let readyOnce = StartGate()

    /// - Parameter components: those the worker needs, such as `redis` and `rabbitmq`; down until they report
    ///   otherwise. A component that is set without being named here is required from then on.
    package init(waitingFor components: [String]) {
        let starting = components.map { ($0, Component.down(reason: "starting")) }
        self.state = Mutex(State(Dictionary(starting, uniquingKeysWith: { first, _ in first })))
    }

    /// - Returns: whether the component went up or down, so that the caller logs each change once.
    @discardableResult
    package func set(component: String, _ new: Component) -> Bool {
        let isChange = state.withLock { state in
            let old = state.components.updateValue(new, forKey: component)
            state.record(component)
            switch (old, new) {
            case (.up, .up), (.down, .down):
                return false
            case (.up, .down), (.down, .up), (nil, _):
                return true
            }
        }
        if isChange, report.isReady { readyOnce.open() }
        return isChange
    }

    /// Waits until the worker was ready for the first time; `false` if the task is cancelled before.
    package func waitUntilReady() async -> Bool {
        await readyOnce.opened()
    }

    /// Makes the worker not ready from now on, whatever its components report, because it is about to stop.
    package func beginDraining() {
        state.withLock { state in
            state.isDraining = true
            state.isReady.record(0)
        }
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
