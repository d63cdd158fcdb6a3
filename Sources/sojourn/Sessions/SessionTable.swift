import SessionCore

/// Sessions in columns.
enum SessionTable {
    private static let columns = [
        Table.Column(title: "ID"), Table.Column(title: "STATUS", isFlexible: true), Table.Column(title: "LEVEL"),
        Table.Column(title: "BEGAN"), Table.Column(title: "LAST ACTIVE"), Table.Column(title: "EXPIRES"),
        Table.Column(title: "DEVICE", isFlexible: true), Table.Column(title: "WHERE", isFlexible: true),
    ]

    static func print(_ sessions: [JSONObject]) {
        var table = Table(columns)
        // A child comes after its parent, and is indented below it.
        var depths: [String: Int] = [:]
        for session in sessions {
            let id = session.text("id") ?? "-"
            let depth = session.text("parentId").flatMap { depths[$0] }.map { $0 + 1 } ?? 0
            depths[id] = depth
            table.add(session.cells(id: String(repeating: " ", count: depth) + id))
        }
        table.print()
    }
}

extension JSONObject {
    fileprivate func cells(id: String) -> [String] {
        let status = [text("status"), text("endReason").map { "(\($0))" }].compactMap(\.self).joined(separator: " ")
        let level = integer("level").map { String($0) } ?? "-"
        let context = object("context") ?? [:]
        let place = ["ip", "city", "country"].compactMap { context.text($0) }
        let device = object("device")?.text("name") ?? object("device")?.text("platform") ?? context.text("userAgent")
        return [
            id, status, level, Self.short(text("createdAt")), Self.short(text("lastActiveAt")),
            Self.short(text("endedAt") == nil ? text("idleExpiresAt") : nil), device ?? "-",
            place.isEmpty ? "-" : place.joined(separator: " "),
        ]
    }

    /// A time without its fraction of a second.
    private static func short(_ time: String?) -> String {
        guard let time, time.utf8.count == 24 else { return "-" }
        return time.prefix(19) + "Z"
    }
}
