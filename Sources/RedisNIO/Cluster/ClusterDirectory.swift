import ConnectionSupport
import NIOCore
import Synchronization

/// Asks nodes of a cluster which master serves which slot: first those that the configuration names, then those that
/// earlier answers named.
final class ClusterDirectory: Sendable {
    struct Answer: Sendable {
        let table: SlotTable
        /// Who said so.
        let node: RedisEndpoint
    }

    private let connector: RedisConnector
    private let seeds: AskingOrder
    private let known = Mutex<[RedisEndpoint]>([])

    /// - Parameter connector: of the nodes.
    init(configuration: RedisConfiguration, connector: RedisConnector) {
        var settings = configuration
        settings.connectTimeout = configuration.askingTimeout
        settings.replyTimeout = configuration.askingTimeout
        self.connector = connector.variant(settings)
        seeds = AskingOrder(configuration.endpoints)
    }

    /// - Returns: what the first node says that knows all slots' masters. The future only fails with a ``RedisError``.
    func find(on eventLoop: any EventLoop) -> EventLoopFuture<Answer> {
        let seeds = seeds.endpoints
        let others = known.withLock { $0 }.filter { !seeds.contains($0) }
        return ask((seeds + others)[...], on: eventLoop, failure: nil)
    }

    /// The nodes that this one named cannot all be used.
    func wasWrong(_ answer: Answer) {
        seeds.postpone(answer.node)
    }

    private func ask(
        _ nodes: ArraySlice<RedisEndpoint>, on eventLoop: any EventLoop, failure: RedisError?
    ) -> EventLoopFuture<Answer> {
        guard let node = nodes.first else {
            return eventLoop.makeFailedFuture(failure ?? RedisError(.connectFailed, "there is no node to ask"))
        }
        return ask(node, on: eventLoop).map { table in
            self.seeds.prefer(node)
            self.known.withLock { $0 = table.masters }
            return Answer(table: table, node: node)
        }.flatMapError { error in
            let error = error as? RedisError ?? RedisError(.connectFailed, "cannot ask \(node)", underlying: error)
            // A node that says something helps an operator more than one that is gone.
            let failure = failure.flatMap { $0.code == .connectFailed ? nil : $0 } ?? error
            return self.ask(nodes.dropFirst(), on: eventLoop, failure: failure)
        }
    }

    private func ask(_ node: RedisEndpoint, on eventLoop: any EventLoop) -> EventLoopFuture<SlotTable> {
        connector.open(node, on: eventLoop).flatMap { connection in
            let table = Self.table(from: connection)
            connection.beginClosing()
            return table
        }
    }

    /// Must be called on the event loop.
    static func table(from connection: RedisConnection) -> EventLoopFuture<SlotTable> {
        let promise = connection.eventLoop.makePromise(of: SlotTable.self)
        var pipeline = RedisPipeline()
        pipeline.command("CLUSTER", "SLOTS")
        connection.send(pipeline) { result in
            do throws(RedisError) {
                promise.succeed(try SlotTable(try result.get().first ?? .null, from: connection.endpoint.host))
            } catch {
                promise.fail(error)
            }
        }
        return promise.futureResult
    }
}
