import ArgumentParser
import SessionContract
import SessionCore

/// What `sojourn verify` says about a token. It contains nothing of the token that would be of use to a thief.
struct TokenJudgement {
    enum Validity {
        case valid
        case invalid(TokenReason)
        /// With the status that a script gets.
        case undecided(ExitCode)
    }

    let form: TokenForm
    let validity: Validity
    /// Why, as a sentence.
    let why: String
    let help: String?
    /// What it says; `areGenuine` if the issuer vouches for it.
    var facts: [TokenFact] = []
    var areGenuine = false
    /// As the worker has it.
    var session: JSONObject?

    init(_ form: TokenForm, refusedFor code: String, because defect: String? = nil) {
        let reason = TokenReason(code)
        self.form = form
        validity = .invalid(reason)
        why = defect ?? reason.why
        help = reason.help
    }

    init(_ form: TokenForm, _ validity: Validity, because why: String, help: String?) {
        (self.form, self.validity, self.why, self.help) = (form, validity, why, help)
    }

    var status: ExitCode {
        switch validity {
        case .valid: .success
        case .invalid: .failure
        case .undecided(let status): status
        }
    }

    // MARK: Showing

    func print(at now: Timestamp) {
        switch validity {
        case .valid: Output.line("valid", .green, why)
        case .invalid(let reason): Output.line("not valid (\(reason.code))", .red, why)
        case .undecided: Output.line("not decided", .yellow, why)
        }
        var rows = [("kind", form.title)]
        if why != form.purpose { rows.append(("use", form.purpose)) }
        rows += facts.map { ($0.title, $0.text(at: now)) }
        if !facts.isEmpty, !areGenuine { rows.append(("note", "nobody has vouched for what it says")) }
        if let help { rows.append(("what helps", help)) }
        Output.line(AlignedLines.text(rows))
        guard let session else { return }
        Output.line("\nits session, as the worker has it:\n" + ReadableReply.lines(of: session))
    }

    var json: [UInt8] {
        JSONWriter.object { json in
            switch validity {
            case .valid: json.member("valid", true)
            case .invalid(let reason):
                json.member("valid", false)
                json.member("reason", reason.code)
            case .undecided: json.member("valid", JSONValue.null)
            }
            json.member("why", why)
            json.member("help", help)
            json.member("kind", form.rawValue)
            json.member("genuine", areGenuine)
            if !facts.isEmpty {
                json.object("token") { json in
                    for fact in facts {
                        json.key(text: fact.key)
                        json.value(fact.json)
                    }
                }
            }
            json.member("session", session)
        }
    }
}
