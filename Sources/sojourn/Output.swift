import Glibc

/// Standard output, a line at a time, each at once: who watches through a pipe sees events when they happen.
enum Output {
    static func line(_ text: String) {
        line(Array(text.utf8))
    }

    static func line(_ bytes: [UInt8]) {
        write(bytes + newline, to: STDOUT_FILENO)
    }

    /// A line on standard error: for the person, not for the program behind the pipe.
    static func note(_ text: String, terminator: String = "\n") {
        write(Array((text + terminator).utf8), to: STDERR_FILENO)
    }

    private static let newline = [UInt8(ascii: "\n")]

    private static func write(_ bytes: [UInt8], to descriptor: Int32) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard written > 0 else { exit(EXIT_FAILURE) }
            rest = rest.dropFirst(written)
        }
    }
}
