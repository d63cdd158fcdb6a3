import StrictFormats

extension JSONObject {
    func text(_ key: String) -> String? { self[key]?.text }

    /// `nil` unless it is an array of nothing but texts.
    func texts(_ key: String) -> [String]? {
        guard case .array(let values)? = self[key] else { return nil }
        let texts = values.compactMap(\.text)
        return texts.count == values.count ? texts : nil
    }
}

extension JSONValue {
    var text: String? {
        if case .string(let text) = self { text } else { nil }
    }

    var integer: Int64? {
        if case .integer(let number) = self { number } else { nil }
    }

    var object: JSONObject? {
        if case .object(let object) = self { object } else { nil }
    }
}
