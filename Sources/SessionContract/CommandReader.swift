package import SessionCore

/// Parses commands from messages, strictly (contract §2, §3). Nothing in a message is trusted before it has been
/// checked, and each kind of error has its own code.
package struct CommandReader: Sendable {
    /// The largest body that is read, in bytes.
    package let maxBodyBytes: Int
    package let tokens: any TokenScheme
    /// The kinds of factor that a command may contain: Sojourn's own, then those that extensions added.
    package let factorKinds: [String]

    package init(maxBodyBytes: Int, tokens: any TokenScheme, addedFactorKinds: [String] = []) {
        self.maxBodyBytes = maxBodyBytes
        self.tokens = tokens
        factorKinds = FactorKind.allCases.map(\.rawValue) + addedFactorKinds
    }

    /// Parses `message`.
    package func read(_ message: IncomingMessage) throws(Failure) -> Command {
        try read(message, as: CommandName(exactly: message.routingKey))
    }

    /// Parses `message` if its command's name has been looked up already.
    package func read(_ message: IncomingMessage, as name: CommandName?) throws(Failure) -> Command {
        guard let name else {
            throw Failure(.unknownCommand, Self.unknown(message.routingKey))
        }
        let deadline = try checkProperties(of: message, for: name)
        return try read(
            try object(in: message.body), as: name, deadline: deadline, caller: message.caller,
            traceparent: message.traceparent)
    }

    private static func unknown(_ routingKey: String) -> String {
        guard let name = SenderText.name(routingKey) else {
            return
                "there is no such command; its name is withheld: it is too long, unprintable, or could be a credential"
        }
        let question = NearestName.question(for: name, among: CommandName.all.map(\.rawValue))
        return "there is no command \"\(name)\"\(question)"
    }

    /// Checks everything except the body, and returns the deadline.
    private func checkProperties(of message: IncomingMessage, for name: CommandName) throws(Failure) -> Timestamp? {
        if message.hasUnreadableProperties {
            throw Failure(.malformedMessage, "a property or header of the message is unreadable")
        }
        if let contentType = message.contentType, !isJSON(contentType) {
            throw Failure(.unsupportedMediaType, "the content type must be application/json")
        }
        if message.contentEncoding != nil {
            throw Failure(.unsupportedMediaType, "a content encoding is not supported")
        }
        if let type = message.type, !type.isExactly(name.rawValue) {
            throw Failure(.malformedMessage, "the message's type contradicts its routing key")
        }
        if let id = message.messageID, id.utf8.count > 128 {
            throw Failure(.malformedMessage, "the message_id is longer than 128 bytes")
        }
        if name.changesState, message.messageID?.isEmpty ?? true {
            throw Failure(.messageIDRequired, "this command changes state, so it needs a message_id")
        }
        if message.body.count > maxBodyBytes {
            throw Failure(.messageTooLarge, "the body is larger than \(maxBodyBytes) bytes")
        }
        switch message.deadline {
        case .absent: return nil
        case .at(let milliseconds): return Timestamp(milliseconds: milliseconds)
        case .unreadable:
            throw Failure(.malformedMessage, "the header deadline must be an integer: milliseconds since the epoch")
        }
    }

    private func object(in body: [UInt8]) throws(Failure) -> JSONObject {
        let value: JSONValue
        do {
            value = try JSONReader.read(body)
        } catch {
            throw Failure(.malformedMessage, "the body is not acceptable JSON: \(error.message)")
        }
        guard case .object(let object) = value else {
            throw Failure(.malformedMessage, "the body must be a JSON object")
        }
        return object
    }

    private func read(
        _ body: JSONObject, as name: CommandName, deadline: Timestamp?, caller: String?, traceparent: String?
    ) throws(Failure) -> Command {
        var reader = ObjectReader(body)
        let tenant = try reader.tenant()
        let action = try name.read(from: &reader, tenant: tenant, by: self)
        try reader.finish()
        return Command(
            tenant: tenant, action: action, deadline: deadline, caller: caller, traceparent: traceparent)
    }
}

/// Whether `contentType` is `application/json`, with or without `charset=utf-8` (RFC 9110, section 8.3.1).
private func isJSON(_ contentType: String) -> Bool {
    // The usual value, without the cost of parsing it.
    if contentType == "application/json" { return true }
    let parts = contentType.lowercased().split(separator: ";", omittingEmptySubsequences: false)
        .map { $0.filter { $0 != " " && $0 != "\t" } }
    guard parts.first == "application/json" else { return false }
    return parts.dropFirst().allSatisfy { $0 == "charset=utf-8" || $0 == "charset=\"utf-8\"" }
}
