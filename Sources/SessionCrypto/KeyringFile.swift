import Glibc

/// A keyring's file, open for reading; closed with the value.
struct KeyringFile: ~Copyable {
    /// A larger file is no keyring, in bytes.
    private static let maxBytes = 1 << 20

    private let path: String
    private let descriptor: Int32
    private let status: stat

    /// - Throws: `KeyringError` with `unreadable` or `exposed`.
    init(opening path: String) throws(KeyringError) {
        // Without O_NONBLOCK, a pipe in the file's place would hold up the start for ever.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw Self.unreadable(path, errno) }
        // The open file is asked, not the path: nobody can put another in its place between the two.
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw KeyringError(.unreadable, "\(path) is no file")
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

    /// Mode and owner, as `stat` tells them.
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

    /// Keeps other changes of this file out until it is closed.
    ///
    /// - Throws: `KeyringError` with `changing` where somebody else has it, or has just replaced it.
    func lock() throws(KeyringError) {
        var now = stat()
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0, stat(path, &now) == 0,
            now.st_dev == status.st_dev, now.st_ino == status.st_ino
        else { throw KeyringError(.changing, "\(path) is being changed by somebody else: look, and try again") }
    }

    /// Who may do more with it than is good. Its group may read it: that is how an orchestrator hands a secret to a
    /// process that is not its owner (a Kubernetes volume under `fsGroup` is 0440).
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
            case EACCES: "; it has to belong to the user that this runs as"
            default: ""
            }
        return KeyringError(.unreadable, "\(path): \(systemError(error))\(remedy)")
    }
}

/// What the C library says of an error.
func systemError(_ error: Int32 = errno) -> String {
    String(cString: strerror(error))
}
