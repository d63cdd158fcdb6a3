/// Chains the records of an audit log: each holds its number, the hash of its predecessor, and its own hash, an
/// HMAC-SHA256 with a key that is derived from the keyring. So who can write the file, but has no keyring, cannot
/// change, insert, remove or move a record unnoticed.
///
/// A line is a JSON object that ends with these members, in this order, without white space:
///
///     …,"sequence":7,"previous":"<64 hexadecimal digits>","hash":"<64 hexadecimal digits>"}
///
/// The hash is that of the line's own bytes before `,"hash"`. So a verifier in any language needs no canonical JSON.
package struct AuditChain: Sendable {
    private let key: HMACKey

    package init(keyring: Keyring, namespace: String) {
        key = DerivedKeys(keyring: keyring, namespace: namespace).key(for: .audit)
    }

    /// Appends a record as a line.
    ///
    /// - Parameters:
    ///   - record: a JSON object with at least one member, without its closing brace.
    ///   - place: the predecessor's place.
    /// - Returns: the record's own place.
    package func append(_ record: [UInt8], after place: AuditPlace, to lines: inout [UInt8]) -> AuditPlace {
        let start = lines.count
        let sequence = place.sequence + 1
        lines += record
        lines += AuditLine.sequenceKey
        lines += String(sequence).utf8
        lines += AuditLine.previousKey
        lines += place.hash.characters
        lines.append(UInt8(ascii: "\""))
        let hash = hash(of: lines[start...])
        lines += AuditLine.hashKey
        lines += hash.characters
        lines += AuditLine.end
        lines.append(UInt8(ascii: "\n"))
        return AuditPlace(sequence: sequence, hash: hash)
    }

    /// The record on a line; `nil` if this keyring did not write it, or not so.
    ///
    /// - Parameter line: without its line feed.
    package func read(_ line: ArraySlice<UInt8>) -> AuditLine? {
        guard let parsed = AuditLine(line), hash(of: line.prefix(parsed.hashedLength)) == parsed.hash else {
            return nil
        }
        return parsed
    }

    private func hash(of bytes: ArraySlice<UInt8>) -> AuditHash {
        AuditHash(bytes: bytes.withUnsafeBytes { Array(key.code(of: $0)) })
    }
}

/// The place of a record in its chain.
package struct AuditPlace: Equatable, Sendable {
    /// 1, 2, …
    package let sequence: Int64
    package let hash: AuditHash

    package init(sequence: Int64, hash: AuditHash) {
        self.sequence = sequence
        self.hash = hash
    }

    /// Before the first record of a chain.
    package static let beginning = AuditPlace(sequence: 0, hash: .none)
}
