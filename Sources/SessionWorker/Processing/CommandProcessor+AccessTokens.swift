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

    /// The outcome with its access token signed; `nil` if that fails, and then nothing of the command may be stored.
    func signed(_ outcome: Outcome) async -> Outcome? {
        do {
            switch outcome {
            case .succeeded(.created(let session, let tokens, let evicted, let challenge)):
                return .succeeded(
                    .created(
                        session: session, tokens: try await signed(tokens), evicted: evicted, challenge: challenge))
            case .succeeded(.issued(let session, let tokens)):
                return .succeeded(.issued(session: session, tokens: try await signed(tokens)))
            case .succeeded(.annotated(let data, let annotations)):
                guard case .succeeded(let data) = await signed(.succeeded(data)) else { return nil }
                return .succeeded(.annotated(data, annotations: annotations))
            default: return outcome
            }
        } catch {
            logger.error("an access token could not be signed", metadata: [LogKey.reason: "\(error)"])
            return nil
        }
    }

    static var unsigned: Outcome {
        .failed(Failure(.internal, "an access token could not be signed; the operators have been told"))
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
        guard case .command(let command) = content, case .validate(let validate) = command.action,
            case .unverified(let token) = validate.token
        else { return nil }
        return token
    }

    fileprivate func with(token: TokenReference) -> Work {
        guard case .command(let command) = content, case .validate(var validate) = command.action else { return self }
        validate.token = token
        let verified = Command(
            tenant: command.tenant, action: .validate(validate), deadline: command.deadline, caller: command.caller,
            traceparent: command.traceparent)
        return Work(
            name: name, content: .command(verified), message: message, commandID: commandID, isGivenUp: isGivenUp)
    }
}
