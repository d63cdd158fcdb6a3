import SessionCore
import SojournClient
import WorkerCommandLine

/// The sessions of a subject, page by page.
struct SessionPages {
    /// The most that a page has (contract §3).
    private static let pageLimit = 1000

    let client: SessionClient
    let subject: String
    let tenant: String
    let includesEnded: Bool
    let timeout: Duration

    /// At most `limit` sessions, each child after its parent.
    ///
    /// - Returns: the sessions, and whether there are more.
    func sessions(limit: Int) async throws -> (sessions: [JSONObject], areMore: Bool) {
        var found: [JSONObject] = []
        var cursor: JSONValue?
        while found.count < limit {
            var body: JSONObject = ["subject": .string(subject), "tenant": .string(tenant)]
            body["includeEnded"] = .bool(includesEnded)
            body["limit"] = .integer(Int64(min(limit - found.count, Self.pageLimit)))
            body["cursor"] = cursor
            let page = try await client.carryOut("session.list", body, timeout: timeout)
            guard case .array(let sessions) = page["sessions"] else {
                throw CommandFailure("the reply has no sessions: is the worker of another version?")
            }
            for case .object(let session) in sessions { found.append(session) }
            cursor = page["next"]
            // A page without a session would be asked for again and again.
            if cursor == nil || sessions.isEmpty { return (found, false) }
        }
        return (found, true)
    }
}
