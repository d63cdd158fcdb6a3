import Synchronization

/// The health of a component of which there are several, such as each lane's connection: it is up when all of them are.
final class SharedHealth: Sendable {
    /// What is said of a part that has not said anything yet: any other reason tells more.
    private static let beginning = "connecting"

    private let component: String
    private let health: HealthState
    /// Why each part that is down is down.
    private let reasons: Mutex<[Int: String]>

    /// - Parameter parts: those that are down until they say otherwise, counted from 0.
    init(of component: String, parts: Int = 0, in health: HealthState) {
        self.component = component
        self.health = health
        reasons = Mutex(Dictionary(uniqueKeysWithValues: (0..<parts).map { ($0, Self.beginning) }))
    }

    func isUp(_ part: Int) {
        update { $0[part] = nil }
    }

    func isDown(_ part: Int, because reason: String) {
        update { $0[part] = reason }
    }

    private func update(_ change: (inout [Int: String]) -> Void) {
        reasons.withLock { reasons in
            change(&reasons)
            let told = reasons.filter { $0.value != Self.beginning }
            let reason = (told.isEmpty ? reasons : told).min { $0.key < $1.key }?.value
            // Told while the lock is held: of two changes at once the later one must have the last word.
            health.set(component: component, reason.map { .down(reason: $0) } ?? .up)
        }
    }
}
