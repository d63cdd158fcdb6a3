/// `factor.enroll`: begin to use an authenticator.
package struct EnrollFactor: Sendable {
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
}

/// `factor.confirm`: show that the authenticator works.
package struct ConfirmFactor: Sendable {
    package var subject: ExactText
    package var factorID: String
    package var code: Secret

    package init(subject: ExactText, factorID: String, code: Secret) {
        self.subject = subject
        self.factorID = factorID
        self.code = code
    }
}

/// `factor.remove`.
package struct RemoveFactor: Sendable {
    package var subject: ExactText
    package var factorID: String

    package init(subject: ExactText, factorID: String) {
        self.subject = subject
        self.factorID = factorID
    }
}
