/// A command as it was understood: what to do, for which tenant, until when.
package struct Command: Sendable {
    package let tenant: String
    package let action: Action
    /// The moment past which it is not to be carried out any more.
    package let deadline: Timestamp?
    /// Who sent it, where RabbitMQ vouches for that.
    package let caller: String?
    /// W3C trace context, carried on to the events.
    package let traceparent: String?

    package init(
        tenant: String, action: Action, deadline: Timestamp? = nil, caller: String? = nil, traceparent: String? = nil
    ) {
        self.tenant = tenant
        self.action = action
        self.deadline = deadline
        self.caller = caller
        self.traceparent = traceparent
    }

    /// Indirect, for what a copy would cost: the largest command is ten times as large as the most frequent.
    package indirect enum Action: Sendable {
        case create(CreateSession)
        case validate(ValidateSession)
        case refresh(RefreshSession)
        case elevate(ElevateSession)
        case reauthenticate(ReauthenticateSession)
        case update(UpdateSession)
        case beginTransfer(BeginTransfer)
        case completeTransfer(CompleteTransfer)
        case revoke(RevokeSessions)
        case lock(LockSessions)
        case unlock(LockSessions)
        case disable(SwitchSubject)
        case enable(SwitchSubject)
        case get(SessionTarget)
        case list(ListSessions)
        case activity(ReadActivity)
        case enroll(EnrollFactor)
        case confirm(ConfirmFactor)
        case remove(RemoveFactor)
        case listFactors(subject: ExactText)
        case putPolicy(PutPolicy)
        case getPolicy(name: ExactText)
        case removePolicy(name: ExactText)
        case listPolicies
        /// The reaper's own: a deadline of this session has come.
        case expire(SessionID)
        /// The sweep's own: standing mass revocations may concern sessions of this subject.
        case carryOutRevocations(SubjectHandle)
        /// The sweep's own: the mass revocations until this moment are carried out to the end.
        case forgetRevocations(until: Timestamp)
    }
}

/// The commands that can be sent, by the names that are their routing keys.
package enum CommandName: String, Sendable, CaseIterable {
    case create = "session.create"
    case validate = "session.validate"
    case refresh = "session.refresh"
    case elevate = "session.elevate"
    case reauthenticate = "session.reauthenticate"
    case update = "session.update"
    case beginTransfer = "session.transfer.begin"
    case completeTransfer = "session.transfer.complete"
    case revoke = "session.revoke"
    case lock = "session.lock"
    case unlock = "session.unlock"
    case disable = "subject.disable"
    case enable = "subject.enable"
    case get = "session.get"
    case list = "session.list"
    case activity = "session.activity"
    case enroll = "factor.enroll"
    case confirm = "factor.confirm"
    case remove = "factor.remove"
    case listFactors = "factor.list"
    case putPolicy = "policy.put"
    case getPolicy = "policy.get"
    case removePolicy = "policy.remove"
    case listPolicies = "policy.list"

    private static let named = Dictionary(uniqueKeysWithValues: allCases.map { (ExactText($0.rawValue), $0) })

    /// The command of this name, to the byte. Asked for with every delivery: a table is found in faster than each name is
    /// compared.
    package init?(exactly name: String) {
        guard let found = Self.named[ExactText(name)] else { return nil }
        self = found
    }

    /// Whether carrying it out is an effect that must not happen twice: then it needs a `message_id`, and its result
    /// is kept for duplicates.
    package var changesState: Bool {
        switch self {
        case .create, .refresh, .elevate, .reauthenticate, .update, .beginTransfer, .completeTransfer, .revoke, .lock,
            .unlock, .disable, .enable, .enroll, .confirm, .remove, .putPolicy, .removePolicy:
            true
        case .validate, .get, .list, .activity, .listFactors, .getPolicy, .listPolicies: false
        }
    }
}

/// A token as a command brought it.
package enum TokenReference: Sendable {
    case genuine(PresentedToken)
    /// An access token whose signature has been verified.
    case access(PresentedAccessToken)
    /// What may be an access token: to verify one takes a moment, and is done before the command is decided.
    case unverified(Secret)
    /// Damaged, of another kind, or of another namespace.
    case malformed

    /// The opaque token, where it is one of ours.
    package var presented: PresentedToken? {
        switch self {
        case .genuine(let token): token
        case .access, .unverified, .malformed: nil
        }
    }

    /// The session that it is a token of, whatever kind it is.
    package var session: SessionID? {
        switch self {
        case .genuine(let token): token.session
        case .access(let token): token.session
        case .unverified, .malformed: nil
        }
    }
}
