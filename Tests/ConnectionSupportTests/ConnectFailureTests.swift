import ConnectionSupport
import NIOCore
import NIOPosix
import Testing

@Suite("Why a connection failed")
struct ConnectFailureTests {
    private func words(connectingTo host: String, _ port: Int, within limit: TimeAmount = .seconds(10)) async -> String?
    {
        do {
            let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connectTimeout(limit).connect(host: host, port: port).get()
            try await channel.close()
            return nil
        } catch {
            return ConnectFailure.words(error)
        }
    }

    @Test("a port where nobody listens")
    func refused() async {
        #expect(await words(connectingTo: "127.0.0.1", 1) == "connection refused")
    }

    @Test("a name that does not exist")
    func unresolved() async {
        #expect(await words(connectingTo: "nowhere.invalid", 1) == "the name cannot be resolved")
    }

    @Test("what no system said is passed on")
    func others() {
        #expect(ConnectFailure.words(ChannelError.connectTimeout(.seconds(2))) == "no answer within 2000 ms")
        #expect(ConnectFailure.words(ChannelError.ioOnClosedChannel) == "the connection is closed")
        #expect(ConnectFailure.words(Unusual()) == "unusual")
    }

    private struct Unusual: Error, CustomStringConvertible {
        let description = "unusual"
    }
}
