import SessionContract
import SessionCore
import Testing

@Suite("Errors about misspelt names")
struct NamingErrorTests {
    private static let token = "sjr_k7Qm2vXc9Lr4TzWb8NfYp3HdS5jGaE6u-1B0xQ_tR7mK2nV9cZ4wL8yP3hD6sJ5gF0aE1uBkC7oQm2vXc9"

    private func failure(_ command: String, _ body: String) -> Failure? {
        let message = IncomingMessage(routingKey: command, body: Array(body.utf8), messageID: "m-1")
        do {
            _ = try CommandReader(maxBodyBytes: 65536, tokens: NoTokens()).read(message)
            return nil
        } catch {
            return error
        }
    }

    @Test(
        "a misspelt required key is named together with the missing one",
        arguments: [
            ("session.create", #"{"subjekt":"a"}"#, "/subject", "subjekt"),
            ("session.validate", #"{"tokn":"a"}"#, "/token", "tokn"),
            ("session.revoke", #"{"sesionId":"a"}"#, "/token", "sesionId"),
            ("session.elevate", #"{"token":"a","facter":{}}"#, "/factor", "facter"),
            (
                "session.create", #"{"subject":"a","authentication":{"method":["pwd"]}}"#, "/authentication/methods",
                "method"
            ),
            ("policy.put", #"{"name":"a","polciy":{}}"#, "/policy", "polciy"),
        ])
    func required(command: String, body: String, path: String, misspelt: String) {
        let failure = failure(command, body)
        #expect(failure?.code == .invalidField && failure?.path == path)
        #expect(failure?.message.contains("there is no key \(misspelt): did you mean") == true)
    }

    @Test("a key that is absent is reported as required, without a suggestion")
    func missing() {
        #expect(failure("session.create", #"{"policy":"x"}"#)?.message == "is required")
        #expect(failure("session.create", "{}")?.message == "is required")
    }

    @Test("an unknown key is reported with the nearest known one")
    func unknown() {
        let failure = failure("session.create", #"{"subject":"a","idelSeconds":5}"#)
        #expect(failure?.path == "/idelSeconds")
        #expect(failure?.message == "there is no such key here: did you mean idleSeconds?")
    }

    @Test(
        "a credential in place of a key is never repeated",
        arguments: [token, "123456", "7kq2m-x9c4r", "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2ln"])
    func credentials(key: String) {
        for (command, body, path) in [
            ("session.create", #"{"subject":"a","\#(key)":1}"#, "/[withheld]"),
            ("session.create", #"{"subject":"a","device":{"\#(key)":1}}"#, "/device/[withheld]"),
            ("session.validate", #"{"\#(key)":1}"#, "/token"), (key, "{}", nil),
        ] {
            let failure = failure(command, body)
            #expect(failure != nil && failure?.path == path)
            #expect(failure.map { !"\($0)".contains(key) } == true)
        }
    }

    @Test("an unknown command is reported with what was sent and the nearest name")
    func unknownCommand() {
        #expect(
            failure("session.crate", "{}")?.message
                == #"there is no command "session.crate": did you mean session.create?"#)
        #expect(failure("something.else", "{}")?.message == #"there is no command "something.else""#)
        let long = failure(String(repeating: "x", count: 200), "{}")
        #expect(long.map { $0.message.utf8.count < 120 } == true, "what is told is bounded")
        #expect(failure("a\u{1B}[2J", "{}").map { !$0.message.contains("\u{1B}") } == true)
    }
}
