import Glibc

/// How many descriptors a worker needs at most, and whether it may have them: one that finds out later cannot open the
/// connection it lost, nor answer at its admin address.
struct OpenFiles {
    /// A lane's connections, to RabbitMQ and Redis, and what its event loop itself holds (3); twice the former, since a
    /// lost one may be there still while the next is made.
    static let perLane = 16
    /// Those of the sweeper, of the admin address with its connections, of watched files and a command's pipes, and what
    /// the process began with.
    static let besides = 64 + AdminServer.Limits.connections

    /// How many there have to be: the lane of revocations is one more.
    static func needed(lanes: Int) -> Int { (lanes + 1) * perLane + besides }

    /// Raises the limit as far as is needed and allowed.
    ///
    /// - Throws: `ConfigurationError` where that is not enough.
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
                "cannot be raised to \(needed), which \(lanes) lanes need (\(String(cString: strerror(errno))))",
                remedy: "raise it for the worker's user")
        }
    }

    private static func lanesPossible(with files: Int) -> Int { max((files - besides) / perLane - 1, 0) }
}
