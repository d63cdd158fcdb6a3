import HTTPTypes
import Hummingbird
import HummingbirdCore
import SojournClient

/// Protection against cross-site request forgery (CSRF): does a request that may change something come from our own pages?
///
/// Browsers say where a request comes from, in headers that no page can set: `Origin`, in every request but GET and HEAD, and
/// `Sec-Fetch-Site`. This is preferred to tokens in forms (double submit), which need a key that all processes share, code in
/// every form and script, and can leak; see “Fetch Metadata” in OWASP's Cross-Site Request Forgery Prevention Cheat Sheet. A
/// request with neither header is refused: what is no browser has no use for a session cookie.
///
/// It holds for every path, also for logging in: otherwise others could log a visitor in as themselves.
struct OwnOrigins: Sendable {
    /// RFC 9110, section 9.2.1: nothing may change there.
    private static let safe: Set<HTTPRequest.Method> = [.get, .head, .options]
    private static let site = HTTPField.Name("Sec-Fetch-Site")!

    private let origins: Set<String>

    /// - Throws: `invalidConfiguration`.
    init(_ origins: Set<String>) throws(SojournError) {
        guard !origins.isEmpty else {
            throw SojournError(.invalidConfiguration, "origins must contain one at least, such as https://shop.example")
        }
        for origin in origins where !Self.isUsable(origin) {
            throw SojournError(
                .invalidConfiguration,
                "an origin is https:// and a host in small letters, with a port only if it is not 443, and nothing after it, "
                    + "such as https://shop.example; http:// only for localhost")
        }
        self.origins = origins
    }

    /// Whether a request is safe, or comes from one of our pages.
    func admit(_ request: Request) -> Bool {
        // A WebSocket begins with GET, and what is sent over it may change anything.
        if Self.safe.contains(request.method), request.headers[values: .upgrade].isEmpty { return true }
        let origin = request.headers[values: .origin]
        guard origin.isEmpty else { return origin.count == 1 && origins.contains(origin[0]) }
        return request.headers[values: Self.site] == ["same-origin"]
    }

    /// Whether browsers write it like this (RFC 6454, section 6.2), and keep a Secure cookie of its pages.
    private static func isUsable(_ origin: String) -> Bool {
        let isLocal = origin == "http://localhost" || origin.hasPrefix("http://localhost:")
        guard isLocal || origin.hasPrefix("https://"), origin.utf8.count <= 261 else { return false }
        let authority = origin.split(separator: "://", maxSplits: 1)[1...].first ?? ""
        return !authority.isEmpty && !authority.hasSuffix(":443") && authority == authority.lowercased()
            && authority.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } && !authority.contains { "/?#@*\\".contains($0) }
    }
}
