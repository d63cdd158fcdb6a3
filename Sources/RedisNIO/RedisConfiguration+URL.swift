import ConnectionSupport
import NIOSSL

extension RedisConfiguration {
    /// Reads one of these, where `rediss` in place of `redis` means TLS with the system's trust roots:
    ///
    /// - `redis://[user[:password]@]host[:6379][/database]`;
    /// - `redis+sentinel://[user[:password]@]sentinel[:26379][,…]/master-name[/database]`, with
    ///   `?sentinel-user=…&sentinel-password=…` where the Sentinels have credentials of their own;
    /// - `redis+cluster://[user[:password]@]node[:6379][,…]`.
    ///
    /// Users, passwords and hosts may be percent-encoded; the database defaults to 0.
    ///
    /// - Throws: ``RedisError/Code/invalidConfiguration``. In a malformed URL any part may be a piece of the password,
    ///   so the message names the invalid part and never quotes it.
    package init(url: String) throws(RedisError) {
        guard let (scheme, rest) = url.cut(at: "://") else {
            throw Self.malformed("it has no scheme: it must begin with redis:// or rediss://")
        }
        let kind = try RedisURLScheme(scheme)
        guard !rest.contains("#") else { throw Self.malformed("it has a fragment (# in a password is written %23)") }
        let (place, query) = rest.cut(at: "?").map { ($0, Optional($1)) } ?? (rest, nil)
        let (authority, path) = place.cut(at: "/") ?? (place, "")
        let (credentials, location) = authority.cutAtLast("@").map { (Optional($0), $1) } ?? (nil, authority)
        try self.init(location: location, path: path, scheme: kind)
        if let credentials { try readCredentials(credentials) }
        if let query { try readQuery(query) }
    }

    private init(location: Substring, path: Substring, scheme: RedisURLScheme) throws(RedisError) {
        let tls: TLSConfiguration? = scheme.isEncrypted ? ClientTLS.standard : nil
        switch scheme.topology {
        case .single:
            guard !location.contains(",") else {
                throw Self.malformed("it has several hosts, which only redis+sentinel:// and redis+cluster:// have")
            }
            self.init(endpoints: [try Self.endpoint(location, port: 6379)], deployment: .single, tls: tls)
            database = try Self.databaseNumber(path)
        case .sentinel:
            let (name, number) = path.cut(at: "/") ?? (path, "")
            self.init(
                endpoints: try Self.endpoints(location, port: 26_379),
                deployment: .sentinel(masterName: try Self.masterName(name)), tls: tls)
            database = try Self.databaseNumber(number)
        case .cluster:
            self.init(endpoints: try Self.endpoints(location, port: 6379), deployment: .cluster, tls: tls)
            guard try Self.databaseNumber(path) == 0 else {
                throw Self.malformed("a Redis Cluster has no database but 0")
            }
        }
    }

    // MARK: Parts

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

    private mutating func readQuery(_ query: Substring) throws(RedisError) {
        guard case .sentinel = deployment else {
            throw Self.malformed("it has a query (? in a password is written %3F)")
        }
        for item in query.split(separator: "&", omittingEmptySubsequences: false) {
            guard let (key, text) = item.cut(at: "="), let value = try? PercentEncoding.decode(text), !value.isEmpty,
                // An @ here may be the end of a password that holds an unescaped question mark.
                !text.contains("@")
            else { throw Self.malformed("its query is not made of sentinel-user=… and sentinel-password=…") }
            switch key {
            case "sentinel-user" where sentinelUsername == nil: sentinelUsername = value
            case "sentinel-password" where sentinelPassword == nil: sentinelPassword = value
            default:
                throw Self.malformed("its query has a key other than sentinel-user and sentinel-password, once each")
            }
        }
        guard sentinelUsername == nil || sentinelPassword != nil else {
            throw Self.malformed("it has a sentinel-user but no sentinel-password")
        }
    }

    private static func endpoints(_ text: Substring, port: Int) throws(RedisError) -> [RedisEndpoint] {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        guard parts.count <= maxEndpoints else { throw malformed("it has more than \(maxEndpoints) hosts") }
        var endpoints: [RedisEndpoint] = []
        for part in parts {
            let endpoint = try endpoint(part, port: port)
            if !endpoints.contains(endpoint) { endpoints.append(endpoint) }
        }
        return endpoints
    }

    private static func endpoint(_ text: Substring, port standard: Int) throws(RedisError) -> RedisEndpoint {
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
        guard let port else { return RedisEndpoint(host: decoded, port: standard) }
        guard let number = URLPort.number(port) else {
            throw malformed("its port is not a number from 1 to 65535 (: / and @ in a password must be written as %xx)")
        }
        return RedisEndpoint(host: decoded, port: number)
    }

    /// The characters that the configuration of a Sentinel allows in a name (sentinel.conf).
    private static func masterName(_ text: Substring) throws(RedisError) -> String {
        guard !text.isEmpty else {
            throw malformed("the name of the master must follow its hosts: redis+sentinel://host,host/master-name")
        }
        guard text.utf8.count <= maxMasterNameBytes, text.allSatisfy(isMasterNameCharacter) else {
            throw malformed(
                "the name of its master is not made of A-Z a-z 0-9 . _ - (/ and @ in a password must be written %2F "
                    + "and %40)")
        }
        return String(text)
    }

    private static let maxMasterNameBytes = 128

    private static func isMasterNameCharacter(_ character: Character) -> Bool {
        character.isASCII && (character.isLetter || character.isNumber) || ".-_".contains(character)
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

    fileprivate static func malformed(_ what: String) -> RedisError {
        RedisError(.invalidConfiguration, "the Redis URL cannot be used: \(what)")
    }
}

/// What stands before `://`.
private struct RedisURLScheme {
    enum Topology {
        case single
        case sentinel
        case cluster
    }

    let isEncrypted: Bool
    let topology: Topology

    init(_ text: Substring) throws(RedisError) {
        switch text.lowercased() {
        case "redis": (isEncrypted, topology) = (false, .single)
        case "rediss": (isEncrypted, topology) = (true, .single)
        case "redis+sentinel": (isEncrypted, topology) = (false, .sentinel)
        case "rediss+sentinel": (isEncrypted, topology) = (true, .sentinel)
        case "redis+cluster": (isEncrypted, topology) = (false, .cluster)
        case "rediss+cluster": (isEncrypted, topology) = (true, .cluster)
        default:
            throw RedisConfiguration.malformed(
                "its scheme is not redis or rediss, with +sentinel or +cluster where there are several servers")
        }
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
