import Glibc
import SessionContract
import WorkerCommandLine

/// Standard output, unbuffered line by line, so that events show up in a pipe at once.
///
/// Nothing written here can contain terminal control sequences, because much of the text comes from others. Code that
/// builds a line from several foreign strings must escape each one first (`PrintableText.escaped`), so that none can
/// start a new line.
enum Output {
    /// Text composed by us, of one line or several.
    static func line(_ text: String) {
        write(Array((PrintableText.escaped(text, keepsLines: true) + "\n").utf8), to: STDOUT_FILENO)
    }

    /// A line that begins with a word of ours, coloured on a terminal.
    static func line(_ word: String, _ colour: Colour, _ rest: String) {
        write(Array("\(colour.painted(word)): \(PrintableText.escaped(rest))\n".utf8), to: STDOUT_FILENO)
    }

    /// JSON, on one line.
    static func json(_ json: [UInt8]) {
        write(PrintableText.json(json) + [UInt8(ascii: "\n")], to: STDOUT_FILENO)
    }

    /// A line on standard error: for a person, not for a program reading the pipe.
    static func note(_ text: String) {
        write(Array((PrintableText.escaped(text, keepsLines: true) + "\n").utf8), to: STDERR_FILENO)
    }

    /// Replaces the last line of the terminal, on standard error.
    static func again(_ text: String) {
        write(Array(("\r" + PrintableText.escaped(text)).utf8), to: STDERR_FILENO)
    }

    /// A new file, or the whole content of an existing one.
    static func file(_ path: String, _ content: [UInt8]) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw CommandFailure("\(path): \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        var rest = content[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard written > 0 else { throw CommandFailure("\(path): \(String(cString: strerror(errno)))") }
            rest = rest.dropFirst(written)
        }
    }

    /// Fails if ``file(_:_:)`` cannot write there. Changes nothing.
    static func checkCanWrite(_ path: String) throws {
        var descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        if descriptor >= 0 {
            unlink(path)
        } else if errno == EEXIST {
            descriptor = open(path, O_WRONLY | O_CLOEXEC)
        }
        guard descriptor >= 0 else {
            throw CommandFailure("\(path): \(String(cString: strerror(errno)))", status: ExitStatus.usage)
        }
        close(descriptor)
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else {
                // Where standard error cannot be written, nobody can be told.
                if descriptor == STDOUT_FILENO { CommandLineProgram.leaveWithoutOutput(errno) }
                exit(EXIT_FAILURE)
            }
            rest = rest.dropFirst(written)
        }
    }
}
