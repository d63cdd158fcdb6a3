import HTTPTypes
import SojournClient

/// The session cookie. It holds the session token, and nothing else.
///
/// `__Host-` makes browsers refuse the cookie unless it is Secure, for the whole host, and set by this very host: no other subdomain
/// and no plain HTTP can plant one. HttpOnly hides it from scripts. SameSite=Lax keeps it out of requests that other sites make,
/// other than following a link (see also ``OwnOrigins``).
struct SessionCookie: Sendable {
    static let standardName = "__Host-session"
    /// Of all cookies of a request, in bytes; more is none of ours.
    private static let maximumSize = 8192
    private static let attributes = "Path=/; Secure; HttpOnly; SameSite=Lax"

    let name: String

    /// - Throws: `invalidConfiguration`.
    init(name: String) throws(SojournError) {
        let prefix = "__Host-"
        guard name.hasPrefix(prefix) else {
            throw SojournError(
                .invalidConfiguration,
                "the cookie's name must begin with \(prefix), or other hosts of the domain could set it")
        }
        let isPlain = name.utf8.dropFirst(prefix.utf8.count).allSatisfy { $0.isWordByte }
        guard isPlain, (prefix.utf8.count + 1...64).contains(name.utf8.count) else {
            throw SojournError(
                .invalidConfiguration, "the cookie's name must be \(prefix) and A-Z a-z 0-9 _ -, at most 64 in all")
        }
        self.name = name
    }

    /// The values of the cookies of this name in a request's headers.
    private func values(in headers: HTTPFields) -> [HeaderBytes] {
        // HTTP/2 may send each cookie in a field of its own (RFC 9113, section 8.2.3).
        let fields = headers[values: .cookie]
        guard fields.reduce(0, { $0 + $1.utf8.count + 2 }) <= Self.maximumSize else { return [] }
        return fields.flatMap { $0.utf8.split(separator: UInt8(ascii: ";")) }.compactMap { pair in
            guard let sign = pair.firstIndex(of: UInt8(ascii: "=")),
                pair[..<sign].trimmingBlanks.elementsEqual(name.utf8)
            else { return nil }
            return pair[pair.index(after: sign)...].trimmingBlanks
        }
    }

    /// The session token in a request's headers.
    ///
    /// `nil` also if there are several cookies of this name: which one a browser meant cannot be known, so neither is used.
    func token(in headers: HTTPFields) -> String? {
        let values = values(in: headers)
        guard values.count == 1, Self.isToken(values[0]) else { return nil }
        return String(Substring(values[0]))
    }

    /// Whether the browser has a cookie of this name, of whatever form.
    func occurs(in headers: HTTPFields) -> Bool { !values(in: headers).isEmpty }

    /// The header that gives a browser the token. It goes when the browser closes, or the session ends.
    ///
    /// - Throws: `unreadableReply` for what is no session token: whatever its source, it cannot bring a header of its own.
    func setting(_ token: String) throws(SojournError) -> HTTPField {
        guard Self.isToken(token[...].utf8) else {
            throw SojournError(.unreadableReply, "the worker's session token has a wrong form")
        }
        return HTTPField(name: .setCookie, value: "\(name)=\(token); \(Self.attributes)")
    }

    /// The header that makes a browser forget the token.
    var deletion: HTTPField { HTTPField(name: .setCookie, value: "\(name)=; Max-Age=0; \(Self.attributes)") }

    /// As in `schemas/common.json`, `sessionToken`.
    private static func isToken(_ text: HeaderBytes) -> Bool {
        text.count == 96 && text.starts(with: "sjs_".utf8) && text.allSatisfy { $0.isWordByte }
    }
}

extension UInt8 {
    /// Whether it is one of `A-Z a-z 0-9 _ -`.
    fileprivate var isWordByte: Bool {
        switch self {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
