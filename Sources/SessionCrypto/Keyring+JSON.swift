import SessionContract
import SessionCore

/// The keyring file: `{"version":1,"root":…,"current":…,"keys":[{"id":…,"secret":…,"createdAt":…}]}`. Secrets are 32 bytes
/// in base64url, ids 8 hexadecimal digits. Rotation adds `"currentSince":…`, and `"successor":{"id":…,"from":…}`: the key
/// that seals from that time on.
extension Keyring {
    private static let version = 1

    /// - Throws: `KeyringError` with `malformed`, naming the JSON key that is wrong.
    package init(json: [UInt8]) throws(KeyringError) {
        let value: JSONValue
        do throws(JSONError) { value = try JSONReader.read(json) } catch {
            throw KeyringError(.malformed, "this is not JSON: \(error.message)")
        }
        guard case .object(let object) = value else {
            throw KeyringError(.malformed, "a keyring must be a JSON object")
        }
        do throws(Failure) {
            var reader = ObjectReader(object)
            self = try Keyring.read(&reader)
            try reader.finish()
        } catch {
            throw KeyringError(.malformed, "\(error.path ?? "/") \(error.message)")
        }
    }

    private static func read(_ reader: inout ObjectReader) throws(Failure) -> Keyring {
        guard let written = try reader.integer("version", in: 1...Int.max) else {
            throw reader.missing("version")
        }
        guard written == version else {
            throw reader.failure(
                "version", "is \(written), but this Sojourn reads \(version): use the version of Sojourn that wrote it")
        }
        let root = try secret("root", from: &reader)
        let current = try number("current", from: &reader)
        guard case .array(let values) = reader.value("keys"), (1...maxKeys).contains(values.count) else {
            throw reader.failure("keys", "must be an array of 1 to \(maxKeys) keys")
        }
        var keys: [Key] = []
        for (index, value) in values.enumerated() {
            guard case .object(let object) = value else { throw reader.failure("keys", "must hold objects") }
            var reader = ObjectReader(object, path: "/keys/\(index)")
            let key = Key(
                number: try number("id", from: &reader), secret: try secret("secret", from: &reader),
                createdAt: try reader.timestamp("createdAt") ?? Timestamp(milliseconds: 0))
            try reader.finish()
            guard !keys.contains(where: { $0.number == key.number }) else {
                throw reader.failure("id", "is already the id of another key")
            }
            keys.append(key)
        }
        guard keys.contains(where: { $0.number == current }) else {
            throw reader.failure("current", "is not the id of any key")
        }
        let since = try reader.timestamp("currentSince")
        let successor = try reader.nested("successor") { reader throws(Failure) in
            guard let from = try reader.timestamp("from") else { throw reader.missing("from") }
            let number = try number("id", from: &reader)
            guard number != current, keys.contains(where: { $0.number == number }) else {
                throw reader.failure("id", "must be the id of a key other than the current one")
            }
            return (number: number, from: from)
        }
        return Keyring(root: root, keys: keys, current: current, currentSince: since, successor: successor)
    }

    private static func secret(_ key: String, from reader: inout ObjectReader) throws(Failure) -> [UInt8] {
        let text = try reader.required(key, length: 0...64)
        guard let bytes = Base64URL.decode(text.utf8), bytes.count == 32 else {
            throw reader.failure(key, "must be 32 bytes in base64url")
        }
        return bytes
    }

    private static func number(_ key: String, from reader: inout ObjectReader) throws(Failure) -> UInt32 {
        let text = try reader.required(key, length: 8...8)
        guard let number = UInt32(text, radix: 16), Key.id(number) == text else {
            throw reader.failure(key, "must be 8 hexadecimal digits in lowercase")
        }
        return number
    }

    /// The contents of a keyring file. These bytes are the secret itself.
    var json: [UInt8] {
        JSONWriter.object { json in
            json.member("version", Self.version)
            json.member("root", Base64URL.encode(root))
            json.member("current", current.id)
            json.member("currentSince", currentSince)
            if let successor {
                json.key("successor")
                json.object { json in
                    json.member("id", successor.key.id)
                    json.member("from", successor.from)
                }
            }
            json.array("keys") { json in
                for key in keys {
                    json.object { json in
                        json.member("id", key.id)
                        json.member("secret", Base64URL.encode(key.secret))
                        json.member("createdAt", key.createdAt)
                    }
                }
            }
        }
    }
}
