import SojournClient

/// Logs somebody in whose password the service has checked.
func logIn(_ sojourn: some SessionService, _ name: String) async throws -> SessionTokens {
    try await sojourn.createSession(
        subject: name, device: Device(name: "front desk"), authentication: Authentication(methods: ["pwd"])
    ).tokens
}

/// Whose session token it is; `nil` if it is not valid, or no longer.
func visitor(_ sojourn: some SessionService, _ sessionToken: String) async throws -> String? {
    try await sojourn.validate(sessionToken).session?.subject
}

/// Logs somebody out on every device. Returns how many sessions have ended.
func logOutEverywhere(_ sojourn: some SessionService, _ name: String) async throws -> Int {
    try await sojourn.revoke(.subject(name), reason: "logout_everywhere").count
}
