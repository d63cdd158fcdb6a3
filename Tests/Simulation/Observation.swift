/// What was seen to happen, for the checker: nothing of it is the product's own opinion of what should.
package enum Observation: Sendable {
    /// A client sent a command.
    case sent(SentCommand)
    /// The broker handed a message to a lane: each is a lane of its own between two losses of its connections.
    case delivered(number: Int, lane: Int)
    /// The store applied a commit.
    case committed(StoredCommit)
    /// A lane was told that a commit was applied.
    case told(commit: Int, lane: Int)
    /// A fail-over lost what the store had acknowledged: commits, and ids of messages that were claimed.
    case lost(commits: Set<Int>, claims: Set<String>)
    /// The broker took a message to be kept; of an event at most one of its queues has refused it.
    case taken(Publication)
    /// A lane was told what became of what it published.
    case confirmed(Publication, lane: Int)
    /// A lane acknowledged a delivery.
    case acknowledged(number: Int, lane: Int)
    /// The broker closed a channel over something that a worker did.
    case protocolError(String)
    /// Events were taken out of the outbox.
    case cleared(events: [String])
    /// A reply reached its client.
    case answered(Answer)
    /// What is meant for everybody held what looks like a token.
    case leaked(String)
}

package struct SentCommand: Sendable {
    /// What a client expects of a message.
    package enum Expectation: Equatable, Sendable {
        /// Whatever the rules say.
        case rules
        /// It cannot be read: this code, and quarantine where the contract says so.
        case failure(String)
        /// Its id was used for something else: `message_id_reused`, or it comes first.
        case reuse
    }

    /// Its own, however often the same message is sent.
    package var number: Int
    /// Its `message_id`; `nil` where it has none, or may change nothing.
    package var id: String?
    package var command: String
    /// Command and body, to tell whether two say the same.
    package var text: String
    package var expectation = Expectation.rules
    /// The refresh token that it brings.
    package var refreshToken: String?
    /// Whether it names a queue that nobody gets a reply in.
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

    /// A session as it is afterwards.
    package struct Session: Sendable {
        package var id: String
        package var isLiving: Bool
        /// Over, and nothing leads back.
        package var isFinal = false
        package var isRoot = true
        /// Whether it waits for its second factor.
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
    /// The ids of the messages whose results it holds.
    package var messages: [String]
    package var events: [Event]
    /// All sessions of the subject.
    package var sessions: [Session]
    /// How many may live by each policy, at the most generous that it has been.
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
    /// Of the result of this message, for everybody.
    case copy(number: Int, isRefused: Bool)
    case event(id: String, body: [UInt8], isRefused: Bool)
    case quarantine(number: Int, reason: String)
}

/// A reply, as its client reads it.
package struct Answer: Sendable {
    package var number: Int
    package var status: String
    package var code: String?
    package var isRetryable = false
    package var body: [UInt8]
    /// The sessions that it says are over.
    package var ended: [String] = []
    /// The session that it says is good.
    package var valid: String?
    /// The refresh token that it gives.
    package var refreshToken: String?

    package init(number: Int, status: String, code: String? = nil, body: [UInt8] = []) {
        self.number = number
        self.status = status
        self.code = code
        self.body = body
    }
}

/// A promise of the contract that did not hold.
package struct Violation: Hashable, Sendable, CustomStringConvertible {
    package enum Promise: String, Sendable, CaseIterable {
        case acknowledgedUnconfirmed = "§10.1: acknowledged before everything it publishes was confirmed"
        case acknowledgedUnstored = "§10.1: acknowledged before its effect was stored"
        case secondEffect = "§10.2: a second effect of one message_id"
        case otherResult = "§10.2: another result for the same message"
        case nothingHappened = "§4: answered that nothing happened, and something did"
        case inventedEvent = "§10.3: an event whose change was not stored"
        case lostEvent = "§10.3: an event that was stored and never published"
        case unstableEvent = "§10.3: an event with another body under the same id"
        case clearedUnpublished = "§10.3: cleared from the outbox before it was published"
        case gap = "§7: a sequence with a gap or a number twice"
        case impossibleHistory = "§7: events that tell an impossible history"
        case validAfterRevocation = "§10.4: valid after the reply to its revocation"
        case resurrected = "§10.4: a session that was over lives again"
        case limitExceeded = "§10.5: more sessions than the limit"
        case secondSuccessor = "§6: a refresh token with two successors"
        case leaked = "§4, §5, §7: a token where everybody reads"
        case wrongCode = "§5: bad input answered with another code"
        case notQuarantined = "§10.7: bad input that is not in quarantine"
        case unexplainedQuarantine = "§10.7: in quarantine, and nothing is wrong with it"
        case unanswered = "liveness: a command without an answer"
        case unfinished = "liveness: something is left over"
        case wrongProtocol = "the broker closed a channel over what a worker did"
    }

    package var promise: Promise
    package var detail: String

    package init(_ promise: Promise, _ detail: String) {
        self.promise = promise
        self.detail = detail
    }

    package var description: String { "\(promise.rawValue): \(detail)" }
}
