import AMQPNIO
import Foundation
import Logging
import SessionContract
import SessionCore
import SessionCrypto
import SessionEngine

// What senders of commands send.
extension FuzzTarget {
    static var commands: [FuzzTarget] {
        [
            FuzzTarget(name: "command", maximumBytes: maximumCommandBytes, seeds: exampleCommands, run: readCommand),
            FuzzTarget(
                name: "json", maximumBytes: 1024,
                seeds: [#"{"a":[1,-2.5e3,true,null,"é\ud83d\ude00\n"],"b":{}}"#, "[[[]]]", "0.1"].map {
                    Array($0.utf8)
                },
                run: readJSON),
            FuzzTarget(name: "text", maximumBytes: 512, seeds: texts.map { Array($0.utf8) }, run: readText),
        ]
    }

    private static let maximumCommandBytes = 2048

    /// The first byte decides on the command, the second on the properties; the rest is the body.
    private static func readCommand(_ input: [UInt8]) {
        guard input.count >= 2 else { return }
        let names = CommandName.all.map(\.rawValue) + ["session.unknown", ""]
        let body = Array(input[2...])
        var properties = AMQPProperties(messageID: "m-1", userID: "shop")
        if input[1] & 1 != 0 { properties.contentType = String(decoding: body.prefix(40), as: UTF8.self) }
        if input[1] & 2 != 0 { properties.messageID = nil }
        if input[1] & 4 != 0 { properties.replyTo = String(decoding: body.prefix(30), as: UTF8.self) }
        if input[1] & 8 != 0 {
            let text = String(decoding: body.prefix(80), as: UTF8.self)
            properties.headers = ["traceparent": .string(text), "tracestate": .string(text), "deadline": .string(text)]
        }
        let delivery = AMQPDelivery(
            consumerTag: "c", deliveryTag: 1, redelivered: false, exchange: "sojourn.commands",
            routingKey: names[Int(input[0]) % names.count], properties: properties, body: body,
            bodySize: UInt64(body.count))
        let work = Keys.deliveries.read(delivery)
        if case .unreadable(let failure) = work.content {
            require(!CredentialScan.hasToken(failure.message), "a message repeats a token")
            require(failure.message.utf8.count <= 1000, "a message is too long for a reply")
        }
    }

    /// What is read is written in a form that is read as the same, and written the same again.
    private static func readJSON(_ input: [UInt8]) {
        guard let value = try? JSONReader.read(input) else { return }
        let bytes = written(value)
        guard let again = try? JSONReader.read(bytes) else { fatalError("what was written cannot be read") }
        require(again == value, "a value changes when it is written and read")
        require(written(again) == bytes, "a value has two forms")
    }

    private static func written(_ value: JSONValue) -> [UInt8] {
        var writer = JSONWriter()
        writer.value(value)
        return writer.bytes
    }

    private static let texts = [
        "2026-11-29T14:23:37.123Z", "2024-02-29T23:59:60+01:30", "session.*", "a.#.b.*",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "7k2mq-x04ds", "sjs_", "amq.rabbitmq.reply-to.x",
    ]

    /// The small formats: times, patterns, names of queues.
    private static func readText(_ input: [UInt8]) {
        let text = String(decoding: input, as: UTF8.self)
        if let time = Timestamp(rfc3339: text) {
            require(Timestamp(rfc3339: time.rfc3339) == time, "a time changes when it is written and read")
        }
        if let pattern = TopicPattern(text) {
            require(pattern.text == text, "a pattern changes")
            _ = pattern.matches("session.create")
            _ = pattern.matches(text)
        }
        _ = ReplyQueue.isReserved(text, prefix: "sojourn.")
        _ = CredentialScan.hasToken(text)
        _ = SessionID(text)
        _ = Keys.factors.recoveryDigest(of: Secret(text), for: Keys.handle)
        _ = Keys.factors.matchingStep(
            of: Secret(text), secret: Array(repeating: 7, count: 20), at: Timestamp(milliseconds: 1_800_000_000_000),
            after: nil)
        if let place = Keys.tokens.place(of: text, of: Keys.handle) {
            require(Keys.tokens.cursor(behind: place, of: Keys.handle) == text, "a cursor has two forms")
        }
    }

    /// The examples that the contract's schemas come with: a folder for each command.
    private static var exampleCommands: [[UInt8]] {
        let repository = URL(filePath: #filePath).appending(path: "../../../..").standardized
        let folder = repository.appending(path: "schemas/examples/commands")
        return CommandName.all.enumerated().flatMap { number, name in
            let own = folder.appending(path: name.rawValue)
            let files = (try? FileManager.default.contentsOfDirectory(at: own, includingPropertiesForKeys: nil)) ?? []
            return files.compactMap { try? Data(contentsOf: $0) }.map { [UInt8(number), 0] + Array($0) }
                .filter { $0.count <= maximumCommandBytes }
        }
    }
}
