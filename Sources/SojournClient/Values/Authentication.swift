public import FoundationEssentials

/// An authentication that the service has verified itself.
public struct Authentication: Codable, Hashable, Sendable {
    /// `amr` values of RFC 8176: `pwd`, `otp`, `hwk`, … From 1 to 16.
    public var methods: [String]
    /// When; now if `nil`.
    public var at: Date?

    public init(methods: [String], at: Date? = nil) {
        self.methods = methods
        self.at = at
    }
}

/// A code for Sojourn to verify, as the user typed it.
public struct FactorCode: Sendable {
    let type: FactorType
    let code: String

    /// A code from an authenticator app.
    public static func totp(_ code: String) -> FactorCode { FactorCode(type: .totp, code: code) }

    /// A recovery code, which works once.
    public static func recovery(_ code: String) -> FactorCode { FactorCode(type: .recovery, code: code) }
}

extension FactorCode: Encodable, CustomStringConvertible, CustomReflectable {
    private enum CodingKeys: CodingKey {
        case type, code
    }

    /// The kind of code, without the code.
    public var description: String { "\(type) code" }
    public var customMirror: Mirror { Mirror(self, children: ["type": type]) }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(type, forKey: .type)
        try container.encode(code, forKey: .code)
    }
}

/// What raises a session's level.
public enum Proof: Sendable {
    /// A code that Sojourn verifies.
    case factor(FactorCode)
    /// An authentication that the service has verified.
    case authentication(Authentication)
}

/// A type of factor.
public struct FactorType: ContractWord {
    /// Time-based codes (RFC 6238).
    public static let totp = FactorType(rawValue: "totp")
    /// Recovery codes, each of which works once.
    public static let recovery = FactorType(rawValue: "recovery")

    public let rawValue: String

    public init(rawValue: String) { self.rawValue = rawValue }
}

/// A subject's second factor, without its secret.
public struct Factor: Decodable, Hashable, Sendable, Identifiable {
    /// `fac_…`
    public var id: String
    /// Which kind of code it takes.
    public var type: FactorType
    /// The name that the user sees.
    public var label: String
    /// Whether a first code has confirmed it; only then does it count.
    public var confirmed: Bool
    /// When it was enrolled.
    public var createdAt: Date
}
