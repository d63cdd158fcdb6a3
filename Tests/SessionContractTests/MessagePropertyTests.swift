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

    @Test("a plain message is read")
    func plain() {
        #expect(failure { _ in } == nil)
    }

    @Test(
        "content types",
        arguments: [
            ("application/json", nil), ("Application/JSON; Charset=UTF-8", nil),
            ("application/json;charset=\"utf-8\"", nil), ("text/plain", .unsupportedMediaType),
            ("application/json; charset=latin1", .unsupportedMediaType), ("", .unsupportedMediaType),
            ("application/json;", .unsupportedMediaType),
        ] as [(String, Failure.Code?)])
    func contentType(type: String, code: Failure.Code?) {
        #expect(failure { $0.contentType = type } == code)
    }

    @Test("an encoding is not supported")
    func encoding() {
        #expect(failure { $0.contentEncoding = "gzip" } == .unsupportedMediaType)
    }

    @Test("a type that contradicts the routing key")
    func type() {
        #expect(failure { $0.type = "session.create" } == nil)
        #expect(failure { $0.type = "session.revoke" } == .malformedMessage)
    }

    @Test("a message id is required, and at most 128 bytes long")
    func messageID() {
        #expect(failure { $0.messageID = nil } == .messageIDRequired)
        #expect(failure { $0.messageID = "" } == .messageIDRequired)
        #expect(failure { $0.messageID = String(repeating: "x", count: 128) } == nil)
        #expect(failure { $0.messageID = String(repeating: "x", count: 129) } == .malformedMessage)
        #expect(failure { $0.messageID = String(repeating: "ü", count: 65) } == .malformedMessage)
    }

    @Test("what only reads needs no message id")
    func readOnly() {
        #expect(
            failure {
                $0.routingKey = "session.validate"
                $0.body = Array(#"{"token":"x"}"#.utf8)
                $0.messageID = nil
            } == nil)
    }

    @Test("a deadline that is no integer, and properties that cannot be read")
    func unreadable() {
        #expect(failure { $0.deadline = .unreadable } == .malformedMessage)
        #expect(failure { $0.deadline = .at(1) } == nil, "whether it has passed is not the reader's to say")
        #expect(failure { $0.hasUnreadableProperties = true } == .malformedMessage)
    }

    @Test("a body that is too large, and one that is just not")
    func size() {
        let padding = String(repeating: " ", count: 1024 - 19)
        #expect(failure { $0.body += Array(padding.utf8) } == nil)
        #expect(failure { $0.body += Array((padding + " ").utf8) } == .messageTooLarge)
    }

    @Test("an unknown routing key comes before everything else")
    func unknown() {
        #expect(
            failure {
                $0.routingKey = "session.crate"
                $0.body = []
                $0.hasUnreadableProperties = true
            } == .unknownCommand)
    }
}
