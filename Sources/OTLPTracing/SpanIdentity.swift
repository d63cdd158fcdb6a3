package import SessionContract
package import Tracing

/// A span as its children see it: in a context, and in the headers of messages.
package struct SpanIdentity: Hashable, Sendable {
    package let parent: TraceParent
    /// As it came; nothing is added to it.
    package let tracestate: String?
    /// Whether it came from another process, which may set the sampled flag as it likes.
    package let isRemote: Bool

    package init(_ parent: TraceParent, tracestate: String?, isRemote: Bool) {
        self.parent = parent
        self.tracestate = tracestate
        self.isRemote = isRemote
    }
}

private enum SpanIdentityKey: ServiceContextKey {
    typealias Value = SpanIdentity

    static var nameOverride: String? { "sojourn-span" }
}

extension ServiceContext {
    package var spanIdentity: SpanIdentity? {
        get { self[SpanIdentityKey.self] }
        set { self[SpanIdentityKey.self] = newValue }
    }
}
