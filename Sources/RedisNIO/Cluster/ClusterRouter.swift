import NIOCore

/// Sends each command to the master of its slot, and again where the cluster says that it has moved.
///
/// Only replies that prove that a command did not run (`MOVED`, `ASK`, `TRYAGAIN`) make it be sent again: a bounded number of
/// times, and not for longer than a reply may take. Then the caller gets the reply.
///
/// Confined to its event loop.
final class ClusterRouter: PipelineSender {
    /// How often one command may be redirected. A move of a slot takes one, or two with `ASK`.
    private static let maxRedirections = 5
    /// The wait before the first repetition after `TRYAGAIN`, doubled each time.
    private static let firstPause = TimeAmount.milliseconds(10)
    /// The least time between two looks at the whole table. In between, each `MOVED` corrects a slot.
    private static let refreshInterval = TimeAmount.seconds(1)

    private let nodes: ClusterNodes
    private let eventLoop: any EventLoop
    private let patience: TimeAmount
    private var table: SlotTable
    private var outstanding = 0
    private var isDraining = false
    private var isRefreshing = false
    private var nextRefresh: NIODeadline

    /// - Parameters:
    ///   - nodes: with a connection to each master of the table.
    ///   - patience: for how long commands are sent again that were redirected.
    init(_ table: SlotTable, _ nodes: ClusterNodes, patience: TimeAmount) {
        self.table = table
        self.nodes = nodes
        self.patience = patience
        eventLoop = nodes.eventLoop
        nextRefresh = eventLoop.now
    }

    var closeFuture: EventLoopFuture<RedisError?> { nodes.closeFuture }
    var masters: [RedisEndpoint] { table.masters }

    // MARK: Sending

    func send(_ pipeline: consuming RedisPipeline, whenDone completion: @escaping RedisCompletion) {
        guard nodes.isOpen, !isDraining else { return completion(.failure(Self.closing)) }
        guard pipeline.count > 0 else { return completion(.success([])) }
        let commands = pipeline.commands
        let home = table.owner(of: pipeline.homeSlot(commands))
        let owners = commands.map { $0.slot.map(table.owner(of:)) ?? home }
        let done = counted(completion)
        let parts = Dictionary(grouping: commands.indices, by: { owners[$0] })
        if parts.count == 1, let connection = nodes[table.masters[owners[0]]] {
            return sendWhole(pipeline, commands, over: connection, done)
        }
        let flight = ClusterFlight(
            pipeline, commands, parts: parts.count, deadline: eventLoop.now + patience, completion: done)
        for (owner, indices) in parts {
            let part = Part(indices: indices, isAsking: false, redirections: 0)
            send(part, of: flight, to: table.masters[owner])
        }
    }

    private static var closing: RedisError { RedisError(.notConnected, "the connection is closing") }

    /// The usual case: nothing has to be copied, unless a command is redirected.
    private func sendWhole(
        _ pipeline: consuming RedisPipeline, _ commands: [RedisPipeline.Command], over connection: RedisConnection,
        _ completion: @escaping RedisCompletion
    ) {
        // Here, where it is referred to only once: the connection would have to copy it.
        connection.fillIn(&pipeline)
        let sent = pipeline
        let deadline = eventLoop.now + patience
        let host = connection.endpoint.host
        connection.send(sent) { result in
            guard case .success(let replies) = result, replies.contains(where: { Redirection($0, from: host) != nil })
            else { return completion(result) }
            let flight = ClusterFlight(sent, commands, parts: 1, deadline: deadline, completion: completion)
            let part = Part(indices: Array(commands.indices), isAsking: false, redirections: 0)
            self.received(result, for: part, of: flight, from: connection)
        }
    }

    /// Commands of a pipeline that go to one node together.
    private struct Part {
        let indices: [Int]
        let isAsking: Bool
        let redirections: Int
    }

    /// Sends over the connection to this node, which is opened if there is none.
    private func send(_ part: Part, of flight: ClusterFlight, to node: RedisEndpoint) {
        let slot = flight.commands[part.indices[0]].slot ?? 0
        nodes.connection(to: node, owning: slot, until: flight.deadline) { result in
            switch result {
            case .success(let connection): self.send(part, of: flight, over: connection)
            case .failure(let error):
                // What was redirected keeps that as its reply. Without one of the masters, this link is of no use.
                if part.redirections == 0 {
                    flight.fail(error)
                    self.nodes.end(because: error)
                }
                flight.finishPart()
            }
        }
    }

    private func send(_ part: Part, of flight: ClusterFlight, over connection: RedisConnection) {
        let pipeline = flight.pipeline.part(part.indices, of: flight.commands, isAsking: part.isAsking)
        connection.send(pipeline) { self.received($0, for: part, of: flight, from: connection) }
    }

