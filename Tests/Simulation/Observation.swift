/// What was observed, for the checker. None of it depends on what the product believes should happen.
package enum Observation: Sendable {
    /// A client sent a command.
    case sent(SentCommand)
    /// The broker delivered a message to a lane. Every pair of connections counts as a lane.
    case delivered(number: Int, lane: Int)
    /// The store applied a commit.
    case committed(StoredCommit)
    /// A lane was told that a commit was applied.
    case told(commit: Int, lane: Int)
    /// A fail-over lost acknowledged writes: commits, and claims of message ids.
    case lost(commits: Set<Int>, claims: Set<String>)
    /// The broker accepted a message for its queues; at most one queue refused an event.
    case taken(Publication)
    /// A lane received the confirm of a message.
    case confirmed(Publication, lane: Int)
    /// A lane acknowledged a delivery.
    case acknowledged(number: Int, lane: Int)
    /// The broker closed a channel because of a worker's mistake.
    case protocolError(String)
    /// Events were removed from the outbox.
    case cleared(events: [String])
    /// A reply reached its client.
    case answered(Answer)
    /// A reply was given up; without an explanation where nothing was wrong with it or its connection.
    case replyLost(number: Int, isExplained: Bool)
    /// What is meant for everybody held what looks like a token.
    case leaked(String)
}

package struct SentCommand: Sendable {
    /// The outcome that a client expects.
    package enum Expectation: Equatable, Sendable {
        /// Anything that the rules allow.
        case rules
        /// It is invalid: this code, and quarantine if the contract says so.
        case failure(String)
        /// Its id was used for something else: `message_id_reused`, unless it comes first.
        case reuse
    }

    /// Unique, unless the same message is sent again.
    package var number: Int
    /// Its `message_id`; `nil` if it has none or cannot change anything.
    package var id: String?
    package var command: String
    /// Command and body, to tell whether two messages are equal.
    package var text: String
    package var expectation = Expectation.rules
    /// The refresh token in the command.
    package var refreshToken: String?
    /// Whether it ends every session that there is.
    package var endsAll = false
    /// Whether its reply goes nowhere, as its sender would have it.
    package var isMute = false

    package init(number: Int, id: String?, command: String, text: String) {
        self.number = number
        self.id = id
        self.command = command
        self.text = text
    }
}

package struct StoredCommit: Sendable {
    package struct Event: Sendable {
        package var id: String
        package var sequence: Int
        package var body: [UInt8]

        package init(id: String, sequence: Int, body: [UInt8]) {
            self.id = id
            self.sequence = sequence
            self.body = body
        }
    }

    /// A session after the commit.
    package struct Session: Sendable {
        package var id: String
        package var isLiving: Bool
        /// Ended, and cannot be resumed.
        package var isFinal = false
        package var isRoot = true
        /// Whether it still needs its second factor.
        package var isPending = false
        package var policy = "default"

        package init(_ id: String, isLiving: Bool) {
            self.id = id
            self.isLiving = isLiving
        }
    }

    package var number: Int
    package var lane: Int
    package var subject: String
    /// The ids of the messages whose results the commit contains.
    package var messages: [String]
    package var events: [Event]
    /// All sessions of the subject.
    package var sessions: [Session]
    /// The most generous limit of each policy that may have been in force.
    package var limits: [String: Int]

    package init(
        number: Int, lane: Int, subject: String, messages: [String] = [], events: [Event] = [],
        sessions: [Session] = [], limits: [String: Int] = [:]
    ) {
        self.number = number
        self.lane = lane
        self.subject = subject
        self.messages = messages
        self.events = events
        self.sessions = sessions
        self.limits = limits
    }
}

package enum Publication: Hashable, Sendable {
    /// The public copy of this message's result.
    case copy(number: Int, isRefused: Bool)
    case event(id: String, body: [UInt8], isRefused: Bool)
    case quarantine(number: Int, reason: String)
}

/// A reply, as parsed by the client.
package struct Answer: Sendable {
    package var number: Int
    package var status: String
    package var code: String?
    package var isRetryable = false
    package var body: [UInt8]
    /// The sessions that it reports as ended.
    package var ended: [String] = []
    /// Whether it says that every session is over, though they are ended one by one.
    package var isPending = false
    /// The session that it says is good, and when that began.
    package var valid: String?
    package var validSince: String?
    /// When it was decided, by the store's clock.
    package var decidedAt: String?
    /// The refresh token that it contains.
    package var refreshToken: String?

    package init(number: Int, status: String, code: String? = nil, body: [UInt8] = []) {
        self.number = number
        self.status = status
        self.code = code
        self.body = body
    }
}

/// A promise of the contract that was broken.
package struct Violation: Hashable, Sendable, CustomStringConvertible {
    package enum Promise: String, Sendable, CaseIterable {
        case acknowledgedUnconfirmed = "§10.1: acknowledged before everything it publishes was confirmed"
        case acknowledgedUnstored = "§10.1: acknowledged before its effect was stored"
        case secondEffect = "§10.2: a second effect of one message_id"
        case otherResult = "§10.2: another result for the same message"
        case nothingHappened = "§4: answered that nothing happened, but something did"
        case inventedEvent = "§10.3: an event whose change was not stored"
        case lostEvent = "§10.3: an event that was stored but never published"
        case unstableEvent = "§10.3: an event with another body under the same id"
        case clearedUnpublished = "§10.3: cleared from the outbox before it was published"
        case gap = "§7: a sequence with a gap or a number twice"
        case impossibleHistory = "§7: events that tell an impossible history"
        case validAfterRevocation = "§10.4: valid after the reply to its revocation"
        case resurrected = "§10.4: an ended session is alive again"
        case limitExceeded = "§10.5: more sessions than the limit"
        case secondSuccessor = "§6: a refresh token with two successors"
        case lostReply = "§4: a reply that was lost, and its address is good"
        case leaked = "§4, §5, §7: a token where everybody reads"
        case wrongCode = "§5: bad input answered with another code"
        case notQuarantined = "§10.7: bad input that was not quarantined"
        case unexplainedQuarantine = "§10.7: a valid command was quarantined"
        case unanswered = "liveness: a command without an answer"
        case unfinished = "liveness: something is left over"
        case wrongProtocol = "the broker closed a channel because of a worker's mistake"
    }

    package var promise: Promise
    package var detail: String

    package init(_ promise: Promise, _ detail: String) {
        self.promise = promise
        self.detail = detail
    }

    package var description: String { "\(promise.rawValue): \(detail)" }
}
