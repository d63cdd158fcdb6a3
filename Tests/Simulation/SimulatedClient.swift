import AMQPNIO
import SessionContract
import SessionCore
import TestSupport

/// The senders of commands: few subjects, current and old tokens, duplicates, invalid and hostile input. The weights
/// differ from seed to seed.
final class SimulatedClient {
    private enum Kind: Int, CaseIterable {
        case create, validate, refresh, revoke, revokeSubject, lock, unlock, elevate, reauthenticate, update
        case beginTransfer, completeTransfer, disable, enable, get, list, activity, putPolicy, again, reuse, hostile
        /// Sent where a run asks for it.
        case revokeAll, race
    }

    private static let subjects = ["alice", "bob"]

    private unowned let world: World
    private var weights: [Int] = []
    private var tokens: [String: [String]] = ["session": [], "refresh": [], "access": [], "ticket": []]
    private var ids: [String] = []
    private var subjectOf: [(id: String, subject: String)] = []
    private var sent: [(message: SimulatedBroker.Message, command: SentCommand)] = []
    private var answered: Set<Int> = []
    private var retries: [Int: Int] = [:]
    private var remaining = 0
    /// Whether many commands expire.
    var expiresOften = false
    /// Whether some give an address that RabbitMQ chokes on.
    var hasBadAddresses = false
    /// Whether every session is revoked at once, halfway.
    var revokesAll = false
    private var total = 0
    /// The next command's, from now, in milliseconds.
    private var deadline: Int64?

    init(_ world: World) {
        self.world = world
    }

    /// Whether it has nothing left to send.
    var isDone: Bool { remaining == 0 }
    var count: Int { sent.count }
    /// When it sent the last.
    private(set) var lastSent = 0

    func begin(_ count: Int, after pause: Int) {
        weights = Kind.allCases.map { kind in
            switch kind {
            case .create, .validate, .refresh: Int.random(in: 1...6, using: &world.random)
            case .revokeAll: 0
            case .race: expiresOften ? 3 : 0
            case .disable, .putPolicy, .lock, .reuse: Int.random(in: 0...1, using: &world.random)
            default: Int.random(in: 0...3, using: &world.random)
            }
        }
        remaining = count
        total = count
        world.agenda.after(pause) { [self] in sendNext() }
    }

    /// Sends these commands at once.
    func send(_ commands: [(command: String, body: JSONObject)]) {
        for command in commands { send(command.command, command.body) }
    }

    /// Asks about every session there ever was, and begins more than any limit allows.
    func askAboutAll() {
        for kind in ["session", "access"] {
            for token in tokens[kind] ?? [] { send("session.validate", ["token": .string(token)]) }
        }
        for _ in 0..<4 { send("session.create", ["subject": .string(Self.subjects[0])]) }
    }

    /// The id and tokens of the first session.
    var firstSession: (id: String, session: String, refresh: String) {
        (ids.first ?? "", tokens["session"]?.first ?? "", tokens["refresh"]?.first ?? "")
    }

    private func sendNext() {
        guard remaining > 0 else { return }
        remaining -= 1
        let isMiddle = remaining == total / 2
        let kind: Kind = remaining == 0 && sent.isEmpty ? .create : revokesAll && isMiddle ? .revokeAll : pickKind()
        send(kind)
        // Pauses that put commands together, one after the other, and on both sides of the grace period and the idle
        // deadline.
        let pauses = [
            0, 0, 500, 5_000, 50_000, 400_000, 1_500_000, (world.policy.refreshGraceSeconds * 1_000_000) + 200_000,
            world.policy.idleSeconds * 500_000, (world.policy.idleSeconds * 1_000_000) + 300_000,
        ]
        let last = Int.random(in: 1...pauses.count, using: &world.random)
        let pause = pauses[Int.random(in: 0..<last, using: &world.random)]
        world.agenda.after(pause) { [self] in sendNext() }
    }

    private func pickKind() -> Kind {
        var left = Int.random(in: 0..<weights.reduce(0, +), using: &world.random)
        for kind in Kind.allCases {
            left -= weights[kind.rawValue]
            if left < 0 { return kind }
        }
        return .create
    }

    // MARK: - Commands

