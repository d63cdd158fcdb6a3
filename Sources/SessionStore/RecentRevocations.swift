import SessionCore
import Synchronization

/// The standing mass revocations as they were opened last, beside the sealed bytes they came from: Redis is asked with every
/// load, and nearly always gives the very same again.
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
