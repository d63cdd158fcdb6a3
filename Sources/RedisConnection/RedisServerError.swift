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
        /// `NOAUTH`, `WRONGPASS`, `NOPERM`: the credentials are missing, wrong, or not enough.
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
        default: .other
        }
    }

    /// Whether the server was merely in a state that passes: the same command, sent later, can succeed. It had no
    /// effect this time.
    package var isTransient: Bool {
        switch kind {
        case .loading, .busy, .readOnly, .masterDown, .outOfMemory, .notPersisting, .noReplicas, .clusterUnsettled:
            true
        case .noScript, .accessDenied, .redirection, .wrongType, .other: false
        }
    }

    /// Whether this connection will keep getting this error while a new one may reach a server that does not give it:
    /// after a fail-over behind one name, or when the password was set or changed.
    package var callsForReconnect: Bool {
        switch kind {
        case .readOnly, .masterDown: true
        case .accessDenied: code == "NOAUTH"
        case .noScript, .loading, .busy, .outOfMemory, .notPersisting, .noReplicas, .clusterUnsettled, .redirection,
            .wrongType, .other:
            false
        }
    }
}
