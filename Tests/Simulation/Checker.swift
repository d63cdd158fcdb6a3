/// Checks that the observations keep the promises of the contract (§10). It knows the contract and none of the
/// product's code.
///
/// A fail-over that loses acknowledged writes inevitably breaks some of them: a command that was acknowledged has no
/// effect (1), the same message may have a second one (2), a published event states something that is no longer stored
/// and its sequence number is used again (3), and a lost revocation revokes nothing (4). The checker excuses these for
/// lost commits, and for nothing else. Limits, secrecy and bad input (5 to 7) hold whatever was lost.
package struct Checker {
    package private(set) var violations: [Violation] = []

    private var sent: [Int: SentCommand] = [:]
    private var numbersOf: [String: [Int]] = [:]
    private var deliveries: [Int: Int] = [:]
    private var deliveredTo: [Int: Set<Int>] = [:]
    private var commits: [Int: StoredCommit] = [:]
    private var commitsOf: [String: [Int]] = [:]
    private var lost: Set<Int> = []
    private var lostClaims: Set<String> = []
    private var events: [String: (event: StoredCommit.Event, commit: Int)] = [:]
    private var sequences: [String: [Int]] = [:]
    private var taken: [String: [UInt8]] = [:]
    /// Events that were published at least once with no queue refusing them.
    private var reachedAll: Set<String> = []
    private var confirmedEvents: [Int: Set<String>] = [:]
    private var confirmedCopies: [Int: Set<Int>] = [:]
    private var toldOf: [Int: Set<Int>] = [:]
    private var copied: Set<Int> = []
    private var quarantined: [Int: String] = [:]
    private var answers: [Int: [Answer]] = [:]
    private var lostReplies: Set<Int> = []
    /// Of each message and what it said, the first result that was kept.
    private var results: [String: (body: [UInt8], number: Int)] = [:]
    /// Ids that were answered with "nothing happened", and how often they had been delivered by then.
    private var nothingHappened: [String: Int] = [:]
    /// Sessions that a reply reported as ended, and the number of that reply.
    private var ended: [String: Int] = [:]
    /// How many commands had been sent by then.
    private var endedAt: [String: Int] = [:]
    private var final: [String: Int] = [:]
    /// As the store has it.
    private var living: Set<String> = []
    /// The living sessions that count towards a limit, by subject.
    private var counted: [String: Set<String>] = [:]
    /// By the number of a mass revocation: what lived when it was sent.
    private var concerned: [Int: Set<String>] = [:]
    private var successors: [String: (token: String, number: Int)] = [:]
    /// Whether the store's clock never stepped back, so that its moments can be compared.
    var isClockSteady = true
    /// The mass revocations that were answered: when they were decided, and how many commands had been sent by the answer.
    private var massRevocations: [(decidedAt: String, moment: Int, number: Int)] = []
    /// Whether what is observed may not have happened: then it breaks promises as if it had, and fulfils none.
    var isUncertain = false
    /// Whether a fault explains that a command was given up.
    package var explainsInternal = false

    package init() {}

    package mutating func observe(_ observation: Observation) {
        switch observation {
        case .sent(let command): note(command)
        case .delivered(let number, let lane):
            deliveries[number, default: 0] += 1
            deliveredTo[lane, default: []].insert(number)
        case .committed(let commit): note(commit)
        case .told(let commit, let lane): toldOf[lane, default: []].insert(commit)
        case .lost(let commits, let claims): lose(commits, claims)
        case .taken(let publication): noteTaken(publication)
        case .confirmed(let publication, let lane): noteConfirmed(publication, lane)
        case .acknowledged(let number, let lane): checkAcknowledgement(number, lane)
        case .protocolError(let text): fail(.wrongProtocol, text)
        case .cleared(let ids):
            for id in ids where !reachedAll.contains(id) { fail(.clearedUnpublished, id) }
        case .answered(let answer): note(answer)
        case .replyLost(let number, let isExplained):
            lostReplies.insert(number)
            if !isExplained { fail(.lostReply, "\(number), blamed for a connection") }
        case .leaked(let text): fail(.leaked, text)
        }
    }

    mutating func fail(_ promise: Violation.Promise, _ detail: String) {
        violations.append(Violation(promise, detail))
    }

    private mutating func note(_ command: SentCommand) {
        sent[command.number] = command
        if let id = command.id { numbersOf[id, default: []].append(command.number) }
        if command.endsAll { concerned[command.number] = living }
    }

    private func deliveries(of id: String) -> Int {
        (numbersOf[id] ?? []).reduce(0) { $0 + (deliveries[$1] ?? 0) }
    }

    /// Whether messages that say different things have this id: a commit does not tell whose it is.
    private func isReused(_ id: String) -> Bool {
        Set((numbersOf[id] ?? []).compactMap { sent[$0]?.text }).count > 1
    }

    private func isLost(_ id: String) -> Bool {
        lostClaims.contains(id) || (commitsOf[id] ?? []).contains(where: lost.contains)
    }
}

