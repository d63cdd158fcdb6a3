import HTTPTypes

/// What a request shows.
enum RequestCredential: Sendable {
    case none
    /// A session token, in the cookie.
    case cookie(String)
    /// An access token, in `Authorization: Bearer` (RFC 6750, section 2.1).
    case accessToken(String)

    var sessionToken: String? { if case .cookie(let token) = self { token } else { nil } }

    /// - Parameter takesAccessTokens: if not, `Authorization` is not looked at.
    /// - Throws: ``RequestRefusal`` where it cannot be known who is meant.
    init(in headers: HTTPFields, cookie: SessionCookie, takesAccessTokens: Bool) throws(RequestRefusal) {
        let session = cookie.token(in: headers)
        if takesAccessTokens, let access = try Self.accessToken(in: headers[values: .authorization]) {
            guard session == nil else {
                throw .invalidRequest("the request has a session cookie and an access token: send one of them")
            }
            self = .accessToken(access)
        } else {
            self = session.map(Self.cookie) ?? .none
        }
    }

    /// - Returns: `nil` if there is none, or a credential of another scheme.
    private static func accessToken(in values: [String]) throws(RequestRefusal) -> String? {
        guard values.count <= 1 else {
            throw .invalidRequest("the request has several Authorization headers: send one of them")
        }
        let value = values.first ?? ""
        let parts = value.utf8.split(
            separator: UInt8(ascii: " "), maxSplits: 1, omittingEmptySubsequences: false
        ).map(Substring.init)
        guard parts[0].lowercased() == "bearer" else { return nil }
        guard parts.count == 2, isToken(parts[1]) else {
            throw .invalidRequest("the Authorization header is not Bearer, one space and an access token")
        }
        return String(parts[1])
    }

    /// `b64token` of RFC 6750, section 2.1.
    private static func isToken(_ text: Substring) -> Bool {
        let length = text.utf8.reversed().drop { $0 == UInt8(ascii: "=") }.count
        return length > 0
            && text.utf8.prefix(length).allSatisfy {
                switch $0 {
                case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: "-._~+/".utf8.contains($0)
                }
            }
    }
}
