import Glibc

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
}
