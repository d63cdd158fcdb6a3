import ConnectionSupport
import NIOCore

/// Connections to all masters of a Redis Cluster, as one link: every command goes to the master of its key's slot.
///
/// Commands of one pipeline, or of two sent one after the other, run in this order if they are for the same key, unless
/// one of them is redirected. Those for different keys run in any order: the store needs no more, because each of its
/// changes is one script over keys of one slot.
///
/// The link ends when the connection to any master does. A lane's batch crosses all partitions, so it could do little
/// with the rest; and the next link finds the master that took over.
final class RedisClusterLink: RedisLink {
    let closeFuture: EventLoopFuture<RedisError?>
    private let router: LoopConfined<ClusterRouter>

    /// Must be called on the event loop.
    init(_ router: ClusterRouter, on eventLoop: any EventLoop) {
        self.router = LoopConfined(router, on: eventLoop)
        closeFuture = router.closeFuture
    }

    var place: String { masters.map(\.description).joined(separator: ",") }

    var masters: [RedisEndpoint] { router.value.masters }

    func send(_ pipeline: consuming RedisPipeline, whenDone completion: @escaping RedisCompletion) {
        router.value.send(pipeline, whenDone: completion)
    }

    func send(
        _ pipeline: consuming RedisPipeline, to master: RedisEndpoint, whenDone completion: @escaping RedisCompletion
    ) {
        router.value.send(pipeline, to: master, whenDone: completion)
    }

    func ping(isSilent: Bool, whenDone completion: @escaping RedisCompletion) {
        router.value.ping(whenDone: completion)
    }

    func beginClosing() {
        router.run { $0.drain() }
    }
}
