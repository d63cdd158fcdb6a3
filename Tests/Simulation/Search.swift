import Synchronization

/// What the threads that search one case share: the states that are known, with the number of schedules that begin there.
final class SharedSearch: Sendable {
    private struct Content {
        var known: [Digest: Double] = [:]
        var result = Exhaustive.Result()
        var isOver = false
    }

    let `case`: Exhaustive.Case
    let settings: Exhaustive.Settings
    private let progress: ProgressReporter
    private let content = Mutex(Content())

    init(_ case: Exhaustive.Case, _ settings: Exhaustive.Settings, _ progress: ProgressReporter) {
        self.progress = progress
        self.case = `case`
        self.settings = settings
    }

    func count(behind state: Digest) -> Double? {
        content.withLock { $0.known[state] }
    }

    func learn(_ state: Digest, _ count: Double) {
        content.withLock { $0.known[state] = count }
    }

    /// Notes the end of a run.
    ///
    /// - Returns: whether the search goes on.
    func noteRun(_ outcome: Digest?) -> Bool {
        let (goesOn, runs, states) = content.withLock { content in
            content.result.runs += 1
            if let outcome { content.result.outcomes.insert(outcome) }
            return (!content.isOver, content.result.runs, content.known.count)
        }
        progress.note("\(runs) runs, \(states) states: \(self.case.name)")
        return goesOn
    }

    func end(_ schedules: Double) {
        content.withLock { content in
            content.isOver = true
            content.result.schedules = schedules
        }
    }

    func end(_ failure: SeededRun.Report) {
        content.withLock { content in
            content.isOver = true
            if content.result.failure == nil { content.result.failure = failure }
        }
    }

    var result: Exhaustive.Result {
        content.withLock { content in
            var result = content.result
            result.states = content.known.count
            return result
        }
    }
}

/// A depth-first search through the choices of one case. Every schedule is replayed from its start, since a world of closures
/// cannot be copied; the time goes there.
final class Search {
    private struct Node {
        let options: Int
        var tried = 0
        /// `nil` for a choice within a step.
        let digest: Digest?
        /// The schedules of the options explored so far.
        var schedules = 0.0
    }

    private let shared: SharedSearch
    /// Whether the last option is tried first.
    private let isReversed: Bool
    private var path: [Node] = []

    init(_ shared: SharedSearch, isReversed: Bool) {
        self.shared = shared
        self.isReversed = isReversed
    }

    func run() {
        var goesOn = true
        repeat {
            let schedule = Schedule(shared.case, shared.settings)
            var leaves = 1.0
            var depth = 0
            let isWhole = schedule.run { options, digest in
                defer { depth += 1 }
                if depth < self.path.count { return self.choice(of: self.path[depth]) }
                let digest = digest?()
                if let digest, let count = self.shared.count(behind: digest) {
                    leaves = count
                    return nil
                }
                let node = Node(options: options, digest: digest)
                self.path.append(node)
                return self.choice(of: node)
            }
            let violations = schedule.end(isWhole: isWhole)
            if !violations.isEmpty { return shared.end(replay()) }
            goesOn = shared.noteRun(isWhole ? schedule.outcome : nil)
            backtrack(adding: leaves)
        } while !path.isEmpty && goesOn
    }

    private func choice(of node: Node) -> Int {
        isReversed ? node.options - 1 - node.tried : node.tried
    }

    private func backtrack(adding leaves: Double) {
        var leaves = leaves
        while let last = path.indices.last {
            path[last].schedules += leaves
            path[last].tried += 1
            if path[last].tried < path[last].options { break }
            leaves = path[last].schedules
            if let digest = path[last].digest { shared.learn(digest, leaves) }
            path.removeLast()
        }
        if path.isEmpty { return shared.end(leaves) }
        // What the other thread has come to the end of meanwhile.
        for place in path.indices {
            guard let digest = path[place].digest, let count = shared.count(behind: digest) else { continue }
            path.removeSubrange(place...)
            return backtrack(adding: count)
        }
    }

    private func replay() -> SeededRun.Report {
        let schedule = Schedule(shared.case, shared.settings, isVerbose: true)
        var depth = 0
        let isWhole = schedule.run { [self] _, _ in
            defer { depth += 1 }
            return depth < path.count ? choice(of: path[depth]) : nil
        }
        let violations = schedule.end(isWhole: isWhole)
        return SeededRun.Report(
            seed: 0, violations: violations, matrix: FaultMatrix(), commands: 3,
            history: ["choices: \(path.map { choice(of: $0) })"] + schedule.history)
    }
}
