/// What is asked of the server whenever a connection opens: whether its user may do what the connection is for.
///
/// The question is a script, evaluated by its hash as those that do the work are. It answers the names of the commands
/// that its user may not run: an empty array where nothing is missing. (`ACL DRYRUN` needs a permission of its own that
/// no worker should have; to run each command on a key that is nobody's would leave something behind, or say nothing of
/// commands that scripts run.)
package struct RedisProbe: Sendable {
    package let script: RedisScript
    package let keys: [String]
    package let arguments: [RedisArgument]
    /// What the keys are, for the sentence that says that the user may not touch them.
    package let keysDescription: String

    package init(script: RedisScript, keys: [String], arguments: [RedisArgument] = [], keysDescription: String) {
        self.script = script
        self.keys = keys
        self.arguments = arguments
        self.keysDescription = keysDescription
    }

    var pipeline: RedisPipeline {
        var pipeline = RedisPipeline()
        pipeline.evaluate(script, keys: keys, arguments: arguments)
        return pipeline
    }

    /// - Parameter user: the ACL user that the connection is signed in as.
    /// - Throws: ``RedisError/Code/notPermitted`` where something is missing; what the pipeline failed with.
    func check(_ result: Result<[RedisReply], RedisError>, user: String) throws(RedisError) {
        let replies: [RedisReply]
        switch result {
        case .success(let success): replies = success
        case .failure(let error) where error.code == .protocolViolation: throw error
        case .failure(let error):
            throw RedisError(.connectFailed, "the connection did not become ready", underlying: error)
        }
        guard let reply = replies.first else { return }
        if let error = reply.serverError {
            switch error.kind {
            case .accessDenied, .redirection, .unknownCommand:
                throw RedisError(
                    .notPermitted,
                    "the Redis user \(user) may not run EVALSHA on \(keysDescription): \(error.words)")
            case .noScript, .loading, .busy, .readOnly, .masterDown, .outOfMemory, .notPersisting, .noReplicas,
                .clusterUnsettled, .wrongType, .other:
                // Nothing about permissions, and perhaps over when the connection is used.
                return
            }
        }
        let refused = (reply.array ?? []).compactMap(\.string)
        guard refused.isEmpty else {
            let names = refused.prefix(Self.maxNames).map { $0.filter(\.isCommandCharacter) }.joined(separator: ", ")
            throw RedisError(.notPermitted, "the Redis user \(user) may not run \(names) on \(keysDescription)")
        }
    }

    /// More names than there are commands in any probe.
    private static let maxNames = 40
}

extension Character {
    fileprivate var isCommandCharacter: Bool {
        isASCII && (isLetter || isNumber || self == "|" || self == "_" || self == "-")
    }
}
