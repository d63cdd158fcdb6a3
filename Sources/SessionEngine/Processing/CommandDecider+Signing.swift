import SessionCore

// Signing access tokens, which is not part of a decision. The claims are taken out of the verdicts, signed by the
// owner of the keys, and the tokens put in their place.

extension Verdicts {
    /// The claims of all access tokens that these verdicts issue, in order.
    var claims: [AccessTokenClaims] {
        all.compactMap { entry in
            guard case .decided(.succeeded(let data), _) = entry.verdict else { return nil }
            return data.claims
        }
    }
}

extension CommandDecider {
    /// The verdicts with their signed access tokens, taken from the front of `tokens`. If one could not be signed,
    /// nothing of the group may be stored.
    func signed(_ verdicts: Verdicts, with tokens: inout ArraySlice<Secret?>) -> Verdicts {
        var signed = verdicts
        var isWhole = true
        for index in signed.all.indices {
            guard case .decided(.succeeded(let data), let events) = signed.all[index].verdict, data.hasClaims else {
                continue
            }
            guard let token = tokens.popFirst() else {
                preconditionFailure("an answer is missing for an access token")
            }
            guard let token else {
                isWhole = false
                continue
            }
            signed.all[index].verdict = .decided(.succeeded(data.with(access: token)), events: events)
        }
        if isWhole { return signed }
        let failure = Failure(.internal, "an access token could not be signed; see the worker's log")
        let transaction = verdicts.transaction
        return Verdicts(
            unchanged(transaction.aggregate.handle, under: transaction.policies, at: transaction.now),
            of: verdicts.all.map(\.item), all: .failed(failure))
    }
}

extension ResultData {
    fileprivate var claims: AccessTokenClaims? {
        switch self {
        case .created(_, let tokens, _, _), .issued(_, let tokens): tokens.accessClaims
        case .annotated(let data, _): data.claims
        default: nil
        }
    }

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
            omissions: omissions)
    }
}
