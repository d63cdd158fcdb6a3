import Glibc

extension Keyring {
    /// Writes a new file, atomically, that only its owner may read.
    ///
    /// - Throws: `KeyringError` with `exists` if the path exists.
    package func save(to path: String) throws(KeyringError) {
        let draft = try Draft(of: self, for: path)
        // `link` fails if the name is taken; `rename` would replace the file.
        guard link(draft.name, path) == 0 else {
            throw errno == EEXIST
                ? KeyringError(.exists, "\(path) already exists; a keyring is never overwritten")
                : KeyringError(.unwritable, "\(path): \(systemError())")
        }
        try draft.syncFolder()
    }

    /// Replaces the ring in the file at `path` atomically, keeping mode and owner. A symbolic link remains one.
    ///
    /// - Parameter change: computes the new ring from the existing one while the file is locked.
    /// - Returns: the new ring.
    /// - Throws: `KeyringError`: what `change` throws, or why the file could not be read or written.
    @discardableResult
    package static func change(
        at path: String, _ change: (Keyring) throws(KeyringError) -> Keyring
    ) throws(KeyringError) -> Keyring {
        let place = target(of: path)
        let file = try KeyringFile(opening: place)
        try file.lock()
        let changed = try change(try FileKeyProvider(path: path).keyring(from: try file.content()))
        let draft = try Draft(of: changed, for: place, mode: file.mode, owner: file.owner)
        guard rename(draft.name, place) == 0 else {
            throw KeyringError(.unwritable, "\(path): \(systemError())")
        }
        try draft.syncFolder()
        return changed
    }

    /// The target of a symbolic link, or the path itself if it is not one or does not exist.
    private static func target(of path: String) -> String {
        guard let real = realpath(path, nil) else { return path }
        defer { free(real) }
        return String(cString: real)
    }
}

/// A ring written under a temporary name next to its destination, so that no reader ever sees half a keyring. The
/// temporary name is removed at the end if it still exists.
private struct Draft: ~Copyable {
    let name: String
    private let path: String

    /// - Throws: `KeyringError` with `unwritable`.
    init(
        of keyring: Keyring, for path: String, mode: mode_t = 0o600, owner: (user: uid_t, group: gid_t)? = nil
    ) throws(KeyringError) {
        let name = "\(path).\(UInt64.random(in: .min ... .max)).new"
        let descriptor = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw KeyringError(.unwritable, "\(path): \(systemError())") }
        var problem = Self.fill(descriptor, with: keyring.json + [UInt8(ascii: "\n")], mode: mode, owner: owner)
        if close(descriptor) != 0, problem == nil { problem = systemError() }
        if let problem {
            unlink(name)
            throw KeyringError(.unwritable, "\(path): \(problem)")
        }
        self.name = name
        self.path = path
    }

    deinit {
        unlink(name)
    }

    /// Makes the new name durable too, by syncing the folder.
    func syncFolder() throws(KeyringError) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        let folder = parts.isEmpty ? "." : parts.joined(separator: "/") + "/"
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { if descriptor >= 0 { close(descriptor) } }
        guard descriptor >= 0, fsync(descriptor) == 0 else {
            throw KeyringError(
                .unwritable,
                "\(path) was written, but may not survive a power failure: \(systemError())")
        }
    }

    /// The reason for a failure, or `nil`.
    private static func fill(
        _ descriptor: Int32, with content: [UInt8], mode: mode_t, owner: (user: uid_t, group: gid_t)?
    ) -> String? {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return systemError() }
        if let owner, owner != (status.st_uid, status.st_gid), fchown(descriptor, owner.user, owner.group) != 0 {
            return "it belongs to another user; run this as its owner"
        }
        guard fchmod(descriptor, mode) == 0 else { return systemError() }
        var rest = content[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            guard written > 0 else { return systemError() }
            rest = rest.dropFirst(written)
        }
        return fsync(descriptor) == 0 ? nil : systemError()
    }
}
