import SessionContract
import SessionCore

extension Outcome {
    /// The estimated size of the result in bytes: attributes and details dominate a large one.
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
            // The public copy is a separate text, because it has no tokens.
            2 * Self.bytes(of: session)
        case .sessions(let page): Self.bytes(of: page.sessions.map { Self.bytes(of: $0) })
        case .activity(let entries): Self.bytes(of: entries.map { 64 + $0.detail.compactLength })
        case .policies(let policies): Self.fixedBytes * (1 + policies.count)
        case .revoked(let ids), .switched(let ids), .disabled(let ids): Self.fixedBytes + 64 * ids.count
        case .annotated(let data, _): data.bytes
        case .validated(.valid(let session)): Self.bytes(of: session)
        case .validated, .ticket, .enrolled, .factor, .factors, .policy, .policyRemoved, .massRevocation, .expired:
            Self.fixedBytes
        }
    }

    /// The part of a list that fits into a result.
    private static func bytes(of elements: [Int]) -> Int {
        fixedBytes + min(elements.reduce(0, +), ResultWriter.maxListBytes)
    }

    private static func bytes(of session: Session) -> Int {
        fixedBytes + (session.attributes.isEmpty ? 0 : session.attributes.compactLength)
    }
}