// MARK: - Commits

extension Checker {
    private mutating func note(_ commit: StoredCommit) {
        commits[commit.number] = commit
        for id in commit.messages {
            let earlier = (commitsOf[id] ?? []).filter { !lost.contains($0) }
            if !earlier.isEmpty, !lostClaims.contains(id) {
                fail(.secondEffect, "\(id) in commits \(earlier[0]) and \(commit.number)")
            }
            commitsOf[id, default: []].append(commit.number)
            if let before = nothingHappened[id], before == deliveries(of: id), !isReused(id) {
                fail(.nothingHappened, "\(id), stored afterwards by commit \(commit.number)")
            }
        }
        for event in commit.events {
            let last = sequences[commit.subject]?.last.flatMap { commits[$0]?.events.last?.sequence } ?? 0
            let within = commit.events.firstIndex { $0.id == event.id } ?? 0
            if event.sequence != last + 1 + within {
                fail(.gap, "\(event.id) has number \(event.sequence) after \(last + within)")
            }
            if events[event.id] != nil { fail(.unstableEvent, "\(event.id) was stored twice") }
            events[event.id] = (event, commit.number)
        }
        if !commit.events.isEmpty { sequences[commit.subject, default: []].append(commit.number) }
        checkSessions(after: commit)
    }

    private mutating func checkSessions(after commit: StoredCommit) {
        var counts: [String: Int] = [:]
        var counted: Set<String> = []
        for session in commit.sessions {
            if session.isLiving {
                living.insert(session.id)
                if let end = final[session.id], !lost.contains(end) {
                    fail(.resurrected, "\(session.id), ended by commit \(end), is alive in \(commit.number)")
                }
                if session.isRoot {
                    counts["\(session.policy)/\(session.isPending)", default: 0] += 1
                    counted.insert("\(session.id)/\(session.isPending)")
                }
                continue
            }
            living.remove(session.id)
            if session.isFinal, final[session.id] == nil {
                final[session.id] = commit.number
            }
        }
        // A lower limit ends nothing until another session begins, or this one counts where it did not.
        let isMore = !counted.subtracting(self.counted[commit.subject] ?? []).isEmpty
        self.counted[commit.subject] = counted
        guard isMore else { return }
        for (key, count) in counts.sorted(by: { $0.key < $1.key }) {
            let policy = String(key.prefix { $0 != "/" })
            guard let limit = commit.limits[policy], limit > 0, count > limit else { continue }
            fail(.limitExceeded, "\(count) of \(limit) under \(key) in commit \(commit.number)")
        }
    }

    private mutating func lose(_ commits: Set<Int>, _ claims: Set<String>) {
        lost.formUnion(commits)
        lostClaims.formUnion(claims)
        for subject in sequences.keys { sequences[subject]?.removeAll(where: commits.contains) }
        for (session, commit) in final where commits.contains(commit) { final[session] = nil }
        for (session, number) in ended {
            if let id = sent[number]?.id, isLost(id) { ended[session] = nil }
        }
        massRevocations = massRevocations.filter { sent[$0.number]?.id.map(isLost) != true }
        counted = [:]
    }
}

// MARK: - Publications

extension Checker {
    private mutating func noteTaken(_ publication: Publication) {
        switch publication {
        case .copy(let number, _):
            if !isUncertain { copied.insert(number) }
        case .event(let id, let body, let isRefused):
            guard let stored = events[id] else { return fail(.inventedEvent, id) }
            if stored.event.body != body { fail(.unstableEvent, id) }
            guard !isUncertain else { return }
            taken[id] = body
            if !isRefused { reachedAll.insert(id) }
        case .quarantine(let number, let reason):
            if !isUncertain { quarantined[number] = reason }
        }
    }