    // MARK: Receiving

    private func received(
        _ result: Result<[RedisReply], RedisError>, for part: Part, of flight: ClusterFlight,
        from connection: RedisConnection
    ) {
        switch result {
        case .failure(let error):
            // What is known not to have been sent keeps its redirection as the reply.
            if part.redirections == 0 || error.mayHaveRun { flight.fail(error) }
        case .success(let replies):
            var again: [Redirection.Way: [Int]] = [:]
            for (place, index) in part.indices.enumerated() {
                let reply = replies[part.isAsking ? 2 * place + 1 : place]
                flight.receive(reply, to: index)
                guard let redirection = Redirection(reply, from: connection.endpoint.host),
                    redirection.slot == nil || redirection.slot == flight.commands[index].slot
                else { continue }
                again[redirection.way, default: []].append(index)
                note(redirection, from: connection)
            }
            if part.redirections < Self.maxRedirections, eventLoop.now < flight.deadline {
                flight.add(again.count)
                for (way, indices) in again {
                    sendAgain(
                        Part(indices: indices, isAsking: way.isAsk, redirections: part.redirections + 1), of: flight,
                        way)
                }
            }
        }
        flight.finishPart()
    }

    private func sendAgain(_ part: Part, of flight: ClusterFlight, _ way: Redirection.Way) {
        switch way {
        case .moved(let target), .ask(let target): send(part, of: flight, to: target)
        case .tryAgain:
            let pause = Self.firstPause * (1 << (part.redirections - 1))
            // All of these went to one node, but need not the next time.
            flight.add(part.indices.count - 1)
            eventLoop.assumeIsolated().scheduleTask(in: pause) {
                for index in part.indices {
                    let one = Part(indices: [index], isAsking: false, redirections: part.redirections)
                    let owner = self.table.owner(of: flight.commands[index].slot ?? 0)
                    self.send(one, of: flight, to: self.table.masters[owner])
                }
            }
        }
    }

    // MARK: The table

    private func note(_ redirection: Redirection, from connection: RedisConnection) {
        guard case .moved(let master) = redirection.way, let slot = redirection.slot else { return }
        // A table that is full keeps the slot with its old master: the command goes to the new one, and so does the next.
        _ = table.assign(slot, to: master)
        refresh(from: connection)
    }

    /// Reads the whole table anew: where one slot has moved, more may have.
    private func refresh(from connection: RedisConnection) {
        guard !isRefreshing, eventLoop.now >= nextRefresh else { return }
        isRefreshing = true
        nextRefresh = eventLoop.now + Self.refreshInterval
        ClusterDirectory.table(from: connection).assumeIsolated().whenComplete { result in
            self.isRefreshing = false
            // Without an answer of use, the redirections go on correcting the table.
            guard case .success(let table) = result, self.nodes.isOpen, !self.isDraining else { return }
            self.table = table
            self.nodes.keepOnly(table.masters)
        }
    }

    // MARK: The nodes as such

    /// Sends to one master, without redirections.
    func send(
        _ pipeline: consuming RedisPipeline, to master: RedisEndpoint, whenDone completion: @escaping RedisCompletion
    ) {
        guard nodes.isOpen, !isDraining else { return completion(.failure(Self.closing)) }
        guard let slot = table.firstSlot(of: master) else {
            return completion(.failure(RedisError(.notConnected, "\(master) is no master of the cluster any more")))
        }
        let sent = pipeline
        let done = counted(completion)
        nodes.connection(to: master, owning: slot, until: eventLoop.now + patience) { result in
            switch result {
            case .success(let connection): connection.send(sent, whenDone: done)
            case .failure(let error): done(.failure(error))
            }
        }
    }

    /// Asks every node for a sign of life. One that gives none loses its connection, and thereby ends the link.
    func ping(whenDone completion: @escaping RedisCompletion) {
        for connection in nodes.all { connection.ping(isSilent: true, whenDone: completion) }
    }

    // MARK: Closing

    func drain() {
        isDraining = true
        closeWhenDrained()
    }

    /// Counts a pipeline as outstanding until its completion is called.
    private func counted(_ completion: @escaping RedisCompletion) -> RedisCompletion {
        outstanding += 1
        return { result in
            completion(result)
            self.outstanding -= 1
            self.closeWhenDrained()
        }
    }

    private func closeWhenDrained() {
        if isDraining, outstanding == 0 { nodes.close() }
    }
}

extension Redirection.Way {
    fileprivate var isAsk: Bool {
        switch self {
        case .ask: true
        case .moved, .tryAgain: false
        }
    }
}
