import Glibc
import SessionContract

/// Rows in columns, with titles if a person reads them. Each cell is escaped: it may come from anybody.
struct Table {
    /// A column with the width of its contents.
    struct Column {
        let title: String
        /// Whether cells may be shortened to make a row fit into the terminal.
        var isFlexible = false
    }

    /// In characters: a flexible column keeps at least this much.
    private static let leastWidth = 8
    private static let gap = "  "

    private let columns: [Column]
    private var rows: [[String]] = []

    init(_ columns: [Column]) {
        self.columns = columns
    }

    /// - Precondition: there is a cell for each column.
    mutating func add(_ cells: [String]) {
        precondition(cells.count == columns.count, "a row has a cell for each column")
        rows.append(cells.map { PrintableText.escaped($0) })
    }

    func print() {
        guard !rows.isEmpty else { return }
        for line in lines(width: Self.terminalWidth) { Output.line(line) }
    }

    /// - Parameter width: the terminal's, in characters; `nil` for a program that reads.
    func lines(width: Int?) -> [String] {
        let shown = width == nil ? rows : [columns.map(\.title)] + rows
        let widths = fitted(columns.indices.map { column in shown.map { $0[column].count }.max() ?? 0 }, into: width)
        return shown.map { row in
            let cells = row.enumerated().map { column, cell in
                let shortened = cell.count > widths[column] ? cell.prefix(widths[column] - 1) + "…" : cell[...]
                guard column < columns.count - 1 else { return String(shortened) }
                return shortened + String(repeating: " ", count: widths[column] - shortened.count)
            }
            return cells.joined(separator: Self.gap)
        }
    }

    /// Takes from the widest flexible column until the row fits, or none can give any more.
    private func fitted(_ widths: [Int], into width: Int?) -> [Int] {
        guard let width else { return widths }
        var widths = widths
        var excess = widths.reduce(0, +) + Self.gap.count * (widths.count - 1) - width
        while excess > 0 {
            let flexible = columns.indices.filter { columns[$0].isFlexible && widths[$0] > Self.leastWidth }
            guard let widest = flexible.max(by: { widths[$0] < widths[$1] }) else { break }
            widths[widest] -= 1
            excess -= 1
        }
        return widths
    }

    /// `nil` if standard output is no terminal.
    private static var terminalWidth: Int? {
        guard isatty(STDOUT_FILENO) == 1 else { return nil }
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return .max }
        return Int(size.ws_col)
    }
}
