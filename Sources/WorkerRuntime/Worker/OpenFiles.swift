import Glibc
import SessionCrypto

/// Makes sure that the worker may open as many descriptors as it needs. If it ran out later, it could neither reopen a
/// lost connection nor answer at its admin address.
struct OpenFiles {
    /// Per lane: its connections to RabbitMQ and Redis, twice, because a lost one may still be open while the next is
    /// opened; and 3 for its event loop.
    static let perLane = 16
    /// The sweeper's, those of the admin address and its connections, watched files and a command's pipes, and those
    /// that the process inherited.
    static let other = 64 + AdminServer.Limits.connections

    /// The number needed; the revocation lane is one more lane.
    static func needed(lanes: Int) -> Int { (lanes + 1) * perLane + other }

    /// Raises the limit as far as needed and allowed.
    ///
    /// - Throws: `ConfigurationError` if that is not enough.
    static func provide(for configuration: WorkerConfiguration) throws(ConfigurationError) {
        let lanes = configuration.lanes
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        let needed = rlim_t(needed(lanes: lanes))
        guard limit.rlim_cur < needed else { return }
        guard limit.rlim_max >= needed else {
            throw ConfigurationError(
                .tooFewFiles, "The limit on open files (ulimit -n)",
                "is \(limit.rlim_max), and \(lanes) lanes need \(needed)",
                remedy: "raise it, or set \(configuration.name(of: .lanes)) to "
                    + "\(lanesPossible(with: Int(clamping: limit.rlim_max))) at most")
        }
        limit.rlim_cur = needed
        guard setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
            throw ConfigurationError(
                .tooFewFiles, "The limit on open files (ulimit -n)",
                "cannot be raised to \(needed), which \(lanes) lanes need (\(systemError()))",
                remedy: "raise it for the worker's user")
        }
    }

    private static func lanesPossible(with files: Int) -> Int { max((files - other) / perLane - 1, 0) }
}
