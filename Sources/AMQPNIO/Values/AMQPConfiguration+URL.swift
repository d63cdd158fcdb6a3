import ConnectionSupport
package import NIOSSL

extension AMQPConfiguration {
    /// Parses `amqp://user:password@host:port/vhost` or `amqps://…`, according to the RabbitMQ URI specification.
    ///
    /// Ports default to 5672 and 5671, user and password to `guest`, the virtual host to `/` (also for `/%2f` or an
    /// empty path). User, password, host and virtual host are percent-decoded. `amqps` uses the system's trust roots
    /// and verifies the host name unless `tls` says otherwise. Errors (`invalidConfiguration`) never contain the
    /// password, nor any other part of the URL except the port.
    package init(url: String, tls: TLSConfiguration = ClientTLS.standard) throws(AMQPError) {
        self.init()
        var rest = Substring(url)
        // Schemes are case-insensitive (RFC 3986 §3.1).
        if let end = rest.endOfScheme("amqps://") {
            self.tls = tls
            port = 5671
            rest = rest[end...]
        } else if let end = rest.endOfScheme("amqp://") {
            rest = rest[end...]
        } else {
            throw AMQPError(.invalidConfiguration, "an AMQP URL starts with amqp:// or amqps://")
        }
        // A '#' or '?' in a password must be written %23 or %3F; otherwise it would silently truncate the URL.
        guard !rest.contains(where: { $0 == "?" || $0 == "#" }) else {
            throw AMQPError(
                .invalidConfiguration, "an AMQP URL must not have a query or a fragment; write ? as %3F and # as %23")
        }
        if let slash = rest.firstIndex(of: "/") {
            let path = rest[rest.index(after: slash)...]
            guard !path.contains("/") else {
                throw AMQPError(.invalidConfiguration, "the virtual host of an AMQP URL has a '/'; write it as %2F")
            }
            if !path.isEmpty { virtualHost = try Self.decoded(path, "virtual host") }
            rest = rest[..<slash]
        }
        if let at = rest.lastIndex(of: "@") {
            try readCredentials(rest[..<at])
            rest = rest[rest.index(after: at)...]
        }
        try readAuthority(rest)
        try validate()
    }

    private mutating func readCredentials(_ text: Substring) throws(AMQPError) {
        guard !text.contains("@") else {
            throw AMQPError(.invalidConfiguration, "the credentials of an AMQP URL have an '@'; write it as %40")
        }
        guard let colon = text.firstIndex(of: ":") else {
            username = try Self.decoded(text, "user name")
            return
        }
        username = try Self.decoded(text[..<colon], "user name")
        password = try Self.decoded(text[text.index(after: colon)...], "password")
    }

    private mutating func readAuthority(_ text: Substring) throws(AMQPError) {
        var portText: Substring?
        if text.first == "[" {
            guard let end = text.firstIndex(of: "]") else {
                throw AMQPError(.invalidConfiguration, "the IPv6 address of an AMQP URL lacks its ']'")
            }
            host = String(text[text.index(after: text.startIndex)..<end])
            let after = text[text.index(after: end)...]
            guard after.isEmpty || after.first == ":" else {
                throw AMQPError(.invalidConfiguration, "only a port may follow the ']' of an AMQP URL")
            }
            if !after.isEmpty { portText = after.dropFirst() }
        } else if let colon = text.firstIndex(of: ":") {
            host = try Self.decoded(text[..<colon], "host")
            portText = text[text.index(after: colon)...]
        } else {
            host = try Self.decoded(text, "host")
        }
        guard !host.isEmpty else { throw AMQPError(.invalidConfiguration, "the AMQP URL has no host") }
        guard let portText, !portText.isEmpty else { return }
        guard let number = URLPort.number(portText) else {
            // Not quoted: it may be part of a password with an unescaped ':' or '@'.
            throw AMQPError(.invalidConfiguration, "the port of an AMQP URL is not a number from 1 to 65535")
        }
        port = number
    }

    private static func decoded(_ text: Substring, _ part: String) throws(AMQPError) -> String {
        do {
            return try PercentEncoding.decode(text)
        } catch {
            switch error {
            case .invalidEscape:
                throw AMQPError(
                    .invalidConfiguration,
                    "the \(part) of an AMQP URL has a '%' without two hexadecimal digits; write it as %25")
            case .notUTF8: throw AMQPError(.invalidConfiguration, "the \(part) of an AMQP URL is not UTF-8")
            }
        }
    }
}

extension Substring {
    fileprivate func endOfScheme(_ scheme: String) -> Index? {
        guard utf8.count >= scheme.utf8.count, prefix(scheme.count).lowercased() == scheme else { return nil }
        return index(startIndex, offsetBy: scheme.count)
    }
}
