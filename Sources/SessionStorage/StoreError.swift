/// The store could not do what was requested.
package struct StoreError: Error, Sendable, CustomStringConvertible {
    package enum Cause: String, CaseIterable, Sendable {
        /// The store is unreachable, starting, or does not let us work: a permission was revoked, another node owns the
        /// keys, its replies are nonsense. The request did not cause this.
        case away
        /// The store can be read but refuses writes at present: it is a replica, out of memory, or short of replicas.
        case writesRefused = "writes_refused"
        /// The request needs a record that is sealed with a key that this keyring does not have yet.
        case keyUnknown = "key_unknown"
        /// The request needs a record that only a later version can read, or is a command that only a later version
        /// knows. It is for another worker.
        case laterVersion = "later_version"
        /// The store works but refused this request.
        case refused
    }

    /// A sentence for the log.
    package let message: String
    package let cause: Cause
    /// Whether the request may have taken effect, in whole or in part.
    package let mayHaveHappened: Bool

    package var description: String { message }

    package init(_ message: String, _ cause: Cause, mayHaveHappened: Bool) {
        self.message = message
        self.cause = cause
        self.mayHaveHappened = mayHaveHappened
    }
}
