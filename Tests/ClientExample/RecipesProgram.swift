import Foundation
import SojournClient

/// Plays the recipes of docs/recipes.md with a subject who has a second factor, and prints what they did.
///
/// - Parameter recoveryCode: one of the subject's.
func recipes(_ sojourn: some SessionService, subject: String, recoveryCode: String) async throws {
    func logIn(_ device: String) async throws -> CreatedSession {
        try await sojourn.createSession(
            subject: subject, device: Device(name: device), authentication: Authentication(methods: ["pwd"]))
    }
    let here = try await logIn("laptop")
    let phone = try await logIn("phone")
    _ = try await logIn("tablet")

    for device in try await devices(sojourn, of: here.session) {
        print("device: \(device.name)\(device.isThisOne ? " (this one)" : "")")
    }
    let stranger = try await sojourn.createSession(subject: subject + "-2")
    print("a stranger's session ends: \(try await endDevice(sojourn, stranger.session.id, of: here.session))")
    print("the phone's session ends: \(try await endDevice(sojourn, phone.session.id, of: here.session))")
    print("logged out elsewhere: \(try await logOutElsewhere(sojourn, subject: subject, here: here.tokens.session))")

    print("before payment: \(try await stepBeforePayment(sojourn, here.tokens.session))")
    let isRaised = try await stepUp(sojourn, here.tokens.session, code: "000000") != nil
    print("a wrong code raises it: \(isRaised)")
    let raised = try await sojourn.elevate(here.tokens.session, with: .factor(.recovery(recoveryCode))).tokens
    print("with a second factor: \(try await stepBeforePayment(sojourn, raised.session))")

    let seen = try await impersonate(sojourn, customer: subject, by: "employee-7", ticket: "T-1")
    print("seen by: \(seen.session.actor ?? "-"), may change the password: \(mayChangePassword(seen.session))")

    let legacy = LegacyToken(id: UUID().uuidString, subject: subject, methods: ["pwd"], issuedAt: .now)
    let first = try await migrate(sojourn, legacy)
    let second = try await migrate(sojourn, legacy)
    print("migrated once: \(first.session == second.session)")
}
