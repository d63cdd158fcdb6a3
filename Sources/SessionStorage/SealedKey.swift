/// A Redis key that holds sealed values, classified by its name (see `KeySpace`).
struct SealedKey {
    enum Kind: String {
        /// An aggregate: every field but its revision is sealed.
        case hash
        /// A message's result.
        case string
        /// An activity log: every entry is sealed.
        case list
    }

    let name: String
    let kind: Kind

    /// `nil` for a key that holds nothing sealed. Outbox entries are sealed but not resealed: they are deleted once
    /// published.
    init?(_ name: String) {
        // A namespace contains no braces, so these are the partition's.
        guard let partitionEnd = name.utf8.firstIndex(of: UInt8(ascii: "}")) else { return nil }
        switch name[partitionEnd...].dropFirst().prefix(3) {
        case ":a:": kind = .hash
        case ":i:": kind = .string
        case ":t:": kind = .list
        default: return nil
        }
        self.name = name
    }

    /// The place an element is bound to; `field` is its name in a hash.
    func place(ofField field: String) -> RecordSeal.Place {
        switch kind {
        case .hash: .field(field, key: name)
        case .string: .entry(name)
        case .list: .entry(name)
        }
    }
}
