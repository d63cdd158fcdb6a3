import AMQPNIO
import Logging
import SessionContract
import SessionCore
import SessionCrypto
import SessionEngine
import TestSupport

/// What the operations work on: the parts of a worker, and a subject with three ordinary sessions.
struct Scene {
    static let namespace = "sojourn"
    static let now = Timestamp(milliseconds: 1_800_000_000_000)
    static let subject = "user-4711"

    let keyring: Keyring
    let tokens: TokenCodec
    let manager: SessionManager
    let decider: CommandDecider
    let commands: CommandReader
    let deliveries: DeliveryReader
    let accessTokens: AccessTokens
    let sealers: SealerSource
    /// What `session.create` returned for the first session.
    let created: Created
    /// The subject with all its sessions.
    let aggregate: Aggregate

    struct Created {
        let outcome: Outcome
        let session: Session
        let tokens: IssuedTokens
        let event: Event
    }

    init() async throws {
        let key = String(repeating: "A", count: 43)
        keyring = try Keyring(
            json: Array(
                #"{"version":1,"root":"\#(key)","current":"00000001","keys":[{"id":"00000001","secret":"\#(key)"}]}"#
                    .utf8))
        tokens = TokenCodec(keyring: keyring, namespace: Self.namespace)
        sealers = SealerSource(keyring: keyring, namespace: Self.namespace, at: Self.now)
        manager = SessionManager(
            tokens: tokens, factors: FactorCodec(keyring: keyring, namespace: Self.namespace))
        accessTokens = await AccessTokens(
            keyring: keyring, at: Self.now, namespace: Self.namespace, issuer: "https://sojourn.example",
            audience: "https://api.example")
        let logger = Logger(label: "benchmark") { _ in SwiftLogNoOpLogHandler() }
        var random = SeededRandom(seed: 1)
        decider = CommandDecider(
            manager: manager, accessTokens: UnsignedAccessTokens(), namespace: Self.namespace,
            resultNames: ResultNames(using: &random), logger: logger, policies: { PolicyCatalogue() },
            makeRandom: { SeededRandom(seed: 2) })
        commands = CommandReader(maxBodyBytes: 65_536, tokens: tokens)
        deliveries = DeliveryReader(
            commands: commands,
            hash: KeyedHash(keyring: keyring, namespace: Self.namespace), namespace: Self.namespace,
            unknownCommands: QuarantineAllowance(logger: logger))

        let command = try commands.read(Self.message(.create, Self.createBody))
        var aggregate = Aggregate(handle: tokens.handle(tenant: "default", subject: Self.subject))
        created = try Self.create(command, by: manager, on: &aggregate, seed: 3)
        for seed in UInt64(4)...5 { _ = try Self.create(command, by: manager, on: &aggregate, seed: seed) }
        self.aggregate = aggregate
    }

    /// Creates a session of the subject, and has it stored.
    private static func create(
        _ command: Command, by manager: SessionManager, on aggregate: inout Aggregate, seed: UInt64
    ) throws -> Created {
        var transaction = SubjectTransaction(
            on: aggregate, now: now, policies: PolicyCatalogue(), random: SeededRandom(seed: seed))
        let outcome = try manager.decide(command, in: &transaction)
        guard case .succeeded(.created(let session, let tokens, _, _)) = outcome,
            let event = transaction.events.first
        else { throw UnexpectedOutcome("no session was created: \(outcome)") }
        aggregate = transaction.aggregate
        aggregate.revision += 1
        return Created(outcome: outcome, session: session, tokens: tokens, event: event)
    }
}

// MARK: - Commands

extension Scene {
    /// The commands that are measured.
    enum Name: String, CaseIterable {
        case validate
        case create
        case refresh
        case revoke

        var routingKey: String { "session.\(rawValue)" }
    }

    /// A login with an ordinary device and context, and 100 bytes of attributes.
    private static let createBody = """
        {"subject":"\(subject)","device":{"id":"d4c1a2f0-5f0e-4c5b","name":"Firefox on Debian","platform":"linux"},\
        "context":{"ip":"192.0.2.10","country":"DE",\
        "userAgent":"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"},\
        "attributes":{"theme":"dark","locale":"de-DE","cart":"\(String(repeating: "x", count: 58))"}}
        """

    func body(of name: Name) throws -> String {
        guard let session = created.tokens.session?.exposed, let refresh = created.tokens.refresh?.exposed else {
            throw UnexpectedOutcome("a session was created without tokens")
        }
        return switch name {
        case .create: Self.createBody
        case .validate, .revoke: #"{"token":"\#(session)"}"#
        case .refresh: #"{"refreshToken":"\#(refresh)"}"#
        }
    }

    private static func message(_ name: Name, _ body: String) -> IncomingMessage {
        IncomingMessage(
            routingKey: name.routingKey, body: Array(body.utf8), contentType: "application/json", messageID: messageID)
    }

    func message(_ name: Name) throws -> IncomingMessage {
        Self.message(name, try body(of: name))
    }

    private static let messageID = "7c1e0a52-9d4b-4f36-8a71-2b5c6d7e8f90"

    func command(_ name: Name) throws -> Command {
        try commands.read(message(name))
    }

    /// The command as the broker delivers it, from a caller who waits for the reply.
    func delivery(_ name: Name) throws -> AMQPDelivery {
        let body = Array(try body(of: name).utf8)
        return AMQPDelivery(
            consumerTag: "sojourn.manage", deliveryTag: 4711, redelivered: false, exchange: "sojourn.commands",
            routingKey: name.routingKey,
            properties: AMQPProperties(
                contentType: "application/json", deliveryMode: 2, correlationID: Self.messageID,
                replyTo: "amq.rabbitmq.reply-to.g1h2AA5yZXBseUAxMjM0NTY3OAAAAAAAAAAAAAAAAA==", messageID: Self.messageID
            ),
            body: body, bodySize: UInt64(body.count))
    }
}

/// Access tokens without a signature, which costs more than everything around it and is measured by itself.
private struct UnsignedAccessTokens: AccessTokenScheme {
    func sign(_ claims: AccessTokenClaims) throws(Never) -> Secret { Secret("header.payload.signature") }

    func read(_ text: String) async -> PresentedAccessToken? { nil }
}
