package import SessionCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Shapes that several commands share (contract §3).
extension ObjectReader {
    mutating func tenant() throws(Failure) -> String {
        guard let tenant = try string("tenant", length: 1...64) else { return "default" }
        guard tenant.utf8.allSatisfy(\.isBase64URL) else {
            throw failure("tenant", "must consist of letters, digits, _ and -")
        }
        return tenant
    }

    mutating func subject() throws(Failure) -> ExactText {
        ExactText(try required("subject", length: 1...256))
    }

    /// Seconds, at least 1: 0 is an error and never means "forever".
    mutating func seconds(_ key: String) throws(Failure) -> Int? {
        try integer(key, in: 1...Self.maxSeconds)
    }

    /// A hundred years: no duration in a policy or a command needs more.
    package static let maxSeconds = 3_155_760_000

    /// More than the longest token: an access token names a subject, an actor and a caller.
    static let maxTokenLength = 16_384

    /// More than the longest cursor, which names a session and its ancestors.
    static let maxCursorLength = 2048

    /// Parses a token of any shape. Rejecting a malformed one is left to the rules.
    mutating func token(
        _ key: String, as kind: TokenKind, by tokens: any TokenScheme
    ) throws(Failure) -> TokenReference? {
        guard let text = try string(key, length: 0...Self.maxTokenLength) else { return nil }
        return tokens.read(text, as: kind).map(TokenReference.genuine) ?? .malformed
    }

    /// Parses a session token, or what may be an access token: three parts separated by dots (RFC 7515, section 7.1).
    mutating func tokenOrAccessToken(
        _ key: String, by tokens: any TokenScheme
    ) throws(Failure) -> TokenReference? {
        guard let text = try string(key, length: 0...Self.maxTokenLength) else { return nil }
        if let token = tokens.read(text, as: .session) { return .genuine(token) }
        let isAccessToken = text.utf8.count(where: { $0 == UInt8(ascii: ".") }) == 2
        return isAccessToken ? .unverified(Secret(text)) : .malformed
    }

    /// Exactly one of `token` and `sessionId`.
    mutating func sessionTarget(by tokens: any TokenScheme) throws(Failure) -> SessionTarget {
        switch (try token("token", as: .session, by: tokens), try string("sessionId", length: 1...128)) {
        case (let token?, nil): return .token(token)
        case (nil, let id?): return .session(SessionID(id))
        case (nil, nil): throw missing("token", "sessionId", because: "one of token and sessionId is required")
        case (.some, .some): throw failure("sessionId", "cannot be combined with token")
        }
    }

    /// The caller's reason.
    mutating func reason() throws(Failure) -> EndReason? {
        guard let word = try string("reason", length: 0...64) else { return nil }
        guard let reason = EndReason(callers: word) else {
            throw failure(
                "reason", "must be 1 to 64 of a-z, 0-9 and _, and not a reason that Sojourn itself uses")
        }
        return reason
    }

    /// Unwraps a required member.
    func required<Value>(_ key: String, _ value: Value?) throws(Failure) -> Value {
        guard let value else { throw missing(key) }
        return value
    }

    mutating func policyName() throws(Failure) -> ExactText {
        let name = try required("name", length: 1...64)
        guard name.utf8.allSatisfy(\.isBase64URL) else {
            throw failure("name", "must consist of letters, digits, _ and -")
        }
        return ExactText(name)
    }

    mutating func factor(of kinds: [String]) throws(Failure) -> FactorProof? {
        try nested("factor") { reader throws(Failure) in
            let kind = try reader.required("type", length: 0...64)
            guard kinds.contains(where: kind.isExactly) else {
                throw reader.failure("type", "must be one of \(kinds.joined(separator: ", "))")
            }
            return FactorProof(kind: kind, code: Secret(try reader.required("code", length: 1...64)))
        }
    }

    mutating func attributes() throws(Failure) -> JSONObject? {
        guard let attributes = try object("attributes") else { return nil }
        guard attributes.compactLength <= SessionManager.maxAttributesBytes else {
            throw failure("attributes", "must be at most \(SessionManager.maxAttributesBytes) bytes of JSON")
        }
        return attributes
    }

