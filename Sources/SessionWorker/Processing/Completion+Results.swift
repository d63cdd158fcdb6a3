import SessionContract
import SessionCore
import SessionStore

extension Completion {
    /// Of a command that nobody waits for.
    static func unanswered(at now: Timestamp) -> Completion {
        Completion(
            at: now, result: WrittenResult(command: "", status: .succeeded, reply: [], copy: []), resultID: "",
            failure: nil)
    }

    /// The first result of a message, for another delivery of it.
    init(repeating stored: StoredResult, of work: Work, at now: Timestamp) {
        guard let status = WrittenResult.Status(rawValue: stored.status) else {
            preconditionFailure("a result is stored with the status it was written with")
        }
        let command = work.name?.rawValue ?? ResultWriter.unknownCommand
        self.init(
            at: now, result: WrittenResult(command: command, status: status, reply: stored.reply, copy: stored.copy),
            resultID: stored.id, failure: nil, isDuplicate: true)
    }

    /// What to keep for the message's duplicates.
    var stored: StoredResult {
        StoredResult(status: result.status.rawValue, id: resultID, reply: result.reply, copy: result.copy)
    }
}
