import FoundationEssentials
import SessionCore
import SojournVerifier
import WorkerCommandLine

extension TokenJudgement {
    /// An access token that was checked here.
    init(_ inspection: TokenInspection) {
        switch inspection.verdict {
        case .good:
            self.init(
                .access, .valid, because: "one of the issuer's keys has signed it, and its time has not passed",
                help: "whether its session is still alive, a worker knows: --worker")
        case .refused(let reason):
            self.init(.access, refusedFor: reason.rawValue, because: inspection.defect)
        case .unsigned:
            self.init(
                .access, .undecided(ExitStatus.configuration),
                because: "there are no keys to verify its signature with; nothing else is wrong",
                help: "give --keys, such as a worker's /.well-known/jwks.json, or --keyring-file; or ask a worker "
                    + "with --worker")
        }
        areGenuine = inspection.isGenuine
        facts = inspection.facts
    }
}

extension TokenInspection {
    /// What the token says, as far as it can be read.
    var facts: [TokenFact] {
        var facts: [TokenFact] = []
        if let keyID { facts.append(TokenFact("keyId", "signed with", .text(keyID))) }
        if let algorithm { facts.append(TokenFact("algorithm", "algorithm", .text(algorithm))) }
        guard let claims else { return facts }
        let token = claims.token
        facts += [
            TokenFact("issuer", "issuer", .text(claims.issuer)),
            TokenFact("audience", "audience", .texts(claims.audience)),
            TokenFact("tenant", "tenant", .text(token.tenant)), TokenFact("subject", "subject", .text(token.subject)),
            TokenFact("sessionId", "session", .text(token.sessionID)),
            TokenFact("level", "level", .number(token.level)),
            TokenFact("methods", "methods", .texts(token.methods)),
        ]
        if let time = token.authenticatedAt {
            facts.append(TokenFact("authenticatedAt", "authenticated", .time(Timestamp(time))))
        }
        if let actor = token.actor { facts.append(TokenFact("actor", "acted for by", .text(actor))) }
        facts += [
            TokenFact("clientId", "client", .text(token.clientID)),
            TokenFact("tokenId", "token id", .text(token.tokenID)),
            TokenFact("issuedAt", "issued", .time(Timestamp(token.issuedAt))),
            TokenFact("expiresAt", "expires", .time(Timestamp(token.expiresAt))),
        ]
        if let time = claims.notBefore {
            facts.append(TokenFact("notBefore", "not before", .time(Timestamp(milliseconds: time.milliseconds))))
        }
        return facts
    }
}

extension Timestamp {
    fileprivate init(_ date: Date) {
        self.init(milliseconds: Int64((date.timeIntervalSince1970 * 1000).rounded()))
    }
}
