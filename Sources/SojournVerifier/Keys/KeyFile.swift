import Glibc
import NIOPosix
import Synchronization

/// A file with keys, which is read again when it has changed.
final class KeyFile: KeyReader {
    /// What changes with every way of replacing a file.
    struct Version: Equatable, Sendable {
        let device: dev_t
        let inode: ino_t
        let size: off_t
        let changed: Int64
        let changedNanoseconds: Int

        init(_ status: stat) {
            device = status.st_dev
            inode = status.st_ino
            size = status.st_size
            changed = Int64(status.st_mtim.tv_sec)
            changedNanoseconds = status.st_mtim.tv_nsec
        }
    }

    let interval: Duration = .seconds(1)
    private let path: String
    /// What was read last, and could be used.
    private let known = Mutex<Version?>(nil)

    init(path: String) {
        self.path = path
    }

    func read() async throws(KeySet.Problem) -> KeySet? {
        guard let (content, version) = try await content(unless: known.withLock(\.self)) else { return nil }
        let keys = try KeySet(content)
        known.withLock { $0 = version }
        return keys
    }

    /// Reads the file on a thread that may wait for a disk.
    ///
    /// - Returns: `nil` if it is still this version.
    private func content(unless known: Version?) async throws(KeySet.Problem) -> (content: [UInt8], version: Version)? {
        let path = path
        let result = await withCheckedContinuation { continuation in
            NIOThreadPool.singleton.submit { _ in
                continuation.resume(
                    returning: Result { () throws(KeySet.Problem) in try Self.read(path, unless: known) })
            }
        }
        return try result.get()
    }

    private static func read(
        _ path: String, unless known: Version?
    ) throws(KeySet.Problem) -> (content: [UInt8], version: Version)? {
        // Without O_NONBLOCK, a pipe in place of the file would block a thread for ever.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw KeySet.Problem(message: "cannot be read (\(String(cString: strerror(errno))))")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw KeySet.Problem(message: "is not a regular file")
        }
        let version = Version(status)
        if version == known { return nil }
        // One byte more than is allowed shows that it is too long.
        var content = [UInt8](repeating: 0, count: KeySet.Limits.document + 1)
        var length = 0
        while length < content.count {
            let count = content.withUnsafeMutableBytes { room in
                guard let start = room.baseAddress else { return 0 }
                return Glibc.read(descriptor, start + length, room.count - length)
            }
            guard count >= 0 else {
                throw KeySet.Problem(message: "cannot be read (\(String(cString: strerror(errno))))")
            }
            if count == 0 { break }
            length += count
        }
        return (Array(content[..<length]), version)
    }
}
