import AMQPNIO
import Testing

@testable import SojournClient

@Suite("Repeating a command", .timeLimit(.minutes(1)))
struct CommandRepetitionTests {
    /// What an attempt ends with.
    private enum Ending {
        case reply(String)
        case error(SojournError)
    }

    /// Runs attempts that end at once, one after the other, the last one again and again.
    ///
    /// - Returns: the outcome, and why attempts were repeated.
    private func run(
        _ endings: [Ending], timeout: Duration = .seconds(60)
    ) async -> (outcome: Result<String, any Error>, causes: [String]) {
        var causes: [String] = []
        var rest = endings[...]
        let repetition = CommandRepetition(deadline: CommandDeadline(after: timeout)) { causes.append($0) }
        do {
            let reply = try await repetition.run {
                let ending = rest.count > 1 ? rest.removeFirst() : rest[rest.startIndex]
                switch ending {
                case .reply(let text):
                    return try CommandReply(
                        AMQPDelivery(
                            consumerTag: "", deliveryTag: 1, redelivered: false, exchange: "", routingKey: "",
                            properties: AMQPProperties(), body: Array(text.utf8), bodySize: UInt64(text.utf8.count)))
                case .error(let error): throw error
                }
            }
            return (.success(String(decoding: reply.bytes, as: UTF8.self)), causes)
        } catch {
            return (.failure(error), causes)
        }
    }

    private let success = ScriptedWorker.success("{}")
    private let conflict = ScriptedWorker.failure("conflict", isRetryable: true)

    @Test("what passes is repeated until the result is final")
    func passes() async throws {
        let other = ScriptedWorker.failure("of_a_later_version", isRetryable: true)
        let (outcome, causes) = await run([
            .error(.lost), .reply(conflict), .error(.notSent), .reply(other), .reply(success),
        ])
        #expect(try outcome.get() == success)
        #expect(causes == ["not_connected", "conflict", "not_connected", "other"])
    }

    @Test("what does not is final")
    func final() async throws {
        let failure = ScriptedWorker.failure("internal")
        #expect(try await run([.reply(failure)]).outcome.get() == failure)
        for error in [SojournError.closed, .timeout(after: .seconds(1)), SojournError(.noSuchNamespace, "x")] {
            let (outcome, causes) = await run([.error(error)])
            #expect(throws: error) { try outcome.get() }
            #expect(causes.isEmpty)
        }
    }

    @Test("if it passes until the time is up, the last outcome is that of the command")
    func timeIsUp() async throws {
        #expect(try await run([.reply(conflict)], timeout: .milliseconds(20)).outcome.get() == conflict)
        let lost = await run([.error(.lost)], timeout: .milliseconds(20)).outcome
        #expect(throws: SojournError.lost) { try lost.get() }
    }

    @Test("an attempt that takes until then says why there was one before")
    func timeout() async throws {
        let (outcome, _) = await run([.reply(conflict), .error(.timeout(after: .seconds(1)))])
        let error = #expect(throws: SojournError.self) { try outcome.get() }
        #expect(error?.code == .timeout && error?.message.contains("conflict") == true)
    }
}
