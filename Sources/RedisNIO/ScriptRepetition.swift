/// What to send after `NOSCRIPT`: the scripts, then the commands that need them.
struct ScriptRepetition {
    /// The scripts to load, without duplicates.
    let scripts: [RedisScript]
    let pipeline: RedisPipeline
    private let calls: [RedisPipeline.ScriptCall]

    /// - Parameter sent: the pipeline the calls belong to, with its hashes filled in. They remain correct, as a hash
    ///   depends only on the script's text.
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
            pipeline.repeatCommand(call.start..<call.end, of: sent.buffer)
        }
        self.scripts = scripts
        self.calls = calls
        self.pipeline = pipeline
    }

    /// Replaces the `NOSCRIPT` replies with those to the repeated commands.
    func merge(_ repeated: [RedisReply], into replies: [RedisReply]) -> [RedisReply] {
        var replies = replies
        for (call, reply) in zip(calls, repeated.dropFirst(scripts.count)) {
            replies[call.command] = reply
        }
        return replies
    }
}

extension ReplyQueue.Finished {
    /// The evaluations that failed because the server lacked the script.
    var commandsWithoutScript: [RedisPipeline.ScriptCall] {
        guard let pipeline = entry.repeatable else { return [] }
        return pipeline.scriptCalls.filter { replies[$0.command].serverError?.kind == .noScript }
    }
}
