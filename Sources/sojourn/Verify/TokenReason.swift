/// Why a token is not valid, and what helps, in words: for the reasons of `session.validate` (contract §5) and of the offline
/// check (docs/verification.md).
struct TokenReason {
    let code: String
    let why: String
    let help: String?

    init(_ code: String) {
        self.code = code
        (why, help) = Self.texts[code] ?? ("a reason that this version does not know", nil)
    }

    private static let login = "the user logs in again"

    private static let texts: [String: (String, String?)] = [
        "malformed": ("it is not a token", "compare it with what session.create returned"),
        "unknown": (
            "there is no such session (any more) in this tenant, or the token was replaced",
            "is it the right --tenant and --namespace? Otherwise the client uses its newest token, or \(login)"
        ),
        "token_expired": (
            "it has expired; its session may be alive", "the client exchanges its refresh token (session.refresh)"
        ),
        "revoked": ("its session has ended", login),
        "expired_idle": (
            "its session has expired because nobody used it",
            "the user authenticates again (session.reauthenticate) where the policy allows, or \(login)"
        ),
        "expired_absolute": ("its session has reached its longest lifetime", login),
        "expired_pending": ("its session waited too long for a second factor", login),
        "pending": ("its session waits for a second factor", "the user shows it (session.elevate)"),
        "locked": ("its session is locked", "whoever locked it unlocks it (session.unlock)"),
        "context_mismatch": (
            "the policy does not accept where the session was last used from",
            "the user shows a second factor (session.elevate)"
        ),
        "level_too_low": ("its session has too low a level", "the user shows a second factor (session.elevate)"),
        "authentication_too_old": (
            "the user authenticated too long ago", "the user authenticates again (session.reauthenticate)"
        ),
        "unknown_key": (
            "none of these keys has signed it",
            "are they the keys of its installation and namespace? A key that was retired takes its tokens with it"
        ),
        "signature_invalid": (
            "its signature is not that of the key it names: it was changed, or made by somebody else",
            "do not accept it; `sojourn keys list` and --namespace show whether these are the right keys"
        ),
        "wrong_issuer": ("it is from another issuer", "--issuer is SOJOURN_ISSUER of the workers"),
        "wrong_audience": ("it is for another audience", "--audience is SOJOURN_AUDIENCE of the workers"),
        "not_yet_valid": (
            "by the clock of this machine it was issued in the future",
            "set the clock; `timedatectl` shows whether it is synchronised"
        ),
    ]
}
