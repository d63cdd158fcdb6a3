import Crypto
import SessionCore
import Synchronization

/// Access tokens that were found genuine lately, by SHA-256 of their text: a signature, once verified, stays verified,
/// and to hash a text costs a fraction of it. Expiry is no part of this: it is decided anew every time.
final class RecentAccessTokens: Sendable {
    /// A megabyte or two. When it is full it begins anew: what is used comes back at once.
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
