import Glibc
import SessionContract

/// Standard output, a line at a time, each at once: who watches through a pipe sees events when they happen.
///
/// Nothing leaves here that a terminal would obey: what is shown was often written by somebody else. Who puts a line
/// together of others' texts makes each printable before (`PrintableText.escaped`), so that none of them is two lines.
enum Output {
    /// A text of our own making, of one line or several.
    static func line(_ text: String) {
        write(Array((PrintableText.escaped(text, keepsLines: true) + "\n").utf8), to: STDOUT_FILENO)
    }

    /// JSON, in one line.
    static func json(_ json: [UInt8]) {
        write(PrintableText.json(json) + [UInt8(ascii: "\n")], to: STDOUT_FILENO)
    }

    /// A line on standard error: for the person, not for the program behind the pipe.
    static func note(_ text: String) {
        write(Array((PrintableText.escaped(text, keepsLines: true) + "\n").utf8), to: STDERR_FILENO)
    }

    /// In place of what stands in the last line of the terminal, on standard error.
    static func again(_ text: String) {
        write(Array(("\r" + PrintableText.escaped(text)).utf8), to: STDERR_FILENO)
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard written > 0 else { exit(EXIT_FAILURE) }
            rest = rest.dropFirst(written)
        }
    }
}
