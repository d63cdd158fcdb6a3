import SessionContract
import SessionCore

/// Every order of a small case: two workers, three commands about one subject, and at most one crash and one
/// redelivery, each at any step.
///
/// A step is whatever another party can notice: a delivery, a load, a commit, a publication, an acknowledgement, a clear. A
/// schedule says which comes next, again and again. A crash loses the loads of the worker, and each of its commits either is
/// lost or still arrives, at any later step. A redelivery means that a worker loses its connections to the broker and lives on.
///
/// The search visits each state once. How many schedules lead on from it is counted when it is left for the last time, so the
/// number of schedules is a sum and no schedule is tried twice (see `Schedule.digest`).
///
/// These orders count as one (`Settings.isReduced` turns all of this off; a test compares the outcomes of both):
/// - *Publications and acknowledgements wait.* The broker refuses nothing here, and a confirmation only leads to an
///   acknowledgement and a clear. So nobody notices when they arrive, unless their sender is lost first. They wait until then,
///   or until nothing else is left. When their sender is lost, the search tries every number of publications whose
///   acknowledgement still arrived. The others are redelivered whether or not they had reached the broker.
/// - *What may have been published counts against a promise, never for it.* The checker observes each publication and reply
///   when it is sent, as something that may have happened: a second result or an event that was never stored is a violation
///   at once. Only one that certainly arrives answers a command. So the search need not try both.
/// - *A clear arrives at once, or is lost with its sender.* It takes events from the outbox, which only the relay reads, and
///   the relay runs after the last step. What a lost clear leaves in the outbox is published again at the end.
/// - *Reading the policies and starting consumers happen at once.* No command changes policies here. A delivery to a worker
///   whose consumers start late is the same delivery to the other worker.
/// - *Only a worker that has something to do crashes.* Another comes back as it was.
/// - *The load of a dead worker has no effect.* It only claims message ids, and here each id belongs to one command.
/// - *A commit decided on an old revision arrives at once.* It stores nothing, since revisions only grow. Its lane loads
///   again, and that load may arrive at any later step.
/// - *The count of a delivery arrives at once.* The batch is complete before it, and nobody else reads it.
/// - *The last delivery comes before anything else*, once no fault is left and no lane has a delivery that waits for a batch:
///   the lane that gets it begins its next batch with it alone, whether it comes during the present batch or behind it. Which
///   worker gets it is tried both ways.
/// - *What a lane was told before its batch is forgotten.* What it does next depends on its batch, on what it holds
///   unacknowledged, and on what it has on its way.
/// - *A second redelivery is like the first.* Three deliveries are far from the number at which a command is given up.
/// - *The moment does not matter.* Time passes only where workers start or connect again, and less than ten seconds in all,
///   which no deadline or grace period of a case is near.
/// - *Workers are interchangeable.* The first delivery goes to the first one, and states that differ only in which worker is
///   which are equal.
///
/// A worker that crashed starts again, and one that lost its connections connects again, once no delivery, load or commit
/// is on its way any more.
package enum Exhaustive {
    /// How much of each case to search.
    package struct Settings: Sendable {
        /// The most crashes in a schedule.
        package var crashes = 1
        /// The most times that a worker loses its connections.
        package var redeliveries = 1
        /// The most commands of a case.
        package var commands = 3
        /// The number of the only case to search, from 1; `nil` for all.
        package var onlyCase: Int?
        /// Whether orders count as one that nobody could tell apart. Without it everything that is on its way is a step of its
        /// own, and whatever differs makes another state: only small cases come to an end.
        package var isReduced = true

        package init() {}
    }

    package struct Result: Sendable {
        package var schedules = 0.0
        package var states = 0
        package var runs = 0
        /// What clients were answered and what was stored in which order, of every schedule.
        package var outcomes: Set<Digest> = []
        package var failure: SeededRun.Report?

        package var summary: String {
            "\(Self.grouped(schedules)) schedules, \(Self.grouped(Double(states))) states, \(Self.grouped(Double(runs))) runs, \(outcomes.count) outcomes"
        }

        mutating func add(_ other: Result) {
            schedules += other.schedules
            states += other.states
            runs += other.runs
            outcomes.formUnion(other.outcomes)
            if failure == nil { failure = other.failure }
        }

        /// With a space before each three digits; what a `Double` does not tell exactly has its first digits alone.
        private static func grouped(_ number: Double) -> String {
            guard number < 1e15 else { return "\(number)" }
            var digits = Array(String(Int64(number)))
            for place in stride(from: digits.count - 3, to: 0, by: -3) { digits.insert(" ", at: place) }
            return String(digits)
        }
    }

    /// A case to explore.
    struct Case: Sendable {
        let name: String
        /// What exists before the commands.
        var subjectHasSession = true
        var maxSessions = 1
        let commands: Commands
        /// What is sent behind an answer.
        var following: Following?
    }

    typealias Commands = @Sendable (_ session: String, _ token: String, _ refresh: String) -> [(String, JSONObject)]

    struct Following: Sendable {
        let isBehind: @Sendable (Answer) -> Bool
        let commands: Commands
    }

    static let cases = [
        Case(name: "a refresh token used twice, and a revocation of its session") { id, _, refresh in
            [
                ("session.refresh", ["refreshToken": .string(refresh)]),
                ("session.refresh", ["refreshToken": .string(refresh)]),
                ("session.revoke", ["sessionId": .string(id)]),
            ]
        },
        Case(name: "two sessions for one slot, and a revocation of the subject", subjectHasSession: false) { _, _, _ in
            [
                ("session.create", ["subject": .string("alice")]),
                ("session.create", ["subject": .string("alice")]),
                ("session.revoke", ["subject": .string("alice")]),
            ]
        },
        Case(
            name: "an update beside a revocation, and a validate behind its answer",
            commands: { id, _, _ in
                [
                    ("session.update", ["sessionId": .string(id), "attributes": .object(["n": .integer(1)])]),
                    ("session.revoke", ["sessionId": .string(id)]),
                ]
            },
            following: Following(
                isBehind: { !$0.ended.isEmpty },
                commands: { _, token, _ in [("session.validate", ["token": .string(token)])] })),
        Case(name: "a subject disabled beside a create and a refresh", maxSessions: 2) { _, _, refresh in
            [
                ("session.create", ["subject": .string("alice")]),
                ("session.refresh", ["refreshToken": .string(refresh)]),
                ("subject.disable", ["subject": .string("alice")]),
            ]
        },
    ]

    /// Searches every case with two threads, until a promise is broken.
    package static func run(
        _ settings: Settings = Settings(), _ progress: ProgressReporter = ProgressReporter()
    ) -> Result {
        var result = Result()
        for (place, `case`) in cases.enumerated() where settings.onlyCase == nil || settings.onlyCase == place + 1 {
            let shared = SharedSearch(`case`, settings, progress)
            // From both ends, until they meet.
            Threads.run(2) { thread in Search(shared, isReversed: thread == 1).run() }
            let found = shared.result
            progress.tell("\(found.summary): \(`case`.name)")
            result.add(found)
            if result.failure != nil { break }
        }
        return result
    }
}
