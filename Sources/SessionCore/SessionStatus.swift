/// Where a session stands: `pending` → `active` ⇄ `locked` → `revoked` | `expired` (contract §3).
package enum SessionStatus: String, Sendable {
    /// Waits for its second factor.
    case pending
    case active
    /// Kept, but good for nothing until it is unlocked.
    case locked
    case revoked
    case expired

    /// Whether the session can still go on; living sessions count towards the limit.
    package var isLiving: Bool {
        switch self {
        case .pending, .active, .locked: true
        case .revoked, .expired: false
        }
    }
}
