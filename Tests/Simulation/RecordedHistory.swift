import AMQPNIO
import SessionContract
import SessionCore

/// A run as the judge of recorded histories reads it (`Tests/Chaos/history.py`): JSON lines of what clients and consumers
/// see, and nothing of what happens inside. So the judge of real systems judges simulated ones too.
struct RecordedHistory {
    private(set) var lines: [String] = []
    /// The time of the next line, in microseconds.
    var now = 0

    /// - Parameter limit: of sessions under the default policy, until commands set another.
    mutating func begin(limit: Int) {
        // Nobody waits in virtual time: what is never answered is found without a limit.
        write("setup", #""limits":{"default":\#(limit)},"answerSeconds":1000000,"mayGiveUp":true,"clientsGiveUp":true"#)
    }

    mutating func observe(_ observation: Observation) {
        switch observation {
        case .sent(let command): note(command)
        case .answered(let answer): write("replied", "\"n\":\(answer.number),\"result\":\(Self.text(answer.body))")
        case .lost: write("lost")
        case .delivered, .committed, .told, .taken, .confirmed, .acknowledged, .protocolError, .cleared, .replyLost,
            .leaked:
            break
        }
    }

    /// What a publication says is not in the observation.
    mutating func take(_ publication: Publication, _ body: [UInt8]) {
        switch publication {
        case .copy(let number, _): write("copied", "\"n\":\(number),\"result\":\(Self.text(body))")
        case .event(_, let body, _): write("event", "\"event\":\(Self.text(body))")
        case .quarantine(let number, let reason): write("quarantined", "\"n\":\(number),\"reason\":\"\(reason)\"")
        }
    }

    mutating func end(_ remains: Checker.Remains) {
        let (messages, outbox) = (remains.messages.count, remains.outbox.count)
        write(
            "left",
            #""queues":{"commands":\#(messages)},"outbox":\#(outbox),"revocations":\#(remains.revocations.count)"#)
    }

    private mutating func note(_ command: SentCommand) {
        var members = "\"n\":\(command.number),\"command\":\"\(command.command)\""
        let prefix = command.command + " "
        let text = command.text.hasPrefix(prefix) ? String(command.text.dropFirst(prefix.count)) : command.text
        if case .object? = try? JSONReader.read(Array(text.utf8)) { members += ",\"body\":\(text)" }
        if let id = command.id { members += ",\"id\":\"\(id)\"" }
        switch command.expectation {
        case .rules: break
        case .failure(let code): members += ",\"expect\":\"\(code)\""
        case .reuse: members += ",\"expect\":\"reuse\""
        }
        if command.isMute { members += ",\"mute\":true" }
        write("sent", members)
        write("confirmed", "\"n\":\(command.number)")
    }

    private mutating func write(_ kind: String, _ members: String = "") {
        lines.append("{\"kind\":\"\(kind)\",\"at\":\(Double(now) / 1e6)\(members.isEmpty ? "" : ",")\(members)}")
    }

    private static func text(_ body: [UInt8]) -> String { String(decoding: body, as: UTF8.self) }
}
