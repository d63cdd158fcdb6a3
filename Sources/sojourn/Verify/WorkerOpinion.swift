import ArgumentParser
import SessionContract
import SessionCore
import SojournClient
import SojournVerifier
import WorkerCommandLine

/// What a worker says about a token.
struct WorkerOpinion {
    let client: ClientOptions
    let tenant: String
    let timeout: Duration

    /// - Throws: `CommandFailure` if it cannot be asked.
    func judge(_ token: String, _ form: TokenForm) async throws -> TokenJudgement {
        // The answer would be that it is no token for that.
        if form == .refresh || form == .ticket {
            return TokenJudgement(
                form, .undecided(ExitStatus.usage), because: "it cannot be checked without using it up",
                help: "`sojourn sessions show SESSION` says whether its session is alive")
        }
        let body: JSONObject = ["token": .string(token), "tenant": .string(tenant), "touch": .bool(false)]
        let data = try await client.withClient { client in
            try await client.carryOut("session.validate", body, timeout: timeout)
        }
        var judgement: TokenJudgement
        switch (data["valid"], data["reason"]) {
        case (.bool(true)?, _):
            judgement = TokenJudgement(form, .valid, because: "its session is active", help: nil)
        case (.bool(false)?, .string(let reason)?): judgement = TokenJudgement(form, refusedFor: reason)
        default: throw CommandFailure("the reply does not say whether it is valid: is the worker of another version?")
        }
        if case .object(let session)? = data["session"] { judgement.session = session }
        if form == .access {
            // Of an access token, the worker has verified the signature before it says anything else.
            judgement.areGenuine = data["reason"] != .string("malformed")
            judgement.facts = TokenInspection(token, keys: nil, issuer: "", audience: "", at: .now).facts
        }
        return judgement
    }
}