    private mutating func noteConfirmed(_ publication: Publication, _ lane: Int) {
        switch publication {
        case .copy(let number, _): confirmedCopies[lane, default: []].insert(number)
        case .event(let id, _, _): confirmedEvents[lane, default: []].insert(id)
        case .quarantine(let number, let reason):
            // A command that is given up is quarantined, and nothing else is published for it.
            if reason == "internal" { confirmedCopies[lane, default: []].insert(number) }
            quarantined[number] = reason
        }
    }

    private mutating func checkAcknowledgement(_ number: Int, _ lane: Int) {
        guard let command = sent[number] else { return }
        if confirmedCopies[lane]?.contains(number) != true {
            fail(.acknowledgedUnconfirmed, "\(number): no result was confirmed")
        }
        guard let id = command.id else { return }
        if let last = answers[number]?.last, last.status != "failed", last.code != "message_id_reused",
            commitsOf[id] == nil
        {
            fail(.acknowledgedUnstored, "\(number) (\(id))")
        }
        // For a duplicate, only the first result has to be published; the events belong to the other delivery.
        let deliveries = (numbersOf[id] ?? []).count { deliveredTo[lane]?.contains($0) == true }
        guard deliveries == 1 else { return }
        for commit in commitsOf[id] ?? [] where commits[commit]?.lane == lane && !lost.contains(commit) {
            guard toldOf[lane]?.contains(commit) == true else { continue }
            for event in commits[commit]?.events ?? [] where confirmedEvents[lane]?.contains(event.id) != true {
                fail(.acknowledgedUnconfirmed, "\(number) (\(id)): \(event.id) was not confirmed")
            }
        }
    }
}

// MARK: - Replies

extension Checker {
    private mutating func note(_ answer: Answer) {
        if !isUncertain { answers[answer.number, default: []].append(answer) }
        guard let command = sent[answer.number] else { return }
        checkCode(of: answer, to: command)
        if let id = command.id, answer.code != "message_id_reused" {
            if answer.status == "failed" {
                noteFailure(answer, id)
            } else {
                noteResult(answer, to: command, id)
            }
        }
        // A reply may arrive after the fail-over that lost its effect.
        let wasLost = command.id.map { isLost($0) } ?? false
        let ended = answer.ended + (answer.isPending ? concerned[first(command)] ?? [] : [])
        for session in ended where self.ended[session] == nil && !wasLost {
            self.ended[session] = answer.number
            endedAt[session] = sent.count
        }
        if let session = answer.valid, let end = self.ended[session], let moment = endedAt[session],
            answer.number > moment
        {
            fail(.validAfterRevocation, "\(session) in \(answer.number), ended by \(end)")
        }
        checkAgainstMassRevocations(answer)
        if answer.isPending, !wasLost, let moment = answer.decidedAt {
            massRevocations.append((moment, sent.count, answer.number))
        }
        if let token = command.refreshToken, command.command == "session.refresh", answer.status == "succeeded",
            let successor = answer.refreshToken
        {
            if let first = successors[token], first.token != successor,
                sent[first.number]?.id.map(isLost) != true
            {
                fail(.secondSuccessor, "by \(first.number) and \(answer.number)")
            }
            successors[token] = (successor, answer.number)
        }
    }

    /// A session that began before a mass revocation was decided has not seen it: it is over, even where it was stored
    /// afterwards.
    private mutating func checkAgainstMassRevocations(_ answer: Answer) {
        guard isClockSteady, let session = answer.valid, let begin = answer.validSince else { return }
        for revocation in massRevocations where answer.number > revocation.moment && begin < revocation.decidedAt {
            fail(.validAfterRevocation, "\(session) in \(answer.number), ended with all by \(revocation.number)")
        }
    }

    /// The number of the first message that is the same as this one.
    private func first(_ command: SentCommand) -> Int {
        guard let id = command.id else { return command.number }
        return numbersOf[id]?.first { sent[$0]?.text == command.text } ?? command.number
    }

    private mutating func checkCode(of answer: Answer, to command: SentCommand) {
        switch command.expectation {
        case .failure(let code):
            if answer.code != code, answer.code != "unavailable" {
                fail(.wrongCode, "\(answer.number): \(answer.code ?? answer.status) instead of \(code)")
            }
        case .rules, .reuse:
            guard answer.status == "failed" else { return }
            let isExplained =
                answer.isRetryable || answer.code == "command_expired"
                || (answer.code == "internal" && explainsInternal)
            if !isExplained { fail(.wrongCode, "\(answer.number): \(answer.code ?? "failed") for valid input") }
        }
    }

