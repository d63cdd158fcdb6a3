import BoundedHTTP
import NIOCore
import NIOHTTP1
import NIOSSL

/// Sends spans to a collector.
struct CollectorConnection: Sendable {
    /// The longest answer, in bytes; it usually has a few dozen.
    private static let longestAnswer = 64 << 10

    let endpoint: OTLPEndpoint
    private let headers: [(String, String)]
    private let requester: HTTPRequester

    /// - Parameters:
    ///   - tls: `nil` without TLS.
    ///   - eventLoop: must not be a lane's.
    init(
        to endpoint: OTLPEndpoint, headers: OTLPHeaders, userAgent: String, tls: NIOSSLContext?,
        on eventLoop: any EventLoop
    ) {
        self.endpoint = endpoint
        self.headers = [("content-type", "application/json"), ("user-agent", userAgent)] + headers.all
        requester = HTTPRequester(endpoint.server, tls: tls, longestAnswer: Self.longestAnswer, on: eventLoop)
    }

    /// Sends spans, and waits for the answer. If the task is cancelled, the connection is closed.
    ///
    /// - Parameter patience: until the answer is complete.
    func send(_ body: [UInt8], patience: TimeAmount) async throws(ExportFailure) -> CollectorAnswer {
        do throws(HTTPFailure) {
            let answer = try await requester.answer(
                to: .POST, endpoint.path, headers, body: body, patience: patience)
            return CollectorAnswer(
                status: answer.status, retryAfter: answer.headers.first(name: "retry-after").flatMap(Int.init),
                body: answer.body)
        } catch {
            throw ExportFailure(error)
        }
    }
}
