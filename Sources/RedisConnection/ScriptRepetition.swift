/// What is sent after `NOSCRIPT`: the scripts themselves, and then the commands that needed them.
struct ScriptRepetition {
    /// The scripts to load, each once.
    let scripts: [RedisScript]
    let pipeline: RedisPipeline
    private let calls: [RedisPipeline.ScriptCall]

    /// - Parameter sent: the pipeline that the calls are of, with its hashes filled in. They stay right: a hash is of
    ///   the text.
    init(of calls: [RedisPipeline.ScriptCall], in sent: RedisPipeline) {
        var scripts: [RedisScript] = []
        for call in calls where !scripts.contains(where: { $0.name == call.script.name }) {
            scripts.append(call.script)
        }
        var pipeline = RedisPipeline()
        for script in scripts {
            pipeline.load(script)
        }
        for call in calls {
            pipeline.repeatCommand(call, of: sent.buffer)
        }
        self.scripts = scripts
        self.calls = calls
        self.pipeline = pipeline
    }

    /// Puts the replies to the repeated commands where `NOSCRIPT` was.
    func merge(_ repeated: [RedisReply], into replies: [RedisReply]) -> [RedisReply] {
        var replies = replies
        for (call, reply) in zip(calls, repeated.dropFirst(scripts.count)) {
            replies[call.command] = reply
        }
        return replies
    }
}

extension ReplyQueue.Finished {
    /// The evaluations that the server could not do, for want of the script.
    var commandsWithoutScript: [RedisPipeline.ScriptCall] {
        guard let pipeline = entry.repeatable else { return [] }
        return pipeline.scriptCalls.filter { replies[$0.command].serverError?.kind == .noScript }
    }
}
