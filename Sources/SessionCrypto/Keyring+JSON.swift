import SessionContract
import SessionCore

/// The keyring's file: `{"version":1,"root":…,"current":…,"keys":[{"id":…,"secret":…,"createdAt":…}]}`, secrets as 32 bytes in
/// base64url, ids as 8 hexadecimal digits.
extension Keyring {
    private static let version = 1
    /// A ring has a handful of keys; this is where it stops being one.
    private static let maxKeys = 64

    /// - Throws: `KeyringError` with `malformed`, naming the key that is wrong.
    package init(json: [UInt8]) throws(KeyringError) {
        do {
            guard case .object(let object) = try JSONReader.read(json) else {
                throw KeyringError(.malformed, "a keyring is a JSON object")
            }
            var reader = ObjectReader(object)
            self = try Keyring.read(&reader)
            try reader.finish()
        } catch let error as JSONError {
            throw KeyringError(.malformed, "this is not JSON: \(error.message)")
        } catch let failure as Failure {
            throw KeyringError(.malformed, "\(failure.path ?? "/") \(failure.message)")
        } catch let error as KeyringError {
            throw error
        } catch {
            preconditionFailure("reading a keyring throws what is caught above, not \(type(of: error))")
        }
    }

    private static func read(_ reader: inout ObjectReader) throws -> Keyring {
        guard try reader.integer("version", in: version...version) != nil else {
            throw reader.failure("version", "is required")
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
                throw reader.failure("id", "is another key's already")
            }
            keys.append(key)
        }
        guard keys.contains(where: { $0.number == current }) else {
            throw reader.failure("current", "is the id of none of the keys")
        }
        return Keyring(root: root, keys: keys, current: current)
    }

    private static func secret(_ key: String, from reader: inout ObjectReader) throws -> [UInt8] {
        let text = try reader.required(key, length: 0...64)
        guard let bytes = Base64URL.decode(text.utf8), bytes.count == 32 else {
            throw reader.failure(key, "must be 32 bytes in base64url")
        }
        return bytes
    }

    private static func number(_ key: String, from reader: inout ObjectReader) throws -> UInt32 {
        let text = try reader.required(key, length: 8...8)
        guard let number = UInt32(text, radix: 16), Key.id(number) == text else {
            throw reader.failure(key, "must be 8 hexadecimal digits in lower case")
        }
        return number
    }

    /// The keyring as it stands in a file. These bytes are the secret itself.
    var json: [UInt8] {
        JSONWriter.object { json in
            json.member("version", Self.version)
            json.member("root", Base64URL.encode(root))
            json.member("current", current.id)
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
