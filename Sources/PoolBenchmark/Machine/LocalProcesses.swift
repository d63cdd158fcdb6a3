import Glibc

/// Processes of this machine and their sockets, from `/proc`. Other users' processes show their sockets only to root.
struct LocalProcesses {
    private let sockets: [SocketEntry]
    /// The inodes of each process's sockets.
    private let inodes: [Int32: Set<UInt64>]

    init() {
        sockets = ["/proc/net/tcp", "/proc/net/tcp6"].flatMap { file in
            SmallFile.text(file, maxBytes: 8 << 20).split(separator: "\n").compactMap { SocketEntry(line: $0) }
        }
        var inodes: [Int32: Set<UInt64>] = [:]
        for name in SmallFile.names(in: "/proc") {
            guard let pid = Int32(name) else { continue }
            let folder = "/proc/\(name)/fd"
            let found = SmallFile.names(in: folder).compactMap { Self.inode(of: "\(folder)/\($0)") }
            if !found.isEmpty { inodes[pid] = Set(found) }
        }
        self.inodes = inodes
    }

    /// The process that listens on this port.
    func listener(on port: Int) -> Int32? {
        let wanted = Set(sockets.filter { $0.state == .listening && $0.localPort == port }.map(\.inode))
        return inodes.filter { !$0.value.isDisjoint(with: wanted) }.keys.min()
    }

    /// The processes other than this one that are connected to all of these ports: a worker is connected to the broker and to
    /// Redis.
    func clients(of ports: [Int]) -> [Int32] {
        let wanted = ports.map { port in
            Set(sockets.filter { $0.state == .established && $0.remotePort == port }.map(\.inode))
        }
        return inodes.filter { pid, own in
            pid != getpid() && wanted.allSatisfy { !own.isDisjoint(with: $0) }
        }.keys.sorted()
    }

    /// What the kernel calls a process: the first 15 bytes of its program's name.
    static func name(of pid: Int32) -> String? {
        let text = SmallFile.text("/proc/\(pid)/comm", maxBytes: 64)
        return text.isEmpty ? nil : String(text.prefix { $0 != "\n" })
    }

    private static func inode(of link: String) -> UInt64? {
        var target = [UInt8](repeating: 0, count: 64)
        let length = target.withUnsafeMutableBytes { buffer in
            guard let start = buffer.baseAddress?.assumingMemoryBound(to: CChar.self) else { return -1 }
            return readlink(link, start, buffer.count)
        }
        guard length > 0 else { return nil }
        let text = String(decoding: target[..<length], as: UTF8.self)
        guard text.hasPrefix("socket:["), text.hasSuffix("]") else { return nil }
        return UInt64(text.dropFirst(8).dropLast())
    }
}

/// Reads files of `/proc`, which have no size before they are read.
enum SmallFile {
    /// The file's text, or as much as fits; empty if it cannot be read.
    static func text(_ path: String, maxBytes: Int) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var content: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while content.count < maxBytes {
            let count = read(descriptor, &chunk, chunk.count)
            guard count > 0 else { break }
            content += chunk[..<count]
        }
        return String(decoding: content.prefix(maxBytes), as: UTF8.self)
    }

    /// The names in a folder; empty if it cannot be read.
    static func names(in folder: String) -> [String] {
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}