    private func send(_ kind: Kind) {
        switch kind {
        case .create:
            var body: JSONObject = ["subject": .string(pick(Self.subjects))]
            if rarely(), let parent = subjectOf.last(where: { $0.subject == body.text("subject") }) {
                body["parentId"] = .string(parent.id)
            }
            if world.flip() { body["authentication"] = .object(["methods": .array([.string("pwd"), .string("otp")])]) }
            // At most the idle lifetime of any policy that is set.
            if rarely() { body["idleSeconds"] = .integer(2) }
            send("session.create", body)
        case .validate:
            send("session.validate", ["token": .string(token(world.flip() ? "session" : "access"))])
        case .refresh: send("session.refresh", ["refreshToken": .string(token("refresh"))])
        case .revoke:
            world.flip()
                ? send("session.revoke", ["token": .string(token("session")), "cascade": .bool(world.flip())])
                : send("session.revoke", ["sessionId": .string(id())])
        case .revokeSubject: send("session.revoke", ["subject": .string(pick(Self.subjects))])
        case .lock: send("session.lock", ["sessionId": .string(id())])
        case .unlock: send("session.unlock", ["subject": .string(pick(Self.subjects))])
        case .elevate:
            send(
                "session.elevate",
                [
                    "token": .string(token("session")),
                    "authentication": .object(["methods": .array([.string("otp"), .string("hwk")])]),
                ])
        case .reauthenticate:
            let authentication = JSONValue.object(["methods": .array([.string("pwd")])])
            world.flip()
                ? send(
                    "session.reauthenticate", ["token": .string(token("session")), "authentication": authentication])
                : send(
                    "session.reauthenticate",
                    ["refreshToken": .string(token("refresh")), "authentication": authentication])
        case .update:
            send(
                "session.update",
                ["sessionId": .string(id()), "attributes": .object(["n": .integer(Int64(sent.count))])])
        case .beginTransfer:
            send("session.transfer.begin", ["token": .string(token("session")), "keepOriginal": .bool(world.flip())])
        case .completeTransfer: send("session.transfer.complete", ["ticket": .string(token("ticket"))])
        case .disable: send("subject.disable", ["subject": .string(pick(Self.subjects))])
        case .enable: send("subject.enable", ["subject": .string(pick(Self.subjects))])
        case .get: send("session.get", ["sessionId": .string(id())])
        case .list: send("session.list", ["subject": .string(pick(Self.subjects)), "includeEnded": .bool(true)])
        case .activity: send("session.activity", ["sessionId": .string(id())])
        case .putPolicy:
            send(
                "policy.put",
                [
                    "name": .string("default"),
                    "policy": .object([
                        "maxSessions": .integer(Int64.random(in: 1...3, using: &world.random)),
                        "onLimit": .string(world.policy.onLimit.rawValue),
                        "idleSeconds": .integer(Int64.random(in: 2...60, using: &world.random)),
                        "refreshGraceSeconds": .integer(Int64(world.policy.refreshGraceSeconds)),
                    ]),
                ])
        case .again: sendAgain(nil)
        case .reuse:
            guard let earlier = sent.last(where: { $0.command.id != nil && $0.command.expectation == .rules }) else {
                return
            }
            send(
                "session.create", ["subject": .string(pick(Self.subjects)), "actor": .string("another")],
                id: earlier.command.id, expectation: .reuse)
        case .hostile: sendHostile()
        case .revokeAll:
            if world.flip() {
                // Somebody decides without it, and stores that when it is long carried out.
                world.faults.add(.stall, atNext: .load)
                send("session.create", ["subject": .string("carol")])
            }
            send("session.revoke", ["all": .bool(true), "reason": .string("leak")])
        case .race:
            // Expired for one worker and not for the other, and its id is used for something else meanwhile.
            world.faults.add(.slow, atNext: .load)
            deadline = Int64.random(in: 0...40, using: &world.random)
            send("session.create", ["subject": .string(pick(Self.subjects))])
            deadline = nil
            let number = sent.count
            let first = world.pause(0...60_000)
            world.agenda.after(first) { [self] in sendAgain(number) }
            world.agenda.after(first + world.pause(0...400_000)) { [self] in
                send(
                    "session.create", ["subject": .string(pick(Self.subjects)), "actor": .string("another")],
                    id: sent[number - 1].command.id, expectation: .reuse)
            }
        }
    }

