import AMQPNIO
import SessionContract
import SessionCore
import SojournClient

/// What became of a message in quarantine.
enum QuarantineFate {
    case dropped
    case succeeded
    /// A rule forbids it; it is settled.
    case rejected(code: String, message: String)
    /// It failed again, and the worker put it into quarantine again, under this id.
    case failedAgain(code: String, message: String, id: String?)
    /// It stays in quarantine, for this reason.
    case stays(String)
    /// A copy of a message that was settled before: RabbitMQ has taken it twice.
    case copy

    /// - Parameter answer: a worker's.
    init(_ answer: AMQPDelivery) {
        guard let result = try? JSONReader.read(answer.body, maximumDepth: ReadableReply.maxDepth).object,
            let status = result.text("status")
        else {
            self = .stays("the answer cannot be read")
            return
        }
        guard status != WrittenResult.Status.succeeded.rawValue else {
            self = .succeeded
            return
        }
        let error = result.object("error") ?? [:]
        let code = error.text("code") ?? ""
        let message = (error.text("path").map { $0 + ": " } ?? "") + (error.text("message") ?? "")
        let failure = Failure.Code(rawValue: code)
        switch (status, failure?.isQuarantined) {
        case (WrittenResult.Status.rejected.rawValue, _):
            self = Self.isSettled(by: code) ? .rejected(code: code, message: message) : .stays("\(code), \(message)")
        // Only so many unknown commands are quarantined.
        case (_, true) where failure != .unknownCommand:
            self = .failedAgain(code: code, message: message, id: answer.properties.messageID)
        default: self = .stays("\(code), \(message)")
        }
    }

    /// Whether a rejection is about the command, and not about who sends it again.
    private static func isSettled(by code: String) -> Bool {
        code != Rejection.Code.notPermitted.rawValue && code != Rejection.Code.messageIDReused.rawValue
    }

    var isRemoved: Bool {
        switch self {
        case .dropped, .succeeded, .rejected, .failedAgain, .copy: true
        case .stays: false
        }
    }

    /// Whether the command is in quarantine no more, under no id.
    var isSettled: Bool {
        switch self {
        case .dropped, .succeeded, .rejected, .copy: true
        case .failedAgain, .stays: false
        }
    }

    var word: String {
        switch self {
        case .dropped: "dropped"
        case .succeeded: "succeeded"
        case .rejected: "rejected"
        case .failedAgain: "failed again"
        case .stays: "still in quarantine"
        case .copy: "was a copy"
        }
    }

    /// A sentence for a person.
    var text: String {
        switch self {
        case .dropped, .succeeded, .copy: word
        case .rejected(let code, let message): "\(word): \(code), \(message)"
        case .failedAgain(let code, let message, let id):
            "\(word): \(code), \(message)" + (id.map { "; in quarantine as \($0)" } ?? "")
        case .stays(let reason): "\(word): \(reason)"
        }
    }

    func write(to json: inout JSONWriter) {
        json.member("outcome", outcome)
        switch self {
        case .dropped, .succeeded, .copy: break
        case .rejected(let code, let message):
            json.member("code", code)
            json.member("message", message)
        case .failedAgain(let code, let message, let id):
            json.member("code", code)
            json.member("message", message)
            json.member("quarantinedAs", id)
        case .stays(let reason): json.member("message", reason)
        }
    }

    private var outcome: String {
        switch self {
        case .dropped: "dropped"
        case .succeeded: "succeeded"
        case .rejected: "rejected"
        case .failedAgain: "failedAgain"
        case .stays: "stays"
        case .copy: "copy"
        }
    }
}
