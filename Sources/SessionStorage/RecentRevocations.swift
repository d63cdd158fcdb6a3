import SessionCore
import Synchronization

/// Caches the mass revocations in force as last opened, with the sealed bytes they came from. Redis returns those
/// with every load, and they are nearly always unchanged.
final class RecentRevocations: Sendable {
    private let last = Mutex<(sealed: [UInt8], revocations: StandingRevocations)?>(nil)

    func revocations(sealed: [UInt8]) -> StandingRevocations? {
        last.withLock { last in
            guard let last, last.sealed == sealed else { return nil }
            return last.revocations
        }
    }

    func keep(_ revocations: StandingRevocations, sealed: [UInt8]) {
        last.withLock { $0 = (sealed, revocations) }
    }
}