    private func send(
        _ command: String, _ body: JSONObject, id: String? = nil, expectation: SentCommand.Expectation = .rules
    ) {
        let name = CommandName(exactly: command)
        let mayChange = name?.changesState == true
        let bytes = JSONWriter.bytes(of: body)
        var properties = AMQPProperties(deliveryMode: 2, replyTo: address())
        properties.messageID = mayChange ? id ?? "m\(sent.count + 1)" : nil
        if let deadline {
            properties.headers = ["deadline": .int64(world.redis.time.milliseconds + deadline)]
        } else if mayChange, expiresOften ? world.flip() : rarely() && rarely() {
            // A deadline that has passed, or will if anything is slow.
            properties.headers = [
                "deadline": .int64(
                    world.redis.time.milliseconds
                        + Int64.random(in: -5...(expiresOften ? 0 : 2_000), using: &world.random))
            ]
        }
        var sentCommand = SentCommand(
            number: 0, id: properties.messageID, command: command,
            text: command + " " + String(decoding: bytes, as: UTF8.self))
        sentCommand.expectation = expectation
        sentCommand.isMute = properties.replyTo?.hasPrefix(SimulatedBroker.badAddress) == true
        if case .bool(true)? = body["all"] { sentCommand.endsAll = true }
        sentCommand.refreshToken = body.text("refreshToken")
        publish(command, properties, bytes, sentCommand)
    }

    private func publish(_ key: String, _ properties: AMQPProperties, _ body: [UInt8], _ command: SentCommand) {
        var command = command
        command.number = sent.count + 1
        var properties = properties
        properties.correlationID = "c\(command.number)"
        let message = SimulatedBroker.Message(
            number: command.number, routingKey: key, properties: properties, body: body)
        sent.append((message, command))
        lastSent = world.agenda.now
        if let id = command.id { world.nameMessage(id) }
        world.note("message \(command.number) \(command.id.map { "(\($0)) " } ?? "")\(command.text.prefix(160))")
        world.observe(.sent(command))
        world.broker.publish(message)
    }

    /// Sends a message again, as a client does that received no answer, or that is careless.
    func sendAgain(_ number: Int?) {
        guard !sent.isEmpty else { return }
        let index = number.map { $0 - 1 } ?? Int.random(in: sent.indices, using: &world.random)
        let (message, command) = sent[index]
        publish(message.routingKey, message.properties, message.body, command)
    }

    // MARK: - Invalid input

