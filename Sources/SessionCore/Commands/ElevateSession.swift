/// `session.elevate`: raise a session's assurance with a second factor.
package struct ElevateSession: SentCommand {
    package static let traits = CommandTraits("session.elevate", work: .manage, changesState: true, level: .decides)

    package var token: TokenReference
    package var proof: Proof
    package var context: ClientContext?
    /// The level that an extension's rule requires of a pending session, 1…3.
    package var requiredLevel = 1

    package init(token: TokenReference, proof: Proof, context: ClientContext? = nil) {
        self.token = token
        self.proof = proof
        self.context = context
    }

    package var about: CommandTarget { .token(token) }
    package var brings: Brought {
        switch proof {
        case .factor(let proof): Brought(context: context, factor: proof)
        case .authentication(let authentication): Brought(context: context, methods: authentication.methods)
        }
    }

    package mutating func require(level: Int) {
        requiredLevel = level
    }

    package func decide(
        by manager: SessionManager, for tenant: String, in transaction: inout SubjectTransaction
    ) throws(Stop) -> Decision {
        try manager.elevate(self, tenant: tenant, in: &transaction)
    }

    package enum Proof: Sendable {
        /// A code that Sojourn verifies.
        case factor(FactorProof)
        /// What the caller verified itself.
        case authentication(Authentication)
    }
}
