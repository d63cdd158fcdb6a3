import Crypto
import SessionCore
import Synchronization

/// Caches access tokens with a verified signature, by SHA-256 of their text: a verified signature stays valid, and
/// hashing costs a fraction of verifying. Expiry is not cached; it is checked every time.
final class RecentAccessTokens: Sendable {
    /// One or two megabytes. A full cache is emptied; tokens in use return to it at once.
    private static let capacity = 4096

    private let tokens = Mutex<[SHA256.Digest: PresentedAccessToken]>([:])

    func token(_ digest: SHA256.Digest) -> PresentedAccessToken? {
        tokens.withLock { $0[digest] }
    }

    func keep(_ token: PresentedAccessToken, _ digest: SHA256.Digest) {
        tokens.withLock { tokens in
            if tokens.count >= Self.capacity { tokens.removeAll(keepingCapacity: true) }
            tokens[digest] = token
        }
    }
}
