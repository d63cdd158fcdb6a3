import AMQPNIO
import Logging
import SessionContract
import SessionCore
import SessionCrypto
import SessionStorage
import Testing

@testable import SessionEngine

@Suite("Callers")
struct CallerTests {
    private static let permissions = """
        {"shop": ["session.create", "session.validate"], "eu": {"commands": ["#"], "tenants": ["eu"]}}
        """

    private func reader(_ permissions: String = permissions) throws -> DeliveryReader {
        let keyring = Keyring.generate(at: Timestamp(milliseconds: 0))
        let permissions = try CallerPermissions.read(Array(permissions.utf8))
        return DeliveryReader(
            commands: CommandReader(maxBodyBytes: 65536, tokens: TokenCodec(keyring: keyring, namespace: "n")),
            hash: KeyedHash(keyring: keyring, namespace: "n"), namespace: "n",
            unknownCommands: QuarantineAllowance(logger: Logger(label: "test")), permissions: { permissions })
    }

    private func delivery(_ command: String, _ body: String, from caller: String?) -> AMQPDelivery {
        AMQPDelivery(
            consumerTag: "", deliveryTag: 1, redelivered: false, exchange: "", routingKey: command,
            properties: AMQPProperties(correlationID: "c", messageID: "m", userID: caller), body: Array(body.utf8),
            bodySize: UInt64(body.utf8.count))
    }

    private enum Read: Equatable {
        case command
        case failed(Failure.Code)
        case refused
    }

    private func read(_ command: String, _ body: String, from caller: String?) throws -> Read {
        switch try reader().read(delivery(command, body, from: caller)).content {
        case .command: .command
        case .unreadable(let failure): .failed(failure.code)
        case .rejected(let rejection):
            rejection.code == .notPermitted ? .refused : .failed(.internal)
        }
    }

    @Test("a forbidden command is refused before it is parsed, and an unknown command stays unknown")
    func refusals() throws {
        let body = #"{"subject":"alice"}"#
        #expect(try read("session.create", body, from: "shop") == .command)
        #expect(try read("session.revoke", body, from: "shop") == .refused)
        #expect(try read("session.revoke", "no JSON", from: "shop") == .refused)
        #expect(try read("session.create", "no JSON", from: "shop") == .failed(.malformedMessage))
        #expect(try read("session.create", body, from: "stranger") == .refused)
        #expect(try read("session.create", body, from: nil) == .refused)
        #expect(try read("session.nonsense", body, from: nil) == .failed(.unknownCommand))
        #expect(try read("session.nonsense", body, from: "shop") == .failed(.unknownCommand))
    }

    @Test("a caller of one tenant can reach neither another tenant nor, by naming none, the default one")
    func tenants() throws {
        #expect(try read("session.create", #"{"subject":"alice","tenant":"eu"}"#, from: "eu") == .command)
        #expect(try read("session.create", #"{"subject":"alice","tenant":"us"}"#, from: "eu") == .refused)
        #expect(try read("session.create", #"{"subject":"alice"}"#, from: "eu") == .refused)
        #expect(try read("session.create", #"{"subject":"alice","tenant":5}"#, from: "eu") == .failed(.invalidField))
    }

    @Test("a refusal is reported as such, and leaves nothing in Redis")
    func answered() async throws {
        try await RedisFixture.run { (fixture: RedisFixture) async throws -> Void in
            let work = try reader().read(delivery("session.revoke", #"{"subject":"alice"}"#, from: "shop"))
            let completions = try await fixture.processor(on: fixture.store).process([work, work])
            for completion in completions {
                #expect(completion.failure == nil)
                #expect(completion.error?.code == "not_permitted")
                #expect(completion.result.status == .rejected)
                #expect(!completion.isDuplicate)
                guard case .object(let result) = try JSONReader.read(completion.result.reply) else {
                    Issue.record("the reply is no object")
                    return
                }
                #expect(result["commandId"] == .string("m"))
                #expect(result.text("error", "code") == "not_permitted")
            }
            #expect(try await fixture.keys() == [])
        }
    }
}
