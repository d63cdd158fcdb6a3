import SessionContract
import SessionCore
import Testing

@Suite("The properties of a command message")
struct MessagePropertyTests {
    private func failure(_ change: (inout IncomingMessage) -> Void) -> Failure.Code? {
        var message = IncomingMessage(
            routingKey: "session.create", body: Array(#"{"subject":"alice"}"#.utf8), messageID: "m-1")
        change(&message)
        do {
            _ = try CommandReader(maxBodyBytes: 1024, tokens: NoTokens()).read(message)
            return nil
        } catch {
            return error.code
        }
    }

    @Test("a plain message is accepted")
    func plain() {
        #expect(failure { _ in } == nil)
    }

    @Test(
        "only JSON content types are accepted",
        arguments: [
            ("application/json", nil), ("Application/JSON; Charset=UTF-8", nil),
            ("application/json;charset=\"utf-8\"", nil), ("text/plain", .unsupportedMediaType),
            ("application/json; charset=latin1", .unsupportedMediaType), ("", .unsupportedMediaType),
            ("application/json;", .unsupportedMediaType),
        ] as [(String, Failure.Code?)])
    func contentType(type: String, code: Failure.Code?) {
        #expect(failure { $0.contentType = type } == code)
    }

    @Test("a content encoding is rejected")
    func encoding() {
        #expect(failure { $0.contentEncoding = "gzip" } == .unsupportedMediaType)
    }

    @Test("a type that contradicts the routing key is rejected")
    func type() {
        #expect(failure { $0.type = "session.create" } == nil)
        #expect(failure { $0.type = "session.revoke" } == .malformedMessage)
    }

    @Test("a message id is required, and has at most 128 bytes")
    func messageID() {
        #expect(failure { $0.messageID = nil } == .messageIDRequired)
        #expect(failure { $0.messageID = "" } == .messageIDRequired)
        #expect(failure { $0.messageID = String(repeating: "x", count: 128) } == nil)
        #expect(failure { $0.messageID = String(repeating: "x", count: 129) } == .malformedMessage)
        #expect(failure { $0.messageID = String(repeating: "ü", count: 65) } == .malformedMessage)
    }

    @Test("a command that only reads needs no message id")
    func readOnly() {
        #expect(
            failure {
                $0.routingKey = "session.validate"
                $0.body = Array(#"{"token":"x"}"#.utf8)
                $0.messageID = nil
            } == nil)
    }

    @Test("a deadline that is not an integer is rejected, and so are unreadable properties")
    func unreadable() {
        #expect(failure { $0.deadline = .unreadable } == .malformedMessage)
        #expect(failure { $0.deadline = .at(1) } == nil, "whether it has passed is not the reader's to say")
        #expect(failure { $0.hasUnreadableProperties = true } == .malformedMessage)
    }

    @Test("a body over the limit is rejected, and one at the limit is accepted")
    func size() {
        let padding = String(repeating: " ", count: 1024 - 19)
        #expect(failure { $0.body += Array(padding.utf8) } == nil)
        #expect(failure { $0.body += Array((padding + " ").utf8) } == .messageTooLarge)
    }

    @Test("an unknown routing key takes precedence over any other error")
    func unknown() {
        #expect(
            failure {
                $0.routingKey = "session.crate"
                $0.body = []
                $0.hasUnreadableProperties = true
            } == .unknownCommand)
    }
}
