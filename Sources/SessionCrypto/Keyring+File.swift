import Glibc

/// Gives the worker its keys.
package protocol KeyProvider: Sendable {
    /// - Throws: `KeyringError`, in words for an operator.
    func keyring() throws(KeyringError) -> Keyring
}

/// Reads the keyring from a file that only its owner may read.
package struct FileKeyProvider: KeyProvider {
    /// A larger file is no keyring, in bytes.
    private static let maxBytes = 1 << 20

    private let path: String

    package init(path: String) {
        self.path = path
    }

    package func keyring() throws(KeyringError) -> Keyring {
        // Without O_NONBLOCK, a pipe in the file's place would hold up the start for ever.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw KeyringError(.unreadable, "\(path): \(systemError())") }
        defer { close(descriptor) }
        // The open file is asked, not the path: nobody can put another in its place between the two.
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw KeyringError(.unreadable, "\(path) is no file")
        }
        guard status.st_mode & 0o077 == 0 else {
            throw KeyringError(.exposed, "others may read \(path); say: chmod 600 \(path)")
        }
        guard status.st_size <= Self.maxBytes else { throw KeyringError(.malformed, "\(path) is too large") }
        return try Keyring(json: try readAll(descriptor))
    }

    private func readAll(_ descriptor: Int32) throws(KeyringError) -> [UInt8] {
        var content: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while content.count <= Self.maxBytes {
            let count = read(descriptor, &chunk, chunk.count)
            if count == 0 { return content }
            guard count > 0 else { throw KeyringError(.unreadable, "\(path): \(systemError())") }
            content += chunk[..<count]
        }
        throw KeyringError(.malformed, "\(path) is too large")
    }
}

extension Keyring {
    /// Writes a new file that only its owner may read, whole or not at all: it is written beside its place under a name of
    /// its own and gets its real one when it is on the disk. `link` refuses a name that is taken, as `rename` would not.
    ///
    /// - Throws: `KeyringError` with `exists` where there is anything already.
    package func save(to path: String) throws(KeyringError) {
        let draft = "\(path).\(UInt64.random(in: .min ... .max)).new"
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw KeyringError(.unwritable, "\(path): \(systemError())") }
        defer { unlink(draft) }
        let content = json + [UInt8(ascii: "\n")]
        let written = write(descriptor, content, content.count)
        let synced = fsync(descriptor)
        let closed = close(descriptor)
        guard written == content.count, synced == 0, closed == 0 else {
            throw KeyringError(.unwritable, "\(path): \(systemError())")
        }
        guard link(draft, path) == 0 else {
            throw errno == EEXIST
                ? KeyringError(.exists, "\(path) exists already, and a keyring is never overwritten")
                : KeyringError(.unwritable, "\(path): \(systemError())")
        }
    }
}

/// What the C library says of the last error.
private func systemError() -> String {
    String(cString: strerror(errno))
}