    private mutating func noteFailure(_ answer: Answer, _ id: String) {
        guard answer.isRetryable, !isReused(id) else { return }
        // The same message may be under way a second time: what that one does is not this one's.
        let isAlone = (numbersOf[id] ?? []).allSatisfy { number in
            number == answer.number || deliveries[number] == nil || answers[number] != nil
        }
        guard isAlone else { return }
        let count = deliveries(of: id)
        if count == 1, let commit = commitsOf[id]?.first(where: { !lost.contains($0) }) {
            fail(.nothingHappened, "\(id), stored earlier by commit \(commit)")
        }
        nothingHappened[id] = count
    }

    private mutating func noteResult(_ answer: Answer, to command: SentCommand, _ id: String) {
        let key = id + "\n" + command.text
        if let first = results[key], first.body != answer.body, !isLost(id) {
            fail(.otherResult, "\(id) in \(first.number) and \(answer.number)")
        }
        results[key] = (answer.body, answer.number)
        if commitsOf[id] == nil { fail(.acknowledgedUnstored, "\(id) was answered but is not stored") }
    }
}

// MARK: - Final state

extension Checker {
    /// What is left over at the end.
    package struct Remains: Sendable {
        /// Messages in the command queues, delivered or not.
        package var messages: [Int] = []
        package var outbox: [String] = []
        package var leases: [String] = []
        /// Mass revocations that are not carried out.
        package var revocations: [String] = []
        /// Living sessions whose deadline has passed.
        package var overdue: [String] = []
        /// Workers that do not consume.
        package var isDown: [Int] = []

        package init() {}

        package var isNothing: Bool {
            messages.isEmpty && outbox.isEmpty && leases.isEmpty && revocations.isEmpty && overdue.isEmpty
                && isDown.isEmpty
        }
    }

    /// Checks what must hold after enough time without faults.
    ///
    /// A reply may be lost (§4). Then the copy of the result counts as the answer.
    package mutating func finish(_ remains: Remains) {
        for number in remains.messages { fail(.unfinished, "message \(number) is still in its queue") }
        for id in remains.outbox { fail(.unfinished, "\(id) is still in the outbox") }
        for lease in remains.leases { fail(.unfinished, "the lease \(lease) is held") }
        for revocation in remains.revocations { fail(.unfinished, "the mass revocation at \(revocation) stands") }
        for session in remains.overdue { fail(.unfinished, "\(session) is past its deadline") }
        for worker in remains.isDown { fail(.unfinished, "worker \(worker) does not consume") }
        for command in sent.values.sorted(by: { $0.number < $1.number }) { checkEnd(of: command) }
        for (id, stored) in events.sorted(by: { $0.key < $1.key })
        where taken[id] == nil && !lost.contains(stored.commit) {
            fail(.lostEvent, id)
        }
        for subject in sequences.keys.sorted() { checkHistory(of: subject) }
    }

    private mutating func checkEnd(of command: SentCommand) {
        let number = command.number
        let isGivenUp = quarantined[number] == "internal"
        if answers[number] == nil, !copied.contains(number), !isGivenUp {
            fail(.unanswered, "\(number) \(command.command)")
        }
        if answers[number] == nil, !command.isMute, !isGivenUp, !lostReplies.contains(number), copied.contains(number) {
            fail(.lostReply, "\(number) \(command.command)")
        }
        let quarantine: Set = [
            "malformed_message", "invalid_field", "unknown_command", "unsupported_media_type", "message_too_large",
            "message_id_required",
        ]
        if case .failure(let code) = command.expectation, quarantine.contains(code) {
            if quarantined[number] == nil { fail(.notQuarantined, "\(number), \(code)") }
        } else if let reason = quarantined[number] {
            let isExplained = reason == "internal" && (explainsInternal || (deliveries[number] ?? 0) > 20)
            if !isExplained { fail(.unexplainedQuarantine, "\(number), \(reason)") }
        }
    }

    private mutating func checkHistory(of subject: String) {
        var history = SubjectHistory()
        for number in sequences[subject] ?? [] {
            for event in commits[number]?.events ?? [] { history.follow(event) }
        }
        for fault in history.faults { fail(.impossibleHistory, fault) }
    }
}
