import Glibc

/// A regular file, open for reading. Closed when the value is destroyed.
package struct RegularFile: ~Copyable {
    /// Why a file cannot be used.
    package enum Problem: Error {
        /// With the number of the system's error.
        case unreadable(Int32)
        case notRegular
        /// The file has a secret, and permissions that are too broad: what is wrong, and how to correct it.
        case exposed(String)
        case tooLarge

        /// The problem, following the file's path.
        package var description: String {
            switch self {
            case .unreadable(let error): "cannot be read (\(systemError(error)))"
            case .notRegular: "is not a regular file"
            case .exposed(let words): "may be read or changed by others (\(words))"
            case .tooLarge: "is too large"
            }
        }
    }

    let descriptor: Int32
    let status: stat

    /// - Parameter isSecret: whether nobody but its owner, and its group for reading, may have access to it.
    package init(opening path: String, isSecret: Bool) throws(Problem) {
        // Without O_NONBLOCK, opening a pipe in place of the file would block startup for ever.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw .unreadable(errno) }
        // Check the open file, not the path: it cannot be swapped in between.
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw .notRegular
        }
        if isSecret, let exposure = Self.exposure(of: path, mode: status.st_mode) {
            close(descriptor)
            throw .exposed(exposure)
        }
        self.descriptor = descriptor
        self.status = status
    }

    deinit {
        close(descriptor)
    }

    /// - Parameter maxBytes: a larger file is a mistake.
    package func content(maxBytes: Int) throws(Problem) -> [UInt8] {
        var content: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while content.count <= maxBytes {
            let count = read(descriptor, &chunk, chunk.count)
            if count == 0 { return content }
            guard count > 0 else { throw .unreadable(errno) }
            content += chunk[..<count]
        }
        throw .tooLarge
    }

    /// Reports permissions that are too broad. The group may read the file, because orchestrators hand secrets to a
    /// process that is not their owner that way (in a Kubernetes volume with `fsGroup` the mode is 0440).
    private static func exposure(of path: String, mode: mode_t) -> String? {
        if mode & S_IWOTH != 0 {
            "other users may write \(path); say: chmod 600 \(path)"
        } else if mode & S_IROTH != 0 {
            "other users may read \(path); say: chmod 600 \(path)"
        } else if mode & S_IWGRP != 0 {
            "its group may write \(path); say: chmod 640 \(path)"
        } else {
            nil
        }
    }
}
