package import SessionContract
package import SessionCore

/// A record of the audit log before it is chained to others: a JSON object without its closing brace.
///
/// It names people, and contains no token, ticket, secret or code, and no attribute, device or address.
package struct AuditRecord: Sendable {
    package let json: [UInt8]

    /// - Parameters:
    ///   - type: `command`, `event`, or `log` for what happened to the log itself.
    ///   - worker: the worker that writes it.
    ///   - members: writes everything else.
    package init(
        type: String, at time: Timestamp, worker: String, members: (inout JSONWriter) -> Void
    ) {
        var json = JSONWriter.object { json in
            json.member("version", 1)
            json.member("time", time)
            json.member("type", type)
            json.member("worker", worker)
            members(&json)
        }
        json.removeLast()
        self.json = json
    }
}
