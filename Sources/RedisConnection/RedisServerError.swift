/// An error reply, and what its first word means to whoever sent the command.
package struct RedisServerError: Error, Sendable, Equatable {
    /// The errors that call for different behaviour, by the first word of the reply.
    package enum Kind: Sendable, Equatable {
        /// `NOSCRIPT`: the script is not in the server's cache.
        case noScript
        /// `LOADING`: the server is reading its data set from disk.
        case loading
        /// `BUSY`: a script has run for longer than the server's limit.
        case busy
        /// `READONLY`: the server is a replica now; the master is elsewhere.
        case readOnly
        /// `MASTERDOWN`: a replica that has lost its master and may not serve old data.
        case masterDown
        /// `NOAUTH`, `WRONGPASS`, `NOPERM`: the credentials are missing, wrong, or not enough. Of a command inside a script
        /// Redis says it with `ERR`.
        case accessDenied
        /// `OOM`: over the memory limit, and nothing may be evicted.
        case outOfMemory
        /// `MISCONF`: the server cannot write its snapshots, and refuses writes meanwhile.
        case notPersisting
        /// `NOREPLICAS`: fewer replicas than `min-replicas-to-write`.
        case noReplicas
        /// `CLUSTERDOWN`, `TRYAGAIN`: a cluster without a full view of its slots.
        case clusterUnsettled
        /// `MOVED`, `ASK`: another node has the slot.
        case redirection
        /// `WRONGTYPE`: the key holds something else.
        case wrongType
        /// `ERR unknown command`: the server does not have it, or its operators have renamed it.
        case unknownCommand
        /// Any other first word, usually `ERR`.
        case other
    }

    /// The whole error line. May repeat parts of the command: not for logs, use ``code`` there.
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
        case "ERR" where message.hasPrefix(Self.deniedInScript): .accessDenied
        case "ERR" where message.hasPrefix(Self.unknownCommand): .unknownCommand
        default: .other
        }
    }

    /// How Redis 7 refuses a command of a script that the script's user may not run (scriptVerifyACL in its script.c).
    private static let deniedInScript = "ERR The user executing the script can't run"
    private static let unknownCommand = "ERR unknown command"

    /// Whether the server was merely in a state that passes: the same command, sent later, can succeed, be it that somebody
    /// has to give a permission back first. It had no effect this time.
    package var isTransient: Bool {
        switch kind {
        case .loading, .busy, .readOnly, .masterDown, .outOfMemory, .notPersisting, .noReplicas, .clusterUnsettled,
            .accessDenied, .redirection, .unknownCommand:
            true
        case .noScript, .wrongType, .other: false
        }
    }

    /// Whether it is about what was sent, so that to send it again brings the same: what the key holds, or what the
    /// arguments are. All else is about the server or its user.
    package var isOfTheCommand: Bool {
        switch kind {
        case .wrongType: true
        case .other: code == "ERR"
        case .noScript, .loading, .busy, .readOnly, .masterDown, .accessDenied, .outOfMemory, .notPersisting,
            .noReplicas, .clusterUnsettled, .redirection, .unknownCommand:
            false
        }
    }

    /// Whether this connection will keep getting this error while a new one may reach a server that does not give it:
    /// after a fail-over behind one name, when the password was set or changed, or a permission was taken away. What
    /// is amiss a new connection finds out before anybody uses it, and says it.
    package var callsForReconnect: Bool {
        switch kind {
        case .readOnly, .masterDown, .accessDenied, .redirection, .unknownCommand: true
        case .noScript, .loading, .busy, .outOfMemory, .notPersisting, .noReplicas, .clusterUnsettled, .wrongType,
            .other:
            false
        }
    }

    /// What may be said of it in a log: the server's own words where they are about commands, users and servers, else
    /// the first word alone, as the rest can repeat what was sent. Of printable ASCII, and short: it is a server's word.
    package var words: String {
        switch kind {
        case .wrongType, .other, .noScript: Self.printable(code)
        // The command's name stands before the arguments.
        case .unknownCommand: Self.printable(message.prefix { $0 != "," })
        case .loading, .busy, .readOnly, .masterDown, .accessDenied, .outOfMemory, .notPersisting, .noReplicas,
            .clusterUnsettled, .redirection:
            Self.printable(message[...])
        }
    }

    private static let maxWords = 160

    private static func printable(_ text: Substring) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.lazy.filter { (" "..."~").contains($0) }.prefix(maxWords)))
    }
}
