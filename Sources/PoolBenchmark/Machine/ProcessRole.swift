/// The processes whose CPU time a benchmark reports.
package enum ProcessRole: String, CaseIterable, Sendable {
    /// All workers together; for the echo, the part of this process that answers.
    case worker
    case broker
    case redis
    /// This process's own part in sending and receiving.
    case client
}
