/// Messages in columns.
enum QuarantineTable {
    private static let titles = ["ID", "QUARANTINED AT", "REASON", "COMMAND", "DELIVERED", "BYTES", "ERROR"]

    static func print(_ messages: [QuarantinedMessage]) {
        var table = Table(titles.map { Table.Column(title: $0) })
        for message in messages { table.add(message.cells) }
        table.print()
    }
}

extension QuarantinedMessage {
    fileprivate var cells: [String] {
        [
            id, at ?? "-", reason ?? "-", routingKey.isEmpty ? "-" : routingKey, attempts.map(String.init) ?? "-",
            "\(bodyBytes)", error ?? "",
        ]
    }
}
