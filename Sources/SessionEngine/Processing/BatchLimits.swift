import SessionStorage

/// How much a lane may have loaded, decided and written out at once, in bytes as they are there: a command of 20 bytes may
/// ask for a megabyte.
///
/// A worker stays under 150 MB with these, its lanes together: what is loaded takes up about four times its size once it is
/// opened and decoded, and what is written out twice its own until RabbitMQ has it.
package enum BatchLimits {
    /// What a round loads of all its subjects together.
    static let loadBytes = 4 << 20
    /// An aggregate that is larger is carried out apart, for the others not to wait for it.
    static let largeAggregateBytes = 256 << 10
    /// Aggregates that a round asks Redis for in full: all of them wait there, whole, to be sent.
    static let wholeAggregates = 64
    /// Activity logs that are loaded of one subject: each has up to 200 entries.
    static let activityLogs = 4
    /// What the results of a batch have together, beyond the last: then the rest waits for another batch. As much as a full
    /// batch of ordinary results has.
    static let resultBytes = 2 << 20
    /// The same for a large subject: whoever has a small one waits for no more than this.
    static let resultBytesApart = 1 << 20
    /// Commands on a large aggregate that are carried out together.
    static let commandsApart = 64

    /// The room that is left for a batch.
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

        /// Takes the room of a result.
        mutating func take(_ bytes: Int) {
            resultBytes -= bytes
        }
    }
}

/// The commands of a batch that there was no room for, by their places in it.
package struct LeftCommands: Equatable, Sendable {
    /// To be carried out with others, in a batch of their own.
    package var again: [Int] = []
    /// About subjects that are too large for that: to be carried out apart, one subject at a time.
    package var alone: [Int] = []
}
