import NIOCore

/// A pipeline on its way through a cluster: where its commands are, and which replies are there.
final class ClusterFlight {
    let pipeline: RedisPipeline
    let commands: [RedisPipeline.Command]
    /// Until when commands are sent again that were redirected.
    let deadline: NIODeadline
    private let completion: RedisCompletion
    private var replies: [RedisReply]
    private var failure: RedisError?
    /// Whether a command may have been carried out.
    private var hasRun = false
    /// The parts whose outcome is not known yet.
    private var pending: Int
    private let isSplit: Bool

    init(
        _ pipeline: RedisPipeline, _ commands: [RedisPipeline.Command], parts: Int, deadline: NIODeadline,
        completion: @escaping RedisCompletion
    ) {
        self.pipeline = pipeline
        self.commands = commands
        self.deadline = deadline
        self.completion = completion
        pending = parts
        isSplit = parts > 1
        replies = Array(repeating: .null, count: commands.count)
    }

    func receive(_ reply: RedisReply, to command: Int) {
        hasRun = true
        replies[command] = reply
    }

    /// A part has no replies.
    func fail(_ error: RedisError) {
        if failure?.mayHaveRun != true { failure = error }
    }

    /// A part was split, because some of its commands are sent again elsewhere.
    func add(_ parts: Int) {
        pending += parts
    }

    /// A part's outcome is known.
    func finishPart() {
        pending -= 1
        guard pending == 0 else { return }
        guard let failure else { return completion(.success(affordableReplies)) }
        guard hasRun, !failure.mayHaveRun else { return completion(.failure(failure)) }
        completion(
            .failure(RedisError(.connectionClosed, "only a part was sent: \(failure.message)", underlying: failure)))
    }

    /// Each node's replies are within the pipeline's budget; together they may not be.
    private var affordableReplies: [RedisReply] {
        var rest = pipeline.replyBudget.total
        guard isSplit, rest < .max else { return replies }
        return replies.map { reply in
            let size = reply.byteCount
            guard size > RedisPipeline.smallReply else { return reply }
            guard size <= rest else { return .oversized(bytes: size) }
            rest -= size
            return reply
        }
    }
}

extension RedisReply {
    /// Approximately as sent by the server.
    fileprivate var byteCount: Int {
        switch self {
        case .simple(let text), .error(let text): text.utf8.count + 3
        case .bulk(let bytes): bytes.count + 10
        case .integer, .null: 8
        case .array(let elements): elements.reduce(8) { $0 + $1.byteCount }
        case .oversized: 0
        }
    }
}
