import SessionContract
import SessionCore
import Synchronization
import TestSupport

/// Every order of a small case: two workers, three commands about one subject, and at most one crash and one
/// redelivery, each at any step.
///
/// A step is whatever another party can see: a delivery, a load, a commit, a publish, an acknowledgement, a clear. A schedule
/// says which comes next, over and over. A crash loses what the worker has asked the store for and it has not received, or
/// has the store receive it later; with what was received and not answered this is a crash before and behind every step.
/// A redelivery is for a worker's lost connections: it lives on.
///
/// Not every order is tried, and none is left out, for three reasons:
/// - What two schedules come to may be the same (see `Schedule.digest`), and then the rest of both is the same: it is tried
///   once, and counted for both.
/// - Nobody can tell before or behind what a publish, an acknowledgement or a clear arrives, unless their sender is lost:
///   the broker refuses nothing here, its confirm has a lane do nothing but the other two, and these take away what nobody
///   reads but after a loss. So they are kept until then: with the loss of their sender it is decided of each whether it
///   had arrived, and without one they arrive at the end. Orders that differ in that alone are counted as one.
/// - Workers that have done nothing are the same but for their names: the first delivery goes to the first.
///
/// A worker that crashed is started again, and one that lost its connections connects again, when no delivery, load or commit
/// is on its way any more.
package enum Exhaustive {
    package struct Result: Sendable {
        package var summary = ""
        package var failure: SeededRun.Report?
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

    /// - Parameter tell: called with a line of progress now and then.
    package static func run(
        crashes: Int = 1, redeliveries: Int = 1, limit: Int = .max, _ tell: @escaping @Sendable (String) -> Void
    ) -> Result {
        let next = Mutex(0)
        let total = Mutex((schedules: 0.0, states: 0, runs: 0, failure: SeededRun.Report?.none))
        Threads.run(2) {
            while true {
                let place = next.withLock { next in
                    defer { next += 1 }
                    return next
                }
                guard cases.indices.contains(place) else { return }
                let search = Search(cases[place], crashes: crashes, redeliveries: redeliveries, limit: limit)
                search.run(tell)
                tell(
                    "\(search.schedules.rounded()) schedules, \(search.known.count) states, \(search.runs) runs: \(cases[place].name)"
                )
                total.withLock { total in
                    total.schedules += search.schedules
                    total.states += search.known.count
                    total.runs += search.runs
                    if let failure = search.failure { total.failure = failure }
                }
            }
        }
        return total.withLock { total in
            Result(
                summary:
                    "\(total.schedules.rounded()) schedules of \(cases.count) cases, \(total.states) states, \(total.runs) runs",
                failure: total.failure)
        }
    }

    /// A depth-first search through the choices. Every schedule is replayed from its start.
    final class Search {
        private struct Node {
            let options: Int
            var chosen = 0
            /// `nil` for a choice within a step.
            let digest: Digest?
            /// The schedules of the options explored so far.
            var schedules = 0.0
        }

        private let `case`: Case
        private let crashes: Int
        private let redeliveries: Int
        private let limit: Int
        private var path: [Node] = []
        private(set) var known: [Digest: Double] = [:]
        private(set) var runs = 0
        private(set) var schedules = 0.0
        private(set) var failure: SeededRun.Report?

        init(_ case: Case, crashes: Int, redeliveries: Int, limit: Int) {
            self.case = `case`
            self.crashes = crashes
            self.redeliveries = redeliveries
            self.limit = limit
        }

        func run(_ tell: (String) -> Void) {
            repeat {
                runs += 1
                let schedule = Schedule(`case`, crashes: crashes, redeliveries: redeliveries)
                var leaves = 1.0
                var depth = 0
                let isWhole = schedule.run { options, digest in
                    defer { depth += 1 }
                    if depth < self.path.count { return self.path[depth].chosen }
                    let digest = digest?()
                    if let digest, let count = self.known[digest] {
                        leaves = count
                        return nil
                    }
                    self.path.append(Node(options: options, digest: digest))
                    return 0
                }
                let violations = schedule.end(isWhole: isWhole)
                if !violations.isEmpty {
                    failure = replay()
                    return
                }
                backtrack(adding: leaves)
                if runs % 1000 == 0 { tell("\(runs) runs, \(known.count) states: \(self.case.name)") }
            } while !path.isEmpty && runs < limit
        }

        private func backtrack(adding leaves: Double) {
            var leaves = leaves
            while let last = path.indices.last {
                path[last].schedules += leaves
                path[last].chosen += 1
                if path[last].chosen < path[last].options { return }
                leaves = path[last].schedules
                if let digest = path[last].digest { known[digest] = leaves }
                path.removeLast()
            }
            schedules = leaves
        }

        private func replay() -> SeededRun.Report {
            let schedule = Schedule(`case`, crashes: crashes, redeliveries: redeliveries, isVerbose: true)
            var depth = 0
            let isWhole = schedule.run { [path] _, _ in
                defer { depth += 1 }
                return depth < path.count ? path[depth].chosen : nil
            }
            let violations = schedule.end(isWhole: isWhole)
            return SeededRun.Report(
                seed: 0, violations: violations, matrix: FaultMatrix(), commands: 3,
                history: ["choices: \(path.map(\.chosen))"] + schedule.history)
        }
    }
}
