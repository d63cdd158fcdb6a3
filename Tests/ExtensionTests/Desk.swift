import SessionCore
import SessionCrypto
import SojournExtension
import Testing

/// One subject, and the rules with an extension. Each command is decided on the state that the previous one left.
struct Desk {
    static let namespace = "n"

    private let keyring: Keyring
    let manager: SessionManager
    private(set) var aggregate: Aggregate
    var now = Timestamp(milliseconds: 1_800_000_000_000)
    var policies = PolicyCatalogue()

    init(rules: [any SessionRule] = [], verifiers: [any FactorVerifier] = []) throws {
        try self.init(Keyring.generate(at: Timestamp(milliseconds: 0)), rules: rules, verifiers: verifiers)
    }

    private init(_ keyring: Keyring, rules: [any SessionRule], verifiers: [any FactorVerifier]) throws {
        self.keyring = keyring
        manager = SessionManager(
            tokens: TokenCodec(keyring: keyring, namespace: Self.namespace),
            factors: FactorCodec(keyring: keyring, namespace: Self.namespace),
            extensions: try Extensions(rules: rules, verifiers: verifiers))
        aggregate = Aggregate(handle: manager.tokens.handle(tenant: "default", subject: "alice"))
    }

    /// The same subject and time, under other rules.
    func with(rules: [any SessionRule], verifiers: [any FactorVerifier] = []) throws -> Desk {
        var desk = try Desk(keyring, rules: rules, verifiers: verifiers)
        desk.aggregate = aggregate
        desk.now = now
        desk.policies = policies
        return desk
    }

    /// Decides a command and keeps its changes.
    mutating func carryOut(
        _ action: any SessionCommand, caller: String? = nil
    ) throws -> (outcome: Outcome, events: [Event]) {
        var transaction = SubjectTransaction(
            on: aggregate, now: now, policies: policies, random: SystemRandomNumberGenerator())
        let outcome = try manager.decide(
            Command(tenant: "default", action: action, caller: caller), in: &transaction)
        aggregate = transaction.aggregate
        return (outcome, transaction.events)
    }

    /// Creates a session for alice, which must succeed.
    mutating func create(
        _ methods: [ExactText] = ["pwd"], policy: ExactText = SessionPolicy.defaultName
    ) throws -> (session: Session, tokens: IssuedTokens, challenge: Challenge?) {
        let outcome = try carryOut(
            CreateSession(subject: "alice", policy: policy, authentication: Authentication(methods: methods))
        ).outcome
        guard case .created(let session, let tokens, evicted: _, let challenge) = try outcome.data.plain else {
            throw Unexpected(outcome: outcome)
        }
        return (session, tokens, challenge)
    }

    func token(_ secret: Secret?, as kind: TokenKind) throws -> TokenReference {
        let secret = try #require(secret)
        return .genuine(try #require(manager.tokens.read(secret.exposed, as: kind)))
    }
}

struct Unexpected: Error {
    let outcome: Outcome
}

extension Outcome {
    var data: ResultData {
        get throws {
            guard case .succeeded(let data) = self else { throw Unexpected(outcome: self) }
            return data
        }
    }

    var rejection: Rejection? {
        guard case .rejected(let rejection) = self else { return nil }
        return rejection
    }
}

extension ResultData {
    /// Makes no annotations.
    var plain: ResultData {
        guard case .annotated(let data, annotations: _) = self else { return self }
        return data
    }

    var annotations: [String: String]? {
        guard case .annotated(_, let annotations) = self else { return nil }
        return annotations
    }
}
