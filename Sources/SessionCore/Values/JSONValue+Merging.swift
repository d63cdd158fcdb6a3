extension JSONObject {
    /// The result of applying a merge patch (RFC 7396): members of the patch replace members here, or remove them if
    /// null; objects are merged.
    package func merged(with patch: JSONObject) -> JSONObject {
        var merged = self
        for (key, value) in patch.members {
            switch value {
            case .null: merged[key] = nil
            case .object(let inner):
                if case .object(let known) = merged[key] {
                    merged[key] = .object(known.merged(with: inner))
                } else {
                    merged[key] = .object(JSONObject().merged(with: inner))
                }
            case .bool, .integer, .decimal, .string, .array: merged[key] = value
            }
        }
        return merged
    }

    /// The length as compact JSON in UTF-8, in bytes.
    package var compactLength: Int {
        members.reduce(2 + max(0, members.count - 1)) {
            $0 + $1.key.quotedLength + 1 + $1.value.compactLength
        }
    }
}

extension JSONValue {
    fileprivate var compactLength: Int {
        switch self {
        case .null: 4
        case .bool(let truth): truth ? 4 : 5
        case .integer(let number): String(number).utf8.count
        case .decimal(let text): text.utf8.count
        case .string(let text): text.quotedLength
        case .array(let items): items.reduce(2 + max(0, items.count - 1)) { $0 + $1.compactLength }
        case .object(let object): object.compactLength
        }
    }
}

extension String {
    /// The length as a JSON string, with quotes and escapes (RFC 8259, section 7).
    fileprivate var quotedLength: Int {
        let utf8 = utf8.span
        let plain = PlainRun(in: utf8, from: 0).end
        return (plain..<utf8.count).reduce(plain + 2) { length, index in
            switch utf8[index] {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), 0x08, 0x09, 0x0a, 0x0c, 0x0d: length + 2
            case 0..<0x20: length + 6
            default: length + 1
            }
        }
    }
}
