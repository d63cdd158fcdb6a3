/// A key of Redis that holds sealed values, told by its name (see `KeySpace`).
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

    /// `nil` for a key that holds nothing sealed. An outbox does, but its entries are not resealed: they are gone as soon
    /// as they are published.
    init?(_ name: String) {
        // A namespace has no braces, so these are those of the partition.
        guard let partitionEnd = name.utf8.firstIndex(of: UInt8(ascii: "}")) else { return nil }
        switch name[partitionEnd...].dropFirst().prefix(3) {
        case ":a:": kind = .hash
        case ":i:": kind = .string
        case ":t:": kind = .list
        default: return nil
        }
        self.name = name
    }

    /// The place that an element is sealed for; `field` is its name in a hash.
    func place(ofField field: String) -> RecordSeal.Place {
        switch kind {
        case .hash: .field(field, key: name)
        case .string: .entry(name)
        case .list: .entry(name)
        }
    }
}
