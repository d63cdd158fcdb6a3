import Foundation
import SojournClient

/// Logs a user out on every device but the one that asks. Returns how many sessions have ended.
func logOutElsewhere(_ sojourn: some SessionService, subject: String, here token: String) async throws -> Int {
    try await sojourn.revoke(.subject(subject, except: token), reason: "logout_everywhere").count
}

/// What a payment needs: two factors, and a login or re-authentication within the past five minutes.
enum PaymentStep: Equatable {
    case pay
    case askForCode
    case askForPassword
    case logIn
}

func stepBeforePayment(_ sojourn: some SessionService, _ token: String) async throws -> PaymentStep {
    let needed = Requirement(level: 2, maxAuthenticationAgeSeconds: 300)
    switch try await sojourn.validate(token, require: needed) {
    case .valid: return .pay
    case .invalid(let refusal):
        return switch refusal.remedy {
        case .elevate: .askForCode
        case .reauthenticate: .askForPassword
        default: .logIn
        }
    }
}

/// Raises the session with a code from the user's app. All tokens are new; the old ones no longer work.
func stepUp(_ sojourn: some SessionService, _ token: String, code: String) async throws -> SessionTokens? {
    do {
        return try await sojourn.elevate(token, with: .factor(.totp(code))).tokens
    } catch let error as SojournError where error.code == .factorRejected || error.code == .factorLocked {
        return nil
    }
}

/// A line of the list “Where you are logged in”.
struct LoggedInDevice {
    let sessionID: String
    let name: String
    let lastActive: Date
    let isThisOne: Bool
}

func devices(_ sojourn: some SessionService, of current: Session) async throws -> [LoggedInDevice] {
    var devices: [LoggedInDevice] = []
    var cursor: String?
    repeat {
        let page = try await sojourn.sessions(of: current.subject, limit: 100, cursor: cursor)
        devices += page.sessions.map { session in
            LoggedInDevice(
                sessionID: session.id, name: session.device?.name ?? "unknown device",
                lastActive: session.lastActiveAt, isThisOne: session.id == current.id)
        }
        cursor = page.next
    } while cursor != nil
    return devices
}

/// Ends one session of the list. The id comes from a browser, so it may be anybody's.
func endDevice(_ sojourn: some SessionService, _ sessionID: String, of current: Session) async throws -> Bool {
    guard try await devices(sojourn, of: current).contains(where: { $0.sessionID == sessionID }) else { return false }
    return try await sojourn.revoke(.session(id: sessionID), reason: "ended_by_user").count > 0
}

/// Lets a member of the support team see what a customer sees, for a quarter of an hour.
func impersonate(
    _ sojourn: some SessionService, customer: String, by employee: String, ticket: String
) async throws -> CreatedSession {
    try await sojourn.createSession(
        subject: customer, authentication: Authentication(methods: ["pwd", "hwk"]), actor: employee,
        attributes: ["ticket": .string(ticket)], idleSeconds: 300, absoluteSeconds: 900)
}

/// What a service does with a session of somebody who acts for the user.
func mayChangePassword(_ session: Session) -> Bool { session.actor == nil }

/// A token of the time before Sojourn, whose signature and expiry the service has verified as it always did.
struct LegacyToken {
    let id: String
    let subject: String
    let methods: [String]
    let issuedAt: Date
}

/// Exchanges a legacy token for a session. However often it is presented within an hour, it becomes one session.
func migrate(_ sojourn: some SessionService, _ legacy: LegacyToken) async throws -> SessionTokens {
    try await sojourn.createSession(
        subject: legacy.subject, authentication: Authentication(methods: legacy.methods, at: legacy.issuedAt),
        options: CommandOptions(id: "legacy-\(legacy.id)")
    ).tokens
}
