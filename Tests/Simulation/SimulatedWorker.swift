import AMQPNIO
import Logging
import SessionContract
import SessionCore
import SessionCrypto
import SessionEngine
import SessionStorage
import TestSupport

/// A worker process in virtual time: its lanes, its sweeper and its polling of policies. It can die, be suspended, and
/// restart.
final class SimulatedWorker {
    /// The queues of each lane: revocations have their own.
    private static let lanes: [[Topology.CommandQueue]] = [[.revoke], Topology.CommandQueue.others]

    unowned let world: World
    let number: Int
    /// Identifies this run of the process; 0 while it is not running.
    private(set) var life = 0
    /// Its polling of the policies that are set by command.
    private var polling: SimulatedPolicies?
    /// By the place of their queues among `lanes`; `nil` where one is not connected.
    private(set) var lanes: [SimulatedLane?] = []
    private var sweeper: SimulatedSweeper?
    private(set) var stalledUntil = 0
    /// What arrived while it was suspended, in order.
    private var asleep: [(life: Int, action: () -> Void)] = []
    private var isDraining = false
    private var drained = 0
    private var gate = LargeGate()

    init(_ number: Int, in world: World) {
        self.number = number
        self.world = world
    }

    var policies: PoliciesInForce {
        guard let polling else { preconditionFailure("a worker that does not run has no policies") }
        return polling.inForce
    }

    /// Whether it consumes from every queue.
    var isServing: Bool { life != 0 && !isDraining && lanes.allSatisfy { $0?.isServing == true } && !lanes.isEmpty }

    // MARK: - Life cycle

    func start() {
        life = world.nextLife()
        stalledUntil = 0
        asleep = []
        isDraining = false
        drained = 0
        lanes = Self.lanes.map { _ in nil }
        world.note("worker \(number) starts as \(life)")
        let polling = SimulatedPolicies(of: self)
        self.polling = polling
        polling.begin { [weak self] in
            guard let self else { return }
            for place in lanes.indices { connect(place) }
        }
        if world.sweeps { sweep() }
    }

    /// Starts sweeping.
    func sweep() {
        guard life != 0, sweeper == nil else { return }
        let sweeper = SimulatedSweeper(self)
        self.sweeper = sweeper
        sweeper.start()
    }

    /// The process dies; the broker notices at once or some time later.
    func crash(isSeenAtOnce: Bool = false) {
        guard life != 0 else { return }
        let dead = life
        world.note("worker \(number), \(dead), dies")
        end()
        if isSeenAtOnce {
            world.broker.closeAll(of: dead, because: AMQPError(.connectionClosed, "the peer is gone"))
        } else {
            world.agenda.after(world.pause(0...3_000_000)) { [unowned world] in
                world.broker.closeAll(of: dead, because: AMQPError(.connectionClosed, "the peer is gone"))
            }
        }
        world.agenda.after(world.pause(200_000...4_000_000)) { [self] in if life == 0 { start() } }
    }

    /// Loses the connections to the broker.
    func disconnect() {
        world.broker.closeAll(of: life, because: AMQPError(.connectionClosed, "connection reset"))
    }

    /// Whether losing the connections would cause redeliveries.
    var hasDeliveries: Bool {
        world.broker.consumers.contains { $0.connection.life == life && !$0.unacknowledged.isEmpty }
    }

    private func end() {
        life = 0
        lanes = []
        gate = LargeGate()
        endSweeping()
        endPolling()
    }

    private func endPolling() {
        let ending = polling
        polling = nil
        ending?.end()
    }

    private func endSweeping() {
        // First: what ends by it may look at this worker.
        let ending = sweeper
        sweeper = nil
        ending?.end()
    }

    /// Lets go of what waits.
    func tearDown() {
        endSweeping()
        endPolling()
    }

    func stall(for microseconds: Int) {
        stalledUntil = max(stalledUntil, world.agenda.now + microseconds)
        world.agenda.after(stalledUntil - world.agenda.now) { [self] in wake() }
        world.note("worker \(number) is suspended for \(microseconds / 1000) ms")
    }

    /// Stops the process gracefully, then starts it again.
    func drain() {
        guard life != 0, !isDraining else { return }
        isDraining = true
        world.note("worker \(number) is told to stop")
        endSweeping()
        let missing = lanes.count { $0 == nil }
        for lane in lanes { lane?.handle(.drain) }
        laneIsDrained(missing)
    }

    private func laneIsDrained(_ count: Int = 1) {
        drained += count
        guard isDraining, drained == Self.lanes.count else { return }
        world.broker.closeAll(of: life, because: AMQPError(.connectionClosed, "closed by the client"))
        end()
        world.agenda.after(world.pause(200_000...2_000_000)) { [self] in if life == 0 { start() } }
    }

