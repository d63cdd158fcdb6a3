public import Hummingbird
public import SojournClient

/// What a ``SessionMiddleware`` has to know about a service.
public struct SessionMiddlewareConfiguration: Sendable {
    /// The origins of the service's own pages, such as `https://shop.example`; requests that may change something are refused from
    /// any other.
    public var origins: Set<String>
    /// How many reverse proxies of yours each request passes, from 0 to 16. With too many, clients choose their own address.
    public var proxies = 0
    /// Begins with `__Host-`.
    public var cookieName = SessionCookie.standardName
    /// The tenant of all sessions. Those of others are unknown here.
    public var tenant = "default"
    /// From a command to its result.
    public var timeout: Duration = .seconds(5)
    /// Adds what the service knows about where a request comes from, such as its country, to its address and User-Agent. A policy's
    /// context rules compare it.
    public var completeContext: (@Sendable (Request, inout SojournClient.Context) -> Void)?

    public init(origins: Set<String>) { self.origins = origins }
}
