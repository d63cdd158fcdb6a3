import Foundation
import Glibc
import Testing

@testable import WorkerRuntime

@Suite("The socket of a service manager")
struct NotifySocketTests {
    /// A datagram socket that is bound to a name.
    private final class Receiver {
        private let descriptor: Int32

        /// - Parameter name: `@` stands for the null byte of an abstract name.
        init(_ name: String) throws {
            descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            var bytes = Array(name.utf8)
            if bytes[0] == UInt8(ascii: "@") { bytes[0] = 0 }
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
            let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
            let result = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
            }
            try #require(result == 0, "\(String(cString: strerror(errno)))")
        }

        deinit { close(descriptor) }

        /// The next message, if there is one.
        func next() -> String? {
            var bytes = [UInt8](repeating: 0, count: 4096)
            let count = recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT))
            return count < 0 ? nil : String(decoding: bytes.prefix(count), as: UTF8.self)
        }
    }

    private static let path = NSTemporaryDirectory() + "sojourn-notify-\(UInt32.random(in: 0...UInt32.max))"

    @Test("a message reaches a socket with a path, and one with an abstract name", arguments: [path, "@" + path])
    func sending(name: String) throws {
        let receiver = try Receiver(name)
        defer { unlink(name) }
        let socket = try #require(NotifySocket(name))
        #expect(socket.send(["READY=1", "STATUS=well"]))
        #expect(receiver.next() == "READY=1\nSTATUS=well")
        #expect(receiver.next() == nil)
    }

    @Test("sending to nobody fails, and so does sending to somebody who does not read, without waiting")
    func notSending() throws {
        let name = "@\(Self.path)-full"
        let socket = try #require(NotifySocket(name))
        #expect(!socket.send(["READY=1"]))
        let receiver = try Receiver(name)
        var sent = 0
        while sent < 100_000, socket.send(["WATCHDOG=1"]) { sent += 1 }
        #expect(sent > 0 && sent < 100_000)
        #expect(receiver.next() == "WATCHDOG=1")
        #expect(socket.send(["WATCHDOG=1"]))
    }

    @Test(
        "other addresses are refused",
        arguments: ["", "@", "/", "relative", "vsock:2:1234", "/" + String(repeating: "x", count: 107), "/a\0b"])
    func refused(name: String) {
        #expect(NotifySocket(name) == nil)
    }
}
