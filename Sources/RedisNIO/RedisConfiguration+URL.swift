import ConnectionSupport
import NIOSSL

extension RedisConfiguration {
    /// Reads `redis://[user[:password]@]host[:port][/database]`, or `rediss://…` for TLS with the system's trust roots.
    ///
    /// User, password and host may be percent-encoded; the port defaults to 6379 and the database to 0.
    ///
    /// - Throws: ``RedisError/Code/invalidConfiguration``. In a malformed URL any part may be a piece of the password,
    ///   so the message names the invalid part and never quotes it.
    package init(url: String) throws(RedisError) {
        guard let (scheme, rest) = url.cut(at: "://") else {
            throw Self.malformed("it has no scheme: it must begin with redis:// or rediss://")
        }
        let tls: TLSConfiguration?
        switch scheme.lowercased() {
        case "redis": tls = nil
        case "rediss": tls = .makeClientConfiguration()
        case "redis+sentinel", "rediss+sentinel": throw Self.malformed("Redis Sentinel is not supported yet")
        case "redis+cluster", "rediss+cluster": throw Self.malformed("Redis Cluster is not supported yet")
        default: throw Self.malformed("its scheme is not redis or rediss")
        }
        guard !rest.contains(where: { $0 == "?" || $0 == "#" }) else {
            throw Self.malformed("it has a query or a fragment (? and # inside a password must be written %3F and %23)")
        }

        let (authority, path) = rest.cut(at: "/") ?? (rest, "")
        var location = authority
        var credentials: Substring?
        if let (before, after) = authority.cutAtLast("@") {
            credentials = before
            location = after
        }
        let (host, port) = try Self.hostAndPort(location)
        self.init(host: host, port: port, tls: tls)
        if let credentials { try readCredentials(credentials) }
        database = try Self.databaseNumber(path)
    }

    private mutating func readCredentials(_ text: Substring) throws(RedisError) {
        let (user, secret) = text.cut(at: ":").map { ($0, Optional($1)) } ?? (text, nil)
        guard let decodedUser = try? PercentEncoding.decode(user) else {
            throw Self.malformed("a % in its user is no valid escape")
        }
        username = decodedUser.isEmpty ? nil : decodedUser
        guard let secret else {
            // `AUTH` takes a password, or a user and a password, but never a user alone.
            throw Self.malformed("it has a user but no password (a password alone is written redis://:password@host)")
        }
        guard let decodedSecret = try? PercentEncoding.decode(secret) else {
            throw Self.malformed("a % in its password is no valid escape (% itself is written %25)")
        }
        password = decodedSecret
    }

    private static func hostAndPort(_ text: Substring) throws(RedisError) -> (host: String, port: Int) {
        let host: Substring
        let port: Substring?
        if text.first == "[" {
            guard let (address, after) = text.dropFirst().cut(at: "]"), after.isEmpty || after.first == ":" else {
                throw malformed("its IPv6 address is not enclosed in brackets")
            }
            (host, port) = (address, after.isEmpty ? nil : after.dropFirst())
        } else {
            (host, port) = text.cut(at: ":").map { ($0, Optional($1)) } ?? (text, nil)
        }
        guard let decoded = try? PercentEncoding.decode(host), !decoded.isEmpty else {
            throw malformed("it has no host")
        }
        guard let port else { return (decoded, 6379) }
        guard let number = URLPort.number(port) else {
            throw malformed("its port is not a number from 1 to 65535 (: / and @ in a password must be written as %xx)")
        }
        return (decoded, number)
    }

    private static func databaseNumber(_ path: Substring) throws(RedisError) -> Int {
        if path.isEmpty { return 0 }
        guard let number = decimal(path) else {
            throw malformed("its database is not a number (/ and @ in a password must be written %2F and %40)")
        }
        return number
    }

    /// Digits only: `Int.init` would also accept a sign.
    private static func decimal(_ text: Substring) -> Int? {
        text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ? Int(text) : nil
    }

    private static func malformed(_ what: String) -> RedisError {
        RedisError(.invalidConfiguration, "the Redis URL cannot be used: \(what)")
    }
}

extension StringProtocol where SubSequence == Substring {
    /// The text before and after the first occurrence of the mark; nil if it does not occur.
    fileprivate func cut(at mark: String) -> (Substring, Substring)? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(mark) {
                return (self[..<start], self[index(start, offsetBy: mark.count)...])
            }
            start = index(after: start)
        }
        return nil
    }

    fileprivate func cutAtLast(_ mark: Character) -> (Substring, Substring)? {
        guard let position = lastIndex(of: mark) else { return nil }
        return (self[..<position], self[index(after: position)...])
    }
}
