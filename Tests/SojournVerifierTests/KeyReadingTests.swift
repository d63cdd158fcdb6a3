import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization
import Testing

@testable import SojournVerifier

@Suite("Where keys are read", .timeLimit(.minutes(1)))
struct KeyReadingTests {
    private let issuer = Issuer()

    private func withFile(_ body: (KeyFile, URL) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "sojourn-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "jwks.json")
        try await body(KeyFile(path: file.path), file)
    }

    @Test("a file is read when it is another one, however it was replaced")
    func file() async throws {
        try await withFile { keys, file in
            await #expect(throws: KeySet.Problem.self) { try await keys.read() }
            try Data(issuer.jwks).write(to: file)
            #expect(try await keys.read()?.keys.count == 2)
            #expect(try await keys.read() == nil)
            try Data(#"{"keys":[\#(issuer.es256JWK)]}"#.utf8).write(to: file, options: .atomic)
            #expect(try await keys.read()?.keys.count == 1)
            // Of the same length, so that only its time and its place differ.
            try Data(#"{"keys":[\#(Issuer().es256JWK)]}"#.utf8).write(to: file, options: .atomic)
            #expect(try await keys.read()?.keys.count == 1)
            #expect(try await keys.read() == nil)
        }
    }

    @Test("a file that turns bad is a problem until it is good again")
    func badFile() async throws {
        try await withFile { keys, file in
            try Data(issuer.jwks).write(to: file)
            #expect(try await keys.read() != nil)
            for bad in [Data("{".utf8), Data(repeating: 0x20, count: KeySet.Limits.document + 1)] {
                try bad.write(to: file, options: .atomic)
                for _ in 1...2 { await #expect(throws: KeySet.Problem.self) { try await keys.read() } }
            }
            try FileManager.default.removeItem(at: file)
            #expect(mkfifo(file.path, 0o600) == 0)
            await #expect(throws: KeySet.Problem(message: "is not a regular file")) { try await keys.read() }
            try FileManager.default.removeItem(at: file)
            try Data(issuer.jwks).write(to: file)
            #expect(try await keys.read()?.keys.count == 2)
        }
    }

    /// A server that answers every request alike.
    private func withServer(
        status: HTTPResponseStatus = .ok, _ body: [UInt8], _ test: (KeyURL) async throws -> Void
    ) async throws {
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(ConstantAnswer(status: status, body: body))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(server.localAddress?.port)
        let url = try KeyURL(
            "http://127.0.0.1:\(port)/.well-known/jwks.json", authorities: nil, interval: .seconds(60))
        do {
            try await test(url)
        } catch {
            try await server.close()
            throw error
        }
        try await server.close()
    }

    @Test("keys are read from a server")
    func server() async throws {
        try await withServer(issuer.jwks) { url in
            let keys = try await url.read()
            #expect(keys?.keys.count == 2)
        }
    }

    @Test("an answer that is no key set, too long, or no success is a problem")
    func badServer() async throws {
        for (status, body, expected) in [
            (HTTPResponseStatus.ok, Array("{}".utf8), "is not a JSON Web Key Set"),
            (.ok, [UInt8](repeating: 0x20, count: 1 << 20), "its answer is longer than"),
            (.notFound, issuer.jwks, "answers with status 404"),
        ] {
            try await withServer(status: status, body) { url in
                let problem = await #expect(throws: KeySet.Problem.self) { try await url.read() }
                #expect(problem?.message.contains(expected) == true, "\(problem?.message ?? "")")
            }
        }
    }

    @Test("without a server, it is said why")
    func noServer() async throws {
        let url = try KeyURL("http://127.0.0.1:1/", authorities: nil, interval: .seconds(60))
        let problem = await #expect(throws: KeySet.Problem.self) { try await url.read() }
        #expect(problem?.message.hasPrefix("cannot be read: it cannot be connected to") == true)
    }

    @Test("a URL that cannot be used is refused, without quoting it")
    func badURL() {
        for bad in ["file:///etc/passwd", "https://u:hunter2@c/", "http://"] {
            let problem = #expect(throws: KeySet.Problem.self) {
                try KeyURL(bad, authorities: nil, interval: .seconds(60))
            }
            #expect(problem?.message.contains("hunter2") == false)
        }
        #expect(throws: KeySet.Problem.self) {
            try KeyURL("https://c/", authorities: Array("hunter2".utf8), interval: .seconds(60))
        }
    }
}

private final class ConstantAnswer: ChannelInboundHandler, Sendable {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let status: HTTPResponseStatus
    private let body: [UInt8]

    init(status: HTTPResponseStatus, body: [UInt8]) {
        self.status = status
        self.body = body
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(let head) = unwrapInboundIn(data), head.uri == "/.well-known/jwks.json", head.method == .GET
        else { return }
        let headers = HTTPHeaders([("content-length", "\(body.count)")])
        context.write(wrapOutboundOut(.head(.init(version: .http1_1, status: status, headers: headers))), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: body)))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
}
