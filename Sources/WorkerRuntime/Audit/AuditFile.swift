import Glibc
import SessionCrypto

/// The file of an audit log, open for appending, and locked, so that no other worker writes to it. Closed and unlocked
/// when the value is destroyed.
///
/// It is only ever appended to, so that the system may forbid everything else (`chattr +a`).
struct AuditFile: ~Copyable {
    /// Why the file cannot be used, following its path.
    struct Problem: Error {
        let description: String
        let remedy: String

        init(_ description: String, remedy: String) {
            self.description = description
            self.remedy = remedy
        }

        fileprivate init(of error: Int32 = errno, _ what: String, remedy: String) {
            self.init("\(what) (\(systemError(error)))", remedy: remedy)
        }
    }

    /// How a file ends.
    enum Ending: Equatable {
        case empty
        /// With a record, and perhaps without its line feed.
        case record(AuditPlace, isComplete: Bool)
        /// With so many bytes of a line that a killed worker left incomplete, after a record if there is one.
        case torn(bytes: Int, after: AuditPlace?)
    }

    private let descriptor: Int32
    private let identity: Identity

    /// What distinguishes a file from every other.
    struct Identity: Equatable {
        let device: dev_t
        let inode: ino_t
    }

    /// Opens a file; creates it if there is none.
    init(opening path: String) throws(Problem) {
        let flags = O_RDWR | O_APPEND | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK
        var isNew = true
        var descriptor = open(path, flags | O_CREAT | O_EXCL, 0o600)
        if descriptor < 0, errno == EEXIST {
            isNew = false
            descriptor = open(path, flags)
        }
        guard descriptor >= 0 else {
            throw errno == ELOOP
                ? Problem("is a symbolic link", remedy: "name the file itself")
                : Problem(of: errno, "cannot be opened", remedy: "the worker must be able to write to its directory")
        }
        let identity: Identity
        do throws(Problem) {
            identity = try Self.check(descriptor)
            if isNew { try Self.syncFolder(of: path) }
        } catch {
            close(descriptor)
            throw error
        }
        self.descriptor = descriptor
        self.identity = identity
    }

    deinit {
        close(descriptor)
    }

    /// Whether this is still the file at a path; not once it has been renamed for rotation.
    func isAt(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && identity == Identity(device: status.st_dev, inode: status.st_ino)
    }

    /// Appends bytes.
    ///
    /// - Parameter rest: what is left to append, even if it fails.
    func append(_ rest: inout ArraySlice<UInt8>) throws(Problem) {
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno != EINTR {
                throw Problem(of: errno, "cannot be written to", remedy: "there must be room on its disk")
            }
        }
    }

    /// Returns once everything appended is on the disk.
    func sync() throws(Problem) {
        guard fdatasync(descriptor) == 0 else {
            throw Problem(
                of: errno, "cannot be synchronised with its disk",
                remedy: "the worker has to be restarted once the disk works")
        }
    }

    private static func check(_ descriptor: Int32) throws(Problem) -> Identity {
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw Problem("is not a regular file", remedy: "name a file")
        }
        guard status.st_mode & (S_IWGRP | S_IRWXO) == 0 else {
            throw Problem("may be changed or read by others", remedy: "it names people; say: chmod 600, or 640")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw errno == EWOULDBLOCK
                ? Problem("is the audit log of another worker that runs", remedy: "give each worker a file of its own")
                : Problem(of: errno, "cannot be locked", remedy: "it needs a file system with locks")
        }
        return Identity(device: status.st_dev, inode: status.st_ino)
    }

    /// Otherwise a new file could be gone after a power failure, with everything that was synchronised in it.
    private static func syncFolder(of path: String) throws(Problem) {
        let slash = path.lastIndex(of: "/")
        let folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw Problem(
                of: errno, "is in a directory that cannot be read", remedy: "the worker must be able to read it")
        }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else {
            throw Problem(
                of: errno, "is in a directory that cannot be synchronised with its disk", remedy: "check the disk")
        }
    }
}

extension AuditFile {
    /// Reads how the file ends.
    ///
    /// - Throws: `Problem` if its last complete line is not a record of this chain's keyring.
    func ending(by chain: AuditChain) throws(Problem) -> Ending {
        // Room for two lines: the last complete one, and an incomplete one after it.
        let tail = try tail(2 * AuditLine.maxLength + 2)
        guard !tail.isEmpty else { return .empty }
        let feed = UInt8(ascii: "\n")
        let lastFeed = tail.lastIndex(of: feed)
        let torn = tail[(lastFeed.map { $0 + 1 } ?? tail.startIndex)...]
        if let record = chain.read(torn) { return .record(record.place, isComplete: false) }
        guard let lastFeed else { return .torn(bytes: torn.count, after: nil) }
        let line = tail[..<lastFeed].split(separator: feed, omittingEmptySubsequences: false).last ?? []
        guard let record = chain.read(line) else {
            throw Problem(
                "ends with a line that is no record of this keyring",
                remedy: "check it with `sojourn audit verify`, and move it away")
        }
        return torn.isEmpty ? .record(record.place, isComplete: true) : .torn(bytes: torn.count, after: record.place)
    }

    /// At most the last `length` bytes.
    private func tail(_ length: Int) throws(Problem) -> [UInt8] {
        let end = lseek(descriptor, 0, SEEK_END)
        guard end >= 0 else { throw Problem(of: errno, "cannot be read", remedy: "check its disk") }
        let start = max(0, Int(end) - length)
        var bytes = [UInt8](repeating: 0, count: Int(end) - start)
        var filled = 0
        while filled < bytes.count {
            let count = bytes[filled...].withUnsafeMutableBytes {
                pread(descriptor, $0.baseAddress, $0.count, off_t(start + filled))
            }
            if count == 0 { break }
            guard count > 0 || errno == EINTR else {
                throw Problem(of: errno, "cannot be read", remedy: "check its disk")
            }
            filled += max(count, 0)
        }
        return Array(bytes.prefix(filled))
    }
}
