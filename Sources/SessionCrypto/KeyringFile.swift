import Glibc

/// A keyring file, open for reading. Closed when the value is destroyed.
struct KeyringFile: ~Copyable {
    /// The largest keyring file accepted, in bytes.
    private static let maxBytes = 1 << 20

    private let path: String
    private let file: RegularFile

    /// - Throws: `KeyringError` with `unreadable` or `exposed`.
    init(opening path: String) throws(KeyringError) {
        do throws(RegularFile.Problem) {
            file = try RegularFile(opening: path, isSecret: true)
        } catch {
            throw Self.error(error, path)
        }
        self.path = path
    }

    /// Mode and owner as reported by `stat`.
    var mode: mode_t { file.status.st_mode & 0o7777 }
    var owner: (user: uid_t, group: gid_t) { (file.status.st_uid, file.status.st_gid) }

    func content() throws(KeyringError) -> [UInt8] {
        do throws(RegularFile.Problem) {
            return try file.content(maxBytes: Self.maxBytes)
        } catch {
            throw Self.error(error, path)
        }
    }

    /// Locks the file against other changes until it is closed.
    ///
    /// - Throws: `KeyringError` with `changing` if another process holds the lock or has just replaced the file.
    func lock() throws(KeyringError) {
        var now = stat()
        guard flock(file.descriptor, LOCK_EX | LOCK_NB) == 0, stat(path, &now) == 0,
            now.st_dev == file.status.st_dev, now.st_ino == file.status.st_ino
        else { throw KeyringError(.changing, "\(path) is being changed by another process: try again") }
    }

    private static func error(_ problem: RegularFile.Problem, _ path: String) -> KeyringError {
        switch problem {
        case .unreadable(let error):
            let remedy =
                switch error {
                case ENOENT: "; make it with `sojourn keys init`, or put a copy of it there"
                case EACCES: "; it must belong to the user that this process runs as"
                default: ""
                }
            return KeyringError(.unreadable, "\(path): \(systemError(error))\(remedy)")
        case .notRegular: return KeyringError(.unreadable, "\(path) is not a regular file")
        case .exposed(let words): return KeyringError(.exposed, words)
        case .tooLarge: return KeyringError(.malformed, "\(path) is too large for a keyring")
        }
    }
}
