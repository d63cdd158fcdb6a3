import ConnectionSupport

/// The first pipeline of a connection: authenticates, selects the database, loads the scripts, asks for its role.
struct ConnectionSetup {
    private enum Step {
        case authenticate
        case selectDatabase
        case setName
        case load(RedisScript)
        case role
        case ping
    }

    private(set) var pipeline = RedisPipeline()
    private var steps: [Step] = []
    private let user: String

    /// - Parameter needsMaster: whether a server that is a replica is refused.
    init(configuration: RedisConfiguration, scripts: [RedisScript], needsMaster: Bool = false) {
        user = configuration.user
        if let password = configuration.password {
            let user = configuration.username.map { [RedisArgument.string($0)] } ?? []
            pipeline.command("AUTH", arguments: user + [.string(password)])
            steps.append(.authenticate)
        }
        if configuration.database != 0 {
            pipeline.command("SELECT", .integer(Int64(configuration.database)))
            steps.append(.selectDatabase)
        }
        if let name = configuration.clientName {
            pipeline.command("CLIENT", "SETNAME", .string(name))
            steps.append(.setName)
        }
        for script in scripts {
            pipeline.load(script)
            steps.append(.load(script))
        }
        if needsMaster {
            pipeline.command("ROLE")
            steps.append(.role)
        }
        // Even if nothing else needs setting up, this detects a server that requires a password or is still loading its
        // data.
        pipeline.command("PING")
        steps.append(.ping)
    }

    /// Checks the replies and returns the hashes of the scripts.
    ///
    /// - Throws: ``RedisError/Code/authenticationFailed``, ``RedisError/Code/server``, or
    ///   ``RedisError/Code/connectFailed`` when there are no replies.
    func check(_ result: Result<[RedisReply], RedisError>) throws(RedisError) -> [(RedisScript, ScriptHash)] {
        let replies = try result.repliesBeforeUse()
        var hashes: [(RedisScript, ScriptHash)] = []
        for (step, reply) in zip(steps, replies) {
            switch step {
            case .authenticate:
                if let error = reply.serverError {
                    // Log only the code: a server that does not know AUTH repeats the arguments in its message.
                    throw RedisError(.authenticationFailed, "the server refused the credentials: \(error.code)")
                }
            case .selectDatabase: try refuseError(reply, "SELECT")
            case .setName:
                // A server that forbids CLIENT works too; its operators just do not see the connection's name.
                break
            case .load(let script):
                try refuseError(reply, "SCRIPT LOAD of \(script.name)")
                guard let hash = ScriptHash(reply) else {
                    throw RedisError(.protocolViolation, "SCRIPT LOAD of \(script.name) did not return a hash")
                }
                hashes.append((script, hash))
            case .role:
                try refuseError(reply, "ROLE")
                guard reply.array?.first?.string == "master" else {
                    throw RedisError(.server, "the server is not the master: it is a replica, or was one until now")
                }
            case .ping: try refuseError(reply, "PING")
            }
        }
        return hashes
    }

    private func refuseError(_ reply: RedisReply, _ command: String) throws(RedisError) {
        guard let error = reply.serverError else { return }
        let refusal = "the server refused \(command) to the user \(user): \(error.words)"
        switch error.kind {
        case .accessDenied where error.code != "NOPERM": throw RedisError(.authenticationFailed, refusal)
        case .accessDenied, .unknownCommand: throw RedisError(.notPermitted, refusal)
        case .noScript, .loading, .busy, .readOnly, .masterDown, .outOfMemory, .notPersisting, .noReplicas,
            .clusterUnsettled, .redirection, .wrongType, .unconfirmed, .other:
            throw RedisError(.server, refusal)
        }
    }
}

extension Result<[RedisReply], RedisError> {
    /// The replies to what is sent before a connection is used.
    ///
    /// - Throws: ``RedisError/Code/protocolViolation`` as it is; ``RedisError/Code/connectFailed`` for any other failure, with
    ///   the reason alone if it is that there is no TLS.
    func repliesBeforeUse() throws(RedisError) -> [RedisReply] {
        switch self {
        case .success(let replies): return replies
        case .failure(let error) where error.code == .protocolViolation: throw error
        case .failure(let error):
            if let refusal = error.underlying as? TLSRefusal { throw RedisError(.connectFailed, "\(refusal)") }
            throw RedisError(.connectFailed, "the connection did not become ready", underlying: error)
        }
    }
}