    /// Runs `action` if the process it is meant for still lives, and after it is resumed if it is suspended.
    func whenAwake(_ life: Int, over link: Agenda.Link, _ action: @escaping () -> Void) {
        guard self.life == life else { return }
        guard isAsleep else { return action() }
        asleep.append((life, action))
    }

    func after(_ microseconds: Int, _ action: @escaping () -> Void) {
        let life = life
        world.agenda.after(microseconds) { [self] in
            guard self.life == life else { return }
            if isAsleep { asleep.append((life, action)) } else { action() }
        }
    }

    private var isAsleep: Bool { stalledUntil > world.agenda.now || !asleep.isEmpty }

    private func wake() {
        guard stalledUntil <= world.agenda.now else { return }
        // An action may suspend it again.
        while stalledUntil <= world.agenda.now, !asleep.isEmpty {
            let (life, action) = asleep.removeFirst()
            if self.life == life { action() }
        }
    }

    // MARK: - Lanes

    private func connect(_ place: Int) {
        guard !isDraining else { return laneIsDrained() }
        let lane = SimulatedLane(of: self, at: place, queues: Self.lanes[place])
        lane.onFinish = { [weak self, weak lane] error in
            guard let self, let lane, lanes.indices.contains(place), lanes[place] === lane else { return }
            lanes[place] = nil
            guard error != nil else { return laneIsDrained() }
            if isDraining { return laneIsDrained() }
            after(world.pause(100_000...1_500_000)) { self.connect(place) }
        }
        lanes[place] = lane
        lane.begin()
    }

    // MARK: - The gate for large subjects

    func enterGate(_ lane: SimulatedLane) {
        guard !gate.isTaken else {
            gate.waiting.append(lane)
            return lane.handle(.gateTaken)
        }
        gate.isTaken = true
        lane.handle(.gateEntered)
    }

    func leaveGate() {
        let waiting = gate.waiting
        gate = LargeGate()
        for lane in waiting { lane.handle(.gateIsFree) }
    }

    /// Taken until it is left, whatever became of who took it: as the product's own.
    private struct LargeGate {
        var isTaken = false
        var waiting: [SimulatedLane] = []
    }
}

/// What a lane or a sweep of a worker is made of, all of it from the seed: what it draws depends on nothing that others do.
final class WorkerParts {
    let decider: CommandDecider
    let reader: DeliveryReader
    let outgoing: OutgoingMessages
    var random: SeededRandom

    /// - Parameter number: the lane's own.
    init(number: Int, policies: PoliciesInForce, in world: World) {
        random = SeededRandom(seed: world.seed &* 1_000_003 &+ UInt64(number))
        let seeds = SeedBox(SeededRandom(seed: world.seed &* 7_368_787 &+ UInt64(number)))
        decider = CommandDecider(
            manager: world.manager, accessTokens: SimulatedAccessTokens(), namespace: World.namespace,
            resultNames: ResultNames(using: &random),
            logger: World.silent, policies: { policies.catalogue },
            makeRandom: { SeededRandom(seed: seeds.random.next()) })
        reader = DeliveryReader(
            commands: CommandReader(maxBodyBytes: 4096, tokens: world.manager.tokens), hash: world.hash,
            namespace: World.namespace, unknownCommands: QuarantineAllowance(logger: World.silent))
        outgoing = OutgoingMessages(namespace: World.namespace, sealers: world.sealers)
    }

    /// Carries out what a sweep finds.
    func processor(_ store: SimulatedSweepStore) -> CommandProcessor<SimulatedSweepStore> {
        CommandProcessor(store: store, decider: decider)
    }

    // Unchecked, and right: a simulation is of one thread.
    private final class SeedBox: @unchecked Sendable {
        var random: SeededRandom

        init(_ random: SeededRandom) { self.random = random }
    }
}

/// Access tokens without a signature: who made one is not in question here.
struct SimulatedAccessTokens: AccessTokenScheme {
    func sign(_ claims: AccessTokenClaims) -> Secret { Self.sign(claims) }

    func read(_ text: String) async -> PresentedAccessToken? { Self.read(Secret(text)) }

    static func sign(_ claims: AccessTokenClaims) -> Secret {
        // Three parts, like a JWT.
        let rest = "\(claims.generation)|\(claims.tenant)|\(claims.expiresAt.milliseconds)"
        return Secret("sim.\(claims.session.text).\(rest)")
    }

    static func read(_ token: Secret) -> PresentedAccessToken? {
        let parts = token.exposed.split(separator: ".")
        guard parts.count == 3, parts[0] == "sim", let session = SessionID(String(parts[1])) else { return nil }
        let rest = parts[2].split(separator: "|")
        guard rest.count == 3, let generation = Int(rest[0]), let expiry = Int64(rest[2]) else { return nil }
        return PresentedAccessToken(
            session: session, generation: generation, tenant: String(rest[1]),
            expiresAt: Timestamp(milliseconds: expiry))
    }
}
