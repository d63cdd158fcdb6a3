/// `session.elevate`: raise a session's assurance with a second factor.
package struct ElevateSession: Sendable {
    package var token: TokenReference
    package var proof: Proof
    package var context: ClientContext?
    /// What a rule of an extension requires of a session that is pending, 1…3.
    package var requiredLevel = 1

    package init(token: TokenReference, proof: Proof, context: ClientContext? = nil) {
        self.token = token
        self.proof = proof
        self.context = context
    }

    package enum Proof: Sendable {
        /// A code that Sojourn verifies.
        case factor(FactorProof)
        /// What the caller verified.
        case authentication(Authentication)
    }
}
