import FoundationEssentials

/// The body of a command. A field without a value is left out.
struct CommandBody: Encodable, ExpressibleByDictionaryLiteral {
    private struct FieldName: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    private var fields: [String: any Encodable]

    init(dictionaryLiteral elements: (String, (any Encodable)?)...) {
        fields = Dictionary(elements.compactMap { name, value in value.map { (name, $0) } }) { _, last in last }
    }

    subscript(name: String) -> (any Encodable)? {
        get { fields[name] }
        set { fields[name] = newValue }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: FieldName.self)
        for (name, value) in fields { try container.encode(value, forKey: FieldName(stringValue: name)) }
    }
}

extension SessionService {
    /// Sends a command, and returns the data of its result.
    ///
    /// - Throws: ``SojournError``, also if the command was rejected or failed; `CancellationError`.
    func result<Value: Decodable>(
        of command: String, _ fields: CommandBody, _ options: CommandOptions, as _: Value.Type = Value.self
    ) async throws -> Value {
        var body = fields
        body["tenant"] = options.tenant
        let bytes: [UInt8]
        do { bytes = try WireJSON.encode(body) } catch {
            // JSON has no numbers such as NaN, and nothing else fails here.
            throw SojournError(.unsendable, "\(command): a value cannot be written as JSON")
        }
        return try CommandResult<Value>.data(of: try await send(command, body: bytes, options: options), command)
    }
}

/// A result (contract §4).
private struct CommandResult<Value: Decodable>: Decodable {
    struct Failure: Decodable {
        let code: SojournError.Code
        let message: String
        let path: String?
        let retryable: Bool
    }

    let status: String
    let data: Value?
    let error: Failure?

    static func data(of reply: [UInt8], _ command: String) throws -> Value {
        let result: Self
        do { result = try WireJSON.decode(Self.self, from: reply) } catch {
            throw SojournError(
                .unreadableReply, "\(command): the reply is no result that this version of the client understands")
        }
        if let error = result.error {
            throw SojournError(error.code, error.message, path: error.path, isRetryable: error.retryable)
        }
        guard result.status == "succeeded", let data = result.data else {
            throw SojournError(.unreadableReply, "\(command): the reply has neither data nor an error")
        }
        return data
    }
}
