import NIOCore
import NIOPosix

/// Sends bytes to a port of this machine and gives back everything that comes until the other side closes: what a probe
/// sees, with nothing of an HTTP client's own opinions in between.
enum HTTPProbe {
    struct Answer {
        var status: Int
        var headers: [String: String]
        var body: String
    }

    static func get(_ path: String, port: Int) async throws -> Answer {
        try await answer(to: "GET \(path) HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n", port: port)
    }

    static func answer(to request: String, port: Int) async throws -> Answer {
        let text = try await exchange(request, port: port)
        let parts = text.split(separator: "\r\n\r\n", maxSplits: 1, omittingEmptySubsequences: false)
        let lines = parts[0].split(separator: "\r\n")
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let colon = line.firstIndex(of: ":") ?? line.endIndex
            headers[line[..<colon].lowercased()] = String(line[colon...].dropFirst().drop { $0 == " " })
        }
        let status = lines.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) }
        return Answer(status: status ?? 0, headers: headers, body: parts.count > 1 ? String(parts[1]) : "")
    }

    static func exchange(_ request: String, port: Int) async throws -> String {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            var received = ByteBuffer()
            do {
                try await outbound.write(ByteBuffer(string: request))
                for try await part in inbound { received.writeImmutableBuffer(part) }
            } catch is IOError {
                // A server that refuses a request may reset the connection behind its answer.
            }
            return String(buffer: received)
        }
    }
}
