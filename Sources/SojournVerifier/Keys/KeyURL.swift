import BoundedHTTP
import ConnectionSupport
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// A URL with keys.
struct KeyURL: KeyReader {
    private static let patience: TimeAmount = .seconds(5)

    let interval: Duration
    private let requester: HTTPRequester

    /// - Throws: why it cannot be used; nothing of it is quoted, because a URL may contain a password.
    init(_ url: String, authorities: [UInt8]?, interval: Duration) throws(KeySet.Problem) {
        self.interval = interval
        do {
            let endpoint = try HTTPEndpoint(url: url)
            let tls = try ClientTLS.configuration(authorities: authorities, identity: nil)
            requester = HTTPRequester(
                endpoint, tls: endpoint.isEncrypted ? try NIOSSLContext(configuration: tls) : nil,
                // With the head of the answer.
                longestAnswer: KeySet.Limits.document + (32 << 10), on: MultiThreadedEventLoopGroup.singleton.next())
        } catch let problem as HTTPEndpoint.Problem {
            throw KeySet.Problem(message: "cannot be used: \(problem.message)")
        } catch {
            throw KeySet.Problem(message: "cannot be used: its authorities have no certificate in PEM form")
        }
    }

    func read() async throws(KeySet.Problem) -> KeySet? {
        try KeySet(await document())
    }

    private func document() async throws(KeySet.Problem) -> [UInt8] {
        let answer: HTTPAnswer
        do throws(HTTPFailure) {
            answer = try await requester.answer(
                to: .GET, requester.endpoint.path, [("accept", "application/jwk-set+json, application/json")],
                patience: Self.patience)
        } catch {
            throw KeySet.Problem(message: "cannot be read: \(error.message)")
        }
        guard answer.status == 200 else {
            throw KeySet.Problem(message: "cannot be read: the server answers with status \(answer.status)")
        }
        return answer.body
    }
}
