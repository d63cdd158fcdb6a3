import Logging
import SessionCore

// What access tokens need that the pure decision does not do: signatures.
extension CommandProcessor {
    /// The batch with its access tokens verified.
    func verified(_ batch: [Work]) async -> [Work] {
        guard batch.contains(where: { $0.unverifiedToken != nil }) else { return batch }
        var verified: [Work] = []
        verified.reserveCapacity(batch.count)
        for work in batch {
            guard let token = work.unverifiedToken else {
                verified.append(work)
                continue
            }
            verified.append(work.with(token: await accessTokens.read(token.exposed).map { .access($0) } ?? .malformed))
        }
        return verified
    }

    /// The verdicts with their access tokens signed. If that fails nothing of the group may be stored.
    func signed(_ verdicts: Verdicts) async -> Verdicts {
        var signed = verdicts
        do {
            for index in signed.all.indices {
                guard case .decided(.succeeded(let data), let events) = signed.all[index].verdict else { continue }
                signed.all[index].verdict = .decided(.succeeded(try await self.signed(data)), events: events)
            }
            return signed
        } catch {
            logger.error("an access token could not be signed", metadata: [LogKey.reason: "\(error)"])
            let failure = Failure(
                .internal, "an access token could not be signed; the operators have been told")
            let transaction = verdicts.transaction
            return Verdicts(
                unchanged(transaction.aggregate.handle, under: transaction.policies, at: transaction.now),
                of: verdicts.all.map(\.item), all: .failed(failure))
        }
    }

    private func signed(_ data: ResultData) async throws -> ResultData {
        switch data {
        case .created(let session, let tokens, let evicted, let challenge):
            .created(session: session, tokens: try await signed(tokens), evicted: evicted, challenge: challenge)
        case .issued(let session, let tokens): .issued(session: session, tokens: try await signed(tokens))
        case .annotated(let data, let annotations):
            .annotated(try await signed(data), annotations: annotations)
        default: data
        }
    }

    private func signed(_ tokens: IssuedTokens) async throws -> IssuedTokens {
        guard let claims = tokens.accessClaims else { return tokens }
        var tokens = tokens
        tokens.access = try await accessTokens.sign(claims)
        return tokens
    }
}

extension Work {
    /// The access token that a command shows, before anybody knows whether it is one.
    fileprivate var unverifiedToken: Secret? {
        guard case .command(let command) = content else { return nil }
        return command.action.unverifiedToken
    }

    fileprivate func with(token: TokenReference) -> Work {
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
