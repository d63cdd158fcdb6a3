import Dispatch
import Logging
import NIOCore
import NIOPosix
import TestSupport
import Testing

@testable import WorkerRuntime

@Suite("Liveness", .timeLimit(.minutes(1)))
struct LivenessTests {
    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    @Test("an event loop that is held up for good makes the worker not alive, and no other does")
    func heldUp() async throws {
        let looks = Awaited<[[String]]>([])
        let liveness = Liveness(interval: .milliseconds(2), logger: logger) { stuck in looks.change { $0.append(stuck) }
        }
        let loops = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        let held = loops.next()
        liveness.watch("held", on: held)
        liveness.watch("free", on: loops.next())
        liveness.start()
        await looks.wait { $0.count > 100 }
        #expect(liveness.report.isAlive)

        let release = DispatchSemaphore(value: 0)
        held.execute { release.wait() }
        await looks.wait { $0.last == ["held"] }
        #expect(liveness.report == Liveness.Report(stuck: ["held"]))
        #expect(!liveness.report.isAlive)
        release.signal()
        await looks.wait { $0.last == [] }
        #expect(liveness.report.isAlive)
        liveness.stop()
        try await loops.shutdownGracefully()
    }

    @Test("the threads that run tasks are watched until their task ends")
    func tasks() async {
        let looks = Awaited<[[String]]>([])
        let liveness = Liveness(interval: .milliseconds(2), logger: logger) { stuck in looks.change { $0.append(stuck) }
        }
        let watching = Task { await liveness.watchTasks() }
        liveness.start()
        await looks.wait { $0.count > 100 }
        watching.cancel()
        await watching.value
        let before = looks.value.count
        await looks.wait { $0.count > before + 100 }
        #expect(liveness.report.isAlive)
        liveness.stop()
    }

    @Test("a worker whose lanes have ended is not alive")
    func ended() {
        let liveness = Liveness(logger: logger)
        #expect(liveness.report.isAlive)
        liveness.lanesHaveEnded()
        #expect(!liveness.report.isAlive)
    }
}
