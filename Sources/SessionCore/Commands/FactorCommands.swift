/// `factor.enroll`: register an authenticator.
package struct EnrollFactor: SentCommand {
    package static let traits = CommandTraits("factor.enroll", work: .admin, changesState: true)
    package static let defaultLabel = "Authenticator"
    package static let defaultIssuer = "Sojourn"

    package var subject: ExactText
    package var label: String
    package var issuer: String

    package init(subject: ExactText, label: String = defaultLabel, issuer: String = defaultIssuer) {
        self.subject = subject
        self.label = label
        self.issuer = issuer
    }

    package var about: CommandTarget { .subject(subject) }

    package func decide(
        by manager: SessionManager, for tenant: String, in transaction: inout SubjectTransaction
    ) throws(Stop) -> Decision {
        try manager.enroll(self, tenant: tenant, in: &transaction)
    }
}

/// `factor.confirm`: prove that the authenticator works.
package struct ConfirmFactor: SentCommand {
    package static let traits = CommandTraits("factor.confirm", work: .admin, changesState: true)

    package var subject: ExactText
    package var factorID: String
    package var code: Secret

    package init(subject: ExactText, factorID: String, code: Secret) {
        self.subject = subject
        self.factorID = factorID
        self.code = code
    }

    package var about: CommandTarget { .subject(subject) }

    package func decide(
        by manager: SessionManager, for tenant: String, in transaction: inout SubjectTransaction
    ) throws(Stop) -> Decision {
        try manager.confirm(self, tenant: tenant, in: &transaction)
    }
}

/// `factor.remove`: remove an authenticator.
package struct RemoveFactor: SentCommand {
    package static let traits = CommandTraits("factor.remove", work: .admin, changesState: true)

    package var subject: ExactText
    package var factorID: String

    package init(subject: ExactText, factorID: String) {
        self.subject = subject
        self.factorID = factorID
    }

    package var about: CommandTarget { .subject(subject) }

    package func decide(
        by manager: SessionManager, for tenant: String, in transaction: inout SubjectTransaction
    ) throws(Stop) -> Decision {
        try manager.remove(self, tenant: tenant, in: &transaction)
    }
}

/// `factor.list`: list a subject's authenticators.
package struct ListFactors: SentCommand {
    package static let traits = CommandTraits("factor.list", work: .admin, changesState: false)

    package var subject: ExactText

    package init(subject: ExactText) {
        self.subject = subject
    }

    package var about: CommandTarget { .subject(subject) }

    package func decide(
        by manager: SessionManager, for tenant: String, in transaction: inout SubjectTransaction
    ) throws(Stop) -> Decision {
        manager.listFactors(in: transaction)
    }
}
