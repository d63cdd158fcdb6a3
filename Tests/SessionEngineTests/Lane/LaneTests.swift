import AMQPNIO
import Logging
import NIOCore
import NIOPosix
import SessionCore
import SessionStorage
import TestSupport
import Testing

@testable import SessionEngine

/// The driver itself, on a real event loop: what `LaneStateTests` and the simulation cannot see. When its own code is
/// resumed is the runtime's to decide: a lane's task hops between two executors at almost every `await` and every
/// continuation, and whatever the event loop has in its queue comes first.
@Suite("A lane on its event loop")
struct LaneTests {
    private typealias InProcessLane = Lane<UnevenStore, InProcessConnection>

    private static func lane(_ broker: InProcessBroker, _ store: InMemorySessionStore) -> InProcessLane {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let parts = InProcessLane.Parts(
            state: LaneScene.parts(heldBytes: 1 << 14), store: UnevenStore(twin: store, turns: broker.turns),
            load: LaneLoad(of: "lane-0", queues: ["validate", "manage"], prefetch: 1000, heldBytesLimit: 1 << 14),
            gate: LargeSubjectGate())
        let log = LaneLog(
            number: 0, namespace: "n", queueNames: [:],
            writes: SharedHealth(of: "redis", in: HealthState(waitingFor: [])),
            logger: logger)
        return InProcessLane(on: broker.eventLoop, parts: parts, log: log, logger: logger)
    }

    @Test(
        "a lane acknowledges whatever is delivered, whenever answers come and connections are lost, and drains",
        arguments: 1...4 as ClosedRange<UInt64>)
    func everythingIsAcknowledged(seed: UInt64) async {
        let group = MultiThreadedEventLoopGroup.singleton
        let eventLoop = group.next()
        let turns = Turns(of: eventLoop, other: group.next(), seed: seed)
        let broker = InProcessBroker(5_000, on: eventLoop, turns: turns)
        let store = InMemorySessionStore(inboxSeconds: 60) { Timestamp(milliseconds: 1_800_000_000_000) }
        let bound = eventLoop.scheduleTask(in: .seconds(60)) { broker.progress.change { $0.isLate = true } }
        var lanes = 0
        while !broker.isDone, !broker.progress.value.isLate {
            lanes += 1
            let lane = Self.lane(broker, store)
            let limit = turns.number(in: 1...12)
            Task(executorPreference: lane.taskExecutor) {
                while !broker.progress.value.isLate {
                    do {
                        try await lane.serve(over: broker.connect(limit: limit))
                        break
                    } catch {
                        // Lost: it serves again.
                    }
                }
                broker.progress.change { $0.drained += 1 }
            }
            let aim = min(broker.count, broker.progress.value.acknowledged + turns.number(in: 1...2_000))
            await broker.progress.wait { $0.acknowledged >= aim || $0.isLate }
            await lane.drain()
            await broker.progress.wait { [lanes] in $0.drained == lanes || $0.isLate }
            if broker.progress.value.isLate { lane.abandon() }
        }
        bound.cancel()
        let progress = broker.progress.value
        #expect(!progress.isLate, "the lane stands still at \(progress.acknowledged) of \(broker.count)")
    }
}
