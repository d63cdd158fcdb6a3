import BoundedHTTP

/// Where spans are sent.
package struct OTLPEndpoint: Hashable, Sendable {
    /// Why a URL or a file of headers cannot be used, as a sentence that quotes nothing: it may hold a secret.
    package struct Problem: Error, Hashable, Sendable {
        package let message: String
    }

    let server: HTTPEndpoint
    /// Ends with `/v1/traces`, as OTLP requires of a base URL.
    package let path: String

    /// - Parameter url: a base URL, without `/v1/traces`.
    package init(url: String) throws(Problem) {
        do throws(HTTPEndpoint.Problem) { server = try HTTPEndpoint(url: url) } catch {
            throw Problem(message: error.message)
        }
        var path = server.path[...]
        while path.last == "/" { path.removeLast() }
        self.path = path + "/v1/traces"
    }

    package var host: String { server.host }
    package var port: Int { server.port }
    package var isEncrypted: Bool { server.isEncrypted }
}

extension OTLPEndpoint: CustomStringConvertible {
    package var description: String { "\(server)" }
}
