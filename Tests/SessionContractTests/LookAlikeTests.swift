import SessionContract
import SessionCore
import Testing

/// `maxTravelKmh` with the Kelvin sign instead of its K, which Swift's own `==` treats as equal.
private let kelvin = "maxTravel\u{212a}mh"

@Suite("Keys that only look like known ones")
struct LookAlikeTests {
    private func failure(_ command: String, _ body: String) -> Failure? {
        let message = IncomingMessage(routingKey: command, body: Array(body.utf8), messageID: "m-1")
        do {
            _ = try CommandReader(maxBodyBytes: 1024, tokens: NoTokens()).read(message)
            return nil
        } catch {
            return error
        }
    }

    @Test("a look-alike key is rejected in a command, and not silently ignored")
    func command() {
        #expect(failure("policy.put", #"{"name":"a","policy":{"context":{"maxTravelKmh":1}}}"#) == nil)
        let failure = failure("policy.put", #"{"name":"a","policy":{"context":{"\#(kelvin)":1}}}"#)
        #expect(failure?.code == .invalidField)
    }

    @Test("a look-alike key is rejected in a policy file")
    func policyFile() {
        #expect(throws: Failure.self) {
            try PolicyReader.readCatalogue(Array(#"{"a":{"context":{"\#(kelvin)":1}}}"#.utf8))
        }
    }

    @Test("a look-alike key is rejected in a callers file, and a look-alike caller is another caller")
    func callers() throws {
        #expect(throws: Failure.self) {
            try CallerPermissions.read(Array("{\"a\":{\"commands\":[\"#\"],\"tenants\u{37e}\":[]}}".utf8))
        }
        let permissions = try CallerPermissions.read(Array(#"{"K":["session.*"]}"#.utf8))
        #expect(permissions.permits("session.create", tenant: nil, caller: "K"))
        #expect(!permissions.permits("session.create", tenant: nil, caller: "\u{212a}"))
        let pattern = try #require(TopicPattern("K.x"))
        #expect(pattern.matches("K.x") && !pattern.matches("\u{212a}.x"))
    }

    @Test("look-alike authentication methods are different values, and both are kept")
    func methods() {
        let body = #"{"subject":"a","authentication":{"methods":["K","\#("\u{212a}")"]}}"#
        #expect(failure("session.create", body) == nil)
        #expect(failure("session.create", #"{"subject":"a","authentication":{"methods":["K","K"]}}"#) != nil)
    }
}
