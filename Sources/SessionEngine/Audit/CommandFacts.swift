import SessionContract
import SessionCore

/// What an audit record says a command was about: from the command, completed by its result, which also a repeated
/// command has.
struct CommandFacts {
    private var tenant: String?
    private var subject: String?
    private var session: String?
    /// Whether the command was about all of a tenant's sessions.
    private var isAboutTenant = false
    private var policy: String?
    private var factor: String?
    private var actor: String?
    private var reason: String?
    /// Sessions that it ended.
    private var count: Int64?
    private(set) var code: String?

    /// - Parameter result: the result without its secrets, or nothing.
    init(of work: Work, result: [UInt8]) {
        if case .command(let command) = work.content { take(command) }
        // A longer one is a list, and its command names the subject.
        guard result.count <= Self.maxResultBytes,
            let result = try? JSONReader.read(result, maximumDepth: Self.maxDepth).object
        else { return }
        take(result)
    }

    private static let maxResultBytes = 64 * 1024
    /// A result contains attributes, which a command may nest 31 deep, three levels deeper than in the command.
    private static let maxDepth = 40

    private mutating func take(_ command: Command) {
        tenant = command.tenant
        switch command.action {
        case let action as CreateSession: actor = action.actor?.text
        case let action as RevokeSessions: reason = action.reason.word
        case let action as PutPolicy: policy = action.name.text
        case let action as GetPolicy: policy = action.name.text
        case let action as RemovePolicy: policy = action.name.text
        case let action as ConfirmFactor: take(factor: action.factorID)
        case let action as RemoveFactor: take(factor: action.factorID)
        default: break
        }
        switch command.action.about {
        case .subject(let name): subject = name.text
        case .session(let id), .sessionAlone(let id), .sessionWithActivity(let id): session = id?.text
        case .token(let token): session = token.session?.text
        case .revocations: isAboutTenant = true
        case .handle, .policies: break
        }
    }

    /// What a sender gives for an id could be a secret; only what has the form of an id is repeated.
    private mutating func take(factor id: String) {
        guard id.beginsExactly(with: "fac_"), id.utf8.count == 28,
            id.utf8.dropFirst(4).allSatisfy({ $0.isBase64URL && $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: "_") })
        else { return }
        factor = id
    }

    private mutating func take(_ result: JSONObject) {
        code = result.object("error")?.text("code") ?? code
        guard let data = result.object("data") else { return }
        count = data.integer("count") ?? count
        factor = data.text("factorId") ?? factor
        guard let found = data.object("session") else { return }
        session = found.text("id") ?? session
        subject = found.text("subject") ?? subject
        actor = found.text("actor") ?? actor
    }

    func write(to json: inout JSONWriter) {
        json.member("tenant", tenant)
        json.member("subject", subject)
        json.member("sessionId", session)
        if isAboutTenant { json.member("allOfTenant", true) }
        json.member("policy", policy)
        json.member("factorId", factor)
        json.member("actor", actor)
        json.member("reason", reason)
        if let count { json.member("count", Int(count)) }
    }
}
