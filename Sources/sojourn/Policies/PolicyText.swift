import SessionContract
import SessionCore
import WorkerCommandLine

/// A policy as a list of settings, to show and to compare: `mfa.required` → `"always"`.
struct PolicyText {
    /// In the order of the contract.
    private let settings: [(key: String, value: String)]

    /// - Parameter policy: as a result has it, with every key.
    init(_ policy: JSONObject) {
        settings = Self.flat(policy, under: "")
    }

    init(_ policy: SessionPolicy) {
        self.init(Self.object(of: policy))
    }

    /// With every key, as a result has it.
    static func object(of policy: SessionPolicy) -> JSONObject {
        guard case .object(let object) = try? JSONReader.read(JSONWriter.object { $0.members(of: policy) }) else {
            preconditionFailure("what is written as an object is one")
        }
        return object
    }

    /// What is different in another policy, a line each: `maxSessions: 5 → 1`.
    func changes(to other: PolicyText) -> [String] {
        let mine = Dictionary(settings) { first, _ in first }
        return other.settings.compactMap { key, value in
            let before = mine[key] ?? "-"
            return before == value ? nil : "\(key): \(before) → \(value)"
        }
    }

    private static func flat(_ object: JSONObject, under prefix: String) -> [(key: String, value: String)] {
        object.members.flatMap { key, value -> [(key: String, value: String)] in
            if case .object(let inner) = value { return flat(inner, under: prefix + key + ".") }
            var writer = JSONWriter()
            writer.value(value)
            return [(prefix + key, String(decoding: writer.bytes, as: UTF8.self))]
        }
    }
}

/// A file with a policy, or with several.
struct PolicyFile {
    private let path: String
    private let content: [UInt8]

    /// - Parameter path: `-` is standard input.
    /// - Throws: `CommandFailure` if it cannot be read.
    init(_ path: String) throws {
        self.path = PrintableText.escaped(path)
        do { content = try Input.read(path) } catch {
            throw CommandFailure("\(self.path): \(error.reason)", status: ExitStatus.usage)
        }
    }

    /// The policies of a policy file.
    ///
    /// - Throws: `CommandFailure` with the setting that is wrong.
    func catalogue() throws -> PolicyCatalogue {
        do { return try PolicyReader.readCatalogue(content) } catch { throw failure(error) }
    }

    /// The only policy.
    ///
    /// - Throws: `CommandFailure` with the setting that is wrong.
    func policy() throws -> (object: JSONObject, policy: SessionPolicy) {
        do {
            let (object, policy) = try PolicyReader.readPolicy(content)
            return (object, policy)
        } catch { throw failure(error) }
    }

    private func failure(_ failure: Failure) -> CommandFailure {
        CommandFailure([path, failure.path, failure.message].compactMap(\.self).joined(separator: ": "))
    }
}
