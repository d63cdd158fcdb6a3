import Glibc

/// The socket on which a service manager wants to be told what a service does: `NOTIFY_SOCKET`, sd_notify(3).
struct NotifySocket: Sendable {
    private let address: [UInt8]

    /// - Parameter name: a path, or an abstract name that begins with `@`.
    /// - Returns: `nil` for anything else, or if it is too long for a socket's address.
    init?(_ name: String) {
        guard name.hasPrefix("/") || name.hasPrefix("@"), name.utf8.count > 1,
            name.utf8.count < Self.longest, !name.utf8.contains(0)
        else { return nil }
        address = Array(name.utf8)
    }

    /// Bytes in `sun_path`, see unix(7).
    private static let longest = MemoryLayout.size(ofValue: sockaddr_un().sun_path)

    /// Sends assignments such as `READY=1`, one a line. Never blocks.
    ///
    /// - Returns: whether the service manager has received them, or will.
    func send(_ assignments: [String]) -> Bool {
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var target = sockaddr_un()
        target.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &target.sun_path) { path in
            path.copyBytes(from: address)
            // The name of an abstract socket begins with a null byte.
            if address[0] == UInt8(ascii: "@") { path[0] = 0 }
        }
        // The length says where an abstract name ends.
        let length = socklen_t(MemoryLayout.offset(of: \sockaddr_un.sun_path) ?? 0) + socklen_t(address.count)
        let message = Array(assignments.joined(separator: "\n").utf8)
        let sent = withUnsafePointer(to: &target) { target in
            target.withMemoryRebound(to: sockaddr.self, capacity: 1) { target in
                sendto(
                    descriptor, message, message.count, Int32(MSG_DONTWAIT | MSG_NOSIGNAL), target,
                    length)
            }
        }
        return sent == message.count
    }
}
