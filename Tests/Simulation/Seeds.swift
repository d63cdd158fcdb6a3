import Synchronization

/// Runs many seeds, on as many threads as there are cores.
package enum Seeds {
    package struct Result: Sendable {
        package var matrix = FaultMatrix()
        package var commands = 0
        /// By their seeds.
        package var failed: [SeededRun.Report] = []
    }

    /// - Parameter onFailure: called at once for each seed that breaks a promise.
    package static func run(
        _ seeds: Range<UInt64>, threads: Int = 2, _ progress: ProgressReporter = ProgressReporter(),
        onFailure: @escaping @Sendable (SeededRun.Report) -> Void = { _ in }
    ) -> Result {
        let next = Mutex(seeds.lowerBound)
        let result = Mutex(Result())
        Threads.run(threads) { _ in
            while true {
                let seed: UInt64? = next.withLock { next in
                    guard next < seeds.upperBound else { return nil }
                    defer { next += 1 }
                    return next
                }
                guard let seed else { return }
                let report = SeededRun.run(seed: seed)
                if !report.violations.isEmpty { onFailure(report) }
                progress.note("\(seed - seeds.lowerBound) of \(seeds.count) seeds")
                result.withLock { result in
                    result.matrix.add(report.matrix)
                    result.commands += report.commands
                    if !report.violations.isEmpty { result.failed.append(report) }
                }
            }
        }
        return result.withLock { result in
            result.failed.sort { $0.seed < $1.seed }
            return result
        }
    }
}
