import SessionCore

extension Outcome {
    /// What its result has, in bytes, about: attributes and details are most of a large one.
    var bytes: Int {
        switch self {
        case .succeeded(let data): data.bytes
        case .rejected, .failed: ResultData.fixedBytes
        }
    }
}

extension ResultData {
    /// A result, or a session in one, without its attributes.
    fileprivate static let fixedBytes = 1024

    fileprivate var bytes: Int {
        switch self {
        case .created(let session, _, _, _), .issued(let session, _), .session(let session):
            // The copy for everybody is another text, since it has no tokens.
            2 * Self.bytes(of: session)
        case .sessions(let sessions): sessions.reduce(Self.fixedBytes) { $0 + Self.bytes(of: $1) }
        case .activity(let entries): entries.reduce(Self.fixedBytes) { $0 + 64 + $1.detail.compactLength }
        case .policies(let policies): Self.fixedBytes * (1 + policies.count)
        case .revoked(let ids), .switched(let ids), .disabled(let ids): Self.fixedBytes + 64 * ids.count
        case .annotated(let data, _): data.bytes
        case .validated(.valid(let session)): Self.bytes(of: session)
        case .validated, .ticket, .enrolled, .factor, .factors, .policy, .expired: Self.fixedBytes
        }
    }

    private static func bytes(of session: Session) -> Int {
        fixedBytes + (session.attributes.isEmpty ? 0 : session.attributes.compactLength)
    }
}
