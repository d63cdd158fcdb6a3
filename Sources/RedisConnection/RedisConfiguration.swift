package import NIOSSL

/// Where the server is, how to sign in, and how long to wait.
package struct RedisConfiguration: Sendable {
    /// A host name or an IP address, without brackets.
    package var host: String
    package var port: Int
    /// Nil for plain TCP.
    package var tls: TLSConfiguration?
    /// The ACL user; nil signs in as the server's default user.
    package var username: String?
    /// Nil sends no `AUTH`. Never printed: every description of this value leaves it out.
    package var password: String?
    /// The database number, chosen with `SELECT` when the connection opens unless it is 0.
    package var database = 0
    /// How the connection calls itself in `CLIENT LIST`; nil leaves it nameless.
    package var clientName: String?
    /// The longest that name look-up and TCP may take together. TLS and signing in count as replies.
    package var connectTimeout: Duration = .seconds(5)
    /// The longest that the replies to one pipeline may take, from its write to its last reply.
    ///
    /// A pipeline past it closes the connection: a reply that comes after all could not be told from the next one's.
    /// Well above what a busy server takes (a slow `fsync` is a few hundred ms), and well below what a caller waits.
    package var replyTimeout: Duration = .seconds(2)
    /// The longest reply that is accepted, in bytes as the server sends them. A longer one closes the connection.
    /// Four times what a subject's sessions may take up together.
    package var maximumReplyBytes = 32 << 20
    /// What one reply may take up in memory, in bytes, about: short elements take ten times as much there as on their way.
    /// A longer one closes the connection.
    package var maximumReplyMemory = 64 << 20
    /// What the replies to one pipeline may take up together: they are handed over together. More closes the connection.
    package var maximumPipelineMemory = 128 << 20
    /// How long nothing may be heard from the server before it is asked whether it is there. One that is frozen, or behind
    /// a network that swallows everything, is noticed after this and ``replyTimeout``, though nobody uses it.
    package var pingInterval: Duration = .seconds(2)
    /// How many commands may be waiting for replies. More are refused at once, as a server this far behind is not
    /// helped by more of them.
    package var maximumOutstandingCommands = 65_536
    /// How many bytes of commands may be waiting for replies, as they may have to wait in memory.
    package var maximumOutstandingBytes = 64 << 20

    package init(host: String = "127.0.0.1", port: Int = 6379, tls: TLSConfiguration? = nil) {
        self.host = host
        self.port = port
        self.tls = tls
    }

    /// The ACL user that connections are signed in as.
    package var user: String { username ?? "default" }

    /// Host and port as they are logged.
    package var address: String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}

extension RedisConfiguration: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String {
        "\(tls == nil ? "redis" : "rediss")://\(password == nil && username == nil ? "" : "<credentials>@")\(address)/\(database)"
    }

    package var debugDescription: String { description }

    /// `dump` and string interpolation of a value that holds this one go by the mirror: it must not have the password.
    package var customMirror: Mirror {
        Mirror(self, children: ["description": description])
    }
}
