import Logging
package import NIOCore
package import RedisNIO

/// What a Redis server says about itself.
package struct RedisInformation: Sendable, Equatable {
    package let version: String
    package let port: Int
    /// The server's process, if it is on this machine.
    package let localProcess: Int32?

    /// - Parameters:
    ///   - text: the reply to `INFO server`.
    ///   - isLocal: whether its address is one of this machine.
    init?(text: String, port: Int, isLocal: Bool) {
        var fields: [Substring: Substring] = [:]
        for line in text.split(whereSeparator: \.isNewline) {
            guard let colon = line.firstIndex(of: ":") else { continue }
            fields[line[..<colon]] = line[line.index(after: colon)...]
        }
        guard let version = fields["redis_version"] else { return nil }
        self.version = String(version)
        self.port = port
        localProcess = isLocal ? fields["process_id"].flatMap { Int32($0) } : nil
    }

    /// Asks the server; nil if it does not answer, or forbids the question.
    package static func ask(
        _ configuration: RedisConfiguration, isLocal: Bool, on loop: any EventLoop
    ) async -> RedisInformation? {
        let logger = Logger(label: "sojourn.bench") { _ in SwiftLogNoOpLogHandler() }
        guard let client = try? RedisClient(configuration, on: loop, logger: logger) else { return nil }
        client.start()
        let text = await withTaskGroup(of: String?.self) { group in
            group.addTask {
                var pipeline = RedisPipeline()
                pipeline.command("INFO", "server")
                guard (try? await client.waitUntilConnected()) != nil,
                    let replies = try? await client.send(pipeline)
                else { return nil }
                return replies.first?.string
            }
            group.addTask {
                try? await Task.sleep(for: .seconds(3))
                return nil
            }
            defer { group.cancelAll() }
            return await group.next() ?? nil
        }
        await client.shutdown()
        // Of several servers, no single process shows what they use.
        guard case .single = configuration.deployment, let port = configuration.endpoints.first?.port else {
            return text.flatMap { RedisInformation(text: $0, port: 0, isLocal: false) }
        }
        return text.flatMap { RedisInformation(text: $0, port: port, isLocal: isLocal) }
    }
}
