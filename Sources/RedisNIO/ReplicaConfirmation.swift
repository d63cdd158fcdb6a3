import ConnectionSupport
import NIOCore

/// Finds out whether enough replicas have what a connection's commands wrote, with `WAIT` on a connection of its own to the
/// same server.
///
/// `WAIT` holds up every command behind it, so on the same connection reads would wait for the replicas as well, and where
/// those are gone, each of 256 commits in flight would add its whole timeout to those behind it. Here, everything that is
/// asked for during one `WAIT` shares the next: nothing waits for more than two.
///
/// `WAIT` counts the replicas that have the last write of its own connection (and, in Redis but not in Valkey, all that was
/// written when its last command ran). So it follows a write, to a key for that purpose: a replica that has it has everything
/// before it, and that includes every effect that a reply has told of.
///
/// Confined to its event loop.
final class ReplicaConfirmation {
    typealias Answer = (_ isConfirmed: Bool) -> Void

    /// How long `WAIT` waits, in milliseconds: well below ``RedisConfiguration/replyTimeout``, and well above the time that a
    /// replica needs.
    static let patienceMilliseconds: Int64 = 500

    /// How long the key is kept. Every confirmation writes it anew; it need not outlast even its own.
    private static let keptMilliseconds: Int64 = 60_000

    /// The reply in place of one whose effect too few replicas have.
    static let unconfirmed = RedisReply.error("UNCONFIRMED too few replicas have what this command saw or wrote")

    private let connection: RedisConnection
    private let replicas: Int
    private var waiting: [(key: [UInt8], answer: Answer)] = []
    private var isAsking = false

    /// - Parameter connection: to the same server as the one with the commands.
    init(over connection: RedisConnection, replicas: Int) {
        self.connection = connection
        self.replicas = replicas
    }

    /// The replies to commands, as soon as it is known whether what they saw or wrote is safe.
    ///
    /// - Parameter key: one that nothing else uses, in a slot of the server.
    func confirm(_ replies: [RedisReply], writing key: [UInt8], _ completion: @escaping RedisCompletion) {
        // What the server refused wrote nothing.
        guard replies.contains(where: { $0.serverError == nil }) else { return completion(.success(replies)) }
        let answer: Answer = { isConfirmed in
            if isConfirmed { return completion(.success(replies)) }
            completion(.success(replies.map { $0.serverError == nil ? Self.unconfirmed : $0 }))
        }
        waiting.append((key, answer))
        if !isAsking { ask() }
    }

    private func ask() {
        guard !waiting.isEmpty else { return }
        let asking = waiting
        waiting = []
        isAsking = true
        // In a cluster, a key cannot be written whose slot is moving to another server. That concerns its own slot alone.
        let keys = Set(asking.map(\.key))
        var pipeline = RedisPipeline()
        for key in keys {
            pipeline.command("SET", .bytes(key), 1, "PX", .integer(Self.keptMilliseconds))
        }
        pipeline.command("WAIT", .integer(Int64(replicas)), .integer(Self.patienceMilliseconds))
        connection.send(pipeline) { result in
            let replies = (try? result.get()) ?? []
            let written = Set(zip(keys, replies).filter { $0.1 == .simple("OK") }.map(\.0))
            let isWaitedFor = (replies.last?.integerReply ?? 0) >= self.replicas
            for (key, answer) in asking { answer(isWaitedFor && written.contains(key)) }
            self.isAsking = false
            self.ask()
        }
    }

    /// Keeps the connection from being closed because nothing is sent over it, and finds out if it is gone: then it ends.
    func ping() {
        var ping = RedisPipeline()
        ping.command("PING")
        connection.send(ping) { _ in }
    }
}

extension RedisReply {
    fileprivate var integerReply: Int? {
        guard case .integer(let value) = self else { return nil }
        return Int(exactly: value)
    }
}
