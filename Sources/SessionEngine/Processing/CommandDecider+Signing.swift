import LogMetadata
import Logging
import SessionCore

// Signing access tokens, which is not part of a decision: the claims in the verdicts get their signed tokens.
extension CommandDecider {
    /// Adds the access tokens to the verdicts. If one cannot be signed, nothing of the group may be stored.
    func sign(_ verdicts: inout Verdicts) {
        do {
            for index in verdicts.all.indices {
                guard case .decided(.succeeded(let data), let events) = verdicts.all[index].verdict,
                    let claims = data.claims
                else { continue }
                let token = try accessTokens.sign(claims)
                verdicts.all[index].verdict = .decided(.succeeded(data.with(access: token)), events: events)
            }
        } catch {
            logger.error("an access token could not be signed", metadata: [LogKey.reason: "\(error)"])
            let failure = Failure(.internal, "an access token could not be signed; see the worker's log")
            let transaction = verdicts.transaction
            verdicts = Verdicts(
                unchanged(transaction.aggregate.handle, under: transaction.policies, at: transaction.now),
                of: verdicts.all.map(\.item), all: .failed(failure))
        }
    }
}

extension ResultData {
    fileprivate func with(access token: Secret) -> ResultData {
        switch self {
        case .created(let session, let tokens, let evicted, let challenge):
            .created(session: session, tokens: tokens.with(access: token), evicted: evicted, challenge: challenge)
        case .issued(let session, let tokens): .issued(session: session, tokens: tokens.with(access: token))
        case .annotated(let data, let annotations): .annotated(data.with(access: token), annotations: annotations)
        default: self
        }
    }
}

extension IssuedTokens {
    fileprivate func with(access token: Secret) -> IssuedTokens {
        var tokens = self
        tokens.access = token
        return tokens
    }
}

extension Work {
    /// The access token in a command, before its signature is verified.
    var unverifiedToken: Secret? {
        guard case .command(let command) = content else { return nil }
        return command.action.unverifiedToken
    }

    func with(token: TokenReference) -> Work {
        guard case .command(let command) = content else { return self }
        var action = command.action
        action.take(verified: token)
        let verified = Command(
            tenant: command.tenant, action: action, deadline: command.deadline, caller: command.caller,
            traceparent: command.traceparent)
        return Work(
            name: name, content: .command(verified), message: message, commandID: commandID, isGivenUp: isGivenUp,
            omissions: omissions, trace: trace)
    }
}
