import HTTPTypes
import HummingbirdCore
import NIOCore
import Synchronization

/// Keeps what a response writes.
final class BodyCollector: ResponseBodyWriter, Sendable {
    let kept = Mutex(ByteBuffer())

    func write(_ buffer: ByteBuffer) async throws {
        kept.withLock { _ = $0.writeImmutableBuffer(buffer) }
    }

    func finish(_ trailingHeaders: HTTPFields?) async throws {}
}
