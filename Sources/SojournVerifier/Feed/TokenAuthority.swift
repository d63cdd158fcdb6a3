package import SojournClient

/// Whoever decides about the tokens that cannot be decided here.
package protocol TokenAuthority: Sendable {
    /// - Parameters:
    ///   - tenant: the one that the token names.
    ///   - context: where the request comes from that brought it.
    func opinion(
        on token: String, tenant: String, context: Context?, within timeout: Duration
    ) async -> TokenOpinion
}

package enum TokenOpinion: Equatable {
    case good
    /// With the reason that `session.validate` gives.
    case bad(reason: String)
    /// It does not answer.
    case none
}

/// A worker, which is asked with `session.validate`.
struct WorkerAuthority: TokenAuthority {
    let service: any SessionService

    func opinion(
        on token: String, tenant: String, context: Context?, within timeout: Duration
    ) async -> TokenOpinion {
        let options = CommandOptions(tenant: tenant, timeout: timeout)
        switch try? await service.validate(token, context: context, touch: false, options: options) {
        case .valid: return .good
        case .invalid(let refusal): return .bad(reason: refusal.reason.rawValue)
        case nil: return .none
        }
    }
}
