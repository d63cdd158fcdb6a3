/// A line of `/proc/net/tcp` or `/proc/net/tcp6` (proc(5)): a TCP socket of this machine.
package struct SocketEntry: Equatable, Sendable {
    package enum State: Equatable, Sendable {
        case listening
        case established
        case other
    }

    package let localPort: Int
    package let remotePort: Int
    package let state: State
    /// Identifies the socket among the open files of its process.
    package let inode: UInt64

    /// - Returns: nil for the table's heading and for a line that makes no sense.
    package init?(line: Substring) {
        let fields = line.split(separator: " ")
        guard fields.count > 9, let local = Self.port(fields[1]), let remote = Self.port(fields[2]),
            let inode = UInt64(fields[9])
        else { return nil }
        localPort = local
        remotePort = remote
        self.inode = inode
        state =
            switch fields[3] {
            case "0A": .listening
            case "01": .established
            default: .other
            }
    }

    /// Of an address such as `0100007F:1F90`.
    private static func port(_ address: Substring) -> Int? {
        address.split(separator: ":").last.flatMap { Int($0, radix: 16) }
    }
}
