package import SessionCore

/// A result in bytes: the caller's reply and the public copy (contract §4).
package struct WrittenResult: Equatable, Sendable {
    package enum Status: String, Sendable {
        case succeeded
        case rejected
        case failed
    }

    package let command: String
    package let status: Status
    /// The full result, only for `reply_to`.
    package let reply: [UInt8]
    /// The result without tokens, for the results exchange.
    package let copy: [UInt8]

    package init(command: String, status: Status, reply: [UInt8], copy: [UInt8]) {
        self.command = command
        self.status = status
        self.reply = reply
        self.copy = copy
    }

    /// The AMQP `type` of both messages.
    package var type: String { command + ".result" }
    package var routingKey: String { command + "." + status.rawValue }
}

/// Writes outcomes as results.
package enum ResultWriter {
    /// The command name in results of unknown commands.
    package static let unknownCommand = "unknown"

    /// - Parameters:
    ///   - command: the command's name; `nil` if it is unknown.
    ///   - commandID: the command's `message_id`, or its `correlation_id`, or `nil`.
    ///   - hidesID: whether the public copy omits the id because it looks like a credential.
    package static func write(
        _ outcome: Outcome, of command: CommandName?, commandID: String?, hidesID: Bool = false,
        at completedAt: Timestamp
    ) -> WrittenResult {
        let result = written(outcome, of: command, commandID: commandID, at: completedAt)
        guard hidesID else { return result }
        let anonymous = written(outcome, of: command, commandID: nil, at: completedAt)
        return WrittenResult(
            command: result.command, status: result.status, reply: result.reply, copy: anonymous.copy)
    }

    private static func written(
        _ outcome: Outcome, of command: CommandName?, commandID: String?, at completedAt: Timestamp
    ) -> WrittenResult {
        let name = command?.rawValue ?? unknownCommand
        func result(_ status: WrittenResult.Status, _ body: (inout JSONWriter) -> Void) -> [UInt8] {
            JSONWriter.object(capacity: 896) { json in
                json.member("commandId", commandID)
                json.member("command", name)
                json.member("status", status.rawValue)
                body(&json)
                json.member("completedAt", completedAt)
            }
        }
        switch outcome {
        case .succeeded(let data):
            // The public copy is written first, so that no secret is ever in it.
            var secretsPlace: JSONWriter.Place?
            let copy = result(.succeeded) { json in
                json.object("data") { write(data, at: completedAt, to: &$0, secretsPlace: &secretsPlace) }
            }
            let reply = secretsPlace.map { place in
                JSONWriter.inserting(at: place, into: copy) { writeSecrets(of: data, to: &$0) }
            }
            return WrittenResult(command: name, status: .succeeded, reply: reply ?? copy, copy: copy)
        case .rejected(let rejection):
            let reply = result(.rejected) { json in
                writeError(rejection.code.rawValue, rejection.message, path: nil, retryable: false, to: &json)
            }
            return WrittenResult(command: name, status: .rejected, reply: reply, copy: reply)
        case .failed(let failure):
            let reply = result(.failed) { json in
                writeError(
                    failure.code.rawValue, failure.message, path: failure.path, retryable: failure.code.isRetryable,
                    to: &json)
            }
            return WrittenResult(command: name, status: .failed, reply: reply, copy: reply)
        }
    }

    private static func writeError(
        _ code: String, _ message: String, path: String?, retryable: Bool, to json: inout JSONWriter
    ) {
        json.object("error") { json in
            json.member("code", code)
            json.member("message", message)
            json.member("path", path)
            json.member("retryable", retryable)
        }
    }
}
