import Glibc
import PoolBenchmark
import Synchronization

/// What a benchmark is doing, on standard error: on a terminal one line that changes, elsewhere a line for each part.
final class BenchProgress: Sendable {
    private struct State {
        var activity: BenchmarkProgress.Activity?
        var width = 0
    }

    private let isQuiet: Bool
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private let state = Mutex(State())

    init(isQuiet: Bool) {
        self.isQuiet = isQuiet
    }

    /// Says what will be loaded.
    func begin(_ target: Benchmark.Target, _ settings: BenchmarkSettings) {
        guard !isQuiet else { return }
        let pace = settings.rate.map { "\($0) commands per second" } ?? "\(settings.outstanding) commands in flight"
        Output.note(
            "loading the namespace \(target.namespace)\(target.brokerIsLocal ? "" : ", which is not on this machine"), "
                + "with \(pace); Ctrl-C ends it and cleans up")
    }

    func show(_ progress: BenchmarkProgress) {
        guard !isQuiet else { return }
        let what =
            switch progress.activity {
            case .preparing: "creating sessions"
            case .warmingUp(let name): "\(name): warming up"
            case .measuring(let name): "\(name): measuring"
            case .cleaningUp: "revoking the sessions"
            }
        state.withLock { state in
            if isTerminal {
                let latency = progress.p99.map { ", p99 \(Self.rounded($0)) ms" } ?? ""
                let failed = progress.failed > 0 ? ", \(progress.failed) failed" : ""
                let percent = Int(progress.fraction * 100)
                let text = "\(what), \(percent) %: \(Int(progress.perSecond)) per second\(latency)\(failed)"
                // Blanks over what is left of a longer line.
                Output.again(text + String(repeating: " ", count: max(0, state.width - text.count)))
                state.width = text.count
            } else if state.activity != progress.activity {
                Output.note(what)
            }
            state.activity = progress.activity
        }
    }

    private static func rounded(_ value: Double) -> Double { (value * 100).rounded() / 100 }

    /// Removes the line, so that the report begins on a new one.
    func end() {
        state.withLock { state in
            guard isTerminal, state.width > 0 else { return }
            Output.again(String(repeating: " ", count: state.width))
            Output.again("")
            state.width = 0
        }
    }
}
