import SessionCore
import SessionEngine

/// A worker's polling of the policies that are set by command, in virtual time. What is in force is the product's own to
/// decide (`PoliciesInForce`).
final class SimulatedPolicies {
    /// As often as the product.
    private static let interval = 250_000

    private unowned let worker: SimulatedWorker
    private let waiting: SweepWaiting
    let inForce: PoliciesInForce

    init(of worker: SimulatedWorker) {
        self.worker = worker
        let world = worker.world
        let file = world.policies
        inForce = PoliciesInForce(handle: world.manager.policiesHandle, logger: World.silent) { file }
        waiting = SweepWaiting(of: worker, on: VirtualExecutor(), lane: world.nextLane(of: worker.life))
    }

    /// - Parameter isRead: called after the first poll that succeeds: no lane consumes before it.
    func begin(_ isRead: @escaping () -> Void) {
        poll { [weak self] isWell in
            guard let self else { return }
            guard isWell else { return worker.after(2 * Self.interval) { self.begin(isRead) } }
            isRead()
            if worker.world.sweeps { pollAgain() }
        }
    }

    /// The worker dies.
    func end() {
        waiting.end()
    }

    private func pollAgain() {
        worker.after(Self.interval) { [weak self] in
            self?.poll { [weak self] _ in self?.pollAgain() }
        }
    }

    private func poll(then next: @escaping (Bool) -> Void) {
        let (inForce, store) = (inForce, SimulatedSweepStore(step: .policies, waiting: waiting))
        waiting.perform {
            try await inForce.refresh(from: store)
        } then: { [weak self] isWell in
            guard let self, !waiting.isOver else { return }
            next(isWell)
        }
    }
}
