import SojournClient

/// Logs a user in, looks at the session as a request would, and logs the user out everywhere.
func tour(of sojourn: some SessionService) async throws {
    let login = try await sojourn.createSession(
        subject: "alice", device: Device(name: "Firefox"), authentication: Authentication(methods: ["pwd"]))

    switch try await sojourn.validate(login.tokens.session, require: Requirement(level: 1)) {
    case .valid(let session, _): print("\(session.subject) is logged in on \(session.device?.name ?? "a device")")
    case .invalid(let refusal): print("no: \(refusal.reason); what helps: \(refusal.remedy?.description ?? "nothing")")
    }

    do {
        _ = try await sojourn.refresh("something else")
    } catch let error as SojournError where error.code == .tokenInvalid {
        print("refused: \(error.message)")
    }

    let ended = try await sojourn.revoke(.subject("alice"), reason: "logout_everywhere")
    print("\(ended.count) session has ended")
}
