extension JSONValue {
    package var text: String? {
        if case .string(let text) = self { text } else { nil }
    }

    package var integer: Int64? {
        if case .integer(let number) = self { number } else { nil }
    }

    package var object: JSONObject? {
        if case .object(let object) = self { object } else { nil }
    }
}

extension JSONObject {
    package func text(_ key: String) -> String? { self[key]?.text }

    package func integer(_ key: String) -> Int64? { self[key]?.integer }

    package func object(_ key: String) -> JSONObject? { self[key]?.object }

    /// `nil` unless it is an array of nothing but texts.
    package func texts(_ key: String) -> [String]? {
        guard case .array(let values)? = self[key] else { return nil }
        let texts = values.compactMap(\.text)
        return texts.count == values.count ? texts : nil
    }
}
