/// A field of a context, by its name in the contract (§3).
package enum ContextField: String, Sendable, CaseIterable {
    case ip
    case userAgent
    case fingerprint
    case country
    case region
    case city
    case latitude
    case longitude
    case asn
}

/// A set of context fields. Stored as a number, because every policy contains one and is copied for every command.
package struct ContextFields: Hashable, Sendable, ExpressibleByArrayLiteral {
    private var bits: UInt16 = 0

    package init(_ fields: [ContextField]) {
        for field in fields { bits |= field.bit }
    }

    package init(arrayLiteral fields: ContextField...) {
        self.init(fields)
    }

    package var isEmpty: Bool { bits == 0 }

    package func contains(_ field: ContextField) -> Bool { bits & field.bit != 0 }

    /// In the contract's order.
    package var all: [ContextField] { ContextField.allCases.filter(contains) }

    /// Whether `context` lacks any of these fields.
    func areMissing(in context: ClientContext) -> Bool {
        !isEmpty && all.contains { !context.says($0) }
    }
}

extension ContextField {
    fileprivate var bit: UInt16 {
        switch self {
        case .ip: 1
        case .userAgent: 2
        case .fingerprint: 4
        case .country: 8
        case .region: 16
        case .city: 32
        case .latitude: 64
        case .longitude: 128
        case .asn: 256
        }
    }
}

extension ClientContext {
    /// Whether `field` is known.
    func says(_ field: ContextField) -> Bool {
        switch field {
        case .ip: ip != nil
        case .userAgent: userAgent != nil
        case .fingerprint: fingerprint != nil
        case .country: country != nil
        case .region: region != nil
        case .city: city != nil
        case .latitude, .longitude: coordinates != nil
        case .asn: asn != nil
        }
    }
}

extension ContextRule {
    /// The fields that the rule compares.
    var fields: ContextFields {
        switch self {
        case .ip, .network: [.ip]
        case .country: [.country]
        case .asn: [.asn]
        case .userAgent: [.userAgent]
        case .fingerprint: [.fingerprint]
        case .travel: [.latitude, .longitude]
        }
    }

    /// Whether the rule distinguishes devices, rather than places.
    var isAboutDevice: Bool {
        switch self {
        case .ip, .network, .userAgent, .fingerprint: true
        case .country, .asn, .travel: false
        }
    }
}