    private func sendHostile() {
        let secret = token("session")
        let good: [UInt8] = Array(#"{"subject":"alice"}"#.utf8)
        func hostile(
            _ key: String, _ body: [UInt8], _ code: String, id: String? = "", isMute: Bool = false,
            _ change: (inout AMQPProperties) -> Void = { _ in }
        ) {
            var properties = AMQPProperties(replyTo: "replies")
            properties.messageID = id == "" ? "m\(sent.count + 1)" : id
            change(&properties)
            var command = SentCommand(number: 0, id: nil, command: key, text: String(decoding: body, as: UTF8.self))
            command.expectation = .failure(code)
            command.isMute = isMute
            publish(key, properties, body, command)
        }
        switch Int.random(in: 0..<12, using: &world.random) {
        case 0: hostile("session.create", Array("{\"subject\":\"ali".utf8), "malformed_message")
        case 1: hostile("session.create", Array(#"{"subject":"alice","maxAge":1}"#.utf8), "invalid_field")
        case 2: hostile("session.craete", good, "unknown_command")
        case 3: hostile("session.create", good, "message_id_required", id: nil)
        case 4: hostile("session.create", good, "unsupported_media_type") { $0.contentType = "text/plain" }
        case 5: hostile("session.create", good, "malformed_message") { $0.type = "session.revoke" }
        case 6:
            let long = String(repeating: "x", count: 5000)
            hostile("session.create", Array("{\"subject\":\"alice\",\"actor\":\"\(long)\"}".utf8), "message_too_large")
        case 7:
            hostile("session.create", good, "malformed_message", isMute: true) {
                $0.replyTo = World.namespace + ".commands.manage"
            }
        case 8:
            hostile("session.validate", Array("{\"token\":\"\(secret)\",\"code\":\"123456\"}".utf8), "invalid_field")
        case 9:
            let deep = String(repeating: "[", count: 40) + String(repeating: "]", count: 40)
            hostile("session.update", Array("{\"attributes\":\(deep)}".utf8), "malformed_message")
        case 10: hostile("session.create", good, "malformed_message") { $0.headers = ["deadline": .string("soon")] }
        default:
            hostile("session.revoke", Array("{\"sessionId\":\"\(id())\",\"subject\":\"bob\"}".utf8), "invalid_field")
        }
    }

    // MARK: - Replies

    func receive(_ reply: AMQPMessage) {
        guard let text = reply.properties.correlationID, let number = Int(text.dropFirst()),
            sent.indices.contains(number - 1), case .object(let body)? = try? JSONReader.read(reply.body)
        else { return world.observe(.protocolError("a reply to no command")) }
        let command = sent[number - 1].command
        var answer = Answer(
            number: number, status: body.text("status") ?? "", code: body.text("error", "code"), body: reply.body)
        if case .bool(true)? = body.value(["error", "retryable"]) { answer.isRetryable = true }
        if answer.status == "succeeded" { learn(from: body, of: command, &answer) }
        answered.insert(number)
        world.note("message \(number) is answered: \(answer.status) \(answer.code ?? "")")
        world.observe(.answered(answer))
        guard answer.isRetryable, world.retries, retries[number, default: 0] < 1 else { return }
        retries[number, default: 0] += 1
        world.agenda.after(world.pause(500_000...3_000_000)) { [self] in sendAgain(number) }
    }

    private func learn(from body: JSONObject, of command: SentCommand, _ answer: inout Answer) {
        for kind in ["session", "refresh", "access"] {
            if let token = body.text("data", "tokens", kind) { remember(token, as: kind) }
        }
        answer.refreshToken = body.text("data", "tokens", "refresh")
        answer.decidedAt = body.text("completedAt")
        if let ticket = body.text("data", "ticket") { remember(ticket, as: "ticket") }
        if let id = body.text("data", "session", "id"), !ids.contains(id) {
            ids.append(id)
            if let subject = body.text("data", "session", "subject") { subjectOf.append((id, subject)) }
        }
        switch command.command {
        case "session.revoke" where command.endsAll:
            if case .bool(true)? = body.value(["data", "pending"]) { answer.isPending = true }
        case "session.revoke", "subject.disable": answer.ended = body.texts("data", "revoked")
        case "session.create", "session.elevate": answer.ended = body.texts("data", "evicted")
        case "session.validate":
            if case .bool(true)? = body.value(["data", "valid"]) {
                answer.valid = body.text("data", "session", "id")
                answer.validSince = body.text("data", "session", "createdAt")
            }
        default: break
        }
    }

    private func remember(_ token: String, as kind: String) {
        if tokens[kind]?.contains(token) != true { tokens[kind, default: []].append(token) }
    }

    // MARK: - Choices

    /// A queue, or as clients of direct replies have it.
    private func address() -> String {
        guard hasBadAddresses, world.flip() else { return "replies" }
        let number = Int.random(in: 1...3, using: &world.random)
        return (rarely() ? SimulatedBroker.badAddress : "amq.rabbitmq.reply-to.good") + ".\(number)"
    }

    private func rarely() -> Bool { Int.random(in: 0..<5, using: &world.random) == 0 }

    private func pick(_ texts: [String]) -> String {
        // Prefers newer values: old tokens are worth trying, but not most of the time.
        let start = world.flip() ? texts.count / 2 : 0
        return texts[Int.random(in: start..<texts.count, using: &world.random)]
    }

    private func token(_ kind: String) -> String {
        guard let known = tokens[kind], !known.isEmpty else {
            return ["refresh": "sjr_nonsense", "access": "a.b.c", "ticket": "sjt_nonsense"][kind] ?? "sjs_nonsense"
        }
        return pick(known)
    }

    private func id() -> String { ids.isEmpty ? "ses_unknown" : pick(ids) }
}
