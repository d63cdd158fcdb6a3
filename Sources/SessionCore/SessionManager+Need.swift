/// What has to be loaded to decide a command.
package struct Need: Sendable {
    package let handle: SubjectHandle
    package let scope: AggregateScope
    /// The session whose activity log is read.
    package let activityOf: SessionID?

    package init(_ handle: SubjectHandle, _ scope: AggregateScope = .whole, activityOf session: SessionID? = nil) {
        self.handle = handle
        self.scope = scope
        activityOf = session
    }
}

extension SessionManager {
    /// The handle of the policies set with `policy.put`: an aggregate like a subject's, under a tenant name that cannot
    /// exist.
    package var policiesHandle: SubjectHandle {
        tokens.handle(tenant: "", subject: "")
    }

    /// The aggregate that a command is about, and how much of it the decision needs; `nil` if the command can be
    /// answered without any.
    package func need(of command: Command) -> Need? {
        switch command.action.about {
        case .sessionAlone(let id): id.map { Need($0.handle, .sessions([$0])) }
        case .subject(let name): Need(tokens.handle(tenant: command.tenant, subject: name.text))
        case .handle(let handle): Need(handle)
        case .session(let id): id.map { Need($0.handle) }
        case .sessionWithActivity(let id): id.map { Need($0.handle, activityOf: $0) }
        case .token(let token): token.presented.map { Need($0.session.handle) }
        case .policies: Need(policiesHandle)
        case .revocations: Need(tokens.revocationsHandle)
        }
    }
}
