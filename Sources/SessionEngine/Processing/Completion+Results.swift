import SessionContract
import SessionCore
import SessionStorage

extension Completion {
    convenience init(_ outcome: Outcome, of work: Work, at now: Timestamp, resultID: String) {
        let error: ResultError? =
            switch outcome {
            case .succeeded: nil
            case .rejected(let rejection): .rejected(rejection.code)
            case .failed(let failure): .failed(failure)
            }
        self.init(
            at: now,
            result: ResultWriter.write(
                outcome, of: work.name, commandID: work.commandID, hidesID: work.omissions.contains(.ids), at: now),
            resultID: resultID, error: error, omissions: work.omissions)
    }

    /// The completion of a command without a result.
    static func unanswered(at now: Timestamp) -> Completion {
        Completion(at: now, result: WrittenResult(command: "", status: .succeeded, reply: [], copy: []), resultID: "")
    }

    /// The first result of a message, for another delivery of it.
    convenience init(repeating stored: StoredResult, of work: Work, at now: Timestamp) {
        guard let status = WrittenResult.Status(rawValue: stored.status) else {
            preconditionFailure("a stored result has a valid status")
        }
        let command = work.name?.rawValue ?? ResultWriter.unknownCommand
        self.init(
            at: now, result: WrittenResult(command: command, status: status, reply: stored.reply, copy: stored.copy),
            resultID: stored.id, isDuplicate: true, omissions: work.omissions)
    }

    /// What is stored for the message's duplicates.
    var stored: StoredResult {
        StoredResult(status: result.status.rawValue, id: resultID, reply: result.reply, copy: result.copy)
    }
}
