import ConnectionSupport

/// Where requests are sent: `http://` or `https://`, host, port and path.
package struct HTTPEndpoint: Hashable, Sendable {
    /// Why a URL cannot be used, as a sentence that quotes nothing: it may hold a secret.
    package struct Problem: Error, Hashable, Sendable {
        package let message: String
    }

    package let host: String
    package let port: Int
    package let isEncrypted: Bool
    /// As in the URL, where it may be empty.
    package let path: String

    package init(url: String) throws(Problem) {
        guard let scheme = Self.schemes.first(where: { url.lowercased().hasPrefix($0.text) }) else {
            throw Problem(message: "it must begin with http:// or https://")
        }
        isEncrypted = scheme.isEncrypted
        let rest = url.dropFirst(scheme.text.count)
        guard !rest.contains("?"), !rest.contains("#") else { throw Problem(message: "it must have no query") }
        let authority = rest.prefix { $0 != "/" }
        guard !authority.contains("@") else {
            throw Problem(message: "it must have no user or password: they belong into a header")
        }
        let path = rest.dropFirst(authority.count)
        guard path.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw Problem(message: "its path must be percent-encoded")
        }
        self.path = String(path)
        (host, port) = try Self.place(authority, standardPort: scheme.port)
    }

    private static let schemes = [
        (text: "https://", isEncrypted: true, port: 443), (text: "http://", isEncrypted: false, port: 80),
    ]

    private static func place(_ text: Substring, standardPort: Int) throws(Problem) -> (String, Int) {
        var host = text
        var port: Substring?
        if text.first == "[" {
            guard let end = text.firstIndex(of: "]") else { throw Problem(message: "its IPv6 address has no bracket") }
            host = text[text.index(after: text.startIndex)..<end]
            let after = text[text.index(after: end)...]
            guard after.isEmpty || after.first == ":" else { throw Problem(message: "it has no valid port") }
            port = after.isEmpty ? nil : after.dropFirst()
        } else if let colon = text.firstIndex(of: ":") {
            host = text[..<colon]
            port = text[text.index(after: colon)...]
        }
        guard (1...253).contains(host.utf8.count), host.utf8.allSatisfy(isHostByte) else {
            throw Problem(message: "it has no valid host")
        }
        guard let port else { return (String(host), standardPort) }
        guard let number = URLPort.number(port) else {
            throw Problem(message: "its port is not a number from 1 to 65535")
        }
        return (String(host), number)
    }

    private static func isHostByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"),
            UInt8(ascii: ":"), UInt8(ascii: "%"):
            true
        default: false
        }
    }
}

extension HTTPEndpoint: CustomStringConvertible {
    /// The value of `Host`, and what logs show.
    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
