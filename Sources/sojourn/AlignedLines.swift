import SessionContract

/// Names and values in two columns. Each is escaped: it may come from anybody.
enum AlignedLines {
    static func text(_ rows: [(name: String, value: String)]) -> String {
        lines(rows).joined(separator: "\n")
    }

    static func lines(_ rows: [(name: String, value: String)]) -> [String] {
        let rows = rows.map { (name: PrintableText.escaped($0.name), value: PrintableText.escaped($0.value)) }
        let width = rows.map(\.name.count).max() ?? 0
        return rows.map { name, value in
            "\(name)\(String(repeating: " ", count: width - name.count))  \(value)"
        }
    }
}
