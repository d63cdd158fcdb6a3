/// A check run on every new connection: does the user have all permissions the connection needs?
///
/// The probe is a script, evaluated by its hash like the scripts that do the work. It returns the names of the commands
/// that its user may not run, or an empty array. (`ACL DRYRUN` requires a permission that no worker should have; and
/// running each command on an unused key would leave data behind, or not cover commands that scripts run.)
package struct RedisProbe: Sendable {
    package let script: RedisScript
    /// Sets of keys to choose from, which differ only in their slots: a cluster node is asked about keys that it serves.
    package let keySets: [[String]]
    package let arguments: [RedisArgument]
    /// Describes the keys, for the message that the user may not access them.
    package let keysDescription: String

    package init(script: RedisScript, keySets: [[String]], arguments: [RedisArgument] = [], keysDescription: String) {
        self.script = script
        self.keySets = keySets
        self.arguments = arguments
        self.keysDescription = keysDescription
    }

    /// - Parameter owns: whether the server serves a slot.
    /// - Returns: nil for a server that serves none of the keys, and will not be asked for them.
    func pipeline(_ owns: (Int) -> Bool) -> RedisPipeline? {
        let keys = keySets.first { keys in keys.first.map { owns(HashSlot.slot(of: Array($0.utf8))) } ?? true }
        guard let keys else { return nil }
        var pipeline = RedisPipeline()
        pipeline.evaluate(script, keys: keys, arguments: arguments)
        return pipeline
    }

    /// - Parameters:
    ///   - user: the ACL user that the connection is authenticated as.
    ///   - inCluster: whether the server may redirect, because a slot has just been moved.
    /// - Throws: ``RedisError/Code/notPermitted`` if a permission is missing; otherwise the pipeline's error.
    func check(_ result: Result<[RedisReply], RedisError>, user: String, inCluster: Bool) throws(RedisError) {
        let replies = try result.repliesBeforeUse()
        guard let reply = replies.first else { return }
        if let error = reply.serverError {
            switch error.kind {
            case .redirection where inCluster: return
            case .accessDenied, .redirection, .unknownCommand:
                throw RedisError(
                    .notPermitted,
                    "the Redis user \(user) may not run EVALSHA on \(keysDescription): \(error.words)")
            case .noScript, .loading, .busy, .readOnly, .masterDown, .outOfMemory, .notPersisting, .noReplicas,
                .clusterUnsettled, .wrongType, .unconfirmed, .other:
                // Not about permissions, and possibly over by the time the connection is used.
                return
            }
        }
        let refused = (reply.array ?? []).compactMap(\.string)
        guard refused.isEmpty else {
            let names = refused.prefix(Self.maxNames).map { $0.filter(\.isCommandCharacter) }.joined(separator: ", ")
            throw RedisError(.notPermitted, "the Redis user \(user) may not run \(names) on \(keysDescription)")
        }
    }

    /// More names than any probe has commands.
    private static let maxNames = 40
}

extension Character {
    fileprivate var isCommandCharacter: Bool {
        isASCII && (isLetter || isNumber || self == "|" || self == "_" || self == "-")
    }
}