    mutating func device() throws(Failure) -> Device? {
        try nested("device") { reader throws(Failure) in
            Device(
                id: try reader.exactText("id", length: 1...256), name: try reader.exactText("name", length: 1...256),
                platform: try reader.exactText("platform", length: 1...256),
                fingerprint: try reader.exactText("fingerprint", length: 1...256))
        }
    }

    mutating func context() throws(Failure) -> ClientContext? {
        try nested("context") { reader throws(Failure) in
            ClientContext(
                ip: try reader.address("ip"), userAgent: try reader.exactText("userAgent", length: 1...1024),
                fingerprint: try reader.exactText("fingerprint", length: 1...256),
                country: try reader.country("country"), region: try reader.exactText("region", length: 1...128),
                city: try reader.exactText("city", length: 1...128), coordinates: try reader.coordinates(),
                asn: try reader.integer("asn", in: 0...4_294_967_295).map(Int64.init))
        }
    }

    mutating func authentication() throws(Failure) -> Authentication? {
        try nested("authentication") { reader throws(Failure) in
            Authentication(methods: try reader.methods(), at: try reader.timestamp("at"))
        }
    }

    package mutating func timestamp(_ key: String) throws(Failure) -> Timestamp? {
        guard let text = try string(key, length: 1...64) else { return nil }
        guard let timestamp = Timestamp(rfc3339: text) else {
            throw failure(key, "must be an RFC 3339 time such as 2026-11-20T22:00:00.000Z")
        }
        return timestamp
    }

    private mutating func methods() throws(Failure) -> [ExactText] {
        guard let value = value("methods") else { throw missing("methods") }
        guard case .array(let values) = value, (1...16).contains(values.count) else {
            throw failure("methods", "must be an array of 1 to 16 methods")
        }
        var methods: [ExactText] = []
        for (index, value) in values.enumerated() {
            guard case .string(let method) = value, (1...32).contains(method.unicodeScalars.count),
                !methods.contains(ExactText(method))
            else {
                throw Failure(
                    .invalidField, "must be a string of 1 to 32 characters, and each only once",
                    path: pointer(to: "methods") + "/\(index)")
            }
            methods.append(ExactText(method))
        }
        return methods
    }

    private mutating func address(_ key: String) throws(Failure) -> ExactText? {
        guard let text = try string(key, length: 1...64) else { return nil }
        guard isAddress(text) else { throw failure(key, "must be an IPv4 or IPv6 address") }
        return ExactText(text)
    }

    /// An address, or a network in CIDR notation.
    mutating func addressBlock(_ key: String) throws(Failure) -> AddressBlock? {
        guard let text = try string(key, length: 1...64) else { return nil }
        let address = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).first.map(String.init)
        guard let address, isAddress(address), let block = AddressBlock(text) else {
            throw failure(
                key, "must be an IP address, or a network such as 192.0.2.0/24 without bits set after its prefix")
        }
        return block
    }

    private mutating func country(_ key: String) throws(Failure) -> ExactText? {
        guard let text = try string(key, length: 2...2) else { return nil }
        guard text.utf8.allSatisfy({ (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }) else {
            throw failure(key, "must be two capital letters (ISO 3166-1 alpha-2)")
        }
        return ExactText(text)
    }

    private mutating func coordinates() throws(Failure) -> ClientContext.Coordinates? {
        let latitude = try number("latitude", in: -90...90)
        let longitude = try number("longitude", in: -180...180)
        switch (latitude, longitude) {
        case (nil, nil): return nil
        case (let latitude?, let longitude?): return .init(latitude: latitude, longitude: longitude)
        case (nil, _): throw failure("latitude", "is required with longitude")
        case (_, nil): throw failure("longitude", "is required with latitude")
        }
    }
}

/// Whether the C library parses `text` as an IPv4 or IPv6 address. It would ignore everything after a NUL.
private func isAddress(_ text: String) -> Bool {
    guard !text.utf8.contains(0) else { return false }
    var four = in_addr()
    var six = in6_addr()
    return inet_pton(AF_INET, text, &four) == 1 || inet_pton(AF_INET6, text, &six) == 1
}
