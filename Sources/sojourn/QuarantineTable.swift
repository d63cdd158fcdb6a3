import Glibc
import SessionContract

/// Messages in columns.
enum QuarantineTable {
    private static let titles = ["ID", "QUARANTINED AT", "REASON", "COMMAND", "DELIVERED", "BYTES", "ERROR"]

    /// With titles if a person reads it.
    static func print(_ messages: [QuarantinedMessage]) {
        guard !messages.isEmpty else { return }
        let rows = messages.map { $0.cells.map { PrintableText.escaped($0) } }
        let shown = isatty(STDOUT_FILENO) == 1 ? [titles] + rows : rows
        let widths = titles.indices.map { column in shown.map { $0[column].count }.max() ?? 0 }
        for row in shown {
            let padded = row.enumerated().map { column, cell in
                column == titles.count - 1 ? cell : cell + String(repeating: " ", count: widths[column] - cell.count)
            }
            Output.line(padded.joined(separator: "  "))
        }
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
