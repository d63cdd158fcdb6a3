import SessionStorage

/// How much a lane may load, decide and serialise at once, in bytes of decoded data: a command of 20 bytes may request
/// a megabyte.
///
/// With these limits a worker stays under 150 MB over all lanes: loaded data takes about four times its size once it is
/// opened and decoded, and results take twice theirs until RabbitMQ confirms them.
package enum BatchLimits {
    /// What a round loads, for all subjects together.
    static let loadBytes = 4 << 20
    /// A larger aggregate is processed separately, so that the others do not wait for it.
    static let largeAggregateBytes = 256 << 10
    /// Whole aggregates that a round requests: all of them are buffered in Redis, waiting to be sent.
    static let wholeAggregates = 64
    /// Activity logs loaded per subject; each has up to 200 entries.
    static let activityLogs = 4
    /// Results of a batch together, beyond which the rest waits for another batch. A full batch of ordinary results
    /// fits.
    static let resultBytes = 2 << 20
    /// The same for a large subject: commands of small subjects wait for no more than this.
    static let resultBytesApart = 1 << 20
    /// Commands of a large aggregate that are processed together.
    static let commandsApart = 64

    /// The remaining capacity of a batch.
    struct Room {
        let load: LoadBudget
        let groups: Int
        let commandsOfGroup: Int
        private var resultBytes: Int

        /// For many subjects, all of them small.
        static var shared: Room {
            Room(
                load: LoadBudget(total: BatchLimits.loadBytes, each: BatchLimits.largeAggregateBytes), groups: .max,
                commandsOfGroup: .max,
                resultBytes: BatchLimits.resultBytes)
        }
        /// For one subject, which may be large.
        static var apart: Room {
            Room(
                load: .unlimited, groups: 1, commandsOfGroup: BatchLimits.commandsApart,
                resultBytes: BatchLimits.resultBytesApart)
        }

        private init(load: LoadBudget, groups: Int, commandsOfGroup: Int, resultBytes: Int) {
            self.load = load
            self.groups = groups
            self.commandsOfGroup = commandsOfGroup
            self.resultBytes = resultBytes
        }

        /// Whether another command may be decided.
        var isEnough: Bool { resultBytes > 0 }

        /// Uses up the capacity for a result.
        mutating func take(_ bytes: Int) {
            resultBytes -= bytes
        }
    }
}

/// The commands of a batch that did not fit, by their places in it.
package struct LeftCommands: Equatable, Sendable {
    /// To be processed in another batch, with others.
    package var again: [Int] = []
    /// Commands of large subjects, to be processed separately, one subject at a time.
    package var alone: [Int] = []
}
