import SessionContract
import SessionCrypto

/// What a check of an audit log has found.
struct AuditFinding {
    let files: [String]
    let verifier: AuditVerifier
    /// Where the log breaks first.
    let damage: AuditVerifier.Break?
    /// Expected records that are not there, or not the last.
    let missing: [AuditHash]

    var isWhole: Bool { damage == nil && missing.isEmpty }

    /// For people.
    var lines: [String] {
        var lines: [String] = []
        if let damage {
            let file = PrintableText.escaped(files[damage.position.file])
            lines.append("broken: \(file), line \(damage.position.line): \(damage.damage.sentence)")
        }
        for hash in missing { lines.append("broken: the record with the hash \(hash.text) is not where it should be") }
        let records = verifier.records == 1 ? "1 record" : "\(verifier.records) records"
        let chains = verifier.chains == 1 ? "1 chain" : "\(verifier.chains) chains"
        lines.append("\(damage == nil ? "" : "before that: ")\(records) in \(chains)")
        if let first = verifier.first { lines.append("first: \(Self.text(of: first))") }
        if let last = verifier.last { lines.append("last:  \(Self.text(of: last))") }
        if verifier.tornLines > 0 {
            lines.append(
                "incomplete lines that killed workers left, and that a later record states: \(verifier.tornLines)")
        }
        return lines
    }

    var json: [UInt8] {
        JSONWriter.object { json in
            json.member("whole", isWhole)
            json.member("records", verifier.records)
            json.member("chains", verifier.chains)
            json.member("tornLines", verifier.tornLines)
            Self.write(verifier.first, as: "first", to: &json)
            Self.write(verifier.last, as: "last", to: &json)
            if let damage {
                json.object("break") { json in
                    json.member("file", files[damage.position.file])
                    json.member("line", damage.position.line)
                    json.member("damage", damage.damage.word)
                }
            }
            if !missing.isEmpty { json.member("missing", missing.map(\.text)) }
        }
    }

    private static func text(of landmark: AuditVerifier.Landmark) -> String {
        "\(landmark.time.rfc3339)  number \(landmark.place.sequence)  \(landmark.place.hash.text)"
    }

    private static func write(
        _ landmark: AuditVerifier.Landmark?, as key: StaticString, to json: inout JSONWriter
    ) {
        guard let landmark else { return }
        json.object(key) { json in
            json.member("time", landmark.time)
            json.key("sequence")
            json.integer(landmark.place.sequence)
            json.member("hash", landmark.place.hash.text)
        }
    }
}

extension AuditVerifier.Damage {
    fileprivate var word: String {
        switch self {
        case .changed: "changed"
        case .inserted: "inserted"
        case .removed: "removed"
        case .outOfOrder: "outOfOrder"
        case .truncated: "truncated"
        case .foreign: "foreign"
        }
    }

    fileprivate var sentence: String {
        switch self {
        case .changed: "it was changed after it was written, or written with another keyring or namespace"
        case .inserted: "it does not belong there"
        case .removed(let missing) where missing.count == 1:
            "the record with number \(missing.lowerBound) is missing before it"
        case .removed(let missing):
            "the records with numbers \(missing.lowerBound) to \(missing.upperBound) are missing before it"
        case .outOfOrder: "it comes before a line that it should follow"
        case .truncated: "it is the last one, and its end is missing"
        case .foreign: "it is a record of another log"
        }
    }
}
