package import NIOSSL

/// The server's address, the credentials and the timeouts.
package struct RedisConfiguration: Sendable {
    /// A host name or an IP address, without brackets.
    package var host: String
    package var port: Int
    /// Nil uses plain TCP.
    package var tls: TLSConfiguration?
    /// The ACL user; nil authenticates as the server's default user.
    package var username: String?
    /// Nil sends no `AUTH`. Every description of this value omits it.
    package var password: String?
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

    package init(host: String = "127.0.0.1", port: Int = 6379, tls: TLSConfiguration? = nil) {
        self.host = host
        self.port = port
        self.tls = tls
    }

    /// The ACL user that connections authenticate as.
    package var user: String { username ?? "default" }

    /// Host and port in the form used in logs.
    package var address: String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}

extension RedisConfiguration: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String {
        "\(tls == nil ? "redis" : "rediss")://\(password == nil && username == nil ? "" : "<credentials>@")\(address)/\(database)"
    }

    package var debugDescription: String { description }

    /// `dump` and string interpolation of a value that contains this one use the mirror, so it must omit the password.
    package var customMirror: Mirror {
        Mirror(self, children: ["description": description])
    }
}
