import Glibc
import SessionContract
import WorkerCommandLine

/// Reads a file, or standard input if the name is `-`.
enum Input {
    struct Unreadable: Error {
        let reason: String
    }

    /// In bytes; more than any broker would accept.
    private static let maxBytes = 16 << 20

    static func read(_ file: String) throws(Unreadable) -> [UInt8] {
        let descriptor = file == "-" ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Unreadable(reason: String(cString: strerror(errno))) }
        defer { if descriptor != STDIN_FILENO { close(descriptor) } }
        var content: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 * 1024)
        while content.count <= maxBytes {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count == 0 { return content }
            guard count > 0 else { throw Unreadable(reason: String(cString: strerror(errno))) }
            content += chunk[..<count]
        }
        throw Unreadable(reason: "larger than \(maxBytes) bytes")
    }

    /// The content of a file that an option names.
    ///
    /// - Throws: `CommandFailure` if it cannot be read.
    static func content(of file: String, option: String) throws -> [UInt8] {
        do { return try read(file) } catch {
            throw CommandFailure(
                "\(option) \(PrintableText.escaped(file)): \(error.reason)", status: ExitStatus.usage)
        }
    }

    /// The only line of a file, for what process lists should not show.
    ///
    /// - Parameter option: the option that names the file, for the error message.
    /// - Throws: `CommandFailure` if the file cannot be read, or is not one line of text.
    static func line(of file: String, option: String) throws -> String {
        var content = try content(of: file, option: option)[...]
        if content.last == UInt8(ascii: "\n") { content.removeLast() }
        guard !content.isEmpty, !content.contains(UInt8(ascii: "\n")),
            let text = String(validating: content, as: UTF8.self)
        else {
            throw CommandFailure(
                "\(option) \(PrintableText.escaped(file)): it must be one line of UTF-8", status: ExitStatus.usage)
        }
        return text
    }
}
