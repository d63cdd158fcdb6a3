/// A host and a TCP port, written as `host:port`, with an IPv6 address in brackets: `[::1]:9490`.
package struct SocketEndpoint: Hashable, Sendable, CustomStringConvertible {
    /// A name or an address, without brackets.
    package var host: String

    /// 0 to 65535; with 0 the system chooses a free port.
    package var port: Int

    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// Nil if the text has another form. The reason is not reported, because the error states the only valid form.
    package init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        var host = text[..<colon]
        let digits = text[text.index(after: colon)...]
        let isASCIINumber = (1...5).contains(digits.utf8.count) && digits.utf8.allSatisfy { (0x30...0x39).contains($0) }
        guard isASCIINumber, let port = Int(digits), port <= 65535 else { return nil }
        if host.hasPrefix("[") {
            guard host.hasSuffix("]") else { return nil }
            host = host.dropFirst().dropLast()
            guard host.contains(":"), Self.isWritten(host, alsoWith: ":.%") else { return nil }
        } else {
            guard Self.isWritten(host, alsoWith: ".-_") else { return nil }
        }
        self.init(host: String(host), port: port)
    }

    package var description: String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }

    /// The longest name in DNS has 253 bytes.
    private static func isWritten(_ host: Substring, alsoWith others: String) -> Bool {
        (1...253).contains(host.utf8.count)
            && host.allSatisfy { ($0.isASCII && ($0.isLetter || $0.isNumber)) || others.contains($0) }
    }
}
