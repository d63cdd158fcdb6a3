import Glibc
import SessionContract
import SessionCrypto
import WorkerCommandLine

/// Reads the lines of a file, or of standard input if its name is `-`, in little memory however long they are.
struct AuditLines: ~Copyable {
    struct Line {
        /// Without the line feed. Of a line longer than any record only the beginning, which is longer than a record.
        let bytes: ArraySlice<UInt8>
        /// Whether a line feed followed.
        let isComplete: Bool
    }

    private let name: String
    private let descriptor: Int32
    private var chunk = [UInt8](repeating: 0, count: 64 * 1024)
    private var unread: Range<Int> = 0..<0

    /// - Throws: `CommandFailure` if the file cannot be opened.
    init(_ file: String) throws {
        let descriptor = file == "-" ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.unreadable(file) }
        self.descriptor = descriptor
        name = file
    }

    deinit {
        if descriptor != STDIN_FILENO { close(descriptor) }
    }

    /// The next line; `nil` at the end.
    ///
    /// - Throws: `CommandFailure` if the file cannot be read.
    mutating func next() throws -> Line? {
        var line: [UInt8] = []
        while try fill() {
            let feed = chunk[unread].firstIndex(of: UInt8(ascii: "\n"))
            let end = feed ?? unread.upperBound
            line += chunk[unread.lowerBound..<end].prefix(AuditLine.maxLength + 1 - line.count)
            unread = (feed.map { $0 + 1 } ?? end)..<unread.upperBound
            if feed != nil { return Line(bytes: line[...], isComplete: true) }
        }
        return line.isEmpty ? nil : Line(bytes: line[...], isComplete: false)
    }

    /// - Returns: whether there is something unread.
    private mutating func fill() throws -> Bool {
        while unread.isEmpty {
            let count = read(descriptor, &chunk, chunk.count)
            if count == 0 { return false }
            guard count > 0 || errno == EINTR else { throw Self.unreadable(name) }
            unread = 0..<max(count, 0)
        }
        return true
    }

    private static func unreadable(_ name: String) -> CommandFailure {
        let reason = String(cString: strerror(errno))
        return CommandFailure("\(PrintableText.escaped(name)): \(reason)", status: ExitStatus.usage)
    }
}
