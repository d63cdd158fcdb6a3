/// A word of a set that later versions of Sojourn may extend: compare it with the constants of its type, and expect others.
public protocol ContractWord: RawRepresentable, Hashable, Sendable, Codable, CustomStringConvertible
where RawValue == String {
    /// The word as Sojourn writes it, whether this version knows it or not.
    init(rawValue: String)
}

extension ContractWord {
    /// The word as Sojourn writes it.
    public var description: String { rawValue }
}
