package import NIOSSL

/// The servers' addresses, the credentials and the timeouts.
package struct RedisConfiguration: Sendable {
    /// How the servers work together.
    package enum Deployment: Sendable, Hashable {
        /// One server, or whatever stands behind one address.
        case single
        /// The master of this name, which the Sentinels at the endpoints know.
        case sentinel(masterName: String)
        /// A Redis Cluster, of which the endpoints are some nodes.
        case cluster
    }

    /// At least one, at most ``maxEndpoints``: the server; the Sentinels; or some nodes of the cluster.
    package var endpoints: [RedisEndpoint]
    package var deployment: Deployment
    /// Limit on ``endpoints``: each may cost a timeout before the next is asked.
    package static let maxEndpoints = 32
    /// Nil uses plain TCP.
    package var tls: TLSConfiguration?
    /// Whether to connect without TLS only to hosts that are certainly this machine, whoever named them: Sentinels and
    /// cluster nodes announce addresses.
    package var requiresTLS = false
    /// The ACL user; nil authenticates as the server's default user.
    package var username: String?
    /// Nil sends no `AUTH`. Every description of this value omits it.
    package var password: String?
    /// The ACL user and the password for Sentinels, which have their own. Every description of this value omits them.
    package var sentinelUsername: String?
    package var sentinelPassword: String?
    /// How many replicas must have what a pipeline wrote, where the pipeline asks for it.
    package var replicas = 0
    /// The database number, selected with `SELECT` on connecting unless it is 0.
    package var database = 0
    /// The connection's name in `CLIENT LIST`; nil sets none.
    package var clientName: String?
    /// Limit on name look-up and TCP together. TLS and authentication are limited by `replyTimeout`.
    package var connectTimeout: Duration = .seconds(5)
    /// Limit on the replies to one pipeline, from its write to its last reply.
    ///
    /// Exceeding it closes the connection, because a late reply could not be told from the next one. It is well above
    /// the pauses of a busy server (a slow `fsync` takes a few hundred ms) and well below how long callers wait.
    package var replyTimeout: Duration = .seconds(2)
    /// How long a Sentinel, or a node that is asked for the slots, may take to be connected to, and to answer, until the next
    /// is asked. They are near, and have little to do.
    package var askingTimeout: Duration = .seconds(1)
    /// The longest reply accepted, in bytes as sent. A longer one closes the connection. Four times the maximum size of
    /// a subject's sessions.
    package var maximumReplyBytes = 32 << 20
    /// The approximate memory that one reply may use, in bytes: short elements take ten times as much in memory as on
    /// the wire. A larger reply closes the connection.
    package var maximumReplyMemory = 64 << 20
    /// The memory that all replies to one pipeline may use, since they are delivered together. Exceeding it closes the
    /// connection.
    package var maximumPipelineMemory = 128 << 20
    /// How long the server may be silent before it is pinged. A frozen server, or one behind a network that drops
    /// everything, is detected after this plus ``replyTimeout``, even while the connection is idle.
    package var pingInterval: Duration = .seconds(2)
    /// The maximum number of commands awaiting replies. More are refused at once: sending more would not help a server
    /// this far behind.
    package var maximumOutstandingCommands = 65_536
    /// The maximum size of commands awaiting replies, in bytes, as they may have to be buffered.
    package var maximumOutstandingBytes = 64 << 20

    package init(endpoints: [RedisEndpoint], deployment: Deployment, tls: TLSConfiguration? = nil) {
        self.endpoints = endpoints
        self.deployment = deployment
        self.tls = tls
    }

    /// A single server.
    package init(host: String = "127.0.0.1", port: Int = 6379, tls: TLSConfiguration? = nil) {
        self.init(endpoints: [RedisEndpoint(host: host, port: port)], deployment: .single, tls: tls)
    }

    /// The ACL user that connections authenticate as.
    package var user: String { username ?? "default" }

    /// The endpoints in the form used in logs.
    package var address: String { endpoints.map(\.description).joined(separator: ",") }
}

extension RedisConfiguration {
    /// - Throws: ``RedisError/Code/invalidConfiguration`` for settings that can never work.
    func check() throws(RedisError) {
        guard (1...Self.maxEndpoints).contains(endpoints.count) else {
            throw RedisError(.invalidConfiguration, "\(endpoints.count) addresses are not 1 to \(Self.maxEndpoints)")
        }
        for endpoint in endpoints where !(1...65_535).contains(endpoint.port) || endpoint.host.isEmpty {
            throw RedisError(.invalidConfiguration, "the address \(endpoint) lacks a host or a valid port")
        }
        guard username == nil || password != nil, sentinelUsername == nil || sentinelPassword != nil else {
            throw RedisError(.invalidConfiguration, "a Redis user without a password cannot authenticate")
        }
        if case .cluster = deployment, database != 0 {
            throw RedisError(.invalidConfiguration, "a Redis Cluster has no database but 0")
        }
    }
}

extension RedisConfiguration: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String {
        let credentials = password == nil && username == nil ? "" : "<credentials>@"
        let scheme = tls == nil ? "redis" : "rediss"
        switch deployment {
        case .single: return "\(scheme)://\(credentials)\(address)/\(database)"
        case .sentinel(let name): return "\(scheme)+sentinel://\(credentials)\(address)/\(name)/\(database)"
        case .cluster: return "\(scheme)+cluster://\(credentials)\(address)"
        }
    }

    package var debugDescription: String { description }

    /// `dump` and string interpolation of a value that contains this one use the mirror, so it must omit the password.
    package var customMirror: Mirror {
        Mirror(self, children: ["description": description])
    }
}
