import ArgumentParser
import SessionContract
import SessionCore
import SojournClient
import WorkerCommandLine

extension SessionClient {
    /// Sends a command, and returns the data of its result.
    ///
    /// - Throws: `SojournError` without a reply; `CommandFailure` unless the command succeeded.
    func carryOut(_ command: String, _ body: JSONObject, timeout: Duration) async throws -> JSONObject {
        let reply = try await send(
            command, body: JSONWriter.bytes(of: body), options: CommandOptions(timeout: timeout))
        guard let result = try? JSONReader.read(reply, maximumDepth: ReadableReply.maxDepth).object else {
            throw CommandFailure("the reply cannot be read: is the worker of another version?")
        }
        if let data = result.object("data") { return data }
        guard let error = result.object("error"), let code = error.text("code"), let message = error.text("message")
        else { throw CommandFailure("the reply has neither data nor an error: is the worker of another version?") }
        let status =
            switch code {
            case Rejection.Code.notPermitted.rawValue: ExitStatus.notPermitted
            case Failure.Code.unavailable.rawValue: ExitStatus.unavailable
            default: ExitCode.failure
            }
        throw CommandFailure("\(command): \(code): \(message)", status: status)
    }
}
