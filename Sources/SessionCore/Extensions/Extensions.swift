package import SojournExtension

/// What an embedding package adds to a worker: rules, and factor verifiers.
package struct Extensions: Sendable {
    /// Bounds of a result's annotations: how many, the length of a key, and the length of a text in Unicode scalars.
    private static let maxAnnotations = 16
    private static let annotationKeyLength = 1...64
    private static let maxTextLength = 256
    /// Bounds that only a mistake exceeds: every rule runs for every command, and every verifier's state is stored with
    /// every subject.
    private static let maxRules = 64
    private static let maxVerifiers = 16
    /// The same bounds as for the methods that a command asserts.
    private static let maxMethods = 16
    private static let methodLength = 1...32

    package static let none = Extensions()

    let rules: [any SessionRule]
    let verifiers: [String: any FactorVerifier]

    private init() {
        rules = []
        verifiers = [:]
    }

    /// - Throws: `ExtensionError` if there are too many, or if a verifier's kind is invalid or already taken.
    package init(rules: [any SessionRule], verifiers: [any FactorVerifier]) throws(ExtensionError) {
        guard rules.count <= Self.maxRules else {
            throw ExtensionError("there are \(rules.count) rules; at most \(Self.maxRules) can be added")
        }
        guard verifiers.count <= Self.maxVerifiers else {
            throw ExtensionError(
                "there are \(verifiers.count) factor verifiers; at most \(Self.maxVerifiers) can be added")
        }
        self.rules = rules
        var byKind: [String: any FactorVerifier] = [:]
        for verifier in verifiers {
            let kind = verifier.kind
            guard (1...32).contains(kind.utf8.count), kind.utf8.allSatisfy(\.isKindCharacter) else {
                throw ExtensionError(verifier, "must have a kind of 1 to 32 of a-z, 0-9 and _")
            }
            guard FactorKind(rawValue: kind) == nil, byKind[kind] == nil else {
                throw ExtensionError(verifier, "has the kind \(kind), which is taken")
            }
            byKind[kind] = verifier
        }
        self.verifiers = byKind
    }

    /// The kinds of factor that the verifiers handle, sorted.
    package var factorKinds: [String] { verifiers.keys.sorted() }

    /// The names of all rules and verifiers, for the log.
    package var names: [String] { rules.map { "\(type(of: $0))" } + factorKinds }

    /// Cuts a rule's annotations to what fits into a result.
    static func bounded(annotations: [String: String]) -> [String: String] {
        let named = annotations.filter { annotationKeyLength.contains($0.key.unicodeScalars.count) }
        let kept = named.sorted { $0.key < $1.key }.prefix(maxAnnotations)
        return Dictionary(uniqueKeysWithValues: kept.map { ($0.key, cut($0.value)) })
    }

    /// Cuts a verifier's methods to what fits into a session.
    static func bounded(methods: [String]) -> [ExactText] {
        let named = methods.filter { methodLength.contains($0.unicodeScalars.count) }
        return named.prefix(maxMethods).map { ExactText($0) }
    }

    /// The message that the caller receives with a refusal.
    static func sentence(of refusal: SessionRefusal) -> String {
        refusal.sentence.isEmpty ? "a rule forbids this" : cut(refusal.sentence)
    }

    private static func cut(_ text: String) -> String {
        guard text.utf8.count > maxTextLength else { return text }
        return String(String.UnicodeScalarView(text.unicodeScalars.prefix(maxTextLength)))
    }
}

/// Why an extension cannot be used: a mistake in the program that adds it.
package struct ExtensionError: Error, Sendable, CustomStringConvertible {
    package let description: String

    fileprivate init(_ description: String) {
        self.description = description
    }

    fileprivate init(_ verifier: any FactorVerifier, _ problem: String) {
        self.init("the factor verifier \(type(of: verifier)) \(problem)")
    }
}

extension UInt8 {
    fileprivate var isKindCharacter: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"): true
        default: false
        }
    }
}
