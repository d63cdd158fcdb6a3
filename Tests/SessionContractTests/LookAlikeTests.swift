import SessionContract
import SessionCore
import Testing

/// `maxTravelKmh` with the Kelvin sign in the place of its K: to Swift's own `==` it is the same.
private let kelvin = "maxTravel\u{212a}mh"

@Suite("A key that only looks like a known one")
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

    @Test("is refused in a command, and not left out in silence")
    func command() {
        #expect(failure("policy.put", #"{"name":"a","policy":{"context":{"maxTravelKmh":1}}}"#) == nil)
        let failure = failure("policy.put", #"{"name":"a","policy":{"context":{"\#(kelvin)":1}}}"#)
        #expect(failure?.code == .invalidField)
    }

    @Test("is refused in a policy file")
    func policyFile() {
        #expect(throws: Failure.self) {
            try PolicyReader.readCatalogue(Array(#"{"a":{"context":{"\#(kelvin)":1}}}"#.utf8))
        }
    }

    @Test("is refused in a callers file, and a caller that looks like another is not that one")
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

    @Test("in the methods of an authentication it is another value, and both are kept")
    func methods() {
        let body = #"{"subject":"a","authentication":{"methods":["K","\#("\u{212a}")"]}}"#
        #expect(failure("session.create", body) == nil)
        #expect(failure("session.create", #"{"subject":"a","authentication":{"methods":["K","K"]}}"#) != nil)
    }
}
