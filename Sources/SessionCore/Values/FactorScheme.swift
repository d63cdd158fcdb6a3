/// A second factor in a command.
package struct FactorProof: Sendable {
    /// `totp`, `recovery`, or the kind of an extension's verifier.
    package let kind: String
    package let code: Secret

    package init(kind: String, code: Secret) {
        self.kind = kind
        self.code = code
    }
}

/// Creates and verifies codes. Pure: time and entropy are passed in.
package protocol FactorScheme: Sendable {
    /// The time step of this code, within one step of `now` and after `lastStep`. Takes the same time for every code.
    func matchingStep(of code: Secret, secret: [UInt8], at now: Timestamp, after lastStep: Int64?) -> Int64?

    /// The digest that a recovery code is stored as.
    func recoveryDigest(of code: Secret, for handle: SubjectHandle) -> [UInt8]

    /// The secret in base32, for typing.
    func text(ofSecret secret: [UInt8]) -> Secret

    /// An `otpauth://totp/…` URI, for scanning.
    func uri(ofSecret secret: [UInt8], label: String, issuer: String) -> Secret

    /// The entropy of a recovery code, in bytes.
    var recoveryEntropy: Int { get }

    func recoveryCode(from entropy: [UInt8]) -> Secret
}
