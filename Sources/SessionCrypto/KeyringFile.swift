import Glibc

/// A keyring file, open for reading. Closed when the value is destroyed.
struct KeyringFile: ~Copyable {
    /// The largest keyring file accepted, in bytes.
    private static let maxBytes = 1 << 20

    private let path: String
    private let descriptor: Int32
    private let status: stat

    /// - Throws: `KeyringError` with `unreadable` or `exposed`.
    init(opening path: String) throws(KeyringError) {
        // Without O_NONBLOCK, opening a pipe in place of the file would block startup for ever.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw Self.unreadable(path, errno) }
        // Check the open file, not the path: it cannot be swapped in between.
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw KeyringError(.unreadable, "\(path) is not a regular file")
        }
        if let exposure = Self.exposure(of: path, mode: status.st_mode) {
            close(descriptor)
            throw exposure
        }
        self.path = path
        self.descriptor = descriptor
        self.status = status
    }

    deinit {
        close(descriptor)
    }

    /// Mode and owner as reported by `stat`.
    var mode: mode_t { status.st_mode & 0o7777 }
    var owner: (user: uid_t, group: gid_t) { (status.st_uid, status.st_gid) }

    func content() throws(KeyringError) -> [UInt8] {
        var content: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while content.count <= Self.maxBytes {
            let count = read(descriptor, &chunk, chunk.count)
            if count == 0 { return content }
            guard count > 0 else { throw Self.unreadable(path, errno) }
            content += chunk[..<count]
        }
        throw KeyringError(.malformed, "\(path) is too large for a keyring")
    }

    /// Locks the file against other changes until it is closed.
    ///
    /// - Throws: `KeyringError` with `changing` if another process holds the lock or has just replaced the file.
    func lock() throws(KeyringError) {
        var now = stat()
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0, stat(path, &now) == 0,
            now.st_dev == status.st_dev, now.st_ino == status.st_ino
        else { throw KeyringError(.changing, "\(path) is being changed by another process: try again") }
    }

    /// Reports permissions that are too broad. The group may read the file, because orchestrators hand secrets to a
    /// process that is not their owner that way (in a Kubernetes volume with `fsGroup` the mode is 0440).
    private static func exposure(of path: String, mode: mode_t) -> KeyringError? {
        let problem: (String, remedy: String)? =
            if mode & S_IWOTH != 0 {
                ("other users may write \(path)", "600")
            } else if mode & S_IROTH != 0 {
                ("other users may read \(path)", "600")
            } else if mode & S_IWGRP != 0 {
                ("its group may write \(path)", "640")
            } else {
                nil
            }
        return problem.map { KeyringError(.exposed, "\($0.0); say: chmod \($0.remedy) \(path)") }
    }

    private static func unreadable(_ path: String, _ error: Int32) -> KeyringError {
        let remedy =
            switch error {
            case ENOENT: "; make it with `sojourn keys init`, or put a copy of it there"
            case EACCES: "; it must belong to the user that this process runs as"
            default: ""
            }
        return KeyringError(.unreadable, "\(path): \(systemError(error))\(remedy)")
    }
}

/// The C library's description of an error.
func systemError(_ error: Int32 = errno) -> String {
    String(cString: strerror(error))
}
