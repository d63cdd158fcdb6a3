/// `subject.disable`: end all sessions of a subject, and prevent new ones.
package struct DisableSubject: SentCommand {
    package static let traits = CommandTraits("subject.disable", work: .revoke, changesState: true)

    package var subject: ExactText
    package var reason: EndReason?

    package init(subject: ExactText, reason: EndReason? = nil) {
        self.subject = subject
        self.reason = reason
    }

    package var about: CommandTarget { .subject(subject) }

    package func decide(
        by manager: SessionManager, for tenant: String, in transaction: inout SubjectTransaction
    ) throws(Stop) -> Decision {
        manager.disable(self, tenant: tenant, in: &transaction)
    }
}

/// `subject.enable`: allow a disabled subject to begin sessions again.
package struct EnableSubject: SentCommand {
    package static let traits = CommandTraits("subject.enable", work: .revoke, changesState: true)

    package var subject: ExactText
    package var reason: EndReason?

    package init(subject: ExactText, reason: EndReason? = nil) {
        self.subject = subject
        self.reason = reason
    }

    package var about: CommandTarget { .subject(subject) }

    package func decide(
        by manager: SessionManager, for tenant: String, in transaction: inout SubjectTransaction
    ) throws(Stop) -> Decision {
        manager.enable(self, tenant: tenant, in: &transaction)
    }
}
