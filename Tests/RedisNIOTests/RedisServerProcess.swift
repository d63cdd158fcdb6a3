import Foundation
import NIOCore
import NIOPosix
import Testing

@testable import RedisNIO

/// A Redis server owned by the test, on a free port of the loopback interface, without persistence.
final class RedisServerProcess: Sendable {
    let port: Int
    private let process: Process

    var endpoint: RedisEndpoint { RedisEndpoint(host: "127.0.0.1", port: port) }
    var url: String { "redis://127.0.0.1:\(port)" }

    private init(port: Int, process: Process) {
        self.port = port
        self.process = process
    }

    /// Starts a server and returns when it accepts connections.
    ///
    /// - Parameter port: nil for any free one. If another process takes that port first, another one is tried.
    static func start(
        port: Int? = nil, plain: Bool = true, _ options: [String] = []
    ) async throws -> RedisServerProcess {
        for _ in 0..<5 {
            let chosen = if let port { port } else { try await freePort() }
            if let server = try await launch(port: chosen, plain: plain, options) { return server }
        }
        throw Unavailable(description: "no redis-server could be started; is it installed?")
    }

    private static func launch(port: Int, plain: Bool, _ options: [String]) async throws -> RedisServerProcess? {
        let ports = plain ? ["--port", "\(port)"] : ["--port", "0", "--tls-port", "\(port)"]
        return try await launch(
            port: port, ["redis-server", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"] + ports + options,
            isReadyAt: "eady to accept connections")
    }

    /// Starts a Sentinel that watches this master under the name `main`, and reports it down after half a second.
    ///
    /// - Parameter folder: where it may keep its configuration, which it rewrites.
    static func startSentinel(
        of master: RedisServerProcess, quorum: Int, in folder: URL, _ settings: String = ""
    ) async throws -> RedisServerProcess {
        for _ in 0..<5 {
            let port = try await freePort()
            let file = folder.appending(path: "sentinel-\(port).conf")
            let text = """
                bind 127.0.0.1
                port \(port)
                sentinel monitor main 127.0.0.1 \(master.port) \(quorum)
                sentinel down-after-milliseconds main 500
                sentinel failover-timeout main 3000
                \(settings)

                """
            try Data(text.utf8).write(to: file)
            if let sentinel = try await launch(
                port: port, ["redis-server", file.path, "--sentinel"], isReadyAt: "+monitor master")
            {
                return sentinel
            }
        }
        throw Unavailable(description: "no Sentinel could be started; is redis-server installed?")
    }

    private static func launch(
        port: Int, _ arguments: [String], isReadyAt mark: String
    ) async throws -> RedisServerProcess? {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = arguments
        process.currentDirectoryURL = FileManager.default.temporaryDirectory
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let server = RedisServerProcess(port: port, process: process)
        // On a thread that may block: reading waits for more output from the server, or for its exit.
        let isReady = await withCheckedContinuation { continuation in
            let handle = output.fileHandleForReading
            Thread.detachNewThread {
                var log = Data()
                var isWaiting = true
                // Drain the pipe, or the server would eventually block on it when full.
                while case let data = handle.availableData, !data.isEmpty {
                    guard isWaiting else { continue }
                    log.append(data)
                    if log.range(of: Data(mark.utf8)) != nil {
                        isWaiting = false
                        continuation.resume(returning: true)
                    }
                }
                if isWaiting { continuation.resume(returning: false) }
            }
        }
        if isReady { return server }
        process.waitUntilExit()
        return nil
    }

    static func freePort() async throws -> Int {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0).get()
        let port = channel.localAddress?.port
        try await channel.close()
        return try #require(port)
    }

    /// Like a crash: nothing is closed in an orderly way.
    func kill() {
        signal(SIGKILL)
        process.waitUntilExit()
    }

    /// Suspends it so that it does not answer, without closing anything.
    func freeze() {
        signal(SIGSTOP)
    }

    private func signal(_ number: Int32) {
        guard process.isRunning else { return }
        _ = Foundation.kill(process.processIdentifier, number)
    }

    deinit {
        signal(SIGKILL)
    }
}

struct Unavailable: Error, CustomStringConvertible {
    let description: String
}

/// The server shared by the tests.
enum SharedRedis {
    static func configuration() throws -> RedisConfiguration {
        guard let url = ProcessInfo.processInfo.environment["SOJOURN_TEST_REDIS_URL"], !url.isEmpty else {
            throw Unavailable(
                description: """
                    SOJOURN_TEST_REDIS_URL is not set. These tests need a Redis server that they may use, for example \
                    SOJOURN_TEST_REDIS_URL=redis://127.0.0.1:6379/9
                    """)
        }
        return try RedisConfiguration(url: url)
    }
}
