/// The life cycle of a session: `pending` → `active` ⇄ `locked` → `revoked` | `expired` (contract §3).
package enum SessionStatus: String, Sendable {
    /// Needs its second factor.
    case pending
    case active
    /// Kept, but its tokens do not work until it is unlocked.
    case locked
    case revoked
    case expired

    /// Whether the session has not ended. Living sessions count towards the limit.
    package var isLiving: Bool {
        switch self {
        case .pending, .active, .locked: true
        case .revoked, .expired: false
        }
    }
}
