/// An error reply, and what its first word means for the sender of the command.
package struct RedisServerError: Error, Sendable, Equatable {
    /// The errors that need different handling, by the first word of the reply.
    package enum Kind: Sendable, Equatable {
        /// `NOSCRIPT`: the script is not in the server's cache.
        case noScript
        /// `LOADING`: the server is reading its data set from disk.
        case loading
        /// `BUSY`: a script has run for longer than the server's limit.
        case busy
        /// `READONLY`: the server is a replica now; the master is elsewhere.
        case readOnly
        /// `MASTERDOWN`: a replica that has lost its master and is not allowed to serve stale data.
        case masterDown
        /// `NOAUTH`, `WRONGPASS`, `NOPERM`: the credentials are missing, wrong, or insufficient. For a command inside a
        /// script Redis reports this with `ERR`.
        case accessDenied
        /// `OOM`: over the memory limit, and nothing may be evicted.
        case outOfMemory
        /// `MISCONF`: the server cannot write its snapshots, and refuses writes until it can.
        case notPersisting
        /// `NOREPLICAS`: fewer replicas than `min-replicas-to-write`.
        case noReplicas
        /// `CLUSTERDOWN`, `TRYAGAIN`: the cluster does not cover all its slots at present.
        case clusterUnsettled
        /// `MOVED`, `ASK`: another node owns the slot.
        case redirection
        /// `WRONGTYPE`: the key holds another type.
        case wrongType
        /// `ERR unknown command`: the server lacks it, or its operators have renamed it.
        case unknownCommand
        /// `UNCONFIRMED`, which no server sends: it was carried out, but too few replicas have the effect
        /// (``RedisConfiguration/replicas``).
        case unconfirmed
        /// Any other first word, usually `ERR`.
        case other
    }

    /// The whole error line. May repeat parts of the command, so log ``code`` instead.
    package let message: String

    package init(message: String) {
        self.message = message
    }

    /// The first word of the error line, such as `WRONGTYPE`.
    package var code: Substring {
        message.prefix { $0 != " " }
    }

    package var kind: Kind {
        switch code {
        case "NOSCRIPT": .noScript
        case "LOADING": .loading
        case "BUSY": .busy
        case "READONLY": .readOnly
        case "MASTERDOWN": .masterDown
        case "NOAUTH", "WRONGPASS", "NOPERM": .accessDenied
        case "OOM": .outOfMemory
        case "MISCONF": .notPersisting
        case "NOREPLICAS": .noReplicas
        case "CLUSTERDOWN", "TRYAGAIN": .clusterUnsettled
        case "MOVED", "ASK": .redirection
        case "WRONGTYPE": .wrongType
        case "UNCONFIRMED": .unconfirmed
        case "ERR" where message.hasPrefix(Self.deniedInScript): .accessDenied
        case "ERR" where message.hasPrefix(Self.unknownCommand): .unknownCommand
        default: .other
        }
    }

    /// How Redis 7 refuses a command in a script whose user may not run it (scriptVerifyACL in its script.c).
    private static let deniedInScript = "ERR The user executing the script can't run"
    private static let unknownCommand = "ERR unknown command"

    /// Whether the error is transient: the command had no effect, and the same command can succeed later, perhaps only
    /// after someone restores a permission.
    package var isTransient: Bool {
        switch kind {
        case .loading, .busy, .readOnly, .masterDown, .outOfMemory, .notPersisting, .noReplicas, .clusterUnsettled,
            .accessDenied, .redirection, .unknownCommand:
            true
        case .noScript, .wrongType, .unconfirmed, .other: false
        }
    }

    /// Whether the command itself caused the error, through its arguments or the type of its key, so that repeating it
    /// gives the same error. All other errors concern the server or its user.
    package var isOfTheCommand: Bool {
        switch kind {
        case .wrongType: true
        case .other: code == "ERR"
        case .noScript, .loading, .busy, .readOnly, .masterDown, .accessDenied, .outOfMemory, .notPersisting,
            .noReplicas, .clusterUnsettled, .redirection, .unknownCommand, .unconfirmed:
            false
        }
    }

    /// Whether this connection will keep getting this error while a new one may not: after a fail-over behind one name,
    /// after a password was set or changed, or after a permission was revoked. If the problem persists, setting up the
    /// new connection detects and reports it before anyone uses it.
    package var callsForReconnect: Bool {
        switch kind {
        case .readOnly, .masterDown, .accessDenied, .redirection, .unknownCommand: true
        case .noScript, .loading, .busy, .outOfMemory, .notPersisting, .noReplicas, .clusterUnsettled, .wrongType,
            .unconfirmed, .other:
            false
        }
    }

    /// The part of the error that is safe to log: the server's own words if they concern commands, users or servers,
    /// otherwise only the first word, since the rest may repeat what was sent. Printable ASCII and short, because a
    /// server's text is untrusted.
    package var words: String {
        switch kind {
        case .wrongType, .other, .noScript: Self.printable(code)
        // The command's name precedes the arguments.
        case .unknownCommand: Self.printable(message.prefix { $0 != "," })
        case .loading, .busy, .readOnly, .masterDown, .accessDenied, .outOfMemory, .notPersisting, .noReplicas,
            .clusterUnsettled, .redirection, .unconfirmed:
            Self.printable(message[...])
        }
    }

    private static let maxWords = 160

    private static func printable(_ text: Substring) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.lazy.filter { (" "..."~").contains($0) }.prefix(maxWords)))
    }
}
